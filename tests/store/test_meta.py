"""What a store says of itself: nothing yet, or nothing that can be read."""

from __future__ import annotations

import pytest

from interestclock.errors import ResultError
from interestclock.store.meta import stored_meta


def test_a_store_to_which_nothing_was_committed_is_not_called_damaged() -> None:
    with pytest.raises(ResultError, match=r"features\.lmdb: nothing is committed to it yet"):
        stored_meta(b"", "features.lmdb")


def test_what_cannot_be_read_is_called_damaged() -> None:
    with pytest.raises(ResultError, match=r"features\.lmdb: a damaged store .*; write the store anew"):
        stored_meta(b"\xc1", "features.lmdb")
