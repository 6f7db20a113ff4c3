"""It runs in a package that cannot be written, without a home, and without modules of POSIX alone."""

from __future__ import annotations

import json
import os
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from elsewhere import PACKAGE, Surroundings, as_no_one, block_posix, read_only_copy, without_powers

import interestclock
from interestclock.simulator import SimulatorSize, write_simulated_log

TINY = SimulatorSize(users=5, items=200, days=12, exposures_per_day=40)
COMPARE = (
    "compare",
    "log",
    "--rankers",
    "longterm",
    "--seeds",
    "1",
    "--replicates",
    "10",
    "--out",
    "results",
)
TRAIN = ("train", "log", "--checkpoints", "trainer", "--ranker", "gaussian")
# With a HOME that cannot be made; and with none, by a user id that is in no list of users.
anyone = pytest.mark.parametrize("homeless", ["no home", "no one"], indirect=True)
IMPORT_ALL = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
for name in ("fcntl", "grp", "pwd", "resource", "termios"):
    assert name not in sys.modules, name
"""


def every_module() -> list[str]:
    found = pkgutil.walk_packages(interestclock.__path__, prefix="interestclock.")
    return ["interestclock", *(each.name for each in found)]


@pytest.fixture(scope="module")
def install(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("install")
    copy = read_only_copy(folder)
    yield copy
    for path in [copy, *copy.rglob("*")]:  # so that pytest can remove it
        path.chmod(0o755)


@pytest.fixture
def homeless(request: pytest.FixtureRequest, install: Path, tmp_path: Path) -> Surroundings:
    """A read-only install, for a user who can write in the working directory alone."""
    before = as_no_one() if request.param == "no one" else without_powers()
    if before is None:
        pytest.skip("needs root" if request.param == "no one" else "needs setpriv, or a user who is not root")
    home = {} if request.param == "no one" else {"HOME": str(install / "home")}
    tmp_path.chmod(0o777)
    there = Surroundings(folder=tmp_path, path=install, before=before, environment=home)
    assert there.python("-c", f"open({str(install / 'file')!r}, 'w')").returncode == 1
    return there


@pytest.fixture
def posixless(tmp_path: Path) -> Surroundings:
    path = f"{block_posix(tmp_path / 'site')}{os.pathsep}{PACKAGE.parent}"
    return Surroundings(folder=tmp_path, path=Path(path))


@anyone
def test_a_user_without_a_home_sees_version_and_help(homeless: Surroundings) -> None:
    assert homeless.command("--version").strip() == f"interestclock {interestclock.__version__}"
    assert "compare" in homeless.command("--help")
    assert "--rankers" in homeless.command("compare", "--help")


@anyone
def test_every_module_is_imported_without_a_home(homeless: Surroundings) -> None:
    modules = [name for name in every_module() if name != "interestclock.__main__"]
    done = homeless.python(
        "-c", "import importlib, sys; [importlib.import_module(m) for m in sys.argv[1:]]", *modules
    )
    assert done.returncode == 0, done.stderr
    assert list(homeless.folder.iterdir()) == []  # no folder named ~ either


@pytest.mark.parametrize(
    ("homeless", "kept"),
    [
        ("no home", False),
        ("no home", True),
        ("no one", False),
    ],
    indirect=["homeless"],
)
@pytest.mark.slow
def test_commands_run_without_a_home(homeless: Surroundings, kept: bool) -> None:
    if kept:
        homeless.environment["NUMBA_CACHE_DIR"] = str(homeless.folder / "kept")
    write_simulated_log(homeless.folder / "log", size=TINY)
    assert "genre" in homeless.command("inspect", "log")
    assert "longterm" in homeless.command(*COMPARE)
    assert "learned" in homeless.command(*TRAIN)
    assert set(json.loads((homeless.folder / "results" / "results.json").read_text())["rankers"]) == {
        "longterm"
    }
    assert {path.name for path in homeless.folder.iterdir()} == {
        "log",
        "results",
        "trainer",
        *["kept"] * kept,
    }
    assert bool(list(homeless.folder.glob("kept/*/*.nbi"))) == kept


@anyone
def test_a_log_is_simulated_without_a_home(homeless: Surroundings) -> None:
    assert "exposures" in homeless.command("simulate", "--size", "tiny", "--out", "log")


def test_every_module_is_imported_without_posix(posixless: Surroundings) -> None:
    done = posixless.python("-c", IMPORT_ALL, *every_module())
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_comparison_runs_without_posix(posixless: Surroundings) -> None:
    write_simulated_log(posixless.folder / "log", size=TINY)
    assert "longterm" in posixless.command(*COMPARE, "--jobs", "2")
    results = json.loads((posixless.folder / "results" / "results.json").read_text())
    assert set(results["rankers"]) == {"longterm"}


def test_what_is_blocked_would_be_noticed(posixless: Surroundings) -> None:
    ask = "import multiprocessing as m\nif __name__ == '__main__': {}"
    for way in (
        "__import__('fcntl')",
        "m.get_context('spawn').Process(target=__import__, args=('pwd',)).start()",
    ):
        assert "No module named" in posixless.python("-c", ask.format(way)).stderr
