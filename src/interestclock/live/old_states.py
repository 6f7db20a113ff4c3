"""How what a trainer keeps has changed from one format of its checkpoints to the next.

A change of a name, an encoding or a setting is one entry here, under the format that it leads away from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from interestclock.admission import ErasedUsers, UserHashes
from interestclock.arrays import Arrays, below, table_from_bytes, table_to_bytes, texts_as_arrays, under
from interestclock.ids.id_arrays import ids_in
from interestclock.live.checkpoints import FORMAT

__all__ = ["OLD_FORMATS", "format_of_arrays", "format_of_settings", "settings_now", "state_now"]

OLD_FORMATS = range(4, FORMAT)  # those that can be converted

# Settings by their place in the configuration; its own names are never parts of a pattern.
_RENAMED_SETTINGS: dict[int, dict[str, str]] = {
    4: {f"{kind}.sightings": f"{kind}.min_count" for kind in ("users", "items", "contexts")},
}
_NEW_SETTINGS: dict[int, dict[str, Any]] = {
    4: {"admission.labels_come_along": False},  # what a trainer of that format did
}
# What was not counted before is 0: beside which array it stands, and its name.
_NEW_COUNTS: dict[int, tuple[tuple[str, str], ...]] = {
    6: (("admission/first_id", "admission/disagreeing"),),
}
# Names of a log's columns may have dots and slashes in them, so patterns begin at the start.
_RENAMED_ARRAYS: dict[int, tuple[tuple[re.Pattern[str], str], ...]] = {
    4: (
        (re.compile(r"^features/(histories|choices)/column\."), r"features/\1/column/"),
        (re.compile(r"^features/votes/votes\.column\."), "features/votes/votes/column/"),
        (re.compile(r"^features/votes/(votes|sets)\."), r"features/votes/\1/"),
    ),
    5: (
        (re.compile(r"^(pending/\d+)/moment_of_B$"), r"\1/request_row_B"),
        (re.compile(r"^(pending/\d+)/recent_MN$"), r"\1/recent_MK"),
        (re.compile(r"^features/histories/named_I$"), "features/histories/named_S"),
        (re.compile(r"^features/choices/first_ms_I$"), "features/choices/first_ms_S"),
    ),
    6: (
        (re.compile(r"^admission/accounts/"), "admission/counters/"),
        (re.compile(r"^features/values/said_ms$"), "features/values/stated_ms"),
        (re.compile(r"^ranker/kept/"), "ranker/cached/"),
        (re.compile(r"^ranker/dense/slots\.(\d+)\.peer\."), r"ranker/dense/clocks.\1.baseline."),
        (re.compile(r"^ranker/dense/slots\."), "ranker/dense/clocks."),
    ),
}


def settings_now(settings: Mapping[str, Any], since: int) -> dict[str, Any]:
    """A trainer's settings (``config`` of its ``config.json``) as this version names them.

    Args:
        since: the format of its checkpoints.

    Example:
        >>> settings_now({"users": {"sightings": 2}, "admission": {}}, 4)["users"]
        {'min_count': 2}
    """
    now: dict[str, Any] = json.loads(json.dumps(settings))
    for each in range(since, FORMAT):
        for old, new in _RENAMED_SETTINGS.get(each, {}).items():
            part, name = _part(now, old)
            if name in part:
                _set(now, new, part.pop(name))
        for new, value in _NEW_SETTINGS.get(each, {}).items():
            _set(now, new, value)
    return now


def format_of_settings(settings: Mapping[str, Any]) -> int:
    """The format of the checkpoints that a trainer with such settings would write.

    Example:
        >>> format_of_settings({"users": {"sightings": 2}})
        4
    """
    for each in OLD_FORMATS:
        for old in _RENAMED_SETTINGS.get(each, {}):
            part, name = _part(settings, old)
            if name in part:
                return each
    return FORMAT


def format_of_arrays(state: Arrays) -> int:
    """The oldest format whose names stand among a checkpoint's arrays; that of now where none does.

    Example:
        >>> format_of_arrays({"features/histories/column.item": [], "pending/0/recent_MN": []})
        4
    """
    for each in OLD_FORMATS:
        patterns = [pattern for pattern, _ in _RENAMED_ARRAYS.get(each, ())]
        if any(pattern.match(name) for pattern in patterns for name in state):
            return each
    return FORMAT


def state_now(state: Arrays, since: int) -> Arrays:
    """A checkpoint's arrays by the names and in the encodings of this version.

    Args:
        since: the checkpoint's format.

    Example:
        >>> import numpy as np
        >>> list(state_now({"features/histories/column.item": np.zeros(1)}, 4))
        ['features/histories/column/item']
    """
    now = dict(state)
    for each in range(since, FORMAT):
        now = _recoded(_renamed(now, _RENAMED_ARRAYS.get(each, ())), _RECODED.get(each, ()))
        now |= {name: np.array(0) for beside, name in _NEW_COUNTS.get(each, ()) if beside in now}
        now |= _ADDED.get(each, _nothing)(now)
    return now


def _part(settings: Any, place: str) -> tuple[Any, str]:
    """The mapping in which a setting stands, empty where there is none; and the setting's name there."""
    *path, name = place.split(".")
    for each in path:
        settings = settings.get(each, {}) if isinstance(settings, Mapping) else {}
    return settings if isinstance(settings, Mapping) else {}, name


