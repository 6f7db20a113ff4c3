"""A trained ranker as two files: its weights, and what it takes to build it again."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from interestclock.checksums import digest_of, digest_of_json
from interestclock.clocks import ClockConfig
from interestclock.errors import ConfigError, ResultError, check_names
from interestclock.files import write_text
from interestclock.ranking.config import FeatureNames, RankerConfig
from interestclock.ranking.earlier_settings import with_earlier_settings
from interestclock.ranking.known_clocks import describe_clock, described_clock
from interestclock.ranking.ranker import Ranker
from interestclock.ranking.saved_arrays import check_arrays, check_sizes, check_widths
from interestclock.saved import made_of, read_object

__all__ = ["describe_ranker", "described_ranker", "load_ranker", "save_ranker", "table_names"]

_TABLE = "table.weight"
_ROWS = "rows."
_ITEMS = "items.row_NF"
_DESCRIBED = ("names", "config", "seed", "item_widths")
_REMEDY = "the ranker cannot be read: it is damaged, or another version wrote it; train it again"


def save_ranker(ranker: Ranker, folder: str | Path) -> None:
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
    folder, described = Path(folder), describe_ranker(ranker)
    described["description_sha256"] = digest_of_json(described)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ranker.json").unlink(missing_ok=True)
    table, tables = ranker.table, table_names(ranker)
    weights = {n: value.contiguous().cpu() for n, value in ranker.state_dict().items() if n not in tables}
    weights[_TABLE] = table.weight.detach()[: table.used].contiguous().cpu()
    weights |= {f"{_ROWS}{feature}": rows.cpu() for feature, rows in table.layout().items()}
    weights[_ITEMS] = ranker.items.row_NF.contiguous().cpu()
    save_file(weights, folder / "ranker.safetensors")
    described["weights_sha256"] = digest_of(folder / "ranker.safetensors")
    write_text(folder / "ranker.json", json.dumps(described, indent=1))


def load_ranker(folder: str | Path, *, allow: Collection[str] = ()) -> Ranker:
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
    folder = Path(folder)
    for name in ("ranker.json", "ranker.safetensors"):
        if not (folder / name).exists():
            raise ResultError(f"{folder} holds no ranker: {name} is missing; name a folder below rankers/")
    path, array_path = folder / "ranker.json", folder / "ranker.safetensors"
    described = read_object(path, remedy=_REMEDY)
    saved = made_of(_Saved, described, where=str(path), remedy=_REMEDY)
    config = _config(saved, where=str(path), allow=allow)
    with _naming(array_path):
        _check_digest(array_path, saved.weights_sha256)
        weights = {_name_now(name): each for name, each in load_file(array_path).items()}
        check_sizes(config, saved.names, weights)
    with _naming(path):
        ranker = Ranker(names=saved.names, config=config, seed=saved.seed)
    with _naming(array_path):
        _refuse_other_arrays(ranker, weights)
        _fill(ranker, weights, saved.item_widths)
    with _naming(path):
        _check_description(described)
    return ranker


def described_ranker(described: Mapping[str, Any], *, where: str, allow: Collection[str] = ()) -> Ranker:
    """The ranker that ``describe_ranker`` described, with first weights and without rows.

    Args:
        described: more keys than that are passed over. where: it stands, for an error.
        allow: as in ``load_ranker``.

    Raises:
        ResultError: it is damaged, of another version, or has a clock that is not allowed.

    Example:
        >>> ranker = Ranker(names=FeatureNames(tasks=("finish",)), config=RankerConfig(dim=4), seed=0)
        >>> described_ranker(describe_ranker(ranker), where="a snapshot").config.dim
        4
    """
    known = {name: each for name, each in described.items() if name in _DESCRIBED}
    saved = made_of(_Saved, known, where=where, remedy=_REMEDY)
    config = _config(saved, where=where, allow=allow)
    try:
        return Ranker(names=saved.names, config=config, seed=saved.seed)
    except (ConfigError, ValueError) as error:
        raise ResultError(f"{where}: {error}; {_REMEDY}") from error


def _name_now(name: str) -> str:
    """Of a weight that an earlier version saved: clocks stood in ``slots``, a baseline was a ``peer``."""
    return re.sub(r"^clocks\.(\d+)\.peer\.", r"clocks.\1.baseline.", re.sub(r"^slots\.", "clocks.", name))


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """What goes wrong in a file is said with its name."""
    try:
        yield
    except (
        ResultError,
        ConfigError,
        ValueError,
        RuntimeError,
        OverflowError,
        KeyError,
        SafetensorError,
    ) as error:
        raise ResultError(f"{path}: {error}; {_REMEDY}") from error


def _check_digest(path: Path, digest: str | None) -> None:
    if digest is None:
        warnings.warn(
            f"{path}: saved without a checksum, by an earlier version; a damaged weight would not be noticed",
            stacklevel=4,
        )
    elif digest_of(path) != digest:
        raise ResultError("it is not what was saved: its SHA-256 is another than ranker.json says")


def _check_description(described: dict[str, Any]) -> None:
    """Such as tasks in another order: all of it fits, and is not what was saved."""
    digest = described.get("description_sha256")
    content = {name: value for name, value in described.items() if not name.endswith("_sha256")}
    if digest is not None and digest_of_json(content) != digest:
        raise ResultError("it is not what was saved: its SHA-256 is another than it says")


@dataclass(frozen=True, kw_only=True)
class _Saved:
    """What ``describe_ranker`` gives; ``config`` without its clocks is a ``RankerConfig``."""

    names: FeatureNames
    config: dict[str, Any]
    seed: int
    item_widths: list[int]
    description_sha256: str | None = None
    weights_sha256: str | None = None

    def __post_init__(self) -> None:
        if not -(2**63) <= self.seed < 2**63:
            raise ConfigError(f"key 'seed' is {self.seed}; a seed has 64 bits")


def _config(saved: _Saved, *, where: str, allow: Collection[str]) -> RankerConfig:
    settings = {"rms_limit": None} | saved.config  # an earlier version joined parts as they came
    described = settings.pop("clocks", [])
    if not isinstance(described, list):
        raise ResultError(f"{where}: key 'config.clocks' is {described!r}; give a list; {_REMEDY}")
    clocks = tuple(_clock(each, f"{where}, config.clocks", allow) for each in described)
    return made_of(RankerConfig, settings, where=f"{where}, config", remedy=_REMEDY, given={"clocks": clocks})


def _clock(described: Any, where: str, allow: Collection[str]) -> ClockConfig:
    if isinstance(described, Mapping):
        described = with_earlier_settings(described)
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


def _fill(ranker: Ranker, weights: dict[str, Tensor], item_widths: list[int]) -> None:
    layout = {name.removeprefix(_ROWS): weights.pop(name) for name in list(weights) if name.startswith(_ROWS)}
    row_NF = weights.pop(_ITEMS)
    check_arrays(weights, ranker.state_dict(), layout)
    table_weight = weights.pop(_TABLE)
    check_widths(row_NF, item_widths, attributes=len(ranker.names.attributes), rows=len(table_weight))
    ranker.items.restore(row_NF, item_widths)
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
