"""What an LMDB environment takes on the disk, and which processes read it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Usage", "usage_of"]

_META_PAGES = 2


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What an environment takes on the disk, and who reads it.

    Args:
        page_bytes: of a page. map_bytes: how large the file may become before the map is made larger.
        file_bytes: how large it is. used_bytes: by database, its pages. entries: by database.
        free_bytes: of pages that nobody needs any more; they are written to before the file grows.
        snapshots: that other processes have open. readers: these processes.
    """

    page_bytes: int
    map_bytes: int
    file_bytes: int
    used_bytes: dict[str, int]
    entries: dict[str, int]
    free_bytes: int
    snapshots: int
    readers: int


def usage_of(environment: Any, databases: Mapping[str, Any], txn: Any) -> Usage:
    """What an open ``lmdb.Environment`` takes.

    Args:
        databases: those that are in it, by name. txn: to read in.
    """
    stats = {name: txn.stat(database) for name, database in databases.items()}
    info, names = environment.info(), environment.stat()
    page_bytes = int(names["psize"])
    file_bytes = page_bytes * (int(info["last_pgno"]) + 1)
    used = {name: page_bytes * _pages(each) for name, each in stats.items()}
    free = file_bytes - sum(used.values()) - page_bytes * (_pages(names) + _META_PAGES)
    # A line of headings, then process, thread and transaction of each snapshot.
    lines = [line.split() for line in environment.readers().splitlines()[1:]]
    others = [int(pid) for pid, *_ in lines if int(pid) != os.getpid()]
    return Usage(
        page_bytes=page_bytes,
        map_bytes=int(info["map_size"]),
        file_bytes=file_bytes,
        used_bytes=used,
        entries={name: int(each["entries"]) for name, each in stats.items()},
        free_bytes=max(free, 0),
        snapshots=len(others),
        readers=len(set(others)),
    )


def _pages(stat: Mapping[str, int]) -> int:
    return stat["branch_pages"] + stat["leaf_pages"] + stat["overflow_pages"]
