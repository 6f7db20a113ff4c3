"""What was saved is made again as it was, or an error names the key."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interestclock.errors import ConfigError, ResultError
from interestclock.saved import made_of, object_of, read_object


@dataclass(frozen=True, kw_only=True)
class Inner:
    hours: float = 1.0

    def __post_init__(self) -> None:
        if self.hours <= 0:
            raise ConfigError(f"hours is {self.hours}; give a number above 0")


@dataclass(frozen=True, kw_only=True)
class Outer:
    name: str
    rows: int
    inner: Inner = field(default_factory=Inner)
    widths: tuple[int, ...] = ()
    limits: dict[str, int] = field(default_factory=dict)
    most: int | None = None
    parts: list[Inner] = field(default_factory=list)
    named: dict[str, Inner] = field(default_factory=dict)


@given(
    st.builds(
        Outer,
        name=st.text(),
        rows=st.integers(-(2**63), 2**63 - 1),
        inner=st.builds(Inner, hours=st.floats(0.1, 1e9)),
        widths=st.lists(st.integers(0, 9)).map(tuple),
        limits=st.dictionaries(st.text(), st.integers(0, 9)),
        most=st.none() | st.integers(0, 9),
        parts=st.lists(st.just(Inner(hours=2.0))),
        named=st.dictionaries(st.text(), st.just(Inner(hours=3.0))),
    )
)
def test_it_comes_back_through_json(outer: Outer) -> None:
    described = object_of(json.dumps(asdict(outer)), where="here", remedy="write it again")
    assert made_of(Outer, described, where="here", remedy="write it again") == outer


@pytest.mark.parametrize(
    ("described", "said"),
    [
        ([], "expected an object, got list"),
        ({"rows": 1}, "key 'name' is missing"),
        ({"name": "a", "rows": 1, "inner": {"x": 2}}, "key 'inner.x' is unknown; there are hours"),
        ({"name": "a", "rows": 1, "parts": [{}, {"x": 2}]}, "key 'parts[1].x' is unknown; there are hours"),
        ({"name": "a", "rows": 1, "named": {"b": {"x": 2}}}, "key 'named.b.x' is unknown; there are hours"),
        ({"name": "a", "rows": 1, "named": {"b": 2}}, "key 'named.b': expected an object, got int"),
        ({"name": "a", "rows": "1"}, "key 'rows': expected int, got str"),
        ({"name": "a", "rows": True}, "key 'rows': expected int, got bool"),
        ({"name": "a", "rows": 1.0}, "key 'rows': expected int, got float"),
        ({"name": None, "rows": 1}, "key 'name': expected str, got null"),
        ({"name": "a", "rows": 1, "inner": 7}, "key 'inner': expected an object, got int"),
        ({"name": "a", "rows": 1, "inner": {"hour": 1}}, "key 'inner.hour' is unknown; there are hours"),
        ({"name": "a", "rows": 1, "inner": {"hours": "1"}}, "key 'inner.hours': expected float, got str"),
        ({"name": "a", "rows": 1, "inner": {"hours": 0}}, "hours is 0.0; give a number above 0"),
        ({"name": "a", "rows": 1, "widths": [1, "2"]}, "key 'widths[1]': expected int, got str"),
        ({"name": "a", "rows": 1, "limits": {"b": "2"}}, "key 'limits[...]': expected int, got str"),
        ({"name": "a", "rows": 1, "most": "2"}, "key 'most': expected int | null, got str"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(described: object, said: str) -> None:
    with pytest.raises(ResultError) as refused:
        made_of(Outer, described, where="a.json", remedy="write it again")
    assert str(refused.value) == f"a.json: {said}; write it again"


def test_what_is_made_otherwise_is_given() -> None:
    given_name = made_of(Outer, {"rows": 1}, where="here", remedy="", given={"name": "b"})
    assert given_name == Outer(name="b", rows=1)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"7", b"\xff", b"[" * 100_000])
def test_what_is_no_object_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ResultError, match=r"a.json: no whole JSON object; write it again"):
        read_object(tmp_path / "a.json", remedy="write it again")


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match=r"a.json: cannot be read \(.*No such file.*; write it again"):
        read_object(tmp_path / "a.json", remedy="write it again")
