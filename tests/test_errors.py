"""Text where names are meant is refused wherever names are asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from interestclock.clocks import GaussianConfig
from interestclock.errors import ConfigError, check_size
from interestclock.events import ColumnMapping, LogSchema
from interestclock.live import LiveConfig
from interestclock.ranking import FeatureNames, load_ranker
from interestclock.ranking.known_clocks import described_clock
from interestclock.studies.compare import CompareConfig

TEXT: Any = "ab"


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("allow", lambda: load_ranker(Path("nowhere"), allow=TEXT)),
        ("allow", lambda: described_clock({"kind": "a:b"}, allow=TEXT)),
        ("rankers", lambda: CompareConfig(rankers=TEXT)),
        ("missing_labels", lambda: LiveConfig(missing_labels=TEXT)),
        ("engaged", lambda: ColumnMapping(engaged=TEXT)),
        ("clock_attributes", lambda: ColumnMapping(clock_attributes=TEXT)),
        ("tasks", lambda: FeatureNames(tasks=TEXT)),
        ("labels", lambda: LogSchema(labels=TEXT)),
        ("numeric", lambda: LogSchema(labels=("a",), numeric=TEXT)),
        ("outcomes", lambda: LogSchema(labels=("a",), outcomes=TEXT)),
    ],
)
def test_text_is_no_collection_of_names(name: str, make: Callable[[], Any]) -> None:
    with pytest.raises(ConfigError, match=rf"{name} is the text 'ab'; give names in a tuple, as \('ab',\)"):
        make()


def test_a_number_of_numpy_is_shown_as_its_digits() -> None:
    with pytest.raises(ValueError, match=r"^dim is 2\.5; give a whole number"):
        check_size("dim", np.float64(2.5))
    with pytest.raises(ValueError, match=r"^sigma_hours is nan; give a finite number"):
        GaussianConfig(sigma_hours=np.float64("nan"))
