"""What the project promises about itself: one version, documented names, commands that exist."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import pkgutil
import re
import shlex
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

import pyarrow.parquet as pq
import pytest
from command_options import command_options
from pyarrow import csv

import interestclock
from interestclock.events import ColumnMapping, open_log
from interestclock.samples import PrepareConfig
from interestclock.studies import read_lineup
from interestclock.studies.export_features import export_features

REPOSITORY = Path(__file__).resolve().parent.parent
PAGES = [REPOSITORY / "README.md", *sorted(REPOSITORY.glob("docs/**/*.md"))]
VERSION_HEADING = re.compile(r"^## \[([^\]]+)\]", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
COMMAND = re.compile(r"(?:^|`)\s*(?:\$ )?(interestclock [^`\n#]*)", re.MULTILINE)

# Of use within only: how loops are compiled and kept, arrays and files are written, processes kept, a user's
# code is imported, what options are by default, keys of mappings (which events documents); and the commands,
# which --help documents.
NOT_IN_THE_API = {
    "interestclock.checksums",
    "interestclock.arrays",
    "interestclock.compiled",
    "interestclock.distinct",
    "interestclock.defaults",
    "interestclock.files",
    "interestclock.locks",
    "interestclock.loop_cache",
    "interestclock.mapping_keys",
    "interestclock.plugins",
    "interestclock.ranker_names",
    "interestclock.saved",
    "interestclock.unfinished",
    "interestclock.workers",
    "interestclock.__main__",
    "interestclock.cli",
}
# Exported names without a runnable example, each with its reason.
NO_EXAMPLE = {
    "interestclock.events.schema.EventSource": "a Protocol: there is nothing to run",
    "interestclock.clocks.clock_module.ClockInputs": "what a ClockModule is given; its example reads some",
    "interestclock.clocks.clock_module.HourlyClock": "a Protocol: there is nothing to run",
    "interestclock.embeddings.id_policy.RowChanges": "what RowLedger returns",
    "interestclock.admission.admitted.Admitted": "what EventBuffer.admit returns; its example shows one",
    "interestclock.admission.serial_columns.Column": "an argument of SerialColumns; its example shows some",
    "interestclock.snapshots.reader.Snapshot": "what SnapshotReader loads; its example shows one",
    "interestclock.search.spans.Seen": "what seen_in returns; its example shows one",
    "interestclock.state.ingested.Ingested": "what FeatureState.ingest returns",
    "interestclock.state.leaving.Left": "what FeatureState.pass_midnight returns",
    "interestclock.state.feature_view.FeatureView": "a Protocol: there is nothing to run",
    "interestclock.state.item_feed.ItemsChanged": "what FeatureView.items_changed returns",
    "interestclock.serving.feature_source.FeatureSource": "a Protocol: there is nothing to run",
    "interestclock.serving.scored.Scored": "what Scorer.score returns; its example shows one",
    "interestclock.serving.local_clock.LocalTime": "what local_time_of returns; its example shows one",
    "interestclock.client.rank_messages.Ranked": "what Client.rank returns",
    "interestclock.client.state_messages.RankerModel": "a part of Model",
    "interestclock.client.state_messages.Status": "what Client.status returns",
    "interestclock.client.user_messages.UserClock": "what Client.clock returns",
    "interestclock.client.user_messages.UserHistory": "what Client.history returns",
    "interestclock.closed_loop.closed_loop.ClosedLoop": "runs processes; see tests/closed_loop/",
    "interestclock.service.event_routes.event_router": "needs an app; tests/service/test_event_routes.py",
    "interestclock.service.exploration.ExploredOrder": "what Exploration.order returns",
    "interestclock.service.serve_app.serve_app": "serves until the process ends",
    "interestclock.service.app.create_app": "needs a service; tests/support/small_service.py makes one",
    "interestclock.serving.explain.CarryingBehaviour": "a part of Explanation",
    "interestclock.serving.explain.Explanation": "what Scorer.explain returns",
    "interestclock.serving.ranker_version.ServedFeatures": "a part of RankerVersion",
    "interestclock.serving.ranker_version.RankerVersion": "a Scorer's; see there",
    "interestclock.state.feature_view.Features": "what FeatureView.read returns",
    "interestclock.samples.batch_maker.Rows": "what BatchMaker makes batches of; its example shows some",
    "interestclock.samples.batch.SampleChunk": "what SampleFolder.chunks yields",
    "interestclock.samples.candidates.Candidates": "what sample_candidates returns",
    "interestclock.samples.folder.ChunkManifest": "a part of Manifest",
    "interestclock.samples.folder.Manifest": "what SampleFolder reads",
    "interestclock.simulator.preferences.LabelProbabilities": "what label_probabilities returns",
    "interestclock.simulator.world.World": "what build_world returns",
    "interestclock.streams.micro_batch.MicroBatch": "what MessageParser makes and a LiveSource gives",
    "interestclock.relay.publication.Publication": "a Protocol: there is nothing to run",
    "interestclock.streams.micro_batch.Source": "a Protocol: there is nothing to run",
    "interestclock.streams.micro_batch.LiveSource": "a Protocol: there is nothing to run",
    "interestclock.streams.micro_batch.Rereadable": "a Protocol: there is nothing to run",
    "interestclock.live.checkpoints.CheckpointManifest": "a part of a checkpoint",
    "interestclock.live.live_trainer.LiveTrainer": "made and fed by LiveRun, whose example runs one",
    "interestclock.operations.telemetry.StatusNumbers": "what Telemetry gives",
    "interestclock.training.learner.Prediction": "what Learner.predict returns",
    "interestclock.training.run.RunCost": "what run_ranker returns",
    "interestclock.training.run.RunProgress": "what run_ranker tells on its way",
    "interestclock.training.trainer.PredictedBatch": "what a Recorder is told",
    "interestclock.training.trainer.Recorder": "a Protocol: there is nothing to run",
}
# What asks the clock on the wall for the date; clocks that no one sets, monotonic ones, are free to all.
WALL = {
    "time": {
        "time",
        "time_ns",
        "clock_gettime",
        "clock_gettime_ns",
        "localtime",
        "gmtime",
        "ctime",
        "strftime",
    },
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
}


def modules() -> Iterator[ModuleType]:
    yield interestclock
    for found in pkgutil.walk_packages(interestclock.__path__, prefix="interestclock."):
        yield importlib.import_module(found.name)


def named_objects(some: Iterable[ModuleType]) -> dict[str, object]:
    """Classes and functions of the modules' ``__all__``, by the name of the module that defines them."""
    return {
        f"{thing.__module__}.{thing.__qualname__}": thing
        for module in some
        for thing in (getattr(module, name) for name in getattr(module, "__all__", ()))
        if inspect.isclass(thing) or inspect.isroutine(thing)
    }


