"""How long the command takes to say something, beside an empty Typer program.

    python benchmarks/startup.py --rounds 20

Each program takes its turn in every round, as a process of its own; figures are medians over the rounds.
The first round, in which files come into memory, does not count.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from machine import machine
from rich.console import Console
from rich.table import Table

EMPTY = """
import typer
app = typer.Typer()

@app.command()
def nothing() -> None:
    pass

app()
"""
OURS = "import sys; sys.argv[0] = 'interestclock'; from interestclock.cli import main; main()"
PROGRAMS = {
    "empty Typer program, --help": [EMPTY, "--help"],
    "import interestclock": ["import interestclock"],
    "interestclock --version": [OURS, "--version"],
    "interestclock --help": [OURS, "--help"],
    "interestclock compare --help": [OURS, "compare", "--help"],
    "interestclock train --help": [OURS, "train", "--help"],
}
BESIDE = next(iter(PROGRAMS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument("--rounds", type=int, default=20)
    seconds = measured(parser.parse_args().rounds)
    medians = {name: statistics.median(each) for name, each in seconds.items()}
    table = Table("program", "seconds", f"times {BESIDE}")
    for name, median in medians.items():
        table.add_row(name, f"{median:.3f}", f"{median / medians[BESIDE]:.2f}")
    Console().print(table)
    if path := parser.parse_args().json:
        path.write_text(json.dumps({"machine": machine("typer"), "median_seconds": medians}, indent=1) + "\n")


def measured(rounds: int) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for turn in range(rounds + 1):
        for name, program in PROGRAMS.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", *program], check=True, stdout=subprocess.DEVNULL)
            if turn:
                seconds[name].append(time.perf_counter() - began)
    return seconds


if __name__ == "__main__":
    main()
