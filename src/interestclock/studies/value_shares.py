"""Shares of an attribute's values in each local hour: of all that was shown, or of what a ranker puts first.

Shapes: ``N`` exposures, ``S`` items by slot, ``V`` values of an item, ``H`` local hours, ``W`` values in all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from interestclock.evaluation.report_data import TopShares
from interestclock.evaluation.slices import HOURS
from interestclock.metrics.first_places import first_of_requests, first_tenth_of_hours, hold_several
from interestclock.samples import SampleFolder
from interestclock.state import FeatureState

__all__ = ["CarriedValues", "carried_values", "shares_shown", "top_shares"]

Ints = npt.NDArray[np.integer]
_SECONDS_AN_HOUR = 3_600


@dataclass(frozen=True, kw_only=True)
class CarriedValues:
    """What an attribute's values are called, and which of them items carry.

    Args:
        names: by number, from 1. value_SV: numbers; 0 is none.

    Example:
        >>> carried = CarriedValues(names=["rock", "jazz"], value_SV=np.array([[0, 0], [1, 2], [1, 0]]))
        >>> shares = carried.shares([(np.array([1, 2]), np.array([8, 8]))])
        >>> round(shares["rock"][8], 3), shares["rock"][9]
        (0.667, 0.0)
    """

    names: list[str]
    value_SV: Ints

    def shares(self, shown: Iterable[tuple[Ints, Ints]]) -> dict[str, list[float]]:
        """Value → its share in each local hour, 24 of them; 0 where an hour has none.

        Args:
            shown: pairs of ``item_N``, slots, and ``hour_N``.
        """
        count_HW = np.zeros((HOURS, len(self.names) + 1))
        for item_N, hour_N in shown:
            carried_NV = self.value_SV[item_N]
            hour_NV = np.broadcast_to(hour_N[:, None], carried_NV.shape)
            np.add.at(count_HW, (hour_NV[carried_NV > 0], carried_NV[carried_NV > 0]), 1)
        share_HW = count_HW / np.maximum(count_HW.sum(axis=1, keepdims=True), 1)
        return {name: share_HW[:, number].tolist() for number, name in enumerate(self.names, 1)}


def carried_values(folder: SampleFolder, state: FeatureState) -> dict[str, CarriedValues]:
    """Of each attribute that feeds clocks.

    Args:
        state: what ``folder.state()`` returned.
    """
    values = folder.item_attributes(state)
    return {
        name: CarriedValues(
            names=[str(value) for value in folder.vocabulary(f"attribute.{name}").to_pylist()],
            value_SV=values[name].numpy(),
        )
        for name in folder.schema.clock_attributes
    }


def shares_shown(
    folder: SampleFolder, carried: Mapping[str, CarriedValues]
) -> dict[str, dict[str, list[float]]]:
    """Attribute → value → its share of each local hour's exposures, of the whole log.

    Source: Interest Clock, SIGIR 2024, Figure 2.
    """

    def shown() -> Iterable[tuple[Ints, Ints]]:
        for file in folder.exposure_files():
            rows = pq.read_table(file, columns=["item", "second_of_day"])
            yield rows["item"].to_numpy(), rows["second_of_day"].to_numpy() // _SECONDS_AN_HOUR

    return {name: each.shares(shown()) for name, each in carried.items()}


def top_shares(
    rows: Path, runs: Mapping[str, Path], carried: Mapping[str, CarriedValues], *, items: pa.Array, label: str
) -> TopShares:
    """The same of what each ranker puts first in the test part, as it was predicted before it was learned.

    Of each request with several candidates, shown together or sampled, that is the one with the highest
    prediction. Where each request holds one, it is the tenth of each local hour's exposures that stand
    furthest above their user's mean prediction.

    Args:
        rows: the file of ``write_evaluation_rows``. runs: ranker → file of its predictions.
        carried: of each attribute. items: ids by slot, from 1. label: which predictions.
    """
    in_test = pc.equal(pq.read_table(rows, columns=["part"])["part"], "test").to_numpy()
    table = pq.read_table(rows, columns=["item_id", "user", "request", "second_of_day"]).filter(in_test)
    item_N = pc.index_in(table["item_id"], value_set=items).to_numpy() + 1
    user_N, request_N = table["user"].to_numpy(), table["request"].to_numpy()
    hour_N = table["second_of_day"].to_numpy() // _SECONDS_AN_HOUR
    several = hold_several(request_N)
    shares: dict[str, dict[str, dict[str, list[float]]]] = {name: {} for name in carried}
    for ranker, path in runs.items():
        score_N = pq.read_table(path, columns=[f"p.{label}"])[f"p.{label}"].to_numpy()[in_test]
        first_R = (
            first_of_requests(request_N, score_N)
            if several
            else first_tenth_of_hours(user_N, hour_N, score_N)
        )
        for name, each in carried.items():
            shares[name][ranker] = each.shares([(item_N[first_R], hour_N[first_R])])
    return TopShares(of_requests=several, shares=shares)
