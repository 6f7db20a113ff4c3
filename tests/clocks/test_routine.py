"""Routine Clock: by hand and by loop, what is switched off has no effect, over midnight and zones."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from random_batches import NOW_MS, make_batch, make_histories, make_ranker

from interestclock.clocks import LongTermClock, LongTermConfig, RoutineClock, RoutineConfig
from interestclock.clocks.time_passed import HOLIDAY, passed_features, week_features
from interestclock.search import log_mass
from interestclock.timeofday import DAY_MS, HOUR_MS

SMALL = RoutineConfig(behaviours=3, heads=2, latent_dim=3, output_dim=4)
OFF = replace(SMALL, mass=False, recency=False, week=False, match=False)
ALL = ("mass", "recency", "week", "time_of_day", "match")
PARTS = (slice(0, 3), slice(3, 6))  # of an item's vector: itself, and an attribute
MONDAY_MS = 4 * DAY_MS  # 1970-01-05
EPOCH = date(1970, 1, 1).toordinal()
HOLIDAYS = {5: "1970-01-06", 8: "1970-01-09", 9: "1970-01-10"}  # a Tuesday, a Friday and a Saturday


def asked(clock: RoutineClock, *, at_ms: int = MONDAY_MS + 8 * HOUR_MS, offset: int = 0, **changed):
    """Two candidates of a request, whose user has five behaviours of four items."""
    generator = torch.Generator().manual_seed(1)
    given = {
        "moment_ms_M": torch.tensor([at_ms]),
        "offset_minutes_M": torch.tensor([offset]),
        "request_row_B": torch.zeros(2, dtype=torch.int64),
        "item_vectors_NI": torch.randn(4, 6, generator=generator) * 0.1,
        "behaviour_ML": torch.tensor([[0, 1, 2, 3, 1]]),
        "behaviour_ms_ML": MONDAY_MS - torch.tensor([[30, 54, 100, 168, 500]]) * HOUR_MS,
        "behaviour_offset_minutes_ML": torch.full((1, 5), offset),
        "present_ML": torch.ones(1, 5, dtype=torch.bool),
    }
    return clock(torch.randn(2, 6, generator=generator) * 0.1, **(given | changed))


def slow(clock: RoutineClock, candidate_I, behaviours: list[tuple], now_ms: int, offset: int) -> torch.Tensor:
    """The equation in the docstring, behaviour by behaviour; ``behaviours`` are what was retrieved."""
    config = clock.config
    query_ZI, key_ZI = clock.query.weight, clock.key.weight
    heads = []
    masses = []
    for head in range(config.heads):
        rows = slice(head * config.latent_dim, (head + 1) * config.latent_dim)
        hidden = slice(head * config.gap_hidden, (head + 1) * config.gap_hidden)
        scores, values = [], []
        for vector_I, ms, then_offset in behaviours:
            local, local_now = ms + then_offset * 60_000, now_ms + offset * 60_000
            apart = abs(local % DAY_MS // 1_000 - local_now % DAY_MS // 1_000)
            gap = min(apart, 86_400 - apart)
            of_gap = torch.tensor([gap / 43_200, math.sqrt(gap / 43_200), math.exp(-gap / 3_600)])
            score = (query_ZI[rows] @ candidate_I) @ (key_ZI[rows] @ vector_I) / math.sqrt(config.latent_dim)
            layer = clock.gap.first
            score = score + clock.gap.second[head] @ torch.relu(
                layer.weight[hidden] @ of_gap + layer.bias[hidden]
            )
            hours = (now_ms - ms) // 60_000 / 60
            then, now = (local // DAY_MS + 3) % 7, (local_now // DAY_MS + 3) % 7
            days = min(abs(then - now), 7 - abs(then - now))
            off, off_now = (
                each // DAY_MS in HOLIDAYS and bool(config.holidays) for each in (local, local_now)
            )
            if off or off_now:
                days = 0 if off and off_now else 3
            known = torch.tensor(
                [
                    math.log(1 + hours) / 5,
                    math.exp(-hours / 24),
                    math.exp(-hours / 336),
                    float(days == 0),
                    days / 3,
                    float((then > 4 or off) == (now > 4 or off_now)),
                    *[float(torch.equal(vector_I[part], candidate_I[part])) for part in PARTS],
                ]
            )
            layer = clock.passed.first
            score = score + clock.passed.second[head] @ torch.relu(
                layer.weight[hidden] @ known + layer.bias[hidden]
            )
            scores.append(score)
            held = [vector_I, of_gap, known] if clock.config.features_in_values else [vector_I, of_gap]
            values.append(torch.cat(held) @ clock.value[head])
        weights = torch.softmax(torch.stack(scores), 0)
        heads.append(sum(weight * value for weight, value in zip(weights, values, strict=True)))
        masses.append(torch.log(1 + sum(torch.exp(score) for score in scores)))
    return clock.mlp(torch.cat([*heads, torch.stack(masses)]))


@settings(max_examples=25, deadline=None)
@given(
    hours=st.lists(st.integers(1, 200) | st.integers(1, 2_000), min_size=1, max_size=5),
    now_hours=st.integers(0, 400),
    offset=st.integers(-11 * 60, 14 * 60),
    then_offset=st.integers(-11 * 60, 14 * 60),
    holidays=st.sampled_from([(), tuple(HOLIDAYS.values())]),
    in_values=st.booleans(),
)
def test_it_is_the_equation_over_zones_midnights_and_holidays(
    *,
    hours: list[int],
    now_hours: int,
    offset: int,
    then_offset: int,
    holidays: tuple[str, ...],
    in_values: bool,
) -> None:
    torch.manual_seed(0)
    config = replace(SMALL, behaviours=5, holidays=holidays, features_in_values=in_values)
    clock = RoutineClock(item_dim=6, config=config, part_dim=3)
    item_NI, candidate_I = torch.randn(5, 6) * 0.1, torch.randn(6) * 0.1
    item_NI[0], item_NI[1, PARTS[1]] = candidate_I, candidate_I[PARTS[1]]
    now_ms = MONDAY_MS + now_hours * HOUR_MS
    behaviour_ms = [now_ms - ago * HOUR_MS for ago in hours]
    count = len(hours)
    out_O = clock(
        candidate_I.unsqueeze(0),
        request_row_B=torch.tensor([0]),
        moment_ms_M=torch.tensor([now_ms]),
        offset_minutes_M=torch.tensor([offset]),
        item_vectors_NI=item_NI,
        behaviour_ML=torch.arange(count).unsqueeze(0),
        behaviour_ms_ML=torch.tensor([behaviour_ms]),
        behaviour_offset_minutes_ML=torch.full((1, count), then_offset),
        present_ML=torch.ones(1, count, dtype=torch.bool),
    )[0]
    behaviours = [(item_NI[each], ms, then_offset) for each, ms in enumerate(behaviour_ms)]
    torch.testing.assert_close(
        out_O, slow(clock, candidate_I, behaviours, now_ms, offset), atol=1e-5, rtol=1e-4
    )


def test_features_by_hand() -> None:
    hours_24 = passed_features(torch.tensor([0, 24 * 60]))
    assert hours_24[0].tolist() == [0.0, 1.0, 1.0]
    assert hours_24[1].tolist() == pytest.approx([math.log(25) / 5, math.exp(-1), math.exp(-24 / 336)])
    saturday_and = week_features(torch.tensor([5, 6, 0, 2]), torch.tensor(5))
    assert saturday_and.tolist() == [
        [1.0, 0.0, 1.0],
        [0.0, pytest.approx(1 / 3), 1.0],
        [0.0, pytest.approx(2 / 3), 0.0],
        [0.0, 1.0, 0.0],
    ]
    holiday_and = week_features(torch.tensor([HOLIDAY, 0, 5]), torch.tensor(HOLIDAY))
    assert holiday_and.tolist() == [[1.0, 0.0, 1.0], [0.0, 1.0, 0.0], [0.0, 1.0, 1.0]]


def test_holidays_of_other_days_change_nothing() -> None:
    said = []
    for holidays in ((), ("1970-03-01",), ("1970-01-05",)):  # now is the 5th
        torch.manual_seed(0)
        said.append(asked(RoutineClock(item_dim=6, config=replace(SMALL, behaviours=5, holidays=holidays))))
    assert torch.equal(said[0], said[1])
    assert not torch.equal(said[0], said[2])


def test_a_ranker_sees_holidays_in_histories_and_in_requests() -> None:
    """Every local day there is: of behaviours and of requests all are alike."""
    histories = make_histories(longest=40)
    batch = make_batch(histories, requests=5)
    moments = torch.cat([histories.timestamp_ms_E, batch.timestamp_ms_B])
    first, last = int(moments.min() // DAY_MS) - 1, int(moments.max() // DAY_MS) + 1
    every = tuple(str(date.fromordinal(EPOCH + day)) for day in range(first, last + 1))
    weekdays = [
        replace(batch, day_of_week_B=torch.remainder(batch.timestamp_ms_B // DAY_MS + 3 + more, 7))
        for more in (0, 1)
    ]
    for holidays, alike in (((), False), (every, True)):
        ranker = make_ranker(clocks=(replace(SMALL, holidays=holidays),)).eval()
        with torch.no_grad():
            said = [ranker(each, histories)["finish"] for each in weekdays]
        assert torch.equal(*said) == alike


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"holidays": ("4 July",)}, "holidays has '4 July', which is no date; give local dates, for example"),
        ({"holidays": (4,)}, "holidays has 4, which is no date"),
        ({"holidays": "2012-07-04"}, "holidays is the text '2012-07-04'; give a list of dates"),
        ({"holidays": ("2012-07-04",), "week": False}, "holidays are given, and week, .* is switched off"),
    ],
)
def test_holidays_that_are_none_are_refused(changed: dict, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        RoutineConfig(**changed)


def test_mass_counts_what_speaks_for_a_candidate() -> None:
    relevance = torch.zeros(1, 1, 4)
    masses = [log_mass(relevance, torch.arange(4).unsqueeze(0) < found).exp().item() for found in (0, 1, 4)]
    assert masses == pytest.approx([1.0, 2.0, 5.0])


def test_nothing_found_has_no_mass_and_a_gradient() -> None:
    relevance = torch.zeros(1, 2, 3, requires_grad=True)
    mass = log_mass(relevance, torch.zeros(1, 3, dtype=torch.bool))
    mass.sum().backward()
    assert mass.tolist() == [[0.0, 0.0]]
    assert relevance.grad.tolist() == [[[0.0] * 3] * 2]
    clock = RoutineClock(item_dim=6, config=SMALL)
    out = asked(clock, present_ML=torch.zeros(1, 5, dtype=torch.bool))
    out.sum().backward()
    assert torch.equal(out[0], out[1])
    assert all(torch.isfinite(each.grad).all() for each in clock.parameters() if each.grad is not None)


def test_all_switched_off_it_is_the_long_term_clock() -> None:
    config = LongTermConfig(behaviours=3, heads=2, latent_dim=3, output_dim=4, gain=OFF.gain)
    torch.manual_seed(3)
    published = LongTermClock(item_dim=6, config=config)
    clock = RoutineClock(item_dim=6, config=OFF)
    clock.load_state_dict(published.state_dict())
    generator = torch.Generator().manual_seed(1)
    item_NI = torch.randn(4, 6, generator=generator) * 0.1
    ms_ML = MONDAY_MS - torch.tensor([[30, 54, 100, 168, 500]]) * HOUR_MS
    assert torch.equal(
        asked(clock),
        published(
            torch.randn(2, 6, generator=generator) * 0.1,
            request_row_B=torch.zeros(2, dtype=torch.int64),
            second_of_day_M=torch.tensor([8 * 3_600]),
            item_vectors_NI=item_NI,
            behaviour_ML=torch.tensor([[0, 1, 2, 3, 1]]),
            behaviour_second_ML=ms_ML % DAY_MS // 1_000,
            present_ML=torch.ones(1, 5, dtype=torch.bool),
        ),
    )


@pytest.mark.parametrize(
    ("switched", "by_hours"),
    [("time_of_day", 1), ("recency", 7 * 24), ("week", 24), ("mass", 0), ("match", 0)],
)
def test_each_part_sees_what_it_is_for_and_nothing_when_switched_off(switched: str, by_hours: int) -> None:
    """All moments move together but now's; a week moves recency alone, a day the weekday as well."""
    others = {name: False for name in ALL if name != switched}
    torch.manual_seed(0)
    clock = RoutineClock(item_dim=6, config=replace(SMALL, behaviours=5, **others))
    now_ms = MONDAY_MS + 8 * HOUR_MS
    moved = asked(clock, at_ms=now_ms + by_hours * HOUR_MS)
    assert torch.equal(asked(clock, at_ms=now_ms), moved) == (not by_hours)
    nothing = RoutineClock(item_dim=6, config=replace(SMALL, **others, **{switched: False}))
    assert torch.equal(asked(nothing, at_ms=now_ms), asked(nothing, at_ms=now_ms + by_hours * HOUR_MS))


