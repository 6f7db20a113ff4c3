"""Eq. 2 to 4 of the Long-term Interest Clock against plain Python, behaviour by behaviour, head by head."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from interestclock.clocks import LongTermClock, LongTermConfig
from interestclock.search import Retrieved, Spans
from interestclock.timeofday import circular_gap_seconds

Vector = list[float]


def project(matrix: Tensor, vector: Vector) -> Vector:
    return [sum(w * x for w, x in zip(row, vector, strict=True)) for row in matrix.tolist()]


def dot(a: Vector, b: Vector) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def gap_seconds(a: int, b: int) -> int:
    return min(abs(a - b), 86_400 - abs(a - b))


def seen_gap(gap: int) -> Vector:
    return [gap / 43_200, math.sqrt(gap / 43_200), math.exp(-gap / 3600)]


class Slow:
    """The clock for one candidate, its history a list of (item vector, gap)."""

    def __init__(self, clock: LongTermClock) -> None:
        self.clock, self.heads, self.latent = clock, clock.config.heads, clock.config.latent_dim

    def relevance(self, candidate: Vector, behaviour: Vector, gap: int, head: int) -> float:
        """Eq. 2."""
        rows = slice(head * self.latent, (head + 1) * self.latent)
        query = project(self.clock.query.weight[rows], candidate)
        key = project(self.clock.key.weight[rows], behaviour)
        return dot(query, key) / math.sqrt(self.latent) + self.gap(gap, head)

    def gap(self, gap: int, head: int) -> float:
        network = self.clock.gap
        rows = slice(head * network.hidden, (head + 1) * network.hidden)
        hidden = project(network.first.weight[rows], seen_gap(gap))
        bias = network.first.bias[rows].tolist()
        return dot(
            network.second[head].tolist(), [max(0.0, h + b) for h, b in zip(hidden, bias, strict=True)]
        )

    def search(self, candidate: Vector, history: list[tuple[Vector, int]]) -> list[int]:
        """Clock-GSU: score everything, sum the heads, sort."""
        scores = [
            sum(self.relevance(candidate, vector, gap, head) for head in range(self.heads))
            for vector, gap in history
        ]
        return sorted(range(len(history)), key=lambda i: -scores[i])[: self.clock.config.behaviours]

    def head(self, candidate: Vector, cached: list[tuple[Vector, int]], head: int) -> Vector:
        """Eq. 3."""
        scores = [self.relevance(candidate, vector, gap, head) for vector, gap in cached]
        weights = [math.exp(score - max(scores)) for score in scores]
        out = [0.0] * self.latent
        for weight, (vector, gap) in zip(weights, cached, strict=True):
            value = project(self.clock.value[head].T, vector + seen_gap(gap))
            out = [o + weight / sum(weights) * v for o, v in zip(out, value, strict=True)]
        return out

    def forward(self, candidate: Vector, history: list[tuple[Vector, int]]) -> Vector:
        """Eq. 4."""
        cached = [history[i] for i in self.search(candidate, history)]
        heads = [x for head in range(self.heads) for x in self.head(candidate, cached, head)]
        first, _, second = self.clock.mlp
        hidden = [
            max(0.0, x + b) for x, b in zip(project(first.weight, heads), first.bias.tolist(), strict=True)
        ]
        return [x + b for x, b in zip(project(second.weight, hidden), second.bias.tolist(), strict=True)]


def inputs(
    *, requests: int, longest: int, candidates: int, items: int, item_dim: int, duplicates: bool = False
) -> dict[str, Tensor]:
    """Random histories of different lengths, some of them empty, padded on the right."""
    length_M = torch.randint(0, longest + 1, (requests,))
    seconds = 3 if duplicates else 86_400
    return {
        "candidate_BI": torch.randn(candidates, item_dim),
        "second_of_day_M": torch.randint(0, 86_400, (requests,)),
        "request_row_B": torch.randint(0, requests, (candidates,)),
        "item_vectors_NI": torch.randn(items, item_dim),
        "behaviour_ML": torch.randint(0, items, (requests, longest)),
        "behaviour_second_ML": torch.randint(0, seconds, (requests, longest)),
        "present_ML": torch.arange(longest) < length_M.unsqueeze(1),
    }


def slow_forward(clock: LongTermClock, given: dict[str, Tensor]) -> list[Vector]:
    out = []
    for candidate, request in zip(
        given["candidate_BI"].tolist(), given["request_row_B"].tolist(), strict=True
    ):
        now = int(given["second_of_day_M"][request])
        history = [
            (given["item_vectors_NI"][item].tolist(), gap_seconds(second, now))
            for item, second, present in zip(
                given["behaviour_ML"][request].tolist(),
                given["behaviour_second_ML"][request].tolist(),
                given["present_ML"][request].tolist(),
                strict=True,
            )
            if present
        ]
        out.append(Slow(clock).forward(candidate, history))
    return out


def small_clock(behaviours: int, *, heads: int = 2) -> LongTermClock:
    config = LongTermConfig(
        behaviours=behaviours, heads=heads, latent_dim=3, gap_hidden=2, output_dim=4, gain=0.7
    )
    return LongTermClock(item_dim=5, config=config)


def unlike_start(clock: LongTermClock) -> LongTermClock:
    """As after training: W_b no longer W_q."""
    with torch.no_grad():
        for parameter in clock.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return clock


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 9_999),
    requests=st.integers(1, 3),
    longest=st.integers(1, 7),
    candidates=st.integers(1, 4),
    behaviours=st.integers(1, 9),
    heads=st.integers(1, 3),
    duplicates=st.booleans(),
)
def test_whole_clock_matches_plain_python(
    *, seed: int, requests: int, longest: int, candidates: int, behaviours: int, heads: int, duplicates: bool
) -> None:
    torch.manual_seed(seed)
    clock = unlike_start(small_clock(behaviours, heads=heads)).double()
    given = inputs(
        requests=requests,
        longest=longest,
        candidates=candidates,
        items=2 if duplicates else 30,
        item_dim=5,
        duplicates=duplicates,
    )
    given = {k: v.double() if v.is_floating_point() else v for k, v in given.items()}
    out_BO = clock(**given)
    torch.testing.assert_close(
        out_BO, torch.tensor(slow_forward(clock, given)).double(), atol=1e-6, rtol=1e-6
    )


def test_by_hand_one_head_one_dimension() -> None:
    config = LongTermConfig(behaviours=2, heads=1, latent_dim=1, gap_hidden=1, output_dim=1)
    clock = LongTermClock(item_dim=1, config=config)
    with torch.no_grad():
        for name, value in [("query.weight", 1.0), ("key.weight", 1.0), ("gap.first.weight", 0.0)]:
            clock.get_parameter(name).fill_(value)
        clock.gap.first.bias.fill_(0.0)  # g = 0 whatever the gap
        clock.value.copy_(torch.tensor([[[1.0], [0.0], [0.0], [0.0]]]))  # the head is the mean item
        for layer in (clock.mlp[0], clock.mlp[2]):
            layer.weight.fill_(1.0)
            layer.bias.fill_(0.0)
    out = clock(
        torch.tensor([[1.0]]),
        second_of_day_M=torch.tensor([0]),
        request_row_B=torch.tensor([0]),
        item_vectors_NI=torch.tensor([[0.0], [1.0], [-5.0]]),
        behaviour_ML=torch.tensor([[0, 1, 2]]),
        behaviour_second_ML=torch.tensor([[0, 0, 0]]),
        present_ML=torch.ones(1, 3, dtype=torch.bool),
    )
    # relevance 0, 1, -5: the search keeps the first two; softmax gives e / (1 + e) to the item at 1
    assert out.item() == pytest.approx(math.e / (1 + math.e), abs=1e-6)


def searched(clock: LongTermClock, given: dict[str, Tensor]) -> Retrieved:
    """What the clock finds in padded histories; places are 0..L-1 of each candidate's own."""
    requests, longest = given["behaviour_ML"].shape
    start_M = torch.arange(requests) * longest
    spans = Spans(
        item_E=given["behaviour_ML"].flatten(),
        time_E=given["behaviour_second_ML"].flatten(),
        start_M=start_M,
        stop_M=start_M + given["present_ML"].sum(1),
        now_M=given["second_of_day_M"],
    )
    retrieved = clock.search(
        given["candidate_BI"],
        request_row_B=given["request_row_B"],
        spans=spans,
        items=len(given["item_vectors_NI"]),
        vectors=lambda item_U: given["item_vectors_NI"][item_U],
    )
    return replace(retrieved, offset_BK=retrieved.offset_BK - start_M[given["request_row_B"]].unsqueeze(1))


