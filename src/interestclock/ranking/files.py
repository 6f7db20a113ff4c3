"""A trained ranker as two files: its weights, and what it takes to build it again."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from interestclock.clocks import ClockConfig
from interestclock.errors import ConfigError, ResultError, check_names
from interestclock.files import write_text
from interestclock.ranking.config import FeatureNames, RankerConfig
from interestclock.ranking.known_clocks import describe_clock, described_clock
from interestclock.ranking.ranker import Ranker
from interestclock.saved import made_of, read_object

__all__ = ["describe_ranker", "load_ranker", "save_ranker", "table_names"]

_TABLE = "table.weight"
_ROWS = "rows."
_ITEMS = "items.row_NF"
_REMEDY = "the ranker cannot be read: it is damaged, or another version wrote it; train it again"


def save_ranker(ranker: Ranker, folder: Path) -> None:
    """Write ``ranker.safetensors`` and ``ranker.json`` to a folder, made if needed.

    ``ranker.json`` goes first and comes last, so a folder with both holds a whole ranker.

    Args:
        ranker: on any device. folder: an earlier ranker in it is replaced.

    Raises:
        ConfigError: a clock of the user's own has settings that JSON cannot hold, or cannot be imported.

    Example:
        >>> import tempfile
        >>> ranker = Ranker(names=FeatureNames(tasks=("finish",)), config=RankerConfig(), seed=0)
        >>> ranker.grow({"user": 3, "item": 5}, {})
        >>> with tempfile.TemporaryDirectory() as name:
        ...     save_ranker(ranker, Path(name))
        ...     load_ranker(Path(name)).table.used
        9
    """
    described = json.dumps(describe_ranker(ranker), indent=1)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ranker.json").unlink(missing_ok=True)
    table, tables = ranker.table, table_names(ranker)
    weights = {n: value.contiguous().cpu() for n, value in ranker.state_dict().items() if n not in tables}
    weights[_TABLE] = table.weight.detach()[: table.used].contiguous().cpu()
    weights |= {f"{_ROWS}{feature}": rows.cpu() for feature, rows in table.layout().items()}
    weights[_ITEMS] = ranker.items.row_NF.contiguous().cpu()
    save_file(weights, folder / "ranker.safetensors")
    write_text(folder / "ranker.json", described)


def load_ranker(folder: Path, *, allow: Collection[str] = ()) -> Ranker:
    """The ranker that ``save_ranker`` wrote, on the CPU, ready to be asked about the ids it knew.

    ``vocabulary/`` beside ``rankers/`` tells an id's number; ``grow`` makes room for new ones.

    Args:
        folder: holds ``ranker.safetensors`` and ``ranker.json``.
        allow: ``package.module:Class`` of each clock outside this project that may be imported for it;
            loading runs no code that the caller has not named.

    Raises:
        ResultError: the folder holds none, or one that cannot be read or has a clock that is not allowed.
        ConfigError: ``allow`` is text.

    Example:
        >>> load_ranker(Path("nowhere"))
        Traceback (most recent call last):
        interestclock.errors.ResultError: nowhere holds no ranker: ranker.json is missing; ...
    """
    check_names("allow", allow)
    for name in ("ranker.json", "ranker.safetensors"):
        if not (folder / name).exists():
            raise ResultError(f"{folder} holds no ranker: {name} is missing; name a folder below rankers/")
    path = folder / "ranker.json"
    saved = made_of(_Saved, read_object(path, remedy=_REMEDY), where=str(path), remedy=_REMEDY)
    ranker = _built(saved, where=str(path), allow=allow)
    try:
        weights = load_file(folder / "ranker.safetensors")
        _refuse_other_arrays(ranker, weights)
        ranker.items.restore(weights.pop(_ITEMS), saved.item_widths)
        _fill(ranker, weights)
    except (ResultError, ValueError, RuntimeError, SafetensorError) as error:
        raise ResultError(f"{folder / 'ranker.safetensors'}: {error}; {_REMEDY}") from error
    return ranker


@dataclass(frozen=True, kw_only=True)
class _Saved:
    """What ``describe_ranker`` gives; ``config`` without its clocks is a ``RankerConfig``."""

    names: FeatureNames
    config: dict[str, Any]
    seed: int
    item_widths: list[int]


def _built(saved: _Saved, *, where: str, allow: Collection[str]) -> Ranker:
    settings = dict(saved.config)
    clocks = tuple(_clock(each, f"{where}, config.clocks", allow) for each in settings.pop("clocks", ()))
    return Ranker(
        names=saved.names,
        config=made_of(
            RankerConfig, settings, where=f"{where}, config", remedy=_REMEDY, given={"clocks": clocks}
        ),
        seed=saved.seed,
    )


def _clock(described: Any, where: str, allow: Collection[str]) -> ClockConfig:
    try:
        return described_clock(described, allow=allow, where=where, remedy=_REMEDY)
    except ConfigError as error:
        raise ResultError(f"{where}: {error}") from error


def _refuse_other_arrays(ranker: Ranker, weights: dict[str, Tensor]) -> None:
    shared = table_names(ranker)
    needed = {name for name in ranker.state_dict() if name not in shared} | {_TABLE, _ITEMS}
    there = {name for name in weights if not name.startswith(_ROWS)}
    for what, names in (
        ("is missing", needed - there),
        ("belongs to nothing here", there - needed),
    ):
        if names:
            raise ResultError(f"array '{min(names)}' {what}")


def _fill(ranker: Ranker, weights: dict[str, Tensor]) -> None:
    layout = {name.removeprefix(_ROWS): weights.pop(name) for name in list(weights) if name.startswith(_ROWS)}
    table_weight = weights.pop(_TABLE)
    ranker.table.restore(table_weight, layout)
    ranker.load_state_dict(weights | dict.fromkeys(table_names(ranker), table_weight))


def table_names(ranker: Ranker) -> set[str]:
    """Names of the one table in a ranker's state dictionary, which has it once for each module that holds it.

    Example:
        >>> ranker = Ranker(names=FeatureNames(tasks=("finish",)), config=RankerConfig(), seed=0)
        >>> sorted(table_names(ranker))
        ['items.table.weight', 'table.weight']
    """
    return {
        f"{name}.weight"
        for name, module in ranker.named_modules(remove_duplicate=False)
        if module is ranker.table
    }


def describe_ranker(ranker: Ranker) -> dict[str, Any]:
    """All it takes to build a ranker again, but for its weights; goes through JSON unchanged.

    Example:
        >>> ranker = Ranker(names=FeatureNames(tasks=("finish",)), config=RankerConfig(), seed=0)
        >>> describe_ranker(ranker)["seed"]
        0
    """
    clocks = [describe_clock(clock) for clock in ranker.config.clocks]
    return {
        "names": asdict(ranker.names),
        "config": asdict(ranker.config) | {"clocks": clocks},
        "seed": ranker.table.seed,
        "item_widths": ranker.items.widths,
    }