def exported_objects() -> dict[str, object]:
    """What users import: the names of each package and of the modules beside them."""
    return named_objects(
        module
        for module in modules()
        if module.__name__.count(".") <= 1 and module.__name__ not in NOT_IN_THE_API
    )


def defines_names(module: ModuleType) -> bool:
    """Whether a class or function without a leading underscore is written in this very module."""
    return any(
        getattr(thing, "__module__", None) == module.__name__ and not name.startswith("_")
        for name, thing in vars(module).items()
        if inspect.isclass(thing) or inspect.isroutine(thing)
    )


def headings() -> list[str]:
    return VERSION_HEADING.findall((REPOSITORY / "CHANGELOG.md").read_text())


def shown_commands() -> list[tuple[str, str]]:
    """Page and command line of every ``interestclock ...`` a page shows, continued lines joined."""
    return [
        (page.name, command.strip())
        for page in PAGES
        for command in COMMAND.findall(page.read_text().replace("\\\n", " "))
    ]


def shown_blocks(language: str) -> list[tuple[str, str]]:
    """Page and content of every fenced block in a language."""
    fenced = re.compile(rf"^```{language}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return [(page.name, block) for page in PAGES for block in fenced.findall(page.read_text())]


def shown_scripts() -> list[tuple[str, str]]:
    """Python that runs by itself; the files of ``own-clock.md`` are run as files, by ``test_own_code.py``."""
    return [(page, code) for page, code in shown_blocks("python") if page != "own-clock.md"]


def test_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert project["version"] == interestclock.__version__ == headings()[1]


def test_changelog_begins_with_unreleased() -> None:
    assert headings()[0] == "Unreleased"


def test_every_module_names_what_is_public() -> None:
    silent = {
        module.__name__ for module in modules() if defines_names(module) and not hasattr(module, "__all__")
    }
    assert silent == set()


def test_every_module_and_public_name_is_documented() -> None:
    documented = {**{module.__name__: module for module in modules()}, **named_objects(modules())}
    assert [name for name, thing in documented.items() if not own_docstring(thing)] == []


def test_every_exported_name_has_an_example_that_is_run() -> None:
    bare = {name for name, thing in exported_objects().items() if ">>>" not in own_docstring(thing)}
    assert bare - NO_EXAMPLE.keys() == set(), "write an Example, or name the reason in NO_EXAMPLE"


def test_no_excuse_outlives_its_reason() -> None:
    objects = exported_objects()
    assert [name for name in NO_EXAMPLE if name not in objects or ">>>" in own_docstring(objects[name])] == []


def asks_the_wall(source: str) -> list[str]:
    """Names in a module that tell the date, however they were imported."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module in WALL:
            found += [each.name for each in node.names if each.name in WALL[node.module]]
        if isinstance(node, ast.Attribute):
            owner = (
                node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            )
            found += [f"{owner}.{node.attr}"] if node.attr in WALL.get(owner, ()) else []
    return found


def test_the_date_comes_from_one_place() -> None:
    """What is learned must not depend on when: whoever needs to know is given a ``timeofday.TimeSource``."""
    askers = {
        path.name: found
        for path in sorted((REPOSITORY / "src").rglob("*.py"))
        if (found := asks_the_wall(path.read_text(encoding="utf-8")))
    }
    assert askers == {"time_source.py": ["time.time_ns"]}


@pytest.mark.parametrize(
    "asking",
    [
        "import time\ntime.time()",
        "from time import time_ns",
        "import time\nask = time.time",
        "import datetime\ndatetime.datetime.now()",
        "from datetime import date\ndate.today()",
    ],
)
def test_whoever_asks_for_the_date_is_found(asking: str) -> None:
    assert asks_the_wall(asking) != []
    assert asks_the_wall("import time\ntime.monotonic()\ndatetime.fromtimestamp(0)") == []


def test_every_package_has_a_page_in_the_api() -> None:
    listed = re.findall(
        r"^   (interestclock\.\w+)$", (REPOSITORY / "docs" / "api.md").read_text(), re.MULTILINE
    )
    packages = {found.name for found in pkgutil.iter_modules(interestclock.__path__, prefix="interestclock.")}
    assert set(listed) == packages - NOT_IN_THE_API


def test_an_installed_package_has_every_file() -> None:
    data = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    package = REPOSITORY / "src" / "interestclock"
    taken = {
        file
        for name, patterns in data.items()
        for pattern in patterns
        for file in (REPOSITORY / "src" / name.replace(".", "/")).glob(pattern)
    }
    there = {file for file in package.rglob("*") if file.is_file() and "__pycache__" not in file.parts}
    assert {file.name for file in there - taken if file.suffix != ".py"} == set()


def test_every_page_linked_to_exists() -> None:
    links = [
        (page, target.split("#")[0])
        for page in [*PAGES, *REPOSITORY.glob("*.md"), *REPOSITORY.glob("benchmarks/*.md")]
        for target in LINK.findall(page.read_text())
        if not target.startswith(("http", "#"))
    ]
    assert [f"{page.name}: {target}" for page, target in links if not (page.parent / target).exists()] == []


def test_no_page_of_the_docs_links_to_a_page_outside() -> None:
    """Pages are built from docs/ alone, and a link to another Markdown file ends that."""
    docs = REPOSITORY / "docs"
    outside = {
        f"{page.relative_to(docs)}: {target}"
        for page in docs.rglob("*.md")
        for target in LINK.findall(page.read_text(encoding="utf-8"))
        if target.split("#")[0].endswith(".md") and not target.startswith("http")
        if not (page.parent / target.split("#")[0]).resolve().is_relative_to(docs)
    }
    assert outside == set()


@pytest.fixture(scope="module")
def folder_with_features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which ``interestclock features`` has just been run: ids are text, some labels missing."""
    folder = tmp_path_factory.mktemp("pages")
    lines = [
        f"user {i % 5},song {i % 40},{1_700_000_000 + i * 1_800},{('1', '0', '')[i % 3]},genre {i % 7}"
        for i in range(400)
    ]
    (folder / "log.csv").write_text("user_id,item_id,timestamp_ms,finish,genre\n" + "\n".join(lines) + "\n")
    pq.write_table(csv.read_csv(folder / "log.csv"), folder / "plays.parquet")
    (folder / "plays.toml").write_text(
        'zone = "UTC"\n[labels]\nfinish = "finish"\n[attributes]\ngenre = "genre"\n'
    )
    log = open_log(folder / "plays.parquet", mapping=ColumnMapping.from_toml(folder / "plays.toml"))
    export_features(log, folder / "features", config=PrepareConfig())
    return folder


def test_the_page_on_logs_lists_every_key_of_a_mapping() -> None:
    keys_page = docs_module("keys")
    page = (REPOSITORY / "docs" / "logs.md").read_text()
    assert keys_page.with_table(page) == page, "write the table anew: python docs/keys.py"
    listed = re.findall(r"^\| `([\w.]+?)(?:\.NAME)?` \|", page, re.MULTILINE)
    assert [name for name in ColumnMapping.__struct_fields__ if name not in listed] == []
    assert {"labels.NAME.expression", "csv.quoted"} <= set(listed)


@pytest.mark.parametrize(("page", "code"), shown_scripts())
def test_python_shown_runs(
    page: str, code: str, folder_with_features: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder_with_features)
    exec(compile(code, page, "exec"), {})


@pytest.mark.parametrize(("page", "mapping"), shown_blocks("toml"))
def test_mappings_and_lineups_shown_are_read(page: str, mapping: str, tmp_path: Path) -> None:
    file = tmp_path / page.replace(".md", ".toml")
    file.write_text(mapping)
    if mapping.startswith("[base]"):
        assert read_lineup(file)
    else:
        ColumnMapping.from_toml(file).schema()


@pytest.mark.parametrize(("page", "command"), shown_commands())
def test_every_command_shown_exists_with_its_options(page: str, command: str) -> None:
    commands = command_options()
    words = shlex.split(command)[1:]
    name = " ".join(words[:2]) if " ".join(words[:2]) in commands else words[0]
    assert name in commands, f"{page}: interestclock has no command '{name}'"
    shown = {word.split("=")[0] for word in words if word.startswith("--")}
    assert shown - commands[name] == set(), f"{page}: options that 'interestclock {name}' lacks"


def docs_module(name: str) -> ModuleType:
    """A script that writes a part of the pages."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", REPOSITORY / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def own_docstring(thing: object) -> str:
    """The docstring written on the object itself; a base class's does not count."""
    return thing.__dict__.get("__doc__") or "" if inspect.isclass(thing) else (thing.__doc__ or "")
