"""The page on architecture names what is there, and leaves no package out."""

from __future__ import annotations

import pkgutil
import re
from pathlib import Path

import pytest

import interestclock

REPOSITORY = Path(__file__).resolve().parent.parent
SOURCE = REPOSITORY / "src" / "interestclock"
PAGE = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
NO_FILES = {"src/interestclock/", "clocks/your_clock.py", "sequences/your_baseline.py"}
PATHS = sorted(set(re.findall(r"`([a-z_0-9/]+(?:\.py|/))`", PAGE)) - NO_FILES)


@pytest.mark.parametrize("path", PATHS)
def test_every_path_it_names_exists(path: str) -> None:
    assert (SOURCE / path).exists() or (REPOSITORY / path).exists()


@pytest.mark.parametrize(("path", "name"), re.findall(r"`([a-z_/]+\.py)` \(`([\w.]+)`\)", PAGE))
def test_what_it_names_beside_a_file_is_defined_there(path: str, name: str) -> None:
    code = (SOURCE / path).read_text(encoding="utf-8")
    for part in name.split("."):
        assert re.search(rf"^ *(?:(?:class|def) {part}\b|{part} = )", code, re.MULTILINE)


def test_every_folder_answers_a_question() -> None:
    answers = set(re.findall(r"^\| `([a-z_]+)/` \|", PAGE, re.MULTILINE))
    packages = {found.name for found in pkgutil.iter_modules(interestclock.__path__) if found.ispkg}
    assert answers == packages


def test_every_class_and_function_it_names_is_in_the_code() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py"))
    defined = set(re.findall(r"^ *(?:(?:class|def) |(?=\w+ = ))(\w+)", code, re.MULTILINE))
    named = {part for name in re.findall(r"`([A-Z]\w+[a-z]\w*(?:\.\w+)?)`", PAGE) for part in name.split(".")}
    assert named - defined == set()
    assert len(named) > 20
