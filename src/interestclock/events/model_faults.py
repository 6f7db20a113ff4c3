"""Where and why a value is not what a model declares: of messages and of mapping files."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, get_args, get_origin

import msgspec
from msgspec import Meta, Struct

from interestclock.errors import ConfigError

__all__ = ["Wording", "convert", "first_fault"]


class Wording(ABC):
    """How a fault is put into words; ``where`` is what ``called`` made, and empty at the top."""

    @abstractmethod
    def called(self, where: str, name: str) -> str:
        """What stands under a name in what is called ``where``."""

    @abstractmethod
    def unknown(self, where: str, name: str, known: Sequence[str]) -> str:
        """A name that the model does not have."""

    @abstractmethod
    def missing(self, where: str) -> str:
        """What has to be there, and to hold something."""

    @abstractmethod
    def wrong(self, where: str, value: Any, expected: str) -> str:
        """A value of another type, or beyond its limits."""


def convert(value: Any, model: type[Any]) -> Any:
    """The value as its model has it; a path is made of text.

    Raises:
        ValueError: it is not as declared; ``first_fault`` says why.
        ConfigError: the model's own checks refuse it.

    Example:
        >>> convert({"words": ["a"]}, dict[str, tuple[str, ...]])
        {'words': ('a',)}
    """
    return msgspec.convert(value, model, dec_hook=lambda kind, value: kind(value))


def first_fault(value: Any, model: type[Struct], wording: Wording) -> str | None:
    """Which field is at fault, what it is and what it should be; None where all is as declared.

    ``msgspec`` finds the same faults, and much faster, but quotes no value and names nothing in an object.

    Args:
        value: as JSON or TOML gives it. model: what it should be. wording: how errors read.
    """
    return _Search(wording).fault("", value, _declared(model))


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
        value = next((each.description for each in self.notes if each.description), None)
        return value or ("what is expected" if self.shape is None else "an object of names and values")

    @property
    def most(self) -> int:
        return max((each.max_length or 0 for each in self.notes), default=0)


@lru_cache(maxsize=1_000)
def _declared(kind: Any) -> _Declared:
    inner, notes = _stripped(kind)
    shape = get_origin(inner) or inner
    nullable = type(None) in get_args(kind)
    if shape in (dict, list, tuple):
        parts = tuple(_declared(each) for each in get_args(inner) if each is not ...)
        shape = dict if shape is dict else list
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
        return inner, (*(note for note in kind.__metadata__ if isinstance(note, Meta)), *notes)
    options = [each for each in get_args(kind) if each is not type(None)]
    return _stripped(options[0]) if 0 < len(options) < len(get_args(kind)) == 2 else (kind, ())


def _all_notes(kind: Any) -> tuple[Meta, ...]:
    parts = get_args(kind)
    noted = tuple(each for each in parts if isinstance(each, Meta))
    return noted + tuple(note for each in parts if not isinstance(each, Meta) for note in _all_notes(each))


@dataclass(frozen=True)
class _Search:
    """Walks a declaration over a value."""

    wording: Wording

    def fault(self, where: str, value: Any, declared: _Declared) -> str | None:
        if value is None:
            return None if declared.nullable else self.wording.missing(where)
        if declared.shape is dict:
            return self._of_object(where, value, declared)
        if declared.shape is list:
            return self._of_list(where, value, declared)
        if declared.shape is not None:
            return self._of_model(where, value, declared)
        return self._of_scalar(where, value, declared)

    def _of_model(self, where: str, value: Any, declared: _Declared) -> str | None:
        if not isinstance(value, Mapping):
            return self.wording.wrong(where, value, declared.words)
        names = [name for name, _, _ in declared.fields]
        for name in value:
            if name not in names:
                return self.wording.unknown(where, name, names)
        faults = (
            self.fault(self.wording.called(where, name), value.get(name), each)
            for name, required, each in declared.fields
            if name in value or required
        )
        return _first(faults) or self._of_whole(where, value, declared.shape)

    def _of_whole(self, where: str, value: Any, model: type[Struct]) -> str | None:
        """What the model's ``__post_init__`` says."""
        try:
            convert(value, model)
        except ValueError as error:
            reason = str(error.__cause__ or error)
        except ConfigError as error:
            reason = str(error)
        else:
            return None
        return f"{where}: {reason}" if where else reason

    def _of_object(self, where: str, value: Any, declared: _Declared) -> str | None:
        if not isinstance(value, Mapping):
            return self.wording.wrong(where, value, declared.words)
        names, values = declared.parts
        return (
            _first(self.fault(f"{where} name", name, names) for name in value)
            or _too_many(where, value, declared.most)
            or _first(
                self.fault(self.wording.called(where, name), each, values) for name, each in value.items()
            )
        )

    def _of_list(self, where: str, value: Any, declared: _Declared) -> str | None:
        if not isinstance(value, list):
            return self.wording.wrong(where, value, declared.words)
        (each_declared,) = declared.parts
        return _too_many(where, value, declared.most) or _first(
            self.fault(where, each, each_declared) for each in value
        )

    def _of_scalar(self, where: str, value: Any, declared: _Declared) -> str | None:
        if isinstance(value, str) and (fault := self._of_text(where, value, declared)):
            return fault
        return None if _fits(value, declared.kind) else self.wording.wrong(where, value, declared.words)

    def _of_text(self, where: str, text: str, declared: _Declared) -> str | None:
        try:
            size = len(text.encode())
        except UnicodeEncodeError:  # JSON may hold half a surrogate pair
            return f"{where} is no valid text"
        if not text and any(each.min_length for each in declared.notes):
            return self.wording.missing(where)
        if 0 < declared.most < size:
            return f"{where} is {size:,} bytes long; give at most {declared.most:,}, for example a digest"
        return None


def _fits(value: Any, kind: Any) -> bool:
    if isinstance(value, float) and not math.isfinite(value):
        return False
    try:
        convert(value, kind)
    except ValueError:
        return False
    return True


def _too_many(where: str, values: Any, most: int) -> str | None:
    return f"{where} has {len(values):,} values; give at most {most:,}" if 0 < most < len(values) else None


def _first(faults: Iterable[str | None]) -> str | None:
    return next((fault for fault in faults if fault is not None), None)
