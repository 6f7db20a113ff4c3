"""Choices that are ranked among many: which of a log of choices, and what stands beside each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from interestclock.samples.candidates import CandidateConfig
from interestclock.samples.folder import SampleFolder
from interestclock.samples.past_choices import STREAMS_PER_SEED, Basket, PastChoices, uniform
from interestclock.state import FeatureState

__all__ = ["RANKED_CANDIDATES", "RankedChoices", "draw_ranked_choices"]

# Shapes: E events of the log, N choices that are ranked, C a choice and its candidates, X draws of one.

RANKED_CANDIDATES = 199
_DRAWS = 2_048  # of each way, which 199 different ones are taken from; more would find rarer ones only
_PICK_STREAM = 999_979

IntArray = npt.NDArray[np.integer]
Items = npt.NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class RankedChoices:
    """Some choices, each with what it is ranked among.

    Args:
        request_N: int64, ascending: the choice's number among the log's, from 1.
        user_N: int64 slots. part_N: names of the parts they are of.
        item_NC: int32 slots (N, 200): the choice itself first, then its candidates; 0 where there were fewer.

    Example:
        >>> one = np.array([1])
        >>> few = RankedChoices(request_N=one, user_N=one, part_N=np.array(["test"]),
        ...     item_NC=np.array([[7, 9, 0]], np.int32))
        >>> few.candidates().tolist()
        [1]
    """

    request_N: npt.NDArray[np.int64]
    user_N: npt.NDArray[np.int64]
    part_N: npt.NDArray[np.str_]
    item_NC: Items

    def candidates(self) -> npt.NDArray[np.int64]:
        """How many stand beside each choice, (N,)."""
        count_N: npt.NDArray[np.int64] = (self.item_NC[:, 1:] > 0).sum(axis=1, dtype=np.int64)
        return count_N

    def write(self, path: Path) -> None:
        """Write them as Parquet: ``request``, ``user``, ``part`` and ``items``, all by number."""
        items = pa.FixedSizeListArray.from_arrays(pa.array(self.item_NC.ravel()), self.item_NC.shape[1])
        columns = {"request": self.request_N, "user": self.user_N, "part": pa.array(self.part_N.tolist())}
        pq.write_table(pa.table(columns | {"items": items}), path)

    @classmethod
    def read(cls, path: Path) -> RankedChoices:
        """Read what ``write`` wrote."""
        table = pq.read_table(path)
        width = table.schema.field("items").type.list_size
        return cls(
            request_N=table["request"].to_numpy(),
            user_N=table["user"].to_numpy(),
            part_N=np.array(table["part"].to_pylist(), np.str_),
            item_NC=np.array(table["items"].to_pylist(), np.int32).reshape(len(table), width),
        )


def draw_ranked_choices(
    folder: SampleFolder,
    state: FeatureState,
    *,
    parts: Mapping[str, tuple[int, int]],
    most: int,
    config: CandidateConfig,
) -> RankedChoices:
    """Draw choices of each part, and beside each 199 candidates as training draws a few.

    Candidates are drawn by popularity and from the own past in training's proportion, each in proportion to
    how often it was chosen (or the newest more often, as ``config`` has it), from choices known strictly
    before, without repetition and without what the user chose at that very time. Where one way finds too few,
    the other fills up, if training draws so. Which choices, and what stands beside each, depends on the seed
    and the choice's number alone.

    Args:
        folder: of a log of choices. state: what ``folder.state()`` returned.
        parts: name → its first choice, and the one behind its last, by place in the log.
        most: choices of each part; a part with fewer that are scored gives all of them.
        config: how training's candidates are drawn.
    """
    user_E, item_E, at_ms_E = _choices(folder)
    assert state.choices is not None
    scored_E = state.choices.first_known_ms(item_E) < at_ms_E
    picked = {
        part: _picked(start + np.flatnonzero(scored_E[start:stop]), most, config.seed)
        for part, (start, stop) in parts.items()
    }
    row_N = np.concatenate([*picked.values()])
    order = np.argsort(row_N)
    return RankedChoices(
        request_N=row_N[order] + 1,
        user_N=user_E[row_N[order]].astype(np.int64),
        part_N=np.repeat(list(picked), [rows.size for rows in picked.values()])[order],
        item_NC=_beside(row_N[order], user_E, item_E, at_ms_E, state=state, config=config),
    )


def _choices(folder: SampleFolder) -> tuple[IntArray, IntArray, IntArray]:
    """Users, items and times of the whole log."""
    columns = [
        pq.read_table(file, columns=["user", "item", "timestamp_ms"]) for file in folder.exposure_files()
    ]
    table = pa.concat_tables(columns)
    user_E, item_E, at_ms_E = (table[name].to_numpy() for name in ("user", "item", "timestamp_ms"))
    return user_E, item_E, at_ms_E


def _picked(row_N: npt.NDArray[np.int64], most: int, seed: int) -> npt.NDArray[np.int64]:
    lot_N = uniform(row_N.astype(np.uint64), seed * STREAMS_PER_SEED + _PICK_STREAM)
    return np.sort(row_N[np.argsort(lot_N, kind="stable")[:most]])


def _beside(
    row_N: npt.NDArray[np.int64],
    user_E: IntArray,
    item_E: IntArray,
    at_ms_E: IntArray,
    *,
    state: FeatureState,
    config: CandidateConfig,
) -> Items:
    """The items of each choice's list, (N, 200)."""
    assert state.choices is not None
    recent = config.own_past == "recent"
    ways = (
        PastChoices.of_all(state.choices, at_ms_E[row_N]) if config.by_popularity else None,
        PastChoices.of_users(state.user_histories, user_E[row_N], at_ms_E[row_N], recent=recent)
        if config.from_own_past
        else None,
    )
    near = np.flatnonzero(np.isin(at_ms_E, at_ms_E[row_N]))
    basket = Basket.of(user_E[near], at_ms_E[near], item_E[near]).only(np.searchsorted(near, row_N))
    popular = -(-RANKED_CANDIDATES * config.by_popularity // config.per_choice)
    item_NC = np.zeros((row_N.size, 1 + RANKED_CANDIDATES), np.int32)
    item_NC[:, 0] = item_E[row_N]
    for place, row in enumerate(row_N):
        found = [
            _distinct(past, place, basket, draw=np.random.default_rng([config.seed, int(row), way]))
            for way, past in enumerate(ways)
        ]
        listed = _merged(*found, popular=popular)
        item_NC[place, 1 : 1 + listed.size] = listed
    return item_NC


def _distinct(
    past: PastChoices | None, place: int, basket: Basket, *, draw: np.random.Generator
) -> npt.NDArray[np.int64]:
    """What many draws come upon, each once, in the order in which they first do."""
    if past is None or not past.bound_N[place]:
        return np.zeros(0, np.int64)
    place_X = np.full(_DRAWS, place)
    item_X = past.items(place_X, draw.random(_DRAWS))
    return _once(item_X[~basket.holds(place_X, item_X)])


def _once(item_X: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return item_X[np.sort(np.unique(item_X, return_index=True)[1])]


def _merged(
    popular_X: npt.NDArray[np.int64], own_X: npt.NDArray[np.int64], *, popular: int
) -> npt.NDArray[np.int64]:
    """So many popular ones, then of the own past; where either has too few, more of the other."""
    own_X = own_X[~np.isin(own_X, popular_X[:popular])]
    own = RANKED_CANDIDATES - popular
    parts = (popular_X[:popular], own_X[:own], popular_X[popular:], own_X[own:])
    return _once(np.concatenate(parts))[:RANKED_CANDIDATES]
