"""Stores of each kind: what holds for one holds for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from store_places import KINDS, Place, can_be, places


@pytest.fixture(scope="module", params=KINDS)
def place(request: pytest.FixtureRequest) -> Iterator[Callable[[], Place]]:
    """Gives a new place for a store of each kind."""
    if not can_be(request.param):
        pytest.skip("there is no redis-server here")
    with places(request.param) as new:
        yield new
