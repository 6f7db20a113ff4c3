"""What must not change does not; where it shall, ``make goldens`` writes the parts that are named anew."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import pytest

from goldens.catalogue import GOLDENS, compute, tolerance_of
from goldens.comparison import describe, differences
from goldens.stored import load

found_in = cache(compute)
stored_in = cache(load)


def check_part(golden: str, name: str) -> None:
    part, tolerance = f"{golden}/{name}", tolerance_of(f"{golden}/{name}")
    assert name in found_in(golden), (
        f"{part} is no longer made. If that is meant: make goldens PARTS='{part}'"
    )
    changes = list(differences(stored_in(golden)[name], found_in(golden)[name], tolerance))
    assert not changes, (
        f"{part} changed: {describe(changes, tolerance)}. If that is meant, say why and renew it: "
        f"make goldens PARTS='{part}'"
    )


def check_no_part_is_new(golden: str) -> None:
    new = sorted(found_in(golden).keys() - stored_in(golden).keys())
    named = " ".join(f"{golden}/{name}" for name in new)
    assert not new, f"not stored yet: {', '.join(new)}. Store them: make goldens PARTS='{named}'"


# A golden's checks stand together, so that processes side by side seldom compute it twice.
CHECKS = [
    check
    for golden in GOLDENS
    for check in (
        *(pytest.param(partial(check_part, golden, each), id=f"{golden}/{each}") for each in load(golden)),
        pytest.param(partial(check_no_part_is_new, golden), id=f"{golden}: no part is new"),
    )
]


@pytest.mark.parametrize("check", CHECKS)
def test_golden(check: Callable[[], None]) -> None:
    check()
