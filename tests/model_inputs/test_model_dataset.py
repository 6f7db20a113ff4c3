"""Batches of any rows, in any order, by any number of workers: each row is what the tables say of it."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from model_logs import opened, plays
from torch.utils.data import DataLoader, Subset

from interestclock.clocks import (
    AdaptiveClock,
    GaussianClock,
    LongTermClock,
    LongTermConfig,
    NaiveClock,
    RoutineClock,
    RoutineConfig,
)
from interestclock.embeddings import masked_mean
from interestclock.events import ColumnMapping, open_log
from interestclock.model_inputs import ModelBatch, ModelDataset, ModelFeatures, features_as_of
from interestclock.timeofday import local_second


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> ModelFeatures:
    return features_as_of(opened(plays(), tmp_path_factory.mktemp("plays")))


@pytest.fixture(scope="module")
def data(features: ModelFeatures) -> ModelDataset:
    return features.torch(longest=20)


def assert_same(first: ModelBatch, second: ModelBatch) -> None:
    for name, value in vars(first).items():
        torch.testing.assert_close(
            value, getattr(second, name), rtol=0, atol=0, equal_nan=True, msg=lambda _, name=name: name
        )


def named(features: ModelFeatures, name: str, numbers: torch.Tensor) -> list[object]:
    """What numbers stand for, without those that are none."""
    values = features.vocabularies[name].to_pylist()
    return [values[number - 1] for number in numbers.tolist() if number]


def test_a_batch_says_what_the_tables_say(features: ModelFeatures) -> None:
    rows = np.random.default_rng(0).permutation(len(features.table))[:60].tolist()
    batch = features.torch().batch(rows)
    clocks, histories = features.clocks.to_pylist(), features.histories.to_pylist()
    for place, row in enumerate(features.table.take(rows).to_pylist()):
        assert batch.log_row_B[place] == row["log_row"]
        assert named(features, "user", batch.user_B[place : place + 1]) == [row["user_id"]]
        assert named(features, "item", batch.item_B[place : place + 1]) == [row["item_id"]]
        for name in ("timestamp_ms", "second_of_day", "day_of_week", "utc_offset_minutes"):
            assert getattr(batch, f"{name}_B")[place] == row[name]
        hours = [named(features, "attribute.genre", hour) for hour in batch.clocks["genre"][place]]
        assert hours == clocks[row["clock_row"]]["genre"]
        past = histories[row["history_first"] : row["history_end"]]
        assert batch.present_BL[place].sum() == len(past)
        assert named(features, "item", batch.behaviour_BL[place]) == [each["item_id"] for each in past]
        for name, values_BL in (
            ("second_of_day", batch.behaviour_second_BL),
            ("timestamp_ms", batch.behaviour_ms_BL),
            ("utc_offset_minutes", batch.behaviour_offset_minutes_BL),
        ):
            assert values_BL[place, : len(past)].tolist() == [each[name] for each in past]
            assert not values_BL[place, len(past) :].any()
        assert named(features, "attribute.genre", batch.attributes["genre"][place]) == row["attribute.genre"]
        device = named(features, "context.device", batch.categorical["device"][place : place + 1])
        assert device == [each for each in [row["categorical.device"]] if each]
        assert named(features, "context.tags", batch.multivalued["tags"][place]) == row["multivalued.tags"]
        for name, value, given in (
            ("age", batch.numeric["age"][place].item(), row["numeric.age"]),
            ("finish", batch.labels["finish"][place].item(), row["label.finish"]),
        ):
            assert math.isnan(value) if given is None else value == given, name


def test_a_history_holds_the_newest(features: ModelFeatures) -> None:
    rows = range(500, 600)
    whole, few = features.torch().batch(rows), features.torch(longest=4).batch(rows)
    assert few.behaviour_BL.shape == (100, 4)
    for place in range(100):
        newest = whole.behaviour_BL[place, whole.present_BL[place]][-4:]
        assert few.behaviour_BL[place, few.present_BL[place]].tolist() == newest.tolist()


@pytest.mark.filterwarnings("ignore:This DataLoader will create")  # where one core is lent
@pytest.mark.parametrize(("workers", "start"), [(0, None), (2, "fork"), (2, "spawn")])
def test_workers_change_nothing(data: ModelDataset, workers: int, start: str | None) -> None:
    """Two epochs, shuffled: each has each row once, and a row is the same in both."""
    loader = DataLoader(
        data,
        batch_size=64,
        shuffle=True,
        generator=torch.Generator().manual_seed(5),
        num_workers=workers,
        multiprocessing_context=start,
        persistent_workers=workers > 0,
        collate_fn=data.collate,
    )
    plain = data.batch(range(len(data)))
    orders = []
    for _ in range(2):
        epoch = ModelBatch.joined(list(loader))
        orders.append(epoch.log_row_B.tolist())
        back = np.argsort(orders[-1])
        for name in ("user_B", "item_B", "second_of_day_B"):
            assert torch.equal(getattr(epoch, name)[back], getattr(plain, name))
        assert torch.equal(epoch.clocks["genre"][back], plain.clocks["genre"])
        assert torch.equal(epoch.behaviour_BL[back], plain.behaviour_BL)
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(1, len(data) + 1))
    assert orders[0] != orders[1]


def test_row_by_row_is_the_same_as_all_at_once(data: ModelDataset) -> None:
    rows = [599, 0, 300, 0]
    assert_same(ModelDataset.collate([data[row] for row in rows]), data.batch(rows))


def test_a_part_of_the_rows(data: ModelDataset) -> None:
    part = Subset(data, range(100, 110))
    batch = next(iter(DataLoader(part, batch_size=10, collate_fn=data.collate)))
    assert batch.log_row_B.tolist() == list(range(101, 111))


def test_the_same_row_twice(data: ModelDataset) -> None:
    batch = data.batch([7, 7])
    assert batch.log_row_B.tolist() == [8, 8]


def test_no_rows_at_all(data: ModelDataset) -> None:
    batch = data.batch([])
    assert (len(batch), batch.clocks["genre"].shape) == (0, (0, 24, 3))


@pytest.mark.parametrize("row", [600, -601])
def test_a_row_that_is_not_there(data: ModelDataset, row: int) -> None:
    with pytest.raises(IndexError):
        data[row]


@pytest.mark.parametrize("batch_size", [1, 8])
def test_a_loader_without_collate_is_told_to_take_it(data: ModelDataset, batch_size: int) -> None:
    with pytest.raises(TypeError, match=r"DataLoader\(data, collate_fn=data\.collate\)"):
        next(iter(DataLoader(data, batch_size=batch_size)))


def test_a_log_without_behaviours(tmp_path: Path) -> None:
    data = features_as_of(opened(plays().slice(0, 3), tmp_path)).torch()
    batch = data.batch([0, 1, 2])
    assert batch.behaviour_BL.shape == batch.present_BL.shape == (3, 0)
    assert not batch.clocks["genre"].any()


def test_a_history_of_no_behaviours_is_refused(features: ModelFeatures) -> None:
    with pytest.raises(ValueError, match="longest is 0; give 1 or more"):
        features.torch(longest=0)


def test_on_a_device_it_is_the_same(data: ModelDataset) -> None:
    batch = data.batch(range(5))
    assert_same(batch.to("cpu"), batch)
    moved = batch.to("meta")
    assert {moved.user_B.device.type, moved.clocks["genre"].device.type} == {"meta"}


@pytest.mark.parametrize("clock", [GaussianClock(dim=4), NaiveClock(dim=4)])
def test_clocks_of_the_hour_take_it(features: ModelFeatures, clock: torch.nn.Module) -> None:
    batch = features.torch().batch(range(400, 410))
    genre = torch.nn.Embedding(features.embedding_rows["attribute.genre"], 4)
    hours_BHD = masked_mean(genre(batch.clocks["genre"]), batch.clocks["genre"] > 0)
    out_BD = clock(hours_BHD, second_of_day_B=batch.second_of_day_B)
    assert out_BD.shape == (10, 4)
    assert AdaptiveClock(buckets=24, dim=4)(hours_BHD).shape == (10, 4)


@pytest.mark.parametrize(
    ("of", "config", "history"),
    [(LongTermClock, LongTermConfig, "history"), (RoutineClock, RoutineConfig, "timed_history")],
)
def test_clocks_of_the_past_take_it_and_rows_do_not_meet(
    features: ModelFeatures, of: type[LongTermClock], config: type[LongTermConfig], history: str
) -> None:
    """A row alone gives what it gives among others."""
    torch.manual_seed(0)
    item = torch.nn.Embedding(features.embedding_rows["item"], 8)
    clock = of(item_dim=8, config=config(behaviours=5, latent_dim=4, output_dim=3)).eval()
    data = features.torch()

    def answered(batch: ModelBatch) -> torch.Tensor:
        return clock(item(batch.item_B), item_vectors_NI=item.weight, **getattr(batch, history))

    together = answered(data.batch(range(390, 400)))
    assert together.shape == (10, 3)
    alone = torch.cat([answered(data[row]) for row in range(390, 400)])
    torch.testing.assert_close(together, alone)


def test_offsets_are_the_log_s_own_across_midnights(tmp_path: Path) -> None:
    """Each play in a zone of its own, half an hour apart: local days begin and end between them."""
    offsets = [-300, 330, 0, -60, 840, -720, 345, 60] * 6
    start_ms = 1_700_000_000_000
    log = pa.table(
        {
            "user_id": ["u"] * len(offsets),
            "item_id": [f"song {each}" for each in range(len(offsets))],
            "timestamp_ms": [start_ms + each * 1_800_000 for each in range(len(offsets))],
            "offset": offsets,
        }
    )
    mapping = ColumnMapping(utc_offset_minutes="offset", positive_only="play")
    features = features_as_of(open_log(log, mapping=mapping))
    assert features.table["utc_offset_minutes"].to_pylist() == offsets
    assert features.histories["utc_offset_minutes"].to_pylist() == offsets[: len(features.histories)]
    batch = features.torch().batch([len(offsets) - 1])
    assert batch.utc_offset_minutes_B.tolist() == [offsets[-1]]
    past = batch.behaviour_offset_minutes_BL[0]
    assert past.tolist() == offsets[:-1]
    at_BL = local_second(batch.behaviour_ms_BL, batch.behaviour_offset_minutes_BL)
    assert torch.equal(at_BL, batch.behaviour_second_BL)


def test_histories_without_offsets_are_refused(data: ModelDataset) -> None:
    with pytest.raises(ValueError, match="no utc_offset_minutes_E"):
        replace(data, histories=replace(data.histories, utc_offset_minutes_E=None))
