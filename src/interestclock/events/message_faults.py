"""Why a message is not what its model declares, in the words of the declaration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from interestclock.events.message_types import unit_fault
from interestclock.events.model_faults import Wording, first_fault

__all__ = ["find_fault"]

_NO_LABEL = " is not 0 or 1"
_BY_EXPRESSION = (
    "say what it is among the exposure's values, or as an outcome, and make the label of that by an "
    """expression in the mapping file, for example finish = "rating >= 4" or like = "answer = 'yes'\""""
)


def find_fault(value: Any, model: type[Struct]) -> str | None:
    """Which field is at fault, what it is and what it should be; None where all is as declared.

    Args:
        value: as JSON gives it. model: what it should be.

    Example:
        >>> from interestclock.events.message_models import Outcome
        >>> find_fault({"outcome_of": "e1", "name": "played_ms", "value": "long", "known_ms": 9}, Outcome)
        "value 'long' is not a finite number, true or false"
        >>> from interestclock.events.message_models import Label
        >>> print(find_fault({"label_of": "e1", "label": "like", "value": "yes", "known_ms": 9}, Label))
        label 'like': value 'yes' is not 0 or 1; say what it is among the exposure's values, or as an ...
    """
    fault = first_fault(value, model, _MessageWording())
    if fault is not None and fault.endswith(_NO_LABEL):
        of = f"label {value['label']!r}: " if isinstance(value, dict) and "label_of" in value else ""
        return f"{of}{fault}; {_BY_EXPRESSION}"
    return fault


class _MessageWording(Wording):
    """A reason in a dead letter: the field, what it holds, what it is not."""

    def called(self, where: str, name: str) -> str:
        return f"{where} {name}" if where else name

    def unknown(self, where: str, name: str, known: Sequence[str]) -> str:
        return f"field {self.called(where, name)!r} is unknown; there are {', '.join(sorted(known))}"

    def missing(self, where: str) -> str:
        return f"{where} is missing"

    def wrong(self, where: str, value: Any, expected: str) -> str:
        if "milliseconds" in expected and isinstance(value, int) and not isinstance(value, bool):
            return f"{where} {value} {unit_fault(value)}"
        return f"{where} {value!r} is not {expected}"
