"""Sums are SHA-256, and say what is wrong with a file."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from interestclock.checksums import digest_of, digest_of_bytes, digest_of_json, problem_with


def test_sums_are_sha256_of_what_they_sum(tmp_path: Path) -> None:
    content = os.urandom((1 << 20) + 7)
    (tmp_path / "a").write_bytes(content)
    assert digest_of(tmp_path / "a") == digest_of_bytes(content) == hashlib.sha256(content).hexdigest()
    assert digest_of_json([1, {"b": 2, "a": 1}]) == digest_of_bytes(b'[1, {"a": 1, "b": 2}]')


def test_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    digest = digest_of(path)
    assert problem_with(path, size=3, digest=digest) is None
    assert problem_with(path, size=3, digest=None) is None
    assert problem_with(path, size=1_000, digest=digest) == f"{path}: 3 bytes, should be 1,000"
    assert problem_with(path, size="3", digest=digest) == f"{path}: 3 bytes, should be '3'"
    path.write_bytes(b"abd")
    assert problem_with(path, size=3, digest=digest) == f"{path}: its checksum is another than was written"
    assert problem_with(path, size=3, digest="") == f"{path}: its checksum is another than was written"
