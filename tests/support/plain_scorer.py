"""A ranker as one snapshot has it, put to one request by ids; nothing is kept from one to the next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pytest
import torch

from interestclock.clocks.search_module import SearchModule
from interestclock.histories import Histories
from interestclock.ranking import described_ranker, table_names
from interestclock.samples import Batch
from interestclock.search import Retrieved, Spans
from interestclock.serving import RankRequest
from interestclock.snapshots import Snapshot
from interestclock.state import FeatureView

Id = int | str


class Found(NamedTuple):
    """What a search found for candidates, counted from where each one's span begins."""

    place_BK: np.ndarray
    score_BK: np.ndarray
    present_BK: np.ndarray


@contextmanager
def searches() -> Iterator[list[Found]]:
    """Everything that clocks find meanwhile."""
    found: list[Found] = []
    search = SearchModule.search

    def noted(self: SearchModule, inputs, spans: Spans) -> Retrieved:
        retrieved = search(self, inputs, spans)
        start_B1 = spans.start_M[inputs.batch.request_row_B].unsqueeze(1)
        found.append(
            Found(
                (retrieved.offset_BK - start_B1).numpy(),
                retrieved.score_BK.numpy(),
                retrieved.present_BK.numpy(),
            )
        )
        return retrieved

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SearchModule, "search", noted)
        yield found


class PlainScorer:
    """Scores by a snapshot's rows of ids: a batch of one request in numbers that are made for it alone."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.name, tables = snapshot.manifest.name, snapshot.tables
        self.ranker = described_ranker(
            snapshot.manifest.about, where="a test", allow=()
        )  # as a trainer has it
        weight = tables["weight"]
        self.ranker.table.restore(weight, {}, free=torch.zeros(0, dtype=torch.int64))
        self.ranker.load_state_dict(snapshot.dense | dict.fromkeys(table_names(self.ranker), weight))
        self.row_of = {
            name.removeprefix("ids."): rows_by_id(ids, tables[f"rows.{name.removeprefix('ids.')}"])
            for name, ids in tables.items()
            if name.startswith("ids.")
        }

    @torch.no_grad()
    def probabilities(
        self, request: RankRequest, view: FeatureView, *, second_of_day: int, day_of_week: int
    ) -> dict[str, list[float]]:
        config, names = self.ranker.config, self.ranker.names
        user, at_ms = int(view.slots("user", pa.array([request.user]))[0]), np.array([request.at_ms])
        features = view.read(
            np.array([user]), at_ms, clocks_at_ms_M=at_ms, population_votes=config.population_votes
        )
        histories, known = view.histories(), torch.from_numpy(features.known_M)
        most = max([config.recent, *(each.reads_behaviours for each in config.clocks)])
        start_M, stop_M = histories.newest(torch.tensor([user]), known, most=most)
        span = slice(int(start_M[0]), int(stop_M[0]))
        past: list[Id | None] = view.ids("item", histories.item_E[span].numpy()).to_pylist()
        number_of = {each: place for place, each in enumerate(dict.fromkeys([*request.items, *past]), 1)}
        number_of.pop(None, None)
        self._describe(number_of, request, view)
        self._rows("user", {1: self.row_of["user"].get(request.user, 0)})
        clocks = {name: self._clock(name, view, each) for name, each in features.clocks.items()}
        candidate_B = torch.tensor([number_of[each] for each in request.items])
        past_E = torch.tensor([number_of.get(each, -1) for each in past], dtype=torch.int32)
        one_B, zero_1 = torch.ones_like(candidate_B), torch.zeros(1, dtype=torch.int64)
        recent = [max(0, each) for each in past_E[-config.recent :].tolist()]
        batch = Batch(
            user_B=one_B,
            item_B=candidate_B,
            request_B=one_B,
            timestamp_ms_B=one_B * request.at_ms,
            second_of_day_B=one_B * second_of_day,
            day_of_week_B=one_B * day_of_week,
            known_ms_B=one_B,
            known_behaviours_B=one_B * len(past),
            request_row_B=0 * one_B,
            first_M=zero_1,
            recent_MK=torch.tensor([recent + [0] * (config.recent - len(recent))]),
            labels={},
            categorical={
                name: one_B * self._context(name, [request.context.get(name)])[0]
                for name in names.categorical
            },
            multivalued={
                name: torch.tensor([self._context(name, request.context.get(name) or [None])]).expand(
                    len(one_B), -1
                )
                for name in names.multivalued
            },
            numeric={
                name: torch.full((len(one_B),), request.context.get(name, np.nan)) for name in names.numeric
            },
            clocks=clocks,
        )
        own = Histories(
            offset_U=torch.tensor([0, 0, len(past)]),
            item_E=past_E,
            second_of_day_E=histories.second_of_day_E[span],
            timestamp_ms_E=histories.timestamp_ms_E[span],
        )
        logits = self.ranker(batch, own)
        return {task: torch.sigmoid(each).tolist() for task, each in logits.items()}

    def _rows(self, feature: str, row_of: dict[int, int]) -> None:
        """Rows of numbers from 1 on."""
        rows = [row_of.get(number, 0) for number in range(max(row_of, default=0) + 1)]
        self.ranker.table.renumber(feature, torch.tensor(rows))

    def _describe(self, number_of: dict[Id, int], request: RankRequest, view: FeatureView) -> None:
        slots = view.slots("item", pa.array(list(number_of)))
        rows = [torch.tensor([[self.row_of["item"].get(each, 0)] for each in number_of])]
        for name in self.ranker.names.attributes:
            value_NV = view.item_values(name, slots, at_ms=request.at_ms)
            texts = [None, *view.named(name).to_pylist()]
            values = [
                [texts[each] for each in known if each]
                if slot
                else list(request.attributes.get(item, {}).get(name, ()))
                for item, slot, known in zip(number_of, slots, value_NV.tolist(), strict=True)
            ]
            width, row_of = max(1, *map(len, values)), self.row_of[f"attribute.{name}"]
            padded = [[row_of.get(text, 0) for text in each] + [0] * (width - len(each)) for each in values]
            rows.append(torch.tensor(padded))
        items = self.ranker.items
        items.widths, items.row_NF = [1], torch.zeros(1, 1, dtype=torch.int64)
        items.place_rows(torch.arange(1, 1 + len(number_of)), rows)
        self.ranker.table.renumber("item", items.row_NF[:, 0])

    def _clock(self, name: str, view: FeatureView, best_MHV: np.ndarray) -> torch.Tensor:
        texts, row_of = view.named(name).to_pylist(), self.row_of[f"attribute.{name}"]
        self._rows(f"attribute.{name}", {number: row_of.get(text, 0) for number, text in enumerate(texts, 1)})
        return torch.from_numpy(best_MHV)

    def _context(self, name: str, texts: list[str | None]) -> list[int]:
        """Numbers of texts, each with the row that it has in the snapshot."""
        row_of = self.row_of[f"context.{name}"]
        self._rows(f"context.{name}", {number: row_of.get(text, 0) for number, text in enumerate(texts, 1)})
        return [number if text in row_of else 0 for number, text in enumerate(texts, 1)]


def rows_by_id(ids: torch.Tensor, rows: torch.Tensor) -> dict[Id, int]:
    """The row of each id of a snapshot's table."""
    if ids.ndim == 1:
        named = [each if each > -(2**63) else None for each in ids.tolist()]
    else:
        named = [bytes(each).rstrip(b"\xff").decode() or None for each in ids.numpy()]
    numbered = zip(named, rows[1 : len(named) + 1].tolist(), strict=False)
    return {each: row for each, row in numbered if each is not None and row}
