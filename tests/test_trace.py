"""The way of a batch goes forward: who stands later asks nothing of what the way has passed."""

from __future__ import annotations

import importlib
import sys
import tomllib
from pathlib import Path

import pytest
from call_trace import CallTrace

import interestclock
from interestclock.defaults import PARTS
from interestclock.events import open_log
from interestclock.simulator import SimulatorSize, write_simulated_log
from interestclock.studies.compare import CompareConfig, compare
from interestclock.workers import Job, Report

SOURCE = Path(interestclock.__file__).parent
PROJECT = tomllib.loads((SOURCE.parent.parent / "pyproject.toml").read_text(encoding="utf-8"))
LAYERS = PROJECT["tool"]["importlinter"]["contracts"][0]["layers"]
PLAIN = {
    "metrics",
    "timeofday",
}  # pure functions of arrays; files beside the packages are plain functions, too
ORDER = [name for name in reversed(LAYERS) if (SOURCE / name).is_dir() and name not in PLAIN]

PASSED_AT = {
    "samples.folder:SampleFolder.event_times_ms": "admission",  # the log is read, and samples are made of it
    "training.run:run_ranker": "samples",  # all that figures and report need of the log is known
    "studies.figures:figures": "training",  # rankers are trained
}
RANKERS = ("base", "hour", "hour+gaussian", "+".join(PARTS))  # every part, and what comparing over hour reads
HANDED_ON = "belongs to a value that was handed on, and reads nothing else"
ALLOWED = {  # (caller's package, what it may call: a class or a function) -> why
    ("state", "admission.serial_columns:SerialColumns"): "columns of the state's own",
    ("training", "samples.folder:SampleFolder"): (
        "a run opens prepared samples, in whichever process it is, and draws a batch when it is ready for one"
    ),
    (
        "training",
        "state.feature_state:FeatureState.histories",
    ): "shows what a run has opened",
    ("training", "histories.frozen:Histories"): HANDED_ON,
    ("training", "samples.batch:Batch"): HANDED_ON,
    ("training", "samples.batch:SampleChunk"): HANDED_ON,
    ("ranking", "samples.batch:Batch"): HANDED_ON,
    ("ranking", "events.context:ContextNames"): HANDED_ON,
    ("sequences", "histories.frozen:Histories"): HANDED_ON,
    ("sequences", "samples.batch:Batch"): HANDED_ON,
    ("clocks", "samples.batch:Batch"): HANDED_ON,
    (
        "studies",
        "events.table_source:TableSource.mapping",
    ): "keeps how the log was read, for rows asked about later",
    ("studies", "search.sizes:SearchSizes.reads_behaviours"): "asks a configuration",
    ("studies", "sequences.din:DinConfig.reads_behaviours"): "asks a configuration",
}


class _Here:
    """In place of ``Workers``: jobs run in this process, where they are seen."""

    def __init__(self, count: int, *, prepare: object) -> None:
        pass

    def __enter__(self) -> _Here:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def run(self, jobs: list[Job], received: Report) -> list[object]:
        return [job(received) for job in jobs]


def test_a_comparison_never_goes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = SimulatorSize(users=10, items=200, days=3, exposures_per_day=60)
    write_simulated_log(tmp_path / "log", size=size)
    config = CompareConfig(rankers=RANKERS, seeds=1, replicates=20)
    monkeypatch.setattr(sys.modules[compare.__module__], "Workers", _Here)
    with CallTrace(SOURCE, order=ORDER, passed_at=PASSED_AT) as trace:
        compare(open_log(tmp_path / "log"), tmp_path / "out", config=config)
    assert trace.reached == set(PASSED_AT)
    reasons = {call: _allowed(*call) for call in trace.back}
    assert {call for call, reason in reasons.items() if reason is None} == set()
    assert set(ALLOWED) - set(reasons.values()) == set()  # nothing is allowed that nobody does


def _allowed(caller: str, called: str) -> tuple[str, str] | None:
    for package, name in ALLOWED:
        if caller == package and (called == name or called.startswith(f"{name}.")):
            return package, name
    return None


FAKE = {
    "early": "def make(): return [1]\ndef help_to(one): return one\n",
    "middle": "from fake.early import thing\ndef pull(): return thing.make()\n",
    "late": "from fake.middle import thing\ndef train(): return list(map(lambda _: thing.pull(), 'a'))\n",
}
STUDY = """
from fake.{later} import thing
from fake.early import thing as early
def start(): pass
def go():
    early.make()
    start()
    {then}
"""


@pytest.mark.parametrize(
    ("passed", "then", "back"),
    [
        ("early", "thing.__name__", set()),
        ("early", "early.make()", {("study", "early.thing:make")}),
        ("early", "sorted([2], key=early.help_to)", {("study", "early.thing:help_to")}),
        ("early", "thing.train()", {("middle", "early.thing:make")}),
        ("middle", "thing.train()", {("late", "middle.thing:pull")}),
    ],
)
def test_a_call_that_goes_back_is_found(
    passed: str, then: str, back: set[tuple[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package, text in {**FAKE, "study": STUDY.format(later="late", then=then)}.items():
        (tmp_path / "fake" / package).mkdir(parents=True)
        (tmp_path / "fake" / package / "thing.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "fake"]:
        monkeypatch.delitem(sys.modules, name)
    study = importlib.import_module("fake.study.thing")
    order, passed_at = ["early", "middle", "late", "study"], {"study.thing:start": passed}
    with CallTrace(tmp_path / "fake", order=order, passed_at=passed_at) as trace:
        study.go()
    assert trace.reached == {"study.thing:start"}
    assert trace.back == back
