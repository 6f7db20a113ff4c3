"""Messages read per second on one thread: msgspec, pydantic, the standard library; and whole tables of them.

    python benchmarks/messages.py --json build/bench/messages.json

*Read*: JSON to a checked object. msgspec twice, with the package's models and with the same fields but none
of the checks a type cannot say, which pydantic's models (``pydantic_messages.py``) do not make either.
*Parse*: a batch of 1,024 messages to tables, as brokers' sources do; ``--before`` names an older
``messages.py`` to be measured in turns, for example one that ``git show`` printed into a file.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any

import msgspec
from machine import machine
from rich.console import Console
from rich.table import Table

from interestclock.events.message_json import read_message
from interestclock.events.message_models import Exposure, Label
from interestclock.events.schema import LogSchema
from interestclock.streams import OffsetRanges, messages

BATCH = 1_024
SCHEMA = LogSchema(
    labels=("finish", "skip"),
    attributes=("genre",),
    categorical=("device",),
    multivalued=("tags",),
    numeric=("age",),
)
SMALL = {
    "event_id": "e123456",
    "user_id": 7123,
    "item_id": "song 3",
    "timestamp_ms": 1_700_000_000_000,
    "utc_offset_minutes": 60,
}
FULL = SMALL | {
    "request_id": "r1",
    "labels": {"skip": 0},
    "known_ms": {"skip": 1_700_000_000_000},
    "attributes": {"genre": ["rock"]},
    "categorical": {"device": "phone"},
    "multivalued": {"tags": ["a"]},
    "numeric": {"age": 31},
}
LABEL = {"label_of": "e123456", "label": "finish", "value": 1, "known_ms": 1_700_000_180_000}
PAYLOADS = {
    name: json.dumps(said, separators=(",", ":")).encode()
    for name, said in {"small exposure": SMALL, "full exposure": FULL, "label": LABEL}.items()
}
WRONG = {
    "a word for a time": FULL | {"timestamp_ms": "now"},
    "a word for a number": FULL | {"numeric": {"age": "old"}},
    "an unknown field": FULL | {"usr": 1},
    "a label of 2": FULL | {"labels": {"skip": 2}},
}


def main() -> None:
    arguments = parse_arguments()
    read = {name: in_turns(readers(name, payload), arguments.rounds) for name, payload in PAYLOADS.items()}
    parsers = {"now": messages} | ({"before": module_of(arguments.before)} if arguments.before else {})
    parsed = {name: in_turns(parses(parsers, name), arguments.rounds) for name in (*PAYLOADS, "mixed")}
    show("read, messages/s", read)
    show(f"parsed into tables, {BATCH:,} at a time, messages/s", parsed)
    figures = {"read": read, "parse": parsed, "errors": errors(), "machine": machine(*libraries())}
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(figures, indent=1) + "\n")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, required=True, metavar="FILE", help="where the figures go")
    parser.add_argument("--before", type=Path, metavar="FILE", help="an older messages.py, measured in turns")
    parser.add_argument("--rounds", type=int, default=60, help="turns of each side (default 60)")
    return parser.parse_args()


def readers(name: str, payload: bytes) -> dict[str, Callable[[], object]]:
    model = Label if name == "label" else Exposure
    decoders: dict[str, Callable[[bytes], Any]] = {
        "msgspec, our models": read_message,
        "msgspec, bare": msgspec.json.Decoder(bare(model)).decode,
        "json.loads, unchecked": json.loads,
    }
    if (validators := pydantic_validators()) is not None:
        decoders["pydantic"] = validators["label" if name == "label" else "exposure"]
    return {side: repeated(decode, payload) for side, decode in decoders.items()}


def repeated(decode: Callable[[bytes], Any], payload: bytes) -> Callable[[], object]:
    return lambda: [decode(payload) for _ in range(BATCH)]


def bare(model: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """The model's fields without what its ``__post_init__`` looks at."""
    fields: list[Any] = [
        (each.name, each.type) if each.required else (each.name, each.type, each.default)
        for each in msgspec.structs.fields(model)
    ]
    return msgspec.defstruct("Bare", fields, kw_only=True, forbid_unknown_fields=True, gc=False)


def libraries() -> tuple[str, ...]:
    return ("msgspec",) if importlib.util.find_spec("pydantic") is None else ("msgspec", "pydantic")


def pydantic_validators() -> dict[str, Callable[[bytes], Any]] | None:
    if "pydantic" not in libraries():
        return None
    from pydantic_messages import VALIDATORS  # noqa: PLC0415  only where it is installed

    return VALIDATORS


def module_of(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("messages_before", path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def parses(parsers: dict[str, ModuleType], name: str) -> dict[str, Callable[[], object]]:
    """Mixed: an exposure with all fields and two labels, in turn."""
    mixed = [PAYLOADS["full exposure"], PAYLOADS["label"], PAYLOADS["label"]]
    payloads = [PAYLOADS[name]] if name in PAYLOADS else mixed
    return {side: parse_with(module, payloads) for side, module in parsers.items()}


def parse_with(module: ModuleType, payloads: list[bytes]) -> Callable[[], object]:
    parser = module.MessageParser(SCHEMA)
    batch = [
        module.Message(partition="0", offset=str(at), payload=payloads[at % len(payloads)])
        for at in range(BATCH)
    ]
    ranges = OffsetRanges(source="benchmark", ranges={"0": ("0", str(BATCH - 1))}, messages=BATCH)
    assert not parser.parse(ranges, batch).bad
    return lambda: parser.parse(ranges, batch)


def in_turns(sides: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Messages per second, medians."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(rounds + 1):
        for name, side in sides.items():
            started = time.perf_counter()
            side()
            if turn:  # the first warms up
                seconds[name].append(time.perf_counter() - started)
    return {name: round(BATCH / median(each)) for name, each in seconds.items()}


def errors() -> dict[str, dict[str, str]]:
    """What each says of the same mistakes."""
    sides: dict[str, Callable[[bytes], Any]] = {
        "our models": read_message,
        "msgspec": msgspec.json.Decoder(Exposure).decode,
    }
    if (validators := pydantic_validators()) is not None:
        sides["pydantic"] = validators["exposure"]
    return {
        name: {side: error_of(read, json.dumps(said).encode()) for side, read in sides.items()}
        for name, said in WRONG.items()
    }


def error_of(read: Callable[[bytes], Any], payload: bytes) -> str:
    try:
        read(payload)
    except ValueError as error:
        return str(error)
    raise AssertionError("it was read")


def show(title: str, figures: dict[str, dict[str, float]]) -> None:
    sides = list(next(iter(figures.values())))
    table = Table("", *sides, title=title)
    for name, rates in figures.items():
        table.add_row(name, *(f"{rates[side]:,}" for side in sides))
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
