"""The loop that tells of lines of text whether some of their fields are plain digits.

Axes: ``P`` bytes of the lines, ``W`` the same bytes as words of eight, ``C`` columns up to the last that is
looked at.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from interestclock.compiled import compiled

__all__ = ["are_digits"]

_DIGITS = 18  # of which int64 holds every number
_NEWLINE, _RETURN, _ZERO, _NINE = 10, 13, 48, 57
_WORD = 8  # bytes
_ONES = np.uint64(0x0101010101010101)  # of each byte the lowest bit; below the highest
_HIGHS = np.uint64(0x8080808080808080)
_NEWLINES, _RETURNS = _ONES * np.uint64(_NEWLINE), _ONES * np.uint64(_RETURN)


@compiled()
def are_digits(
    code_P: npt.NDArray[np.uint8],
    wanted_C: npt.NDArray[np.bool_],
    found_C: npt.NDArray[np.bool_],
    delimiter: int,
    quote: int,
) -> bool:
    """Whether the wanted fields of each line are empty, or digits as int64 writes them.

    A line that has fewer fields, or a quote before the last of them ends, says no.

    Args:
        code_P: whole lines. wanted_C: which columns are looked at. found_C: becomes true where one has any.
        delimiter, quote: their codes; -1: there are no quotes.

    Example:
        >>> codes, found = np.frombuffer(b"7,a,9\\n,b,12\\n", np.uint8), np.zeros(3, bool)
        >>> are_digits(codes, np.array([True, False, True]), found, ord(","), ord('"')), found.tolist()
        (True, [True, False, True])
    """
    size, last = code_P.size, wanted_C.size - 1
    word_W = code_P[: size // _WORD * _WORD].view(np.uint64)
    at = 0
    while at < size:
        if code_P[at] == _NEWLINE or code_P[at] == _RETURN:  # a line's end, or an empty line
            at += 1
            continue
        column = 0
        field = at
        while True:
            code = code_P[at] if at < size else _NEWLINE
            if code in (delimiter, _NEWLINE, _RETURN):
                if wanted_C[column] and at > field:
                    if at - field > _DIGITS or (code_P[field] == _ZERO and at - field > 1):
                        return False
                    found_C[column] = True
                if column == last:
                    break
                if code != delimiter:
                    return False
                column += 1
                field = at + 1
            elif code == quote or (wanted_C[column] and (code < _ZERO or code > _NINE)):
                return False
            at += 1
        # The rest of the line is most of a wide one: eight bytes at a time, until some of them end it.
        while at < size and code_P[at] != _NEWLINE and code_P[at] != _RETURN:
            at += 1
            if at % _WORD == 0:
                word = at // _WORD
                while word < word_W.size and not _ends_a_line(word_W[word]):
                    word += 1
                at = word * _WORD
    return True


@compiled(inline="always")
def _ends_a_line(word: np.uint64) -> bool:
    """Whether one of its bytes does: of a byte that is 0, a 1 that is taken borrows from its highest bit."""
    newline, carriage = word ^ _NEWLINES, word ^ _RETURNS
    return bool((((newline - _ONES) & ~newline) | ((carriage - _ONES) & ~carriage)) & _HIGHS)
