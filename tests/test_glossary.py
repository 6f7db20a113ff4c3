"""The glossary names what is there, and the code keeps to its words."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
SOURCE = REPOSITORY / "src" / "interestclock"
PAGE = (REPOSITORY / "docs" / "glossary.md").read_text(encoding="utf-8")

# Words of a private language, each with the one to use: as a name in the code, whole or as a part of it.
PRIVATE = {
    "accounts": "counters",
    "came": "new, added, received",
    "told": "described",
    "asked": "requested",
    "dial": "hourly_profile",
    "ground": "evaluation_rows",
    "hear": "ingest",
    "heard": "received",
    "lesson": "pending_batch",
    "peer": "baseline",
    "peers": "baselines",
    "said": "what it is: config, fields, manifest",
    "sight": "observe",
    "sightings": "min_count",
    "spoke": "active_partitions",
    "stretch": "span",
    "stretches": "spans",
}
# Methods of libraries have these words (``table.take``): held to them is what a module defines, and what its
# docstrings quote.
PRIVATE_WHERE_DEFINED = {
    "arrivals": "micro-batches; numbers of them: arrival_N",
    "cut": "boundary, offset_ranges; of a file: truncate",
    "cuts": "boundaries, offset_ranges",
    "take": "ingest, process, select, acquire, drain",
    "takes": "ingests",
    "took": "received",
}
QUOTED = re.compile(r"``([A-Za-z_][\w.]*)(?:\(\))?``")


def names_in(source: str) -> set[str]:
    """All names that a module gives to something, or uses."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.arg | ast.keyword) and node.arg:
            names.add(node.arg)
    return names


def defined_in(source: str) -> set[str]:
    """Names of functions, classes, arguments, fields and attributes that a module defines."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.id if isinstance(node, ast.Name) else node.attr)
    return names


def quoted_in(source: str) -> set[str]:
    """Names that docstrings quote as code: ``name``, ``part.name``, ``name()``."""
    documented = ast.Module | ast.FunctionDef | ast.ClassDef
    texts = [
        ast.get_docstring(node) or "" for node in ast.walk(ast.parse(source)) if isinstance(node, documented)
    ]
    return {name for text in texts for name in QUOTED.findall(text)}


def parts_of(name: str) -> set[str]:
    return {part.lower() for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def private_words(source: str) -> set[str]:
    """Names of a module with a private word in them."""
    used = {name for name in names_in(source) if PRIVATE.keys() & parts_of(name)}
    own = defined_in(source) | quoted_in(source)
    return used | {name for name in own if PRIVATE_WHERE_DEFINED.keys() & parts_of(name)}


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([a-z_0-9/]+(?:\.py|/))`", PAGE))))
def test_every_path_it_names_exists(path: str) -> None:
    assert (SOURCE / path).exists()


def test_every_class_it_names_is_in_the_code() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py"))
    named = set(re.findall(r"`([A-Z]\w+[a-z]\w*)`", PAGE))
    assert named - set(re.findall(r"^class (\w+)", code, re.MULTILINE)) == set()
    assert len(named) >= 3


def test_no_name_in_the_code_is_of_a_private_language() -> None:
    found = {
        f"{path.relative_to(SOURCE)}: {name}"
        for path in SOURCE.rglob("*.py")
        for name in private_words(path.read_text(encoding="utf-8"))
    }
    assert found == set()


def test_a_private_word_would_be_seen() -> None:
    assert private_words("def _tell_accounts(said): pass") == {"_tell_accounts", "said"}
    assert private_words("background = counters") == set()
    assert private_words("class A:\n    def take_all(self, cut): self.arrivals = 1") == {
        "take_all",
        "cut",
        "arrivals",
    }
    assert private_words("rows = table.take(index)") == set()
    assert private_words(
        'def f():\n    """As ``take`` and ``log.cut_back()``; ``a.take(b)`` is another\'s."""'
    ) == {
        "take",
        "log.cut_back",
    }


LEGEND = {
    letter: [word.strip() for word in words.split(",") if word.strip()]
    for letter, words in re.findall(r"^\| `([A-Z])` \|[^|]*\|([^|]*)\|$", PAGE, re.MULTILINE)
}
LOCAL = set("CGOPTWY")


def shape_letters(source: str) -> set[str]:
    """Letters in the shapes that names carry."""
    shapes = (re.fullmatch(r"_?[a-z][a-z_0-9]*_([A-Z0-9]{1,6})", name) for name in names_in(source))
    return {letter for shape in shapes if shape for letter in shape[1] if letter.isalpha()}


def explained(source: str) -> dict[str, str]:
    """What the top of a file says of letters, in a comment (``# Shapes: B candidates``) or its docstring."""
    lines = re.findall(r"^(?:# Shapes|Shapes|Axes): (.*(?:\n(?!\"\"\"|$).*)*)", source, re.MULTILINE)
    text = " ".join(lines).replace("\n#", "").replace("\n", " ").replace("``", "")
    return dict(re.findall(r"(?<!\w)([A-Z])(?: = | )([^,;.]+)", text))


def texts_in(source: str) -> str:
    """All texts of a module: docstrings, errors."""
    nodes = ast.walk(ast.parse(source))
    return "\n".join(n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str))


def faults_of_letters(source: str) -> set[str]:
    """Letters that a file uses and that mean nothing, or something else than in the legend."""
    meanings, faults = explained(source), set()
    for letter, words in LEGEND.items():
        if letter in meanings and words and not any(word in meanings[letter] for word in words):
            faults.add(f"{letter} is {meanings[letter]}")
    for word, letter in re.findall(
        r"(?<!\w)(\w+): ([A-Z])[,.](?=\s)", texts_in(source)
    ):  # heads: Q, of which
        letters = {each for each, words in LEGEND.items() if any(word in called.split() for called in words)}
        if letters and letter not in letters:
            faults.add(f"{letter} is {word}")
    return faults | {
        f"{letter} is not explained" for letter in (shape_letters(source) & LOCAL) - meanings.keys()
    }


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCE)))
def test_letters_of_shapes_mean_what_the_legend_says(path: Path) -> None:
    assert faults_of_letters(path.read_text(encoding="utf-8")) == set()


def test_a_letter_with_another_meaning_would_be_seen() -> None:
    assert LEGEND.keys() | LOCAL == set("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    assert faults_of_letters("# Shapes: B heads, W wide.\na_BW = 1") == {"B is heads"}
    assert faults_of_letters('"""Args:\n    heads: A. users: U, of\n"""') == {"A is heads"}
    assert faults_of_letters("# Shapes: B\n# candidates.\na_BW = 1") == {"W is not explained"}
    assert faults_of_letters('"""Metrics.\n\nAxes: ``N`` rows, ``P`` positives.\n"""\na_PN = 1') == set()
