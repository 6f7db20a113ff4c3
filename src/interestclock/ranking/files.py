"""A trained ranker as two files: its weights, and what it takes to build it again."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file

from interestclock.clocks import LongTermConfig
from interestclock.errors import ResultError
from interestclock.ranking.config import (
    AdaptiveConfig,
    ClockConfig,
    FeatureNames,
    GaussianConfig,
    NaiveConfig,
    RankerConfig,
    TimeEncodingConfig,
)
from interestclock.ranking.ranker import Ranker

__all__ = ["load_ranker", "save_ranker"]

_CLOCKS: dict[str, type[ClockConfig]] = {
    "hour": TimeEncodingConfig,
    "naive": NaiveConfig,
    "adaptive": AdaptiveConfig,
    "gaussian": GaussianConfig,
    "longterm": LongTermConfig,
}


def save_ranker(ranker: Ranker, folder: Path) -> None:
    """Write ``ranker.safetensors`` and ``ranker.json`` to a folder, made if needed.

    Args:
        ranker: on any device.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> ranker = Ranker(names=FeatureNames(tasks=("finish",)), config=RankerConfig(), seed=0)
        >>> save_ranker(ranker, folder)
        >>> sorted(file.name for file in folder.iterdir())
        ['ranker.json', 'ranker.safetensors']
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: value.contiguous().cpu() for name, value in ranker.state_dict().items()}
    weights["table.weight"] = weights["table.weight"][: ranker.table.used].clone()
    weights |= {f"rows.{feature}": rows.cpu() for feature, rows in ranker.table.layout().items()}
    save_file(weights, folder / "ranker.safetensors")
    (folder / "ranker.json").write_text(json.dumps(_description(ranker), indent=1))


def load_ranker(folder: Path) -> Ranker:
    """The ranker that ``save_ranker`` wrote; call ``items.describe`` before asking it.

    Raises:
        ResultError: the folder holds none.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> ranker = Ranker(names=FeatureNames(tasks=("finish",)), config=RankerConfig(), seed=0)
        >>> save_ranker(ranker, folder)
        >>> load_ranker(folder).names.tasks
        ('finish',)
    """
    for name in ("ranker.json", "ranker.safetensors"):
        if not (folder / name).exists():
            raise ResultError(f"{folder} holds no ranker: {name} is missing; name a folder below rankers/")
    said = json.loads((folder / "ranker.json").read_text())
    clocks = tuple(_CLOCKS[clock.pop("kind")](**clock) for clock in said["config"].pop("clocks"))
    ranker = Ranker(
        names=FeatureNames(**_tuples(said["names"])),
        config=RankerConfig(**_tuples(said["config"]), clocks=clocks),
        seed=said["seed"],
    )
    weights = load_file(folder / "ranker.safetensors")
    layout = {
        name.removeprefix("rows."): weights.pop(name) for name in list(weights) if name.startswith("rows.")
    }
    ranker.table.restore(weights["table.weight"], layout)
    ranker.load_state_dict(weights)
    return ranker


def _description(ranker: Ranker) -> dict[str, Any]:
    kinds = {kind: name for name, kind in _CLOCKS.items()}
    clocks = [{"kind": kinds[type(clock)], **asdict(clock)} for clock in ranker.config.clocks]
    return {
        "names": asdict(ranker.names),
        "config": asdict(ranker.config) | {"clocks": clocks},
        "seed": ranker.table.seed,
    }


def _tuples(said: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in said.items()}
