"""The command lines of the compose file run together on loopback: from messages in a broker to a ranking."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from deployed import DEPLOY, alerts, parts, scrape_targets, services
from redis_server import SERVER, RedisServer, free_port

from interestclock.events import exposure_message
from interestclock.timeofday import TimeSource

TOKEN = "of-the-deployed-parts-alone"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
HOURS = 5


def events() -> Iterator[str]:
    """Of the last hours, an exposure every half minute."""
    now_ms = TimeSource().now_ms()
    for number in range(HOURS * 120):
        yield exposure_message(
            event_id=f"e{number}",
            user_id=number % 7,
            item_id=f"song {number % 30}",
            timestamp_ms=now_ms - (HOURS * 120 - number) * 30_000,
            zone="Europe/Berlin",
            attributes={"genre": [("rock", "jazz", "folk")[number % 3]]},
            labels={"finish": number % 2, "like": int(number % 5 == 0)},
        )


@contextmanager
def running(words: list[str], folder: Path, name: str) -> Iterator[subprocess.Popen[bytes]]:
    """It is ended by SIGTERM, as Docker does."""
    with (folder / f"{name}.txt").open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "interestclock", *words],
            stdout=output,
            stderr=output,
            env=os.environ | {"INTERESTCLOCK_TOKEN": TOKEN},
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(120)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
            raise


def until(is_so: Callable[[], bool], what: str, *, seconds: float = 240) -> None:
    ends_s = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < ends_s, what
        time.sleep(0.2)


def check_server(name: str, address: str) -> None:
    """It is ready, ranks with histories for who has the token, and reaches trainer and updater."""
    body = {"user": "1", "catalogue": {"limit": 20}, "top": 3}
    assert httpx.get(f"{address}/readyz", headers={"Host": f"{name}:8000"}).status_code == 200
    ranked = httpx.post(f"{address}/v1/rank", json=body, headers=HEADERS, timeout=30)
    assert ranked.status_code == 200, ranked.text
    answer = ranked.json()
    assert len(answer["items"]) == 3
    assert answer["known_behaviours"] > 0
    assert answer["logged"]
    assert httpx.post(f"{address}/v1/rank", json=body).status_code == 401
    status = httpx.get(f"{address}/v1/status", headers=HEADERS, timeout=30).json()
    assert status["trainer"], "its numbers are reached"
    assert status["updater"]


@pytest.mark.slow
@pytest.mark.skipif(SERVER is None, reason="no redis-server")
def test_messages_in_the_broker_come_to_a_ranking(tmp_path: Path) -> None:
    redis = {}
    for name in ("broker", "store"):
        (tmp_path / name).mkdir()
        redis[name] = RedisServer(tmp_path / name, " ".join(services()[name]["command"][1:]))
    ports = {name: free_port() for name in parts()}
    for name in ("updater", "trainer"):
        (tmp_path / name).mkdir()

    def here(word: str) -> str:
        """The same on loopback, in folders of the test, at ports that are free."""
        for name, server in redis.items():
            word = word.replace(f"redis://{name}:6379/", f"redis://127.0.0.1:{server.port}/")
        for name, port in ports.items():
            word = re.sub(rf"http://{name}:\d+/", f"http://127.0.0.1:{port}/", word)
        word = word.replace("/data/", f"{tmp_path}/").replace("/etc/interestclock", str(DEPLOY))
        return word.replace("0.0.0.0", "127.0.0.1")

    def command(name: str) -> list[str]:
        port = re.compile(r"(--(?:metrics-)?port=)\d+")
        return [port.sub(rf"\g<1>{ports[name]}", here(word)) for word in parts()[name]]

    def page(name: str) -> str:
        """As Prometheus asks for it: by the name of the target."""
        targets = [each for some in scrape_targets().values() for each in some]
        (target,) = (each for each in targets if each.startswith(f"{name}:"))
        headers = HEADERS | {"Host": target}
        try:
            got = httpx.get(f"http://127.0.0.1:{ports[name]}/metrics", headers=headers, timeout=10)
        except httpx.TransportError:
            return ""
        assert got.status_code == 200, got.text
        return got.text

    with ExitStack() as stack:
        for server in redis.values():
            stack.callback(server.stop)
            server.start()
        with redis["broker"].client() as client:
            for message in events():
                client.xadd("events", {"event": message})
        updater = stack.enter_context(running(command("updater"), tmp_path, "updater"))
        with redis["broker"].client() as client:  # before that the trainer ends, and is started again
            until(lambda: bool(client.exists("admitted")), "admitted entries")
        trainer = stack.enter_context(running(command("trainer"), tmp_path, "trainer"))
        snapshots = tmp_path / "trainer" / "snapshots"

        def has_snapshot() -> bool:
            for name, process in (("updater", updater), ("trainer", trainer)):
                assert process.poll() is None, (tmp_path / f"{name}.txt").read_text()
            return (snapshots / "CURRENT").exists()

        until(has_snapshot, "a snapshot")
        for name in ("server-1", "server-2"):
            stack.enter_context(running(command(name), tmp_path, name))
        for name in ("server-1", "server-2"):
            until(lambda name=name: page(name) != "", name)
            check_server(name, f"http://127.0.0.1:{ports[name]}")
        together = "".join(page(name) for name in parts())
        needed = {each for expr in alerts().values() for each in re.findall(r"interestclock_\w+", expr)}
        assert {name for name in needed if f"\n{name}" not in together} == set()