def test_search_finds_what_a_full_sort_finds() -> None:
    torch.manual_seed(1)
    clock = unlike_start(small_clock(4))
    given = inputs(requests=3, longest=20, candidates=6, items=40, item_dim=5)
    gap_ML = circular_gap_seconds(given["behaviour_second_ML"], given["second_of_day_M"].unsqueeze(1))
    retrieved = searched(clock, given)
    for row, request in enumerate(given["request_row_B"].tolist()):
        present = int(given["present_ML"][request].sum())
        vectors = given["item_vectors_NI"][given["behaviour_ML"][request]].tolist()
        history = list(zip(vectors[:present], gap_ML[request].tolist()[:present], strict=True))
        expected = Slow(clock).search(given["candidate_BI"][row].tolist(), history)
        assert retrieved.offset_BK[row][retrieved.present_BK[row]].tolist() == expected


def test_search_and_attention_share_their_parameters() -> None:
    torch.manual_seed(2)
    clock = small_clock(2)
    assert set(dict(clock.named_parameters())) == {
        "query.weight", "key.weight", "value", "gap.first.weight", "gap.first.bias", "gap.second",
        "mlp.0.weight", "mlp.0.bias", "mlp.2.weight", "mlp.2.bias",
    }  # fmt: skip
    given = inputs(requests=1, longest=8, candidates=1, items=9, item_dim=5)
    given["present_ML"].fill_(True)
    cached = torch.randn(1, 3, 5), torch.tensor([[0, 60, 4_000]]), torch.ones(1, 3, dtype=torch.bool)
    before = searched(clock, given).offset_BK, clock.attend(given["candidate_BI"], *cached)
    with torch.no_grad():
        clock.key.weight.neg_()
    after = searched(clock, given).offset_BK, clock.attend(given["candidate_BI"], *cached)
    assert not torch.equal(before[0], after[0])
    assert not torch.allclose(before[1], after[1])