def _set(settings: dict[str, Any], place: str, value: Any) -> None:
    *path, name = place.split(".")
    for each in path:
        settings = settings.setdefault(each, {})
    settings.setdefault(name, value)


def _renamed(state: Arrays, patterns: tuple[tuple[re.Pattern[str], str], ...]) -> Arrays:
    return {_new_name(name, patterns): values for name, values in state.items()}


def _new_name(name: str, patterns: tuple[tuple[re.Pattern[str], str], ...]) -> str:
    for pattern, new in patterns:
        if pattern.match(name):
            return pattern.sub(new, name)
    return name


def _recoded(state: Arrays, codecs: tuple[tuple[re.Pattern[str], Callable[[Any], Any]], ...]) -> Arrays:
    now: Arrays = {}
    for name, values in state.items():
        codec = next((each for pattern, each in codecs if pattern.match(name)), None)
        recoded = values if codec is None else codec(values)
        now |= under(name, recoded) if isinstance(recoded, dict) else {name: recoded}
    return now


def _of_column(values: Any) -> Arrays:
    """Texts that stood in a table of one column."""
    return texts_as_arrays(table_from_bytes(values).column(0).combine_chunks())


def _of_columns(values: Any) -> Arrays:
    """Texts that stood in a table, by their columns' names."""
    table, state = table_from_bytes(values), Arrays()
    for name in table.column_names:
        state |= under(name, texts_as_arrays(table[name].combine_chunks()))
    return state


def _of_json(values: Any) -> Arrays:
    """Texts that stood in a list of JSON."""
    return texts_as_arrays(json.loads(values.tobytes()))


def _with_stated_ms(values: Any) -> Any:
    """A table with a column ``said_ms``."""
    table = table_from_bytes(values)
    names = ["stated_ms" if name == "said_ms" else name for name in table.column_names]
    return table_to_bytes(table.rename_columns(names))


def _nothing(_: Arrays) -> Arrays:
    return {}


def _of_nobody_erased(state: Arrays) -> Arrays:
    """Nobody could be erased before format 8; whose exposures await labels, the state noted alone."""
    if "admission/ids/ends" not in state or "features/awaiting/span" not in state:
        return {}
    first, stop = state["features/awaiting/span"].tolist()
    _, ids = ids_in(below("features/users", state))
    noted = {first + place: ids[slot] for place, slot in enumerate(state["features/awaiting/user"].tolist())}
    begin = int(state["admission/first_id"])
    open_serials = range(begin, begin + len(state["admission/ids/ends"]) - 1)
    users = [str(noted[each]) if first <= each < stop else None for each in open_serials]
    added = under("admission/users", texts_as_arrays(users))
    added |= under("admission/erased", ErasedUsers(UserHashes()).state())
    return added | {"admission/counters/counts": np.append(state["admission/counters/counts"], [0, 0])}


_ADDED: dict[int, Callable[[Arrays], Arrays]] = {7: _of_nobody_erased}
_RECODED: dict[int, tuple[tuple[re.Pattern[str], Callable[[Any], Any]], ...]] = {
    4: (
        (re.compile(r"admission/ids$"), _of_column),
        (re.compile(r"admission/derived/texts$"), _of_columns),
        (re.compile(r"admission/watermark/names$"), _of_json),
        (re.compile(r"features/values/names/"), _of_column),
        (re.compile(r"features/zones$"), _of_column),
    ),
    6: ((re.compile(r"features/values/changes/changes$"), _with_stated_ms),),
}