def test_values_hold_what_weights_do_not_say() -> None:
    """One behaviour has all the weight whenever it was; of what it says, values alone know how long ago."""
    outputs = {}
    for in_values in (False, True):
        torch.manual_seed(0)
        config = replace(OFF, recency=True, time_of_day=False, features_in_values=in_values)
        clock = RoutineClock(item_dim=6, config=config)
        present_BK = torch.ones(1, 1, dtype=torch.bool)
        apart_BKT = torch.zeros(1, 1, 4, dtype=torch.int64)
        late_BKT = torch.tensor([[[0, 7 * 24 * 60, 0, 0]]])
        candidate_BI, behaviour_BKI = torch.ones(1, 6), torch.ones(1, 1, 6)
        outputs[in_values] = [
            clock.attend(candidate_BI, behaviour_BKI, each, present_BK) for each in (apart_BKT, late_BKT)
        ]
    assert torch.equal(*outputs[False])
    assert not torch.allclose(*outputs[True])


def test_a_match_is_seen_however_far_the_item_was() -> None:
    """What attention says of a candidate's own item beside others differs where match is seen."""
    candidate_BI = torch.full((1, 6), 0.1)
    items_NI = torch.cat(
        [candidate_BI, -candidate_BI, candidate_BI[:, :3].repeat(1, 2) * torch.tensor([1, 1, 1, -1, -1, -1])]
    )
    apart_BKT = torch.zeros(1, 3, 4, dtype=torch.int64)
    torch.manual_seed(0)
    clock = RoutineClock(item_dim=6, config=replace(OFF, match=True, time_of_day=False), part_dim=3)
    with torch.no_grad():
        clock.query.weight.zero_()  # items' vectors say nothing by themselves
        weight_QK = clock.weights(
            candidate_BI, items_NI.unsqueeze(0), apart_BKT, torch.ones(1, 3, dtype=torch.bool)
        )[0]
    for weight_K in weight_QK:
        assert len(set(weight_K.tolist())) == 3


