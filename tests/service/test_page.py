"""The page on the service says what is so: its limits are the code's, its five lines rank."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from small_service import small_service
from typer.main import get_command

from interestclock.cli.app import app
from interestclock.client import fields as wire
from interestclock.service import EventService, ServiceConfig
from interestclock.service.service_metrics import ServiceMetrics
from interestclock.streams import open_event_log

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "service.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """Cells of the table under a heading."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in section.splitlines() if line[:1] == "|"
    ]


def test_limits_are_those_of_the_code() -> None:
    numbers = {what: int(number.replace(",", "")) for what, number, *_ in rows("Limits")[2:]}
    config = ServiceConfig()
    assert numbers["bytes of a body"] == config.body_bytes
    assert numbers["candidates of a request"] == config.candidates
    assert numbers["requests to rank that are worked at"] == config.in_flight
    assert numbers["seconds until the answer"] == config.timeout_seconds
    assert numbers["items returned, items of a catalogue"] == wire.MOST_RETURNED
    assert numbers["bytes of an id or a text"] == wire.ID_BYTES


def test_options_are_by_default_what_settings_are() -> None:
    options = {each.name: each.default for each in get_command(app).commands["serve"].params}  # type: ignore[attr-defined]
    shared = [each for each in fields(ServiceConfig) if each.name in options]
    assert len(shared) >= 4
    assert {each.name: options[each.name] for each in shared} == {each.name: each.default for each in shared}


def test_metrics_to_watch_are_there(folder: Path, tmp_path: Path) -> None:
    log = f"log://{tmp_path / 'events'}"
    with small_service(folder) as service, EventService(open_event_log(log)) as events:
        page = generate_latest(ServiceMetrics(service, events).registry).decode()
    named = {name for row in rows("What to watch")[2:] for name in re.findall(r"`(\w+)(?:\{[^`]*)?`", row[0])}
    named -= {"route", "status", "ranker"}  # labels
    known = set(re.findall(r"^# TYPE interestclock_(\w+)", page, re.MULTILINE))
    assert len(named) >= 6
    assert named - known - {f"{name}_total" for name in known} == set()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")
def test_five_lines_rank(tmp_path: Path) -> None:
    lines = PAGE.split("```console\n")[1].split("```")[0]
    assert len(lines.splitlines()) == 5
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = tmp_path / "bin" / "interestclock"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m interestclock "$@"\n')
    command.chmod(0o755)
    shell = subprocess.Popen(
        ["bash", "-ec", lines.replace("8000", port)],
        cwd=tmp_path,
        env=os.environ | {"PATH": f"{command.parent}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        shell.wait(300)
    finally:
        os.killpg(shell.pid, signal.SIGTERM)
        out, errors = shell.communicate(timeout=60)
    assert shell.returncode == 0, errors
    answer = json.loads(next(line[line.index("{") :] for line in out.splitlines() if '"request_id"' in line))
    assert len(answer["items"]) == 3, errors
    assert answer["known_behaviours"] > 0
    assert answer["local_time"]["source"] == "zone"
