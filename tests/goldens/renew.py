"""Write goldens anew, on purpose: ``make goldens PARTS='live-messages/counters live-*/clocks'``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "support")]

from goldens.catalogue import GOLDENS, compute, tolerance_of  # noqa: E402  (the path comes first)
from goldens.comparison import describe, differences  # noqa: E402
from goldens.stored import Parts, load, save  # noqa: E402


def renew(golden: str, patterns: list[str]) -> tuple[Parts, list[str]]:
    """The parts to store from now on, and what is to be said of them: as they were, but for those named.

    A part that is named and still agrees within its tolerance stays, so that only what changed is written.
    """
    stored, found = load(golden), compute(golden)
    kept: Parts = {}
    lines = []
    for name in sorted({*stored, *found}):
        part = f"{golden}/{name}"
        news = _news(part, stored, found, name)
        named = any(fnmatchcase(part, pattern) for pattern in patterns)
        source = found if named and news is not None else stored
        if name in source:
            kept[name] = source[name]
        if news is not None:
            lines.append(f"{part}: {news}" if named else f"{part}: not named, left as it is, but {news}")
        elif named:
            lines.append(f"{part}: unchanged")
    return kept, lines


def _news(part: str, stored: Parts, found: Parts, name: str) -> str | None:
    if name not in stored:
        return "new"
    if name not in found:
        return "gone"
    tolerance = tolerance_of(part)
    changes = list(differences(stored[name], found[name], tolerance))
    return describe(changes, tolerance) if changes else None


def named_goldens(patterns: Iterable[str]) -> list[str]:
    """Those of which a part may be meant.

    Raises:
        SystemExit: a pattern can mean none.
    """
    goldens: set[str] = set()
    for pattern in patterns:
        meant = [
            golden
            for golden in GOLDENS
            if fnmatchcase(golden, pattern.partition("/")[0])
            or any(fnmatchcase(f"{golden}/{name}", pattern) for name in load(golden))
        ]
        if not meant:
            raise SystemExit(f"no part is called '{pattern}'; goldens are {', '.join(GOLDENS)}")
        goldens.update(meant)
    return [golden for golden in GOLDENS if golden in goldens]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Write goldens anew; say in the commit which, and why.")
    parser.add_argument("parts", nargs="*", help="GOLDEN/PART, with * where several are meant")
    parser.add_argument("--all", action="store_true", help="every part of every golden")
    said = parser.parse_args(arguments)
    if bool(said.parts) == said.all:
        parser.error(
            "name the parts to renew, for example 'live-messages/counters' or 'live-*/clocks', or give "
            "--all; with make: make goldens PARTS='...'"
        )
    patterns = ["*"] if said.all else said.parts
    for golden in named_goldens(patterns):
        parts, lines = renew(golden, patterns)
        save(golden, parts)
        print("\n".join(lines))


if __name__ == "__main__":
    main()