def test_parts_of_an_item_s_vector_are_of_one_width() -> None:
    with pytest.raises(ValueError, match="item_dim is 6, no multiple of part_dim, which is 4"):
        RoutineClock(item_dim=6, config=SMALL, part_dim=4)


def test_a_wrong_offset_is_refused() -> None:
    clock = RoutineClock(item_dim=6, config=SMALL)
    with pytest.raises(ValueError, match=r"offset_minutes_M has shape \(2,\); give \(1,\), one for each"):
        asked(clock, offset_minutes_M=torch.tensor([0, 0]))
    with pytest.raises(ValueError, match="behaviour_offset_minutes_ML has type"):
        asked(clock, behaviour_offset_minutes_ML=torch.zeros(1, 5))


def test_offsets_may_be_narrow_integers() -> None:
    """As histories have them; in milliseconds they are not."""
    torch.manual_seed(0)
    clock = RoutineClock(item_dim=6, config=SMALL)
    wide = {
        "offset_minutes_M": torch.tensor([-300]),
        "behaviour_offset_minutes_ML": torch.full((1, 5), 540),
    }
    narrow = {name: each.to(torch.int16) for name, each in wide.items()}
    assert torch.equal(asked(clock, **narrow), asked(clock, **wide))


def test_histories_without_offsets_are_refused() -> None:
    histories = replace(make_histories(), utc_offset_minutes_E=None)
    with pytest.raises(ValueError, match="no utc_offset_minutes_E, which tells a weekday"):
        make_ranker(clocks=(SMALL,))(make_batch(histories), histories)


@pytest.mark.parametrize("requests", [1, 5])
def test_served_it_says_the_same_as_in_training(requests: int) -> None:
    """A served model reads a request's behaviours in their order and looks gaps up."""
    histories = make_histories(longest=40)
    batch = make_batch(histories, requests=requests)
    days = tuple(str(date.fromordinal(EPOCH + NOW_MS // DAY_MS + more)) for more in (-3, 0))
    ranker = make_ranker(clocks=(SMALL, replace(SMALL, time_of_day=False, holidays=days)))
    trained = ranker.train()(batch, histories)
    with torch.no_grad():
        served = ranker.eval()(batch, histories)
    for task, logit_B in trained.items():
        torch.testing.assert_close(served[task], logit_B.detach(), atol=1e-5, rtol=1e-5)
