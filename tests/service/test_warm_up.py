"""A service is warm before anyone is served."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from small_service import NOW_MS, small_service, trained

from interestclock.errors import ResultError
from interestclock.serving import RankRequest, Scorer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("warm")
    trained(made)
    return made


def test_users_and_items_of_the_snapshot_are_scored_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored: list[RankRequest] = []
    score = Scorer.score

    def seen(self: Scorer, requests: list[RankRequest]) -> list:
        scored.extend(requests)
        return score(self, requests)

    monkeypatch.setattr(Scorer, "score", seen)
    service = small_service(folder)
    assert scored == []
    with service:
        assert {each.user for each in scored} == {"ann", "bob"}
        assert all(set(each.items) == {"a", "b", "c"} and each.at_ms == NOW_MS for each in scored)


def test_what_cannot_be_scored_yet_does_not_keep_it_from_serving(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(self: Scorer, requests: list[RankRequest]) -> list:
        raise ResultError("the store is away")

    monkeypatch.setattr(Scorer, "score", away)
    with caplog.at_level(logging.WARNING), small_service(folder) as service:
        assert service.running
    assert "ranker small is not warm" in caplog.text
