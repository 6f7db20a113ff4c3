"""Why a value is not what a model declares, in the words of the declaration."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, get_args, get_origin

import msgspec
from msgspec import Meta, Struct

from interestclock.events.message_types import unit_fault

__all__ = ["find_fault"]


def find_fault(value: Any, model: type[Struct]) -> str | None:
    """Which field is at fault, what it is and what it should be; None where all is as declared.

    ``msgspec`` finds the same faults, and much faster, but quotes no value and names nothing in an object.

    Args:
        value: as JSON gives it. model: what it should be.

    Example:
        >>> class Person(Struct):
        ...     age: Annotated[float, Meta(description="a finite number")]
        >>> find_fault({"age": "old"}, Person)
        "age 'old' is not a finite number"
    """
    return _fault("", value, _declared(model))


@dataclass(frozen=True, kw_only=True)
class _Declared:
    """A type taken apart, once: its words and limits, and what it is made of."""

    kind: Any
    shape: Any  # dict, list, a model, or else a scalar
    nullable: bool
    notes: tuple[Meta, ...]
    parts: tuple[_Declared, ...] = ()  # of an object: names, values; of a list: values
    fields: tuple[tuple[str, bool, _Declared], ...] = ()  # of a model: name, whether required

    @property
    def words(self) -> str:
        return next((each.description for each in self.notes if each.description), "what is expected")

    @property
    def most(self) -> int:
        return max((each.max_length or 0 for each in self.notes), default=0)


@lru_cache(maxsize=1_000)
def _declared(kind: Any) -> _Declared:
    inner, notes = _stripped(kind)
    shape = get_origin(inner) or inner
    nullable = type(None) in get_args(kind)
    if shape in (dict, list):
        parts = tuple(_declared(each) for each in get_args(inner))
        return _Declared(kind=kind, shape=shape, nullable=nullable, notes=notes, parts=parts)
    if isinstance(shape, type) and issubclass(shape, Struct):
        fields = tuple(
            (each.encode_name, each.required, _declared(each.type)) for each in msgspec.structs.fields(shape)
        )
        return _Declared(kind=kind, shape=shape, nullable=nullable, notes=notes, fields=fields)
    return _Declared(kind=kind, shape=None, nullable=nullable, notes=_all_notes(kind))


def _stripped(kind: Any) -> tuple[Any, tuple[Meta, ...]]:
    """A type without null and without what is noted on it; the notes."""
    if get_origin(kind) is Annotated:
        inner, notes = _stripped(kind.__origin__)
        return inner, (*kind.__metadata__, *notes)
    options = [each for each in get_args(kind) if each is not type(None)]
    return _stripped(options[0]) if 0 < len(options) < len(get_args(kind)) == 2 else (kind, ())


def _all_notes(kind: Any) -> tuple[Meta, ...]:
    parts = get_args(kind)
    noted = tuple(each for each in parts if isinstance(each, Meta))
    return noted + tuple(note for each in parts if not isinstance(each, Meta) for note in _all_notes(each))


def _fault(where: str, value: Any, declared: _Declared) -> str | None:
    if value is None:
        return None if declared.nullable else f"{where} is missing"
    if declared.shape is dict:
        return _fault_of_object(where, value, declared)
    if declared.shape is list:
        return _fault_of_list(where, value, declared)
    if declared.shape is not None:
        return _fault_of_model(where, value, declared)
    return _fault_of_scalar(where, value, declared)


def _fault_of_model(where: str, value: Any, declared: _Declared) -> str | None:
    if not isinstance(value, Mapping):
        return f"{where} {value!r} is not an object"
    names = [name for name, _, _ in declared.fields]
    for name in value:
        if name not in names:
            return f"field {_called(where, name)!r} is unknown; there are {', '.join(sorted(names))}"
    faults = (
        _fault(_called(where, name), value.get(name), each)
        for name, required, each in declared.fields
        if name in value or required
    )
    return _first(faults) or _fault_of_whole(value, declared.shape)


def _fault_of_whole(value: Any, model: type[Struct]) -> str | None:
    """What the model's ``__post_init__`` says."""
    try:
        msgspec.convert(value, model)
    except ValueError as error:
        return str(error.__cause__ or error)
    return None


def _fault_of_object(where: str, value: Any, declared: _Declared) -> str | None:
    if not isinstance(value, Mapping):
        return f"{where} is no object of names and values"
    names, values = declared.parts
    return (
        _first(_fault(f"{where} name", name, names) for name in value)
        or _too_many(where, value, declared.most)
        or _first(_fault(_called(where, name), each, values) for name, each in value.items())
    )


def _fault_of_list(where: str, value: Any, declared: _Declared) -> str | None:
    if not isinstance(value, list):
        return f"{where} {value!r} is not {declared.words}"
    (each_declared,) = declared.parts
    return _too_many(where, value, declared.most) or _first(
        _fault(where, each, each_declared) for each in value
    )


def _fault_of_scalar(where: str, value: Any, declared: _Declared) -> str | None:
    if isinstance(value, str) and (fault := _fault_of_text(where, value, declared)):
        return fault
    if _fits(value, declared.kind):
        return None
    if "milliseconds" in declared.words and isinstance(value, int) and not isinstance(value, bool):
        return f"{where} {value} {unit_fault(value)}"
    return f"{where} {value!r} is not {declared.words}"


def _fault_of_text(where: str, text: str, declared: _Declared) -> str | None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:  # JSON may hold half a surrogate pair
        return f"{where} is no valid text"
    if not text and any(each.min_length for each in declared.notes):
        return f"{where} is missing"
    if 0 < declared.most < size:
        return f"{where} is {size:,} bytes long; give at most {declared.most:,}, for example a digest"
    return None


def _fits(value: Any, kind: Any) -> bool:
    if isinstance(value, float) and not math.isfinite(value):
        return False
    try:
        msgspec.convert(value, kind)
    except ValueError:
        return False
    return True


def _too_many(where: str, values: Any, most: int) -> str | None:
    return f"{where} has {len(values):,} values; give at most {most:,}" if 0 < most < len(values) else None


def _called(where: str, name: str) -> str:
    return f"{where} {name}" if where else name


def _first(faults: Iterable[str | None]) -> str | None:
    return next((fault for fault in faults if fault is not None), None)
