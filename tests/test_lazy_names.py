"""``import interestclock`` costs next to nothing, and offers what is public and nothing else."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import interestclock

HEAVY = {"torch", "pyarrow", "duckdb", "numpy", "msgspec", "rich", "typer", "pandas", "narwhals", "numba"}


def test_importing_it_imports_nothing_that_takes_long() -> None:
    ask = "import sys, interestclock as c; dir(c); print(sorted(set(sys.argv) & set(sys.modules)))"
    said = subprocess.run([sys.executable, "-c", ask, *HEAVY], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"


def test_every_name_is_the_packages_own_and_no_other_is_shown() -> None:
    assert sorted(interestclock.__all__) == interestclock.__all__
    assert dir(interestclock) == sorted([*interestclock.__all__, "__version__"])
    for name in interestclock.__all__:
        thing = getattr(interestclock, name)
        home = importlib.import_module(".".join(thing.__module__.split(".")[:2]))
        assert getattr(home, name) is thing
        assert name in home.__all__ or home.__name__ == "interestclock.mapping_keys"


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'interestclock' has no attribute 'Gausian'"):
        interestclock.Gausian  # type: ignore[attr-defined]  # noqa: B018


def test_every_name_stands_on_the_page() -> None:
    page = (Path(__file__).parent.parent / "docs" / "python.md").read_text(encoding="utf-8")
    assert [name for name in interestclock.__all__ if not re.search(rf"\b{name}\b", page)] == []
