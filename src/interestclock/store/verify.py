"""Whether a store is whole: every record of it is read, and held against what else it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import lmdb

from interestclock.errors import InterestClockError, ResultError
from interestclock.histories import UserHistories
from interestclock.store.environment import Environment
from interestclock.store.meta import new_votes, read_description, read_meta
from interestclock.store.verify_lists import check_feed, check_lists
from interestclock.store.verify_users import User, check_behaviours, check_users, check_votes
from interestclock.store.verify_values import (
    Checked,
    Step,
    check_everyone,
    check_items,
    check_sets,
    check_values,
)
from interestclock.workers import Report, Workers

__all__ = ["problems_in", "verify_store"]

_EVERY = 1_000  # records between two reports


def verify_store(folder: str | Path, report: Callable[[tuple[int, int]], None]) -> list[str]:
    """What is wrong with a store, a line each; nothing where it is whole.

    It is read in a process of its own, since a page that the disk damaged can end whoever reads it.

    Args:
        folder: of the store, which may be written to meanwhile.
        report: is told now and then how many records were read, and of how many.

    Raises:
        ResultError: there is no store, or one of another format.
    """
    with Workers(1, prepare=_prepare) as workers:
        try:
            ((found),) = workers.run([partial(_verify, Path(folder))], report)
        except ResultError:
            raise
        except InterestClockError as error:  # the process is gone
            return [f"whoever reads it is ended by the system: pages of the file are damaged ({error})"]
        problems: list[str] = found
        return problems


def problems_in(folder: str | Path, report: Callable[[tuple[int, int]], None]) -> Iterator[str]:
    """As ``verify_store``, in this process, one problem after the other.

    Example:
        >>> import tempfile
        >>> from interestclock.events.schema import LogSchema
        >>> from interestclock.state import StateConfig
        >>> from interestclock.store import StoreWriter
        >>> folder = tempfile.mkdtemp()
        >>> StoreWriter(folder, schema=LogSchema(labels=("finish",)), config=StateConfig()).close()
        >>> list(problems_in(folder, print))
        []
    """
    environment = Environment.open(Path(folder))
    try:
        with environment.reading() as txn:
            meta = read_meta(txn, environment.databases["meta"], environment.path)
            schema, config = read_description(txn, environment.databases["meta"], environment.path)
            store = Checked(
                txn=txn,
                databases=environment.databases,
                meta=meta,
                schema=schema,
                config=config,
                values={},
                step=_steps(txn, environment.databases, report),
            )
            try:
                yield from _problems(store)
            except lmdb.Error as error:
                yield f"{environment.path} cannot be read on ({error})"
    finally:
        environment.close()


def _problems(store: Checked) -> Iterator[str]:
    votes = new_votes(store.schema, store.config)
    users: dict[int, User] = {}
    yield from check_values(store)
    yield from check_sets(store)
    yield from check_items(store)
    yield from check_lists(store)
    yield from check_feed(store)
    yield from check_everyone(store)
    yield from check_users(store, users)
    yield from check_behaviours(store, users, UserHistories().column_types)
    yield from check_votes(store, users, {} if votes is None else votes.column_types)


def _steps(txn: Any, databases: Mapping[str, Any], report: Callable[[tuple[int, int]], None]) -> Step:
    """Counts records that are read; those of items are three times."""
    entries = {name: int(txn.stat(database)["entries"]) for name, database in databases.items()}
    total, done = sum(entries.values()) - entries["meta"] + 2 * entries["item"], 0

    def step() -> None:
        nonlocal done
        done += 1
        if done % _EVERY == 0 or done == total:
            report((done, total))

    return step


def _verify(folder: Path, report: Report) -> list[str]:
    return list(problems_in(folder, report))


def _prepare() -> None:
    """What is imported with this file is all."""