@pytest.mark.parametrize(("heads", "latent_dim", "item_dim"), [(4, 2, 12), (4, 8, 12)])
def test_projections_start_equal_and_orthogonal(heads: int, latent_dim: int, item_dim: int) -> None:
    config = LongTermConfig(heads=heads, latent_dim=latent_dim, gain=2.0)
    clock = LongTermClock(item_dim=item_dim, config=config)
    weight_ZI = clock.query.weight
    assert torch.equal(weight_ZI, clock.key.weight)
    assert weight_ZI.data_ptr() != clock.key.weight.data_ptr()
    wide = heads * latent_dim > item_dim
    product = weight_ZI.T @ weight_ZI if wide else weight_ZI @ weight_ZI.T
    torch.testing.assert_close(product, 4 * torch.eye(len(product)), atol=1e-5, rtol=0)


def test_the_same_item_scores_highest_from_the_start() -> None:
    torch.manual_seed(5)
    clock = LongTermClock(item_dim=48, config=LongTermConfig(behaviours=1))
    vectors_NI = 0.25 * torch.randn(200, 48)
    given = {
        "candidate_BI": vectors_NI[:50],
        "second_of_day_M": torch.zeros(1, dtype=torch.int64),
        "request_row_B": torch.zeros(50, dtype=torch.int64),
        "item_vectors_NI": vectors_NI,
        "behaviour_ML": torch.arange(200).unsqueeze(0),
        "behaviour_second_ML": torch.zeros(1, 200, dtype=torch.int64),
        "present_ML": torch.ones(1, 200, dtype=torch.bool),
    }
    assert searched(clock, given).offset_BK[:, 0].tolist() == list(range(50))


