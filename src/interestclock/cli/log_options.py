"""The options that say what a log's columns mean; every command that reads a log has them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from interestclock.defaults import LAYOUTS

if TYPE_CHECKING:
    from interestclock.events import ColumnMapping, EventSource

__all__ = ["LogOptions", "with_log_options"]

_COLUMNS = "What the columns mean (over or instead of a mapping file)"
_ALL_TIME_MINUTES = 300 * 366 * 1_440  # every time that is read lies between 1900 and 2200
_NAMED = "NAME=COLUMN, or NAME where both agree; repeat for several"


def _column(help_text: str) -> Any:
    return typer.Option(help=help_text, rich_help_panel=_COLUMNS, show_default=False)


@dataclass(frozen=True, kw_only=True)
class LogOptions:
    """A log, and what is known about it from the command line."""

    log: Annotated[
        Path,
        typer.Argument(
            help="A Parquet, CSV or TSV file (.gz too), a folder of Parquet files, or one with a log.toml.",
            show_default=False,
        ),
    ]
    layout: Annotated[str | None, typer.Option(help=f"A built-in layout: {', '.join(LAYOUTS)}.")] = None
    mapping: Annotated[
        Path | None,
        typer.Option(
            help="TOML file that says which column means what; the guide 'Read your log' lists its keys."
        ),
    ] = None
    items: Annotated[
        Path | None,
        typer.Option(help="Item attributes (foursquare: categories and their roots): Parquet, CSV or TSV."),
    ] = None
    lateness_minutes: Annotated[
        float,
        typer.Option(
            min=0, max=_ALL_TIME_MINUTES, help="How far a row may stand behind the newest before it."
        ),
    ] = 0.0
    dead_letters: Annotated[
        Path | None,
        typer.Option(
            help="JSON-lines file for malformed rows (default: beside --out; where there is no --out, "
            "the first of them is an error).",
            show_default=False,
        ),
    ] = None
    user: Annotated[str | None, _column("Column of the user.")] = None
    item: Annotated[str | None, _column("Column of the item.")] = None
    time: Annotated[str | None, _column("Column of the time: timestamps, ISO 8601 or Unix time.")] = None
    time_unit: Annotated[str | None, _column("Unit of Unix times: auto, s, ms, us or ns.")] = None
    utc_offset_minutes: Annotated[str | None, _column("Column of the event's own UTC offset.")] = None
    zone_column: Annotated[str | None, _column("Column of the IANA zone.")] = None
    zone: Annotated[str | None, _column("IANA zone of all events, such as America/New_York.")] = None
    request: Annotated[str | None, _column("Column that groups exposures shown together.")] = None
    event_id: Annotated[str | None, _column("Column whose value is the same for duplicates.")] = None
    separator: Annotated[str | None, _column("Splits text columns that hold several values.")] = None
    positive_only: Annotated[str | None, _column("Every row is a choice; its name, such as purchase.")] = None
    label_column: Annotated[list[str] | None, _column(f"A label (0, 1 or nothing). {_NAMED}.")] = None
    label_delay: Annotated[
        list[str] | None,
        _column("NAME=SECONDS from exposure to known label (default 0, which flatters every ranker)."),
    ] = None
    eq3: Annotated[
        list[str] | None,
        _column(
            "TERM=LABEL: the label that counts as like, finish, skip or dislike in Eq. 3 (default: by name)."
        ),
    ] = None
    attribute: Annotated[list[str] | None, _column(f"An item attribute in the log's rows. {_NAMED}.")] = None
    item_attribute: Annotated[list[str] | None, _column(f"An attribute in --items. {_NAMED}.")] = None
    clock_attribute: Annotated[
        list[str] | None, _column("An attribute that feeds the clocks (default: all); repeat for several.")
    ] = None
    engaged: Annotated[
        list[str] | None,
        _column(
            "A label whose 1 puts an exposure into the user's history (default: those that count as finish "
            "and like); repeat for several."
        ),
    ] = None
    categorical: Annotated[list[str] | None, _column(f"Context with one value. {_NAMED}.")] = None
    multivalued: Annotated[list[str] | None, _column(f"Context with several values. {_NAMED}.")] = None
    numeric: Annotated[list[str] | None, _column(f"Context that is a quantity. {_NAMED}.")] = None

    def open(self, *, dead_letters: Path | None = None) -> EventSource:
        """The log these options describe; malformed rows go to ``dead_letters`` unless they say where."""
        from interestclock.events import ColumnMapping, open_log, resolve_mapping

        given = ColumnMapping.from_toml(self.mapping) if self.mapping is not None else None
        described = self.layout is not None or (self.log / "log.toml").is_file()
        if given is None and not described and self._names_columns():
            given = ColumnMapping()
        resolved = resolve_mapping(self.log, mapping=given, layout=self.layout, items=self.items)
        return open_log(
            self.log,
            mapping=self._over(resolved),
            lateness_ms=round(self.lateness_minutes * 60_000),
            dead_letters=self.dead_letters or dead_letters,
        )

    def _names_columns(self) -> bool:
        given = (self.user, self.item, self.time, self.zone, self.zone_column, self.utc_offset_minutes)
        return any(given) or bool(self.label_column) or self.positive_only is not None

    def _over(self, mapping: ColumnMapping) -> ColumnMapping:
        return mapping.with_options(
            user=self.user,
            item=self.item,
            time=self.time,
            time_unit=self.time_unit,
            utc_offset_minutes=self.utc_offset_minutes,
            zone_column=self.zone_column,
            zone=self.zone,
            request=self.request,
            event_id=self.event_id,
            separator=self.separator,
            positive_only=self.positive_only,
            labels=self.label_column or (),
            label_delays=self.label_delay or (),
            eq3=self.eq3 or (),
            attributes=self.attribute or (),
            item_attributes=self.item_attribute or (),
            clock_attributes=self.clock_attribute or (),
            engaged=self.engaged or (),
            categorical=self.categorical or (),
            multivalued=self.multivalued or (),
            numeric=self.numeric or (),
        )


def with_log_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command, whose first argument is a ``LogOptions``, each of its fields as an option."""
    hints = get_type_hints(LogOptions, include_extras=True)
    log_parameters = [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in fields(LogOptions)
    ]
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]

    @functools.wraps(command)
    def flattened(**values: Any) -> None:
        of_log = {parameter.name: values.pop(parameter.name) for parameter in log_parameters}
        command(LogOptions(**of_log), **values)

    required = [p for p in own if p.default is inspect.Parameter.empty]
    optional = [p for p in own if p.default is not inspect.Parameter.empty]
    parameters = [log_parameters[0], *required, *optional, *log_parameters[1:]]
    flattened.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    flattened.__annotations__ = {p.name: p.annotation for p in parameters}
    return flattened
