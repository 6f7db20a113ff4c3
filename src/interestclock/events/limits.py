"""What an id or a value may be, of a log and of a message alike: a server's tables have to hold it."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["NO_ID", "RAW_BYTES", "TEXT_BYTES", "too_long"]

TEXT_BYTES = 256  # of an id or a value; a server's table of ids is as wide as the longest
RAW_BYTES = 4_096  # of a raw column's text, which is in no table of ids
NO_ID = -(2**63)  # stands for no id where ids are integers


def too_long(text: pa.Array, most: int = TEXT_BYTES) -> pa.Array | None:
    """Which texts have more bytes than an id or a value may have; None: none has.

    Args:
        text: (N,) string. most: bytes.

    Returns:
        (N,) bool, without nulls.

    Example:
        >>> too_long(pa.array(["é" * 129, None])).to_pylist(), too_long(pa.array(["é" * 128]))
        ([True, False], None)
    """
    size = pc.binary_length(text)
    longest = pc.max(size).as_py()
    return None if longest is None or longest <= most else pc.fill_null(pc.greater(size, most), False)
