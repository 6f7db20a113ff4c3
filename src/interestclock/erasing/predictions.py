"""Predictions of events whose ids name an erased user go."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from interestclock.checksums import digest_of
from interestclock.erasing.erased_ids import IsErased, names_one_of
from interestclock.files import aside_of, force, put_in_place, write_text
from interestclock.live.prediction_parts import PARTS_LIST, PredictionPart, PredictionParts

__all__ = ["erase_predictions"]


def erase_predictions(folder: Path, is_erased: IsErased) -> int:
    """Write parts anew without events whose ids name an erased user; gives how many rows these were.

    Parts are written aside, then listed, then put in place: what a kill leaves is put in place by the next
    call. A part that is missing or damaged is left as it is.

    Args:
        folder: of a trainer's predictions. is_erased: of an id as text.

    Raises:
        ResultError: the list is damaged. OSError: a part cannot be written; all are as they were.
    """
    if not (folder / PARTS_LIST).exists():
        return 0
    parts = PredictionParts(folder, ("",)).listed()
    _put_in_place(folder, parts)
    now = [_without(folder, each, is_erased) for each in parts]
    gone = sum(before.rows - each.rows for before, each in zip(parts, now, strict=True))
    if gone:
        write_text(folder / PARTS_LIST, "".join(json.dumps(asdict(each)) + "\n" for each in now))
        _put_in_place(folder, now)
    return gone


def _without(folder: Path, part: PredictionPart, is_erased: IsErased) -> PredictionPart:
    """What a part is without them; where that is another, it stands aside."""
    path = folder / part.name
    if not path.exists() or digest_of(path) != part.sha256:
        return part
    table = pq.read_table(path)
    coded = table["event_id"].combine_chunks().dictionary_encode()
    theirs = [names_one_of(each, is_erased) for each in coded.dictionary.to_pylist()]
    if not any(theirs):
        return part
    stays_U = pa.array([not each for each in theirs])
    stays = table.filter(stays_U.take(coded.indices).fill_null(True))
    aside = aside_of(path)
    pq.write_table(stays, aside)
    force(aside)
    return replace(part, rows=stays.num_rows, bytes=aside.stat().st_size, sha256=digest_of(aside))


def _put_in_place(folder: Path, parts: list[PredictionPart]) -> None:
    for part in parts:
        aside = aside_of(folder / part.name)
        if aside.exists() and digest_of(aside) == part.sha256:
            put_in_place(aside, folder / part.name)
