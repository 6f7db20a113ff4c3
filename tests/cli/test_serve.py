"""The command that serves: started, asked, ended; and what it refuses before it serves."""

from __future__ import annotations

import importlib.util
import socket
from pathlib import Path

import pytest
from serving_command import serving
from small_service import trained
from typer.testing import CliRunner

from interestclock.cli.app import app
from interestclock.client import Client, Rank, ServiceError
from interestclock.errors import ConfigError, ResultError

TOKEN = "0123456789abcdef"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("serve")
    trained(made)
    return made


def test_it_serves_until_it_is_told_to_end(folder: Path, tmp_path: Path) -> None:
    snapshots = folder / "snapshots"
    where = [
        "--store",
        str(folder / "store"),
        "--snapshots",
        f"now={snapshots}",
        "--snapshots",
        f"then={snapshots}",
    ]
    log = [
        "--log",
        f"log://{tmp_path / 'events'}",
        "--zone",
        "UTC",
        "--log-file",
        str(tmp_path / "log.jsonl"),
    ]
    with serving(*where, *log, token=TOKEN) as started:
        with Client(started.address) as stranger, pytest.raises(ServiceError, match="401"):
            stranger.model()
        with Client(started.address, token=TOKEN, timeout_seconds=60) as client:
            assert [each.name for each in client.model().rankers] == ["now", "then"]
            call = Rank(user="ann", candidates=["a", "b"], ranker="then", zone="Europe/Berlin")
            answer = client.rank(call)
            assert (answer.ranker, answer.logged, answer.without_store) == ("then", True, None)
            with pytest.raises(ServiceError, match="no ranker 'other'; there are now, then"):
                client.rank(Rank(user="ann", candidates=["a"], ranker="other"))
    assert started.ended is not None
    status, out, errors = started.ended
    assert (status, out) == (143, "")
    assert errors == "stopped; nothing is left half written\n"
    assert b'"served":"' in b"".join(
        each.read_bytes() for each in (tmp_path / "events").rglob("*") if each.is_file()
    )


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (
            ["--host", "0.0.0.0"],
            ConfigError,
            "can be reached from other machines; set INTERESTCLOCK_TOKEN",
        ),
        (["--zone", "Nowhere"], ConfigError, "--zone 'Nowhere' is none; give an IANA name"),
        (
            ["--trainer-metrics", "localhost:9100"],
            ConfigError,
            "'localhost:9100' is no address",
        ),
        (["--port", "70000"], ConfigError, "port 70000 cannot be"),
        (["--host", "127.0.0.1", "--store", "nowhere"], ResultError, "nowhere holds no store"),
    ],
)
def test_what_cannot_be_served_is_said(
    arguments: list[str], error: type, said: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("INTERESTCLOCK_TOKEN", raising=False)
    where = ["serve", "--snapshots", str(folder / "snapshots"), "--store", str(folder / "store")]
    result = CliRunner().invoke(app, [*where, *arguments])
    assert isinstance(result.exception, error)
    assert said in str(result.exception)


def test_a_port_that_is_taken_is_said(folder: Path) -> None:
    where = ["--store", str(folder / "store"), "--snapshots", str(folder / "snapshots")]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = CliRunner().invoke(app, ["serve", *where, "--port", port])
        assert f"nothing can be served at 127.0.0.1:{port} (Address already in use)" in str(result.exception)


def test_the_extra_that_is_missing_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "uvicorn" else there(name))
    where = ["serve", "--snapshots", str(folder / "snapshots"), "--store", str(folder / "store")]
    result = CliRunner().invoke(app, where)
    assert str(result.exception).startswith("uvicorn is not installed; install the extra 'serve'")
