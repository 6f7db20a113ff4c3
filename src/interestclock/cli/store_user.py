"""The command that shows what a store knows of one user."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from interestclock.cli.store_argument import Store, check_store
from interestclock.cli.stream_settings import moment_ms

if TYPE_CHECKING:
    from interestclock.events.schema import LogSchema
    from interestclock.store.user_page import BehaviourRow, UserPage

__all__ = ["user_command"]

_out = Console()
User = Annotated[
    str,
    typer.Argument(
        help="The id as messages have it: text or a whole number. A negative one stands behind --.",
        show_default=False,
    ),
]
Last = Annotated[int, typer.Option(metavar="<int>", min=0, help="Behaviours to show, the newest.")]
At = Annotated[
    str | None,
    typer.Option(
        help="As of then, such as 2026-03-01T18:00:00Z (default: now): what became known later is not in it.",
        show_default=False,
    ),
]


def user_command(store: Store, user: User, *, last: Last = 20, at: At = None) -> None:
    """Show what a store knows of a user: the last behaviours, and the hourly profile as a picture.

    It is what a server reads as of that moment. The picture has two columns
    for an hour of the local day and a row for each value: █ where Eq. 3 says
    that it is the best of the hour, ▓ the second, ▒ the third, ░ behind it.
    Bars show how many of the behaviours kept stand in each hour. A behaviour
    is an exposure that was engaged with; the line above says by which label.

    Examples:

      interestclock store user store 4711

      interestclock store user store 4711 --last 5 --at 2026-03-01T18:00:00Z
    """
    check_store(store)
    at_ms = None if at is None else moment_ms(at, option="at")
    from interestclock.store.open_store import open_store
    from interestclock.store.user_page import user_page
    from interestclock.timeofday import TimeSource

    with open_store(store) as opened, opened.snapshot() as view:
        page = user_page(view, user, at_ms=TimeSource().now_ms() if at_ms is None else at_ms, last=last)
    for line in _lines(page, opened.schema, window_days=opened.config.clocks.window_days):
        _out.print(line, highlight=False, markup=False, soft_wrap=True)


def _lines(page: UserPage, schema: LogSchema, *, window_days: int) -> Iterator[str]:
    from interestclock.operations.in_words import minute

    zone = "" if page.zone is None else f", zone {page.zone}"
    yield f"user {page.user}, as of {minute(page.at_ms)} UTC"
    yield f"last seen {_local(page.seen_ms, page.utc_offset_minutes)}{zone}"
    known = f"{page.known:,} behaviours (a 1 in {' or '.join(schema.engaged)}), {page.kept:,} of them kept"
    yield known + (f"; the newest {len(page.last):,}, in local time:" if page.last else "")
    yield from (f"  {_behaviour(row)}" for row in page.last)
    yield from _pictures(page, window_days=window_days)


def _behaviour(row: BehaviourRow) -> str:
    values = "; ".join(f"{name}: {', '.join(each) or 'none'}" for name, each in row.values.items())
    return f"{_local(row.timestamp_ms, row.utc_offset_minutes)}  {row.item}" + (
        f"  {values}" if values else ""
    )


def _pictures(page: UserPage, *, window_days: int) -> Iterator[str]:
    from interestclock.operations.in_words import minute
    from interestclock.store.hourly_picture import bars, hourly_picture

    for name, best_H in page.profile.items():
        yield ""
        if not any(best_H):
            earlier = minute(page.seen_ms).replace(" ", "T")
            yield f"{name}: no votes in the {window_days} days before; try --at {earlier}Z, when last seen"
            continue
        yield f"{name}, best by hour: █ first, ▓ second, ▒ third, ░ after that, · none"
        yield from hourly_picture(best_H)
    if page.kept:
        yield ""
        yield f"behaviours by hour, {max(page.by_hour):,} in the hour of most"
        yield bars(page.by_hour)


def _local(timestamp_ms: int, utc_offset_minutes: int) -> str:
    """The clock on the wall, and how far it is from UTC."""
    from interestclock.operations.in_words import minute
    from interestclock.timeofday import MINUTE_MS

    hours, minutes = divmod(abs(utc_offset_minutes), 60)
    sign = "-" if utc_offset_minutes < 0 else "+"
    return f"{minute(timestamp_ms + utc_offset_minutes * MINUTE_MS)} {sign}{hours:02}:{minutes:02}"
