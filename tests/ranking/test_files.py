"""A ranker on disk: what is loaded predicts the very same bits, and what is damaged is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from random_batches import EVERY_CLOCK, make_batch, make_histories, make_ranker
from safetensors.torch import load_file, save_file

from interestclock.checksums import digest_of
from interestclock.embeddings import RowAdam
from interestclock.errors import ConfigError, ResultError
from interestclock.ranking import (
    FeatureNames,
    Ranker,
    RankerConfig,
    load_ranker,
    multi_task_loss,
    save_ranker,
)


def trained(clocks: tuple = EVERY_CLOCK) -> Ranker:
    """One step away from its start, in a table that has grown and holds spare rows."""
    ranker, histories = make_ranker(clocks=clocks), make_histories()
    batch = make_batch(histories)
    multi_task_loss(ranker(batch, histories), batch.labels).backward()
    RowAdam(ranker.sparse_parameters(), lr=0.1).step()
    torch.optim.Adam(ranker.dense_parameters(), lr=0.1).step()
    for size in (31, 40):
        ranker.table.grow({"item": size})
    assert ranker.table.weight.shape[0] > ranker.table.used
    return ranker


@pytest.mark.parametrize("clocks", [(), *((clock,) for clock in EVERY_CLOCK), EVERY_CLOCK])
def test_what_is_loaded_predicts_the_same_bits(clocks: tuple, tmp_path: Path) -> None:
    ranker, histories = trained(clocks), make_histories()
    save_ranker(ranker, tmp_path / "rankers" / "one")
    loaded = load_ranker(tmp_path / "rankers" / "one")
    batch = make_batch(histories, seed=9)
    expected = ranker(batch, histories)
    for task, logit_B in loaded(batch, histories).items():
        assert torch.equal(logit_B, expected[task])
    assert (loaded.config, loaded.names) == (ranker.config, ranker.names)


def test_a_loaded_ranker_grows_as_the_first_would(tmp_path: Path) -> None:
    ranker = trained()
    save_ranker(ranker, tmp_path)
    loaded = load_ranker(tmp_path)
    for each in (ranker, loaded):
        each.table.grow({"item": 70, "user": 9})
    used = ranker.table.used
    assert torch.equal(loaded.table.weight[:used], ranker.table.weight[:used])


def test_the_table_is_written_once_and_without_spare_rows(tmp_path: Path) -> None:
    ranker = trained()
    save_ranker(ranker, tmp_path)
    weights = load_file(tmp_path / "ranker.safetensors")
    tables = [name for name in weights if name.endswith("table.weight")]
    assert tables == ["table.weight"]
    assert weights["table.weight"].shape == (ranker.table.used, 4)


def test_a_second_ranker_replaces_the_first(tmp_path: Path) -> None:
    save_ranker(trained(), tmp_path)
    save_ranker(trained(()), tmp_path)
    assert load_ranker(tmp_path).config.clocks == ()


@pytest.mark.parametrize("missing", ["ranker.json", "ranker.safetensors"])
def test_half_a_ranker_is_refused(missing: str, tmp_path: Path) -> None:
    save_ranker(trained(()), tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(
        ResultError, match=f"{tmp_path.name} holds no ranker: {missing} is missing; name a folder"
    ):
        load_ranker(tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="nowhere holds no ranker"):
        load_ranker(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["ranker.json", "ranker.safetensors"])
def test_a_truncated_file_is_refused(name: str, tmp_path: Path) -> None:
    save_ranker(trained(), tmp_path)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ResultError, match=r"cannot be read.*train it again"):
        load_ranker(tmp_path)


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        (
            '"gaussian"',
            '"sundial"',
            "ranker.json, config.clocks: no clock is called 'sundial'; there are ",
        ),
        ('"kind": "gaussian"', '"sort": 1', "ranker.json, config.clocks: no clock is called None"),
        (
            '"sigma_hours": 1.0',
            '"sigma": 1.0',
            "gaussian: key 'sigma' is unknown; there are sigma_hours",
        ),
        ('"sigma_hours": 1.0', '"sigma_hours": -1', "gaussian: sigma_hours is -1.0; give a width above 0"),
        ('"dim": 4', '"dim": 1234', "ranker.safetensors: dim is 1234, and no array is so wide"),
        ('"dim": 4', '"dim": 1000000', "ranker.json, config: dim is 1000000; give at most 65,536"),
        ('"tower_width": 4', '"tower_width": 999', "tower_width is 999, and no array is so wide"),
        ('"cross_layers": 2', '"cross_layers": 1000000', "cross_layers is 1000000; give at most 1,000"),
        (
            '"cross_layers": 2',
            '"cross_layers": 900',
            "ranker.safetensors: cross_layers is 900, and there are",
        ),
        ('"seed": 0', f'"seed": {2**70}', "ranker.json: key 'seed' is 1180591620717411303424; a seed has 64"),
        ('"kind": "gaussian"', '"kind": ["gaussian"]', "config.clocks: no clock is called .'gaussian'.;"),
        ('"finish"', '"fin.ish"', "ranker.json: a task is called 'fin.ish', which no part of a PyTorch"),
        ('"sigma_hours": 1.0', '"sigma_hours": 2.0', "ranker.json: it is not what was saved"),
        ('"std"', '"dev"', "ranker.json, config: key 'dev' is unknown; there are clocks, dim, std"),
        ('"dim": 4', '"dim": "4"', "ranker.json, config: key 'dim': expected int, got str"),
        ('"seed": 0', '"seeds": 3', "ranker.json: key 'seeds' is unknown; there are names, config, seed"),
        ('"finish"', "7", "ranker.json: key 'names.tasks[0]': expected str, got int"),
        ('"cross_layers": 2', '"cross_layers": 3', "ranker.safetensors: array '[a-z0-9_.]+' is missing"),
        (
            '"cross_layers": 2',
            '"cross_layers": 1',
            "ranker.safetensors: array '[a-z0-9_.]+' belongs to n",
        ),
    ],
)
def test_a_description_of_another_ranker_is_refused(was: str, now: str, said: str, tmp_path: Path) -> None:
    save_ranker(trained(), tmp_path)
    path = tmp_path / "ranker.json"
    assert was in path.read_text()
    path.write_text(path.read_text().replace(was, now))
    with pytest.raises(ResultError, match=said.replace("[0]", r"\[0\]")) as refused:
        load_ranker(tmp_path)
    assert str(refused.value).endswith("or another version wrote it; train it again")


def change(folder: Path, changes: dict[str, Any]) -> None:
    """Other keys in ``ranker.json``, with a digest that fits: somebody did it on purpose."""
    path = folder / "ranker.json"
    described = json.loads(path.read_text()) | changes
    del described["description_sha256"]
    path.write_text(json.dumps(described))


@pytest.mark.parametrize("clocks", [None, 3, "gaussian", {}])
def test_clocks_that_are_no_list_are_refused(clocks: Any, tmp_path: Path) -> None:
    save_ranker(trained(), tmp_path)
    change(tmp_path, {"config": {"clocks": clocks}})
    with pytest.raises(
        ResultError, match=r"ranker\.json: key 'config\.clocks' is .*; give a list; the ranker"
    ):
        load_ranker(tmp_path)


@pytest.mark.parametrize("widths", [[1, 3, -1], [1, 2, 2000], [3], []])
def test_widths_that_do_not_divide_the_items_are_refused(widths: list[int], tmp_path: Path) -> None:
    save_ranker(trained(), tmp_path)
    change(tmp_path, {"item_widths": widths})
    with pytest.raises(ResultError, match=r"item_widths is \[.*\] for 2 attributes and \d+ columns"):
        load_ranker(tmp_path)


def test_tasks_in_another_order_are_noticed(tmp_path: Path) -> None:
    save_ranker(trained(), tmp_path)
    path = tmp_path / "ranker.json"
    described = json.loads(path.read_text())
    described["names"]["tasks"].reverse()
    path.write_text(json.dumps(described))
    with pytest.raises(ResultError, match=r"ranker\.json: it is not what was saved"):
        load_ranker(tmp_path)


@pytest.mark.parametrize("at", [-1, -1_000, 0.5])
def test_a_flipped_byte_is_noticed(at: float, tmp_path: Path) -> None:
    save_ranker(trained(), tmp_path)
    path = tmp_path / "ranker.safetensors"
    content = bytearray(path.read_bytes())
    content[int(at * len(content)) if at == 0.5 else int(at)] ^= 1
    path.write_bytes(content)
    with pytest.raises(ResultError, match=r"ranker\.safetensors: it is not what was saved: its SHA-256"):
        load_ranker(tmp_path)


def test_one_that_was_saved_without_checksums_is_loaded_with_a_warning(tmp_path: Path) -> None:
    ranker = trained()
    save_ranker(ranker, tmp_path)
    path = tmp_path / "ranker.json"
    described = json.loads(path.read_text())
    path.write_text(json.dumps({key: each for key, each in described.items() if "sha256" not in key}))
    with pytest.warns(UserWarning, match=r"ranker\.safetensors: saved without a checksum"):
        loaded = load_ranker(tmp_path)
    assert torch.equal(loaded.items.row_NF, ranker.items.row_NF)


@pytest.mark.parametrize(
    ("name", "make", "reason"),
    [
        ("table.weight", lambda each: each * torch.nan, "has numbers that are not finite"),
        ("dcn.deep.0.bias", lambda each: each + torch.inf, "has numbers that are not finite"),
        ("table.weight", lambda each: each.double(), r"is torch\.float64, not torch\.float32"),
        ("rows.user", lambda each: each.float(), r"is torch\.float32 of shape .*, not int64 \(values,\)"),
        ("rows.user", lambda each: each[:0], r"is torch\.int64 of shape \(0,\), not int64"),
        ("rows.user", lambda each: each + 10_000, "names rows that are not among the table's"),
        ("rows.user", lambda each: -each, "names rows that are not among the table's"),
        ("items.row_NF", lambda each: each + 10_000, "names rows that are not among the table's"),
        ("items.row_NF", lambda each: each.int(), "is torch.int32 of shape"),
    ],
)
def test_arrays_of_another_type_or_range_are_refused(
    name: str, make: Callable[[torch.Tensor], torch.Tensor], reason: str, tmp_path: Path
) -> None:
    save_ranker(trained(), tmp_path)
    path = tmp_path / "ranker.safetensors"
    weights = load_file(path)
    save_file(weights | {name: make(weights[name]).contiguous()}, path)
    change(tmp_path, {"weights_sha256": digest_of(path)})
    with pytest.raises(ResultError, match=rf"ranker\.safetensors: array '{name}' {reason}"):
        load_ranker(tmp_path)


def test_two_values_have_two_rows(tmp_path: Path) -> None:
    save_ranker(trained(), tmp_path)
    path = tmp_path / "ranker.safetensors"
    weights = load_file(path)
    weights["rows.user"][1] = weights["rows.item"][1]
    save_file(weights, path)
    change(tmp_path, {"weights_sha256": digest_of(path)})
    with pytest.raises(ResultError, match="a row of the table is that of two values"):
        load_ranker(tmp_path)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"cross_layers": 1_001}, "cross_layers is 1001; give at most 1,000"),
        ({"hidden": (10**9,)}, "give at most 1,000 widths up to 1,000,000"),
        ({"hidden": (1,) * 1_001}, "give at most 1,000 widths"),
        ({"std": float("nan")}, "std is nan; give a finite number"),
        ({"std": 1e39}, r"std is 1e\+39; give a deviation"),
    ],
)
def test_sizes_beyond_all_use_are_refused(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        RankerConfig(**given)


@pytest.mark.parametrize("task", ["a.b", "pop", "items", "training"])
def test_a_task_that_no_module_can_be_named_after_is_refused(task: str) -> None:
    with pytest.raises(
        ConfigError, match=f"a task is called '{task}', which no part .* give the label another"
    ):
        FeatureNames(tasks=("finish", task))


def test_clocks_of_ours_are_saved_as_they_always_were(tmp_path: Path) -> None:
    """What is on somebody's disk has these names."""
    ranker = make_ranker(clocks=EVERY_CLOCK[:5])
    save_ranker(ranker, tmp_path)
    everyone = {"population_votes": 0.0}
    search = {"behaviours": 3, "longest": 10_000, "heads": 2, "latent_dim": 3, "gap_hidden": 8}
    assert json.loads((tmp_path / "ranker.json").read_text())["config"]["clocks"] == [
        {"kind": "hour"},
        {"kind": "naive"} | everyone,
        {"kind": "adaptive", "hour_dim": 4} | everyone,
        {"kind": "gaussian", "sigma_hours": 1.0, "mu_hours": 0.0, "bucket_centre_hours": None} | everyone,
        {"kind": "longterm", "output_dim": 4, "gain": 10.0, "refresh_batches": None, "refresh_minutes": None}
        | search,
    ]
    weights = load_file(tmp_path / "ranker.safetensors")
    assert {"clocks.0.clock.hour.weight", "clocks.2.clock.gate_H", "clocks.4.clock.key.weight"} <= set(
        weights
    )
    baselines = make_ranker(clocks=EVERY_CLOCK[5:9])
    save_ranker(baselines, tmp_path)
    kinds = [each["kind"] for each in json.loads((tmp_path / "ranker.json").read_text())["config"]["clocks"]]
    assert kinds == ["din", "sim-hard", "sim-soft", "twin"]
    assert "clocks.0.baseline.last.weight" in load_file(tmp_path / "ranker.safetensors")


def test_a_ranker_with_the_names_of_an_earlier_version(tmp_path: Path) -> None:
    """Clocks stood in ``slots``, a baseline was a ``peer``."""
    ranker = make_ranker(clocks=EVERY_CLOCK)
    save_ranker(ranker, tmp_path)
    path = tmp_path / "ranker.safetensors"
    weights = {
        name.replace("clocks.", "slots.", 1).replace(".baseline.", ".peer.", 1): each
        for name, each in load_file(path).items()
    }
    assert {"slots.0.clock.hour.weight", "slots.5.peer.last.weight"} <= set(weights)
    save_file(weights, path)
    described = json.loads((tmp_path / "ranker.json").read_text())
    described["weights_sha256"] = digest_of(path)
    (tmp_path / "ranker.json").write_text(json.dumps(described))
    loaded = load_ranker(tmp_path).state_dict()
    saved = {name: each for name, each in ranker.state_dict().items() if name.startswith("clocks.")}
    assert saved
    assert all(torch.equal(each, loaded[name]) for name, each in saved.items())
