"""7 and "7" are the same user and the same item, whichever of the two a log has; 07 is nobody else's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from in_memory import REQUESTS
from micro_batches import NO_LABELS
from served_trainer import EACH, exposures, trainer_of, turn_ms
from stored_state import keep

from interestclock.errors import RequestError
from interestclock.live.trainer_snapshots import TrainerSnapshots
from interestclock.serving import RankRequest, Scored, Scorer
from interestclock.store import LmdbStore, StoreWriter

TURNS = 4
NOW_MS = turn_ms(TURNS, 4)
KINDS = (int, str)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same history with ids of each type: stores, and snapshots of their trainers."""
    made = tmp_path_factory.mktemp("ids")
    for kind in KINDS:
        trainer = trainer_of(EACH)
        for turn in range(TURNS):
            users, items = [kind(7), kind(8), kind(7)], [kind(100), kind(101), kind(102)]
            genres = [["rock"], ["jazz", "soul"], []]
            trainer.process(exposures(turn, users, items, genres, hours=4), NO_LABELS)
        trainer.finish()
        TrainerSnapshots(made / kind.__name__ / "snapshots", trainer).write(whole=True)
        with StoreWriter(made / kind.__name__, schema=REQUESTS, config=EACH.state()) as writer:
            keep(writer, trainer.features, 7, NOW_MS)
    return made


def scored(folder: Path, store: type, ranker: type, user: int | str, items: list[int | str]) -> Scored:
    request = RankRequest(
        user=user,
        items=items,
        at_ms=NOW_MS,
        utc_offset_minutes=0,
        attributes={items[-1]: {"genre": ["rock"]}},
        explain=1,
    )
    with LmdbStore(folder / store.__name__) as opened:
        (found,) = Scorer(opened, folder / ranker.__name__ / "snapshots").score([request])
    assert found.request is request  # answers have ids as they were asked for
    return found


@pytest.mark.parametrize("store", KINDS)
@pytest.mark.parametrize("ranker", KINDS)
@pytest.mark.parametrize("said", KINDS)
def test_whichever_is_said_the_same_is_meant(folder: Path, store: type, ranker: type, said: type) -> None:
    items = [100, 101, 999]
    wanted = scored(folder, int, int, 7, items)
    found = scored(folder, store, ranker, said(7), [said(each) for each in items])
    assert found.known_behaviours == wanted.known_behaviours > 0
    for task, wanted_C in wanted.probabilities.items():
        np.testing.assert_allclose(found.probabilities[task], wanted_C, rtol=0, atol=1e-6)
    nobody = scored(folder, store, ranker, said(9), [said(each) for each in items])
    assert nobody.known_behaviours == 0


@pytest.mark.parametrize(
    ("user", "item", "said"),
    [
        ("07", "100", "user '07' is none: the store's log has whole numbers of 64 bits as user ids"),
        ("7", "+100", "item '+100' is none: the store's log has whole numbers"),
        ("ann", "100", '7 and "7" are the same; give ids as the log has them'),
    ],
)
def test_what_no_number_is_spelled_like_is_refused_where_ids_are_numbers(
    folder: Path, user: str, item: str, said: str
) -> None:
    with pytest.raises(RequestError) as caught:
        scored(folder, int, int, user, [item, "999"])
    assert said in str(caught.value)
    other = scored(folder, str, str, "07", ["+100", "999"])  # two ids that nobody has
    assert other.known_behaviours == 0
