"""Names of the user's own code: what is one, what is found under it, and what is said when it is not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from interestclock.errors import ConfigError, LogError
from interestclock.plugins import (
    import_named,
    instead_of_a_file,
    is_named,
    look_in_current_folder,
    make_named,
)

MODULE = """
from interestclock.errors import LogError

class Outer:
    class Inner:
        pass

def needs(argument):
    return argument

def refuses():
    raise LogError("no rows")

def ends():
    raise SystemExit

number = 3
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "some_code.py").write_text(MODULE)
    (tmp_path / "broken_code.py").write_text("1 / 0\n")
    (tmp_path / "ending_code.py").write_text("import sys\nsys.exit(3)\n")
    (tmp_path / "needy_code.py").write_text("import a_package_that_is_missing\n")
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    for name in ("some_code", "broken_code", "ending_code", "needy_code"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("a:B", True),
        ("a.b.c:D.E", True),
        ("ä:Ö", True),
        ("a", False),
        ("a:", False),
        (":B", False),
        ("a:b:c", False),
        ("C:/logs/plays.csv", False),
        ("redis://host:6379/plays", False),
        ("a/b:C", False),
        ("1a:B", False),
        ("a..b:C", False),
        ("a:B\n", False),
    ],
)
def test_what_reads_as_a_name(text: str, named: bool) -> None:
    assert is_named(text) is named


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("acme/fresh.py:FreshConfig", "; write acme.fresh:FreshConfig"),
        ("./acme/fresh.py:fresh", "; write acme.fresh:fresh"),
        ("acme\\fresh.py:Fresh.Inner", "; write acme.fresh:Fresh.Inner"),
        ("fresh.py:Fresh", "; write fresh:Fresh"),
        (
            "../fresh.py:Fresh",
            "; write it as package.module:Name, and go to the folder that holds the package",
        ),
        ("acme/fresh.py", ""),
        ("redis://host:1/fresh.py", ""),
        ("base", ""),
    ],
)
def test_how_a_name_in_a_file_is_written(text: str, hint: str) -> None:
    assert instead_of_a_file(text) == hint


def test_a_name_in_a_class_is_found(folder: Path) -> None:
    look_in_current_folder("some_code:Outer")
    assert import_named("some_code:Outer.Inner").__qualname__ == "Outer.Inner"
    assert type(make_named("some_code:Outer.Inner")) is import_named("some_code:Outer.Inner")


def test_the_current_folder_is_looked_at_only_for_names(folder: Path) -> None:
    sys.path[:] = [each for each in sys.path if each not in ("", str(folder))]
    before = list(sys.path)
    look_in_current_folder("base", "plays.csv", "kafka://host:1/topic")
    assert sys.path == before
    for _ in range(2):
        look_in_current_folder("base", "some_code:Outer")
        assert sys.path == [*before, str(folder)]


def test_the_current_folder_shadows_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "random.py").write_text("raise RuntimeError('not the one of Python')\n")
    monkeypatch.delitem(sys.modules, "random")
    look_in_current_folder("some_code:Outer")
    assert import_named("random:Random").__module__ == "random"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("some code", "'some code' does not read as package.module:Name"),
        ("acme/fresh.py:Outer", r"does not read as package\.module:Name; write acme\.fresh:Outer$"),
        (
            "nowhere_at_all:My",
            "no module 'nowhere_at_all' for nowhere_at_all:My; modules are looked for among",
        ),
        ("some_code.inner:My", r"some_code\.inner:My"),
        ("some_code:Outr", r"module some_code has no 'Outr' \(did you mean Outer\?\)"),
        ("some_code:Nope", r"module some_code has no 'Nope'; it has Outer, needs, refuses, ends$"),
        ("some_code:Outer.Other", "has no 'Other'$"),
        (
            "some_code.py:Outer",
            r"no module 'some_code\.py' .* in the current folder; write some_code:Outer$",
        ),
        ("broken_code:My", r"importing broken_code failed \(ZeroDivisionError: .*mend it"),
        ("ending_code:My", r"importing ending_code failed \(SystemExit: 3\); mend it"),
        ("some_code:ends", r"some_code:ends\(\) failed \(SystemExit: "),
        ("needy_code:My", r"importing needy_code failed \(ModuleNotFoundError: .*a_package_that_is_missing"),
        ("some_code:number", "some_code:number is 3; name a class, or a function without arguments"),
        ("some_code:needs", r"some_code:needs\(\) failed \(TypeError: .*give each of them a default"),
    ],
)
def test_what_is_not_there_is_said(name: str, reason: str) -> None:
    look_in_current_folder("some_code:Outer")
    with pytest.raises(ConfigError, match=reason):
        make_named(name)


def test_what_it_refuses_itself_is_passed_on() -> None:
    look_in_current_folder("some_code:Outer")
    with pytest.raises(LogError, match="no rows"):
        make_named("some_code:refuses")
