"""The options that say what a log's columns mean; every command that reads a log has them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from interestclock.cli.key_options import key_options
from interestclock.cli.refusals import check_choice, check_logs
from interestclock.defaults import ALL_TIME_MINUTES, LAYOUTS
from interestclock.errors import ConfigError
from interestclock.mapping_keys import BEGIN_A_MAPPING, LogKeys
from interestclock.plugins import exits_refused, is_named, look_in_current_folder

if TYPE_CHECKING:
    from interestclock.events import EventSource

__all__ = ["LogOptions", "with_log_options", "with_replay_options"]

_COLUMNS = "What the columns mean (over or instead of a mapping file)"
_ARGUMENTS = {"delay_seconds": "label_delays"}  # each label's own


@dataclass(frozen=True, kw_only=True)
class LogOptions:
    """A log, and what is known about it from the command line.

    Args:
        keys: arguments of ``ColumnMapping.with_options``; the others say where things are.
    """

    log: Annotated[
        list[Path],
        typer.Argument(
            help="A Parquet, Feather, CSV or TSV file (.gz, .zst and .bz2 too), several, a folder of them, "
            "or one with a log.toml; or your own source, my_module:MySource.",
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
        typer.Option(
            help="Item attributes (foursquare: categories and their roots): Parquet, Feather, CSV or TSV."
        ),
    ] = None
    lateness_minutes: Annotated[
        float,
        typer.Option(
            metavar="<float>",
            min=0,
            max=ALL_TIME_MINUTES,
            help="How far a row may stand behind the newest before it.",
        ),
    ] = 0.0
    dead_letters: Annotated[
        Path | None,
        typer.Option(
            help="JSON-lines file for malformed rows (default: beside --out, or the folder of 'live'; where "
            "there is neither, the first of them is an error).",
            show_default=False,
        ),
    ] = None
    keys: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The log's name for a heading."""
        return self.log[0].name + (f" and {len(self.log) - 1} more" if len(self.log) > 1 else "")

    def check(self) -> None:
        """Refuse what cannot be, before anything that takes long is imported.

        Raises:
            ConfigError: there is no such layout. LogError: the log, or the table of items, is not there.
        """
        check_choice("layout", self.layout, LAYOUTS)
        check_logs([*self.log, self.items])

    def open(self, *, dead_letters: Path | None = None) -> EventSource:
        """The log these options describe; malformed rows go to ``dead_letters`` unless they say where."""
        from interestclock.events import ColumnMapping, open_log, resolve_mapping

        first = self.log[0]
        if len(self.log) == 1 and is_named(str(first)) and not first.exists():
            return self._open_own(str(first))
        given = ColumnMapping.from_toml(self.mapping) if self.mapping is not None else None
        described = self.layout is not None or (len(self.log) == 1 and (first / "log.toml").is_file())
        if given is None and not described and self._names_columns():
            given = ColumnMapping()
        resolved = resolve_mapping(self.log, mapping=given, layout=self.layout, items=self.items)
        return open_log(
            self.log,
            mapping=resolved.with_options(**self.keys),
            lateness_ms=round(self.lateness_minutes * 60_000),
            dead_letters=self.dead_letters or dead_letters,
        )

    def _open_own(self, name: str) -> EventSource:
        from interestclock.events import open_own_log

        options = _key_parameters()
        given = [
            each.name
            for each in fields(self)
            if each.name not in ("log", "keys") and getattr(self, each.name) != each.default
        ]
        given += [options[each].name for each, value in self.keys.items() if value or value is False]
        if given:
            raise ConfigError(
                f"{name} is a source of your own, which says itself what its columns mean; leave out "
                + ", ".join(f"--{each.replace('_', '-')}" for each in given)
            )
        look_in_current_folder(name)
        return open_own_log(name)

    def _names_columns(self) -> bool:
        return any(self.keys.get(name) for name in BEGIN_A_MAPPING)


def with_log_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command, whose first argument is a ``LogOptions``, each of its fields and keys as an option."""
    of_log, of_keys = _log_parameters(), _key_parameters()
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]

    @functools.wraps(command)
    def flattened(**values: Any) -> None:
        log = {parameter.name: values.pop(parameter.name) for parameter in of_log}
        keys = {name: values.pop(parameter.name) for name, parameter in of_keys.items()}
        with exits_refused(f"code of your own, in {command.__name__.removesuffix('_command')},"):
            command(LogOptions(**log, keys=keys), **values)

    required = [p for p in own if p.default is inspect.Parameter.empty]
    optional = [p for p in own if p.default is not inspect.Parameter.empty]
    parameters = [of_log[0], *required, *optional, *of_log[1:], *of_keys.values()]
    flattened.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    flattened.__annotations__ = {p.name: p.annotation for p in parameters}
    return flattened


def with_replay_options(command: Callable[..., None]) -> Callable[..., None]:
    """The same for a command that may go without a log: it is named by ``--replay``.

    The command's first argument is a ``LogOptions``, or None where there is none.
    """
    of_log, of_keys = _log_parameters()[1:], _key_parameters()
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]

    @functools.wraps(command)
    def flattened(**values: Any) -> None:
        replay = values.pop("replay")
        log = {parameter.name: values.pop(parameter.name) for parameter in of_log}
        keys = {name: values.pop(parameter.name) for name, parameter in of_keys.items()}
        if not replay:
            _refuse_without_replay(log, keys)
        with exits_refused(f"code of your own, in {command.__name__.removesuffix('_command')},"):
            command(LogOptions(log=replay, **log, keys=keys) if replay else None, **values)

    parameters = [*own, _REPLAY, *of_log, *of_keys.values()]
    flattened.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    flattened.__annotations__ = {p.name: p.annotation for p in parameters}
    return flattened


def _refuse_without_replay(log: Mapping[str, Any], keys: Mapping[str, Any]) -> None:
    given = [each.name for each in fields(LogOptions) if each.name in log and log[each.name] != each.default]
    options = _key_parameters()
    given += [options[name].name for name, value in keys.items() if value or value is False]
    if given:
        raise ConfigError(
            ", ".join(f"--{each.replace('_', '-')}" for each in given)
            + ": say what a log is like, and none is replayed; give --replay LOG, too, or leave them out"
        )


_REPLAY = inspect.Parameter(
    "replay",
    inspect.Parameter.KEYWORD_ONLY,
    default=None,
    annotation=Annotated[
        list[Path] | None,
        typer.Option(
            metavar="<log>",
            help="A log whose users come when they came and do what it says, in place of simulated ones: a "
            "file or a folder, as `compare` reads it; repeat it for several.",
            show_default=False,
        ),
    ],
)


def _log_parameters() -> list[inspect.Parameter]:
    hints = get_type_hints(LogOptions, include_extras=True)
    return [
        inspect.Parameter(
            each.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if each.default is MISSING else each.default,
            annotation=hints[each.name],
        )
        for each in fields(LogOptions)
        if each.name != "keys"
    ]


def _key_parameters() -> dict[str, inspect.Parameter]:
    """What ``with_options`` calls a key -> its parameter, whose name is the option's."""
    return {
        _ARGUMENTS.get(option.key, option.key): inspect.Parameter(
            option.name.replace("-", "_"),
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[
                list[str] | None if option.several else bool | None if option.opposite else str | None,
                typer.Option(
                    f"--{option.name}" + (f"/--{option.opposite}" if option.opposite else ""),
                    help=option.help,
                    rich_help_panel=_COLUMNS,
                    show_default=False,
                ),
            ],
        )
        for option in key_options(LogKeys)
    }
