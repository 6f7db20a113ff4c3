"""What is served is what was trained: scores of a snapshot and a store are those of the trainer itself."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from in_memory import HOUR_MS, REQUESTS
from micro_batches import NO_LABELS
from served_trainer import EACH, exposures, plain_scores, trainer_of, turn_ms

from interestclock.admission import AdmissionConfig
from interestclock.embeddings import IdPolicy
from interestclock.live.trainer_snapshots import TrainerSnapshots
from interestclock.serving import RankRequest, Scorer
from interestclock.store import LmdbStore, StoreWriter

HOURS = 4
USERS = st.sampled_from(["ann", "bob", "eve", "a user of seventeen", "émile"])
ITEMS = st.sampled_from([f"i{each}" for each in range(9)] + ["an item of quite some length"])
GENRES = st.lists(st.sampled_from(["rock", "jazz", "soul", "folk", "punk", "dub"]), max_size=3)
SHOWN = st.lists(st.tuples(USERS, ITEMS, GENRES), min_size=1, max_size=6)
KINDS = st.sampled_from(["nothing", "delta", "whole"])
FEW = IdPolicy(most=4, unused_days=0.4)
CONFIG = replace(
    EACH,
    users=FEW,
    items=FEW,
    contexts=FEW,
    forget_users_after_days=0.5,
    keep_hours=0.0,
    admission=AdmissionConfig(label_wait_ms=HOUR_MS),
    batch_minutes=0.0,
)


@settings(max_examples=8, deadline=None)
@given(turns=st.lists(st.tuples(SHOWN, KINDS), min_size=1, max_size=8), data=st.data())
def test_scores_are_those_of_the_trainer(turns: list, data: st.DataObject) -> None:
    """Users, items and genres come, leave, come back and have others' rows between two snapshots."""
    trainer = trainer_of(CONFIG)
    with tempfile.TemporaryDirectory() as name:
        snapshots = TrainerSnapshots(Path(name) / "snapshots", trainer)
        served: list[Scorer] = []
        with StoreWriter(Path(name), schema=REQUESTS, config=CONFIG.state()) as writer:
            for turn, (shown, kind) in enumerate(turns):
                users, items, genres = (list(each) for each in zip(*shown, strict=True))
                trainer.process(exposures(turn, users, items, genres, hours=HOURS), NO_LABELS)
                writer.apply(trainer.features.changes(), position=turn + 1, offsets={}, watermark_ms=0)
                if kind == "nothing":
                    continue
                snapshots.write(whole=kind == "whole")
                if not served:
                    sources = (trainer.features, LmdbStore(Path(name)))
                    served = [Scorer(each, Path(name) / "snapshots") for each in sources]
                requests = data.draw(st.lists(asked(turn), min_size=1, max_size=3))
                for scorer in served:
                    scorer.refresh()
                    check(scorer, requests, trainer)
                assert {each.position for each in served[1].score(requests)} == {turn + 1}


def asked(turn: int) -> st.SearchStrategy[RankRequest]:
    context = {
        "device": st.sampled_from(["ann", "bob", "watch"]),
        "tags": st.lists(st.sampled_from(["new", "old"]), max_size=2),
        "age": st.floats(0, 90, width=32),
    }
    return st.builds(
        RankRequest,
        user=USERS | st.just("nobody"),
        items=st.lists(ITEMS | st.just("nothing"), min_size=1, max_size=5),
        at_ms=st.just(turn_ms(turn, HOURS) + HOUR_MS),
        utc_offset_minutes=st.sampled_from([-300, 0, 330]),
        context=st.fixed_dictionaries({}, optional=context),
    )


def check(scorer: Scorer, requests: list[RankRequest], trainer) -> None:
    scored = scorer.score(requests)
    assert [each.request for each in scored] == requests
    for one in scored:
        expected = plain_scores(trainer, one.request)
        assert one.probabilities.keys() == expected.keys()
        for task, probability in expected.items():
            np.testing.assert_allclose(one.probabilities[task], probability, rtol=0, atol=1e-5)
