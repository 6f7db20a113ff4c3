"""The notebooks run from top to bottom, print what they show, and their pages show the same."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import nbformat
import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def notebooks_script() -> ModuleType:
    """``docs/notebooks.py``, which makes the pages."""
    spec = importlib.util.spec_from_file_location("docs_notebooks", DOCS / "notebooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


NOTEBOOKS = notebooks_script()


def numbers(text: str) -> list[float]:
    return [float(each.replace(",", "")) for each in NUMBER.findall(text)]


def test_each_notebook_has_a_page() -> None:
    assert {path.stem for path in (DOCS / "notebooks").glob("*.ipynb")} == set(NOTEBOOKS.PAGES)


@pytest.mark.parametrize("name", NOTEBOOKS.PAGES)
def test_its_page_is_made_of_it(name: str) -> None:
    stored = nbformat.read(NOTEBOOKS.notebook_file(name), as_version=4)
    page = (DOCS / NOTEBOOKS.PAGES[name]).read_text(encoding="utf-8")
    assert NOTEBOOKS.page(stored, name) == page, "make it anew: python docs/notebooks.py"


@pytest.mark.filterwarnings("default")  # of what runs notebooks
@pytest.mark.parametrize("name", NOTEBOOKS.PAGES)
def test_it_runs_and_prints_what_it_shows(name: str) -> None:
    """Words to the letter, and figures as close as another processor's rounding lets them be."""
    stored = NOTEBOOKS.printed(nbformat.read(NOTEBOOKS.notebook_file(name), as_version=4))
    fresh = NOTEBOOKS.printed(NOTEBOOKS.executed(name))
    assert [NUMBER.sub("#", each) for each in fresh] == [NUMBER.sub("#", each) for each in stored]
    for cell, (first, second) in enumerate(zip(fresh, stored, strict=True)):
        assert numbers(first) == pytest.approx(numbers(second), rel=0.02, abs=0.011), f"cell {cell}"
