"""Every benchmark can be started: what it imports is there, and it says what its options are."""

from __future__ import annotations

import importlib
import sys
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
BENCHMARKS = REPOSITORY / "benchmarks"
OPTIONAL = {"faiss", "matplotlib", "pydantic", "torch_rechub"}  # of the extra "bench"
MAIN = '\nif __name__ == "__main__":\n'


def benchmark(name: str, monkeypatch: pytest.MonkeyPatch) -> object:
    """The module, which may import others beside it; what an optional package is missing for is skipped."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    for each in BENCHMARKS.glob("*.py"):
        monkeypatch.delitem(sys.modules, each.stem, raising=False)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in OPTIONAL:
            raise
        pytest.skip(f"{name} needs {error.name}, which is not installed")


@pytest.mark.parametrize("name", sorted(each.stem for each in BENCHMARKS.glob("*.py")))
def test_it_imports_and_says_what_its_options_are(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = benchmark(name, monkeypatch)
    if MAIN not in (BENCHMARKS / f"{name}.py").read_text(encoding="utf-8"):
        return  # imported by others
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--help"])
    with pytest.raises(SystemExit) as ended:
        found.main()  # type: ignore[attr-defined]
    assert ended.value.code == 0
    assert f"usage: {name}.py" in capsys.readouterr().out


def test_optional_packages_are_those_of_the_extra() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extra = {each.partition(">")[0].partition("=")[0] for each in project["optional-dependencies"]["bench"]}
    assert {each.replace("-cpu", "").replace("-", "_") for each in extra} == OPTIONAL
