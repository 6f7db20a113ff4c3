"""What is said of keys."""

from __future__ import annotations

import subprocess
import sys

import pytest

from interestclock.mapping_keys import CsvFormat, LabelColumn, LogKeys, keys_of


def test_what_declares_the_keys_is_light():
    ask = "import sys, interestclock.mapping_keys; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert {"numpy", "pyarrow", "torch", "duckdb"} & set(done.stdout.split()) == set()


@pytest.mark.parametrize("keys", [LogKeys, LabelColumn, CsvFormat])
def test_every_key_says_what_it_holds(keys):
    assert [name for name, _, _ in keys_of(keys)] == list(keys.__struct_fields__)
    assert all(key.help.endswith(".") for _, key, _ in keys_of(keys))
