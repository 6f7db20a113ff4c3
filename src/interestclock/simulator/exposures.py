"""Turn a day's requests into rows of the log: what each user did with each song.

Axes: ``M`` requests, ``C`` candidates, ``N`` = M · C exposures.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.errors import ConfigError
from interestclock.simulator.preferences import (
    LabelProbabilities,
    finish_utility,
    label_probabilities,
)
from interestclock.simulator.requests import DayOfRequests, requests_of_day
from interestclock.simulator.world import DAYS, World, attribute_slices, random_stream

__all__ = ["ACTIONS", "EVENT_SCHEMA", "draw_actions", "exposures_by_day", "item_table"]

Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

ACTIONS = ("finish", "skip", "like", "comment", "dislike")
_REQUESTS_PER_DAY = 10**9  # request ids are unique over the year

EVENT_SCHEMA = pa.schema(
    [
        ("user_id", pa.int64()),
        ("item_id", pa.int64()),
        ("timestamp_ms", pa.int64()),
        ("zone", pa.dictionary(pa.int32(), pa.string())),
        ("request_id", pa.int64()),
        *((action, pa.int8()) for action in ACTIONS),
        ("played_ms", pa.int64()),
        *((f"true_{action}", pa.float64()) for action in ACTIONS),
    ]
)


def exposures_by_day(world: World, *, log: int = 0) -> Iterator[pa.Table]:
    """A log of the world, one table of ``EVENT_SCHEMA`` per UTC day, in time order.

    Days are independent streams of random numbers: the tables do not depend on what else was drawn.

    Args:
        world: what ``build_world`` gave.
        log: 0 or above; logs of other numbers have the same users and songs, with other requests, candidates
            and labels.

    Raises:
        ConfigError: the log's number is negative.

    Example:
        >>> from interestclock.simulator import SimulatorTruth, build_world, size_named
        >>> world = build_world(size=size_named("tiny"), truth=SimulatorTruth(), seed=1)
        >>> next(exposures_by_day(world)).column_names[:3]
        ['user_id', 'item_id', 'timestamp_ms']
    """
    if log < 0:
        raise ConfigError(f"log is {log}; give 0 or above")
    return (_of_day(world, day, log) for day in range(world.size.days))


def _of_day(world: World, day: int, log: int) -> pa.Table:
    random = random_stream(world.seed, DAYS, day, *((log,) if log else ()))
    return _day_table(world, day, requests_of_day(world, day, random), random)


def item_table(world: World) -> pa.Table:
    """``item_id`` and, per attribute, the list of the song's values.

    Args:
        world: what ``build_world`` gave.

    Example:
        >>> from interestclock.simulator import SimulatorTruth, build_world, size_named
        >>> world = build_world(size=size_named("tiny"), truth=SimulatorTruth(), seed=1)
        >>> item_table(world).column_names[0]
        'item_id'
    """
    carries_SV = world.songs.carries_SV
    columns: dict[str, object] = {"item_id": np.arange(1, len(carries_SV) + 1)}
    for name, attribute, part in attribute_slices(world.truth):
        values_V = np.array(attribute.values)
        columns[name] = [values_V[carried_V].tolist() for carried_V in carries_SV[:, part]]
    return pa.table(columns)


def _day_table(world: World, day: int, requests: DayOfRequests, random: np.random.Generator) -> pa.Table:
    utility_MC = finish_utility(
        world, day=day, user_M=requests.user_M, second_M=requests.second_M, item_MC=requests.item_MC
    )
    chances = label_probabilities(utility_MC.ravel(), world.truth)
    actions = draw_actions(chances, random)
    item_N = requests.item_MC.ravel()
    times = world.truth.candidates
    request_M = np.arange(len(requests.user_M)) + day * _REQUESTS_PER_DAY
    columns = [
        np.repeat(requests.user_M, times) + 1,
        item_N + 1,
        np.repeat(requests.timestamp_ms_M, times),
        pa.DictionaryArray.from_arrays(
            np.repeat(requests.zone_M, times).astype(np.int32), list(world.truth.zones)
        ),
        np.repeat(request_M, times),
        *(actions[action].astype(np.int8) for action in ACTIONS),
        _played_ms(world.songs.duration_ms_S[item_N], actions, random),
        *(getattr(chances, action) for action in ACTIONS),
    ]
    return pa.table(columns, schema=EVENT_SCHEMA)


def draw_actions(chances: LabelProbabilities, random: np.random.Generator) -> dict[str, Flags]:
    """Draw what users do: skips among what they did not finish, likes among what they did, and so on."""
    draw_5N = random.random((len(ACTIONS), len(chances.finish)))
    finish = draw_5N[0] < chances.finish
    skip = ~finish & (draw_5N[1] < chances.skip / (1 - chances.finish))
    return {
        "finish": finish,
        "skip": skip,
        "like": finish & (draw_5N[2] < chances.like / chances.finish),
        "comment": finish & (draw_5N[3] < chances.comment / chances.finish),
        "dislike": skip & (draw_5N[4] < chances.dislike / chances.skip),
    }


def _played_ms(duration_ms_N: Ints, actions: dict[str, Flags], random: np.random.Generator) -> Ints:
    """A finish plays at least 95% of a song, a skip less than 20%, the rest something between."""
    low_N = np.select([actions["finish"], actions["skip"]], [0.95, 0.01], 0.20)
    high_N = np.select([actions["finish"], actions["skip"]], [1.00, 0.20], 0.95)
    return (duration_ms_N * random.uniform(low_N, high_N)).astype(np.int64)