@pytest.mark.parametrize("behaviours", [6, 40], ids=["searched", "whole history"])
def test_one_second_over_an_hour_or_midnight_changes_little(behaviours: int) -> None:
    torch.manual_seed(6)
    clock = unlike_start(small_clock(behaviours))
    given = inputs(requests=1, longest=40, candidates=1, items=40, item_dim=5)
    given["present_ML"].fill_(True)
    noon_O = clock(**given | {"second_of_day_M": torch.tensor([43_200])})
    midnight_O = clock(**given | {"second_of_day_M": torch.tensor([0])})
    assert (noon_O - midnight_O).abs().max() > 0.01  # the time of day does matter
    for edge in range(0, 86_400, 3600):
        before_O = clock(**given | {"second_of_day_M": torch.tensor([(edge - 1) % 86_400])})
        after_O = clock(**given | {"second_of_day_M": torch.tensor([edge])})
        assert (before_O - after_O).abs().max() < 1e-3


def test_an_empty_history_gives_a_constant_and_finite_gradients() -> None:
    clock = small_clock(4)
    given = inputs(requests=2, longest=3, candidates=4, items=3, item_dim=5)
    given["present_ML"].fill_(False)
    out_BO = clock(**given)
    torch.testing.assert_close(out_BO, clock.mlp(torch.zeros(4, 6)), atol=1e-6, rtol=0)
    out_BO.sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in clock.parameters())
    no_columns = {k: v[:, :0] if k.endswith("_ML") else v for k, v in given.items()}
    torch.testing.assert_close(clock(**no_columns), out_BO)


def test_padding_changes_nothing() -> None:
    torch.manual_seed(8)
    clock = small_clock(50)
    given = inputs(requests=2, longest=5, candidates=4, items=9, item_dim=5)
    padded = dict(given)
    for name in ("behaviour_ML", "behaviour_second_ML", "present_ML"):
        padded[name] = torch.nn.functional.pad(given[name], (0, 6))
    torch.testing.assert_close(clock(**padded), clock(**given), atol=1e-6, rtol=0)


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="latent_dim is 0; give 1 or more"):
        LongTermConfig(latent_dim=0)
    with pytest.raises(ValueError, match=r"gain is 0\.0; give a number above 0, for example 2.0"):
        LongTermConfig(gain=0.0)
    with pytest.raises(ValueError, match="item_dim is 0; give 1 or more"):
        LongTermClock(item_dim=0, config=LongTermConfig())
    clock, given = small_clock(2), inputs(requests=2, longest=3, candidates=4, items=3, item_dim=5)
    given["present_ML"] = torch.ones(2, 3, dtype=torch.bool)
    for name, wrong, message in [
        ("candidate_BI", torch.zeros(4, 6), r"candidate_BI has shape \(4, 6\); give \(candidates, 5\)"),
        ("request_row_B", torch.tensor([0]), r"request_row_B has shape \(1,\); give \(4,\)"),
        ("second_of_day_M", torch.tensor([0]), r"second_of_day_M has shape \(1,\); give \(2,\)"),
        (
            "behaviour_second_ML",
            torch.zeros(2, 4),
            r"behaviour_second_ML has shape \(2, 4\), behaviour_ML \(2, 3\)",
        ),
        ("present_ML", torch.ones(2, 3), r"present_ML has type torch\.float32; give bool"),
        ("second_of_day_M", torch.full((2,), 1_700_000_000), "second_of_day_M holds 1700000000; give"),
        ("behaviour_second_ML", torch.full((2, 3), 86_400), "behaviour_second_ML holds 86400; give"),
        (
            "behaviour_ML",
            torch.full((2, 3), 3),
            "behaviour_ML holds 3; give whole numbers from 0 on, below 3",
        ),
        (
            "request_row_B",
            torch.full((4,), 2),
            "request_row_B holds 2; give whole numbers from 0 on, below 2",
        ),
    ]:
        with pytest.raises(ValueError, match=message):
            clock(**given | {name: wrong})
