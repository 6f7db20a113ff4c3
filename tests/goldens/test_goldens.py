"""What must not change does not; where it shall, ``make goldens`` writes the parts that are named anew."""

from __future__ import annotations

from functools import cache

import pytest

from goldens.catalogue import GOLDENS, compute, golden_of, tolerance_of
from goldens.comparison import describe, differences
from goldens.stored import Parts, load

found_in = cache(compute)
stored_in = cache(load)
PARTS = [f"{golden}/{name}" for golden in GOLDENS for name in load(golden)]


@pytest.mark.parametrize("part", PARTS)
def test_part_is_as_it_is_stored(part: str) -> None:
    golden, name = golden_of(part)
    tolerance = tolerance_of(part)
    found: Parts = found_in(golden)
    assert name in found, f"{part} is no longer made; if that is meant: make goldens PARTS='{part}'"
    changes = list(differences(stored_in(golden)[name], found[name], tolerance))
    assert not changes, (
        f"{part} changed: {describe(changes, tolerance)}. If that is meant, say why and renew it: "
        f"make goldens PARTS='{part}'"
    )


@pytest.mark.parametrize("golden", GOLDENS)
def test_no_part_is_new(golden: str) -> None:
    new = sorted(found_in(golden).keys() - stored_in(golden).keys())
    named = " ".join(f"{golden}/{name}" for name in new)
    assert not new, f"not stored yet: {', '.join(new)}. Store them: make goldens PARTS='{named}'"
