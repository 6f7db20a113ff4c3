"""``python docs/notebooks.py`` runs the notebooks, keeps what they print, and writes a page of each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

DOCS = Path(__file__).parent
PAGES = {"own-log": "notebook-log.md", "own-model": "notebook-model.md"}
_SECONDS = 300


def notebook_file(name: str) -> Path:
    """Where a notebook lies."""
    return DOCS / "notebooks" / f"{name}.ipynb"


def executed(name: str) -> NotebookNode:
    """A notebook as it is when it has just been run from top to bottom.

    Raises:
        CellExecutionError: a cell fails.
    """
    notebook = nbformat.read(notebook_file(name), as_version=4)
    client = NotebookClient(notebook, timeout=_SECONDS, kernel_name="python3", record_timing=False)
    client.execute(env=os.environ | {"OMP_NUM_THREADS": "1"})  # figures are those of one thread anywhere
    notebook.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    return notebook


def printed(notebook: NotebookNode) -> list[str]:
    """What each cell of code printed, and what its last line came to, as text."""
    return ["".join(_texts(cell)) for cell in notebook.cells if cell.cell_type == "code"]


def page(notebook: NotebookNode, name: str) -> str:
    """A notebook in Markdown: its text, its code, and what that printed."""
    parts = [f"<!-- made of notebooks/{name}.ipynb by: python docs/notebooks.py -->"]
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
            continue
        parts.append(f"```python3\n{cell.source}\n```")
        output = "".join(_texts(cell)).rstrip()
        if output:
            parts.append(f"```text\n{output}\n```")
    return "\n\n".join(parts) + "\n"


def _texts(cell: NotebookNode) -> Iterator[str]:
    for output in cell.outputs:
        if output.output_type == "stream":
            yield output.text
        elif "text/plain" in output.get("data", {}):
            yield output.data["text/plain"]


def _write(name: str) -> None:
    notebook = executed(name)
    nbformat.write(notebook, notebook_file(name))
    (DOCS / PAGES[name]).write_text(page(notebook, name), encoding="utf-8")


if __name__ == "__main__":
    for each in PAGES:
        _write(each)
