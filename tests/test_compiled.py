"""A change in any compiled loop is compiled, wherever it is called from."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import interestclock
from interestclock.compiled import _DIGEST, SOURCES, _digest
from interestclock.search.selection import keys_for, room_for, select_row

PACKAGE = Path(interestclock.__file__).parent


def test_every_file_with_compiled_loops_is_known() -> None:
    uses = re.compile(r"^(from|import) (numba|llvmlite|interestclock\.compiled)\b", re.MULTILINE)
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if uses.search(path.read_text(encoding="utf-8"))
    }
    assert found - set(SOURCES) == set()


@pytest.mark.parametrize("source", SOURCES)
def test_what_compiled_loops_use_of_other_files_is_known(source: str) -> None:
    """Names in their bodies, and in what is set beside them, come from files that are known too."""
    tree = ast.parse((PACKAGE / source).read_text(encoding="utf-8"))
    came_from = {
        name.name: f"{node.module.removeprefix('interestclock.').replace('.', '/')}.py"
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("interestclock.")
        for name in node.names
    }
    used = {
        each.id
        for node in tree.body
        if _is_compiled(node) or isinstance(node, ast.Assign | ast.AnnAssign)
        for part in (node.body if isinstance(node, ast.FunctionDef) else [node.value])
        for each in ast.walk(part)
        if isinstance(each, ast.Name)
    }
    assert {came_from[name] for name in used & came_from.keys()} <= set(SOURCES)


def _is_compiled(node: ast.stmt) -> bool:
    decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    return any(isinstance(each, ast.Call) and ast.unparse(each.func) == "compiled" for each in decorators)


@pytest.mark.parametrize("changed", SOURCES)
def test_the_digest_is_of_all(changed: str, tmp_path: Path) -> None:
    for name in SOURCES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PACKAGE / name, tmp_path / name)
    assert _digest(tmp_path) == _DIGEST
    with (tmp_path / changed).open("a") as file:
        file.write("#")
    assert _digest(tmp_path) != _DIGEST


def test_what_is_kept_on_disk_is_named_after_it() -> None:
    row = np.array([1.0, 3.0, 2.0], np.float32)
    select_row(row, np.zeros_like(row), 2, room_for(3, 2), keys_for(1, 2)[0])
    kept = list(Path(select_row.stats.cache_path).glob(f"selection.select_row_{_DIGEST}-*.nbi"))
    assert len(kept) == 1


@pytest.mark.slow
def test_a_loop_that_another_file_calls_is_compiled_again(tmp_path: Path) -> None:
    shutil.copytree(PACKAGE, tmp_path / "interestclock", ignore=shutil.ignore_patterns("__pycache__"))
    ask = (
        "import torch; from interestclock.search import search_request; one = torch.ones(1, 1); "
        "print(search_request(one, one, torch.zeros(1), top_k=1).present_BK.item())"
    )

    def answer() -> str:
        asked = [sys.executable, "-c", ask]
        return subprocess.run(
            asked, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, check=True, capture_output=True, text=True
        ).stdout.strip()

    assert answer() == "True"
    selection = tmp_path / "interestclock" / "search" / "selection.py"
    text, start = (
        selection.read_text(encoding="utf-8"),
        "    length = product_L.shape[0]\n    if not length:\n",
    )
    assert start in text
    selection.write_text(text.replace(start, "    length = 0\n    if not length:\n"), encoding="utf-8")
    assert answer() == "False"
