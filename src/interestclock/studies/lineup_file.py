"""Rankers out of a file: variants side by side, each part with its settings."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from interestclock.clocks import ClockConfig
from interestclock.defaults import PARTS
from interestclock.errors import ConfigError, ResultError, system_errors_as
from interestclock.plugins import import_named, is_named
from interestclock.ranker_names import parts_of
from interestclock.ranking import RMS_LIMIT, described_clock
from interestclock.ranking.known_clocks import CLOCKS_OF_OURS
from interestclock.studies.rankers import NamedRanker, lineup
from interestclock.studies.setting_help import help_of

__all__ = ["read_lineup"]

_REMEDY = "correct the file"


def read_lineup(path: str | Path) -> tuple[NamedRanker, ...]:
    """The rankers of a line-up file, in its order.

    A table for each, called as results shall call it. Its ``parts`` are a text, as on the command line, or a
    list of such and of tables, which hold a part's settings beside its ``kind``; without any, its name says
    them. Its ``rms_limit`` is that of ``RankerConfig``; ``inf`` is none.

    Args:
        path: a TOML file.

    Raises:
        ConfigError: the file is missing or no TOML; a key, a part or a setting is unknown or has a wrong
            value, said with what the setting means.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "lineup.toml"
        >>> _ = path.write_text('''
        ... [base]
        ... ["hour+gaussian"]
        ... [sharp]
        ... parts = ["hour", {kind = "gaussian", sigma_hours = 0.5}]
        ... ''')
        >>> [ranker.name for ranker in read_lineup(path)]
        ['base', 'hour+gaussian', 'sharp']
        >>> _ = path.write_text('[sharp]\\nparts = [{kind = "gaussian", sigma = 0.5}]')
        >>> read_lineup(path)
        Traceback (most recent call last):
        interestclock.errors.ConfigError: ...: ranker 'sharp', gaussian: key 'sigma' is unknown; there are ...
    """
    path = Path(path)
    rankers = tuple(_ranker(name, table, path) for name, table in _tables(path).items())
    if not rankers:
        raise ConfigError(f"{path} names no ranker; write a table for each, for example [base]")
    lineup(rankers)
    return rankers


def _tables(path: Path) -> dict[str, Any]:
    with system_errors_as(ConfigError, f"{path}: no line-up file that can be read", remedy="name one"):
        content = path.read_bytes()
    try:
        return tomllib.loads(content.decode("utf-8-sig"))  # some editors begin with a byte-order mark
    except ValueError as error:
        raise ConfigError(f"{path}: no TOML ({error})") from error


def _ranker(name: str, table: Any, path: Path) -> NamedRanker:
    where = f"{path}: ranker '{name}'"
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: '{name}' is {table!r}; write a table for each ranker: [\"{name}\"]")
    if strange := sorted(table.keys() - {"parts", "rms_limit"}):
        raise ConfigError(
            f"{where}: key '{strange[0]}' is unknown; there is parts, whose settings stand beside their "
            'kind: parts = ["hour", {kind = "gaussian", sigma_hours = 0.5}], and rms_limit, of '
            "each one's output where several are joined (inf: none)"
        )
    parts = table.get("parts", name)
    if not isinstance(parts, str | list):
        raise ConfigError(f"{where}: parts is {parts!r}; give a text or a list of parts")
    try:
        clocks = [
            clock
            for part in ([parts] if isinstance(parts, str) else parts)
            for clock in _clocks(part, where=where)
        ]
        limit = table.get("rms_limit", RMS_LIMIT)
        return NamedRanker(name=name, clocks=tuple(clocks), rms_limit=None if limit == math.inf else limit)
    except ConfigError as error:
        text = str(error)
        raise ConfigError(text if text.startswith(where) else f"{where}: {text}") from error


def _clocks(part: Any, *, where: str) -> list[ClockConfig]:
    if isinstance(part, str):
        return [_clock({"kind": name}, where) for name in parts_of(part)]
    if not isinstance(part, dict):
        raise ConfigError(f"{where}: a part is {part!r}; give its name, or a table with its kind")
    kind = part.get("kind")
    if not isinstance(kind, str):
        raise ConfigError(f'{where}: a part has settings and no kind; write {{kind = "gaussian", ...}}')
    if len(parts_of(kind)) != 1:
        raise ConfigError(f"{where}: kind is '{kind}'; settings are of one part")
    return [_clock(part, where)]


def _clock(described: Mapping[str, Any], where: str) -> ClockConfig:
    kind = described["kind"]
    try:
        return described_clock(
            described, allow=(kind,) if is_named(kind) else (), where=where, remedy=_REMEDY
        )
    except (ResultError, ConfigError) as error:
        text = str(error).removesuffix(f"; {_REMEDY}")
        raise ConfigError(f"{text}{_in_words(kind)}") from error


def _in_words(kind: str) -> str:
    """What a part's settings mean."""
    config = CLOCKS_OF_OURS[kind] if kind in PARTS else import_named(kind)
    meanings = help_of(config) if isinstance(config, type) else {}
    return "".join(f"\n  {name}: {text}" for name, text in meanings.items())
