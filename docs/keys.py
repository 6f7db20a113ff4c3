"""``python docs/keys.py`` writes the table of a mapping's keys into ``logs.md``, as they are declared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Struct, structs

from interestclock.mapping_keys import Key, LogKeys, bare_type, keys_of

PAGE = Path(__file__).parent / "logs.md"
BEGIN, END = "<!-- begin: python docs/keys.py -->\n", "<!-- end -->\n"


def with_table(page: str) -> str:
    """The page, with the table as the keys are declared now."""
    before, rest = page.split(BEGIN)
    return before + BEGIN + "\n" + table(LogKeys) + "\n" + END + rest.split(END)[1]


def table(keys: type[Struct]) -> str:
    """Every key with its option, its default and what it holds, in Markdown."""
    lines = ["| key | option | default | holds |", "| --- | --- | --- | --- |", *_rows(keys, "")]
    return "".join(f"{line}\n" for line in lines)


def _rows(keys: type[Struct], before: str) -> Iterator[str]:
    defaults = {each.name: each.default for each in structs.fields(keys)}
    for name, key, kind in keys_of(keys):
        bare = bare_type(kind)
        several = get_origin(bare) is dict
        part = bare_type(get_args(bare)[1]) if several else bare
        called = f"{before}{name}.NAME" if several else f"{before}{name}"
        option = "" if key.option is None else f"`--{key.option}`"
        yield f"| `{called}` | {option} | {_default(key, defaults[name])} | {key.help} |"
        if isinstance(part, type) and issubclass(part, Struct):
            yield from _rows(part, f"{called}.")


def _default(key: Key, default: Any) -> str:
    if key.otherwise is not None:
        return key.otherwise
    if default in (None, NODEFAULT, ()) or isinstance(default, Struct):
        return ""
    return f"`{msgspec.json.encode(default).decode()}`"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
