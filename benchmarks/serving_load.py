"""Requests over HTTP at moments that are drawn beforehand, whatever the answers do: an open loop."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import numpy as np

_CLOSES = b"connection: close"
_LENGTH = b"content-length:"


@dataclass(kw_only=True)
class Load:
    """What came of it.

    Args:
        seconds: it took. latency_ms: of each answer 200, from the moment it was to be sent.
        lag_ms: how much later than that it was sent. statuses: answers by status.
    """

    seconds: float = 0.0
    latency_ms: list[float] = field(default_factory=list)
    lag_ms: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def figures(self) -> dict[str, float]:
        latency, lag = np.array(self.latency_ms), np.array(self.lag_ms)
        return {
            "answers": float(self.statuses[200]),
            "answers_per_second": self.statuses[200] / self.seconds,
            "refused": float(sum(self.statuses.values()) - self.statuses[200]),
            "p50_ms": float(np.percentile(latency, 50)),
            "p99_ms": float(np.percentile(latency, 99)),
            "lag_p50_ms": float(np.percentile(lag, 50)),
            "lag_p99_ms": float(np.percentile(lag, 99)),
        }


class Client:
    """Sends bodies to one path of a server, over connections that are kept."""

    def __init__(self, url: str, bodies: Sequence[bytes]) -> None:
        parts = urlsplit(url)
        self._host, self._port = str(parts.hostname), int(parts.port or 80)
        head = f"POST /v1/rank HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
        self._requests = [f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body for body in bodies]
        self._idle: deque[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = deque()

    async def send(self, number: int) -> int:
        """The status of an answer, once all of it is there."""
        reader, writer = self._idle.pop() if self._idle else await self._connect()
        writer.write(self._requests[number % len(self._requests)])
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next((int(line[len(_LENGTH) :]) for line in lines if line.startswith(_LENGTH)), 0)
        await reader.readexactly(length)
        if _CLOSES in lines:
            writer.close()
        else:
            self._idle.append((reader, writer))
        return int(lines[0].split()[1])

    async def close(self) -> None:
        for _, writer in self._idle:
            writer.close()
            await writer.wait_closed()
        self._idle.clear()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self._host, self._port)


def poisson(url: str, bodies: Sequence[bytes], *, rate: float, seconds: float, seed: int = 0) -> Load:
    """An open loop: so many requests a second on average, at random moments."""
    apart = np.random.default_rng(seed).exponential(1 / rate, int(rate * seconds * 1.5) + 10)
    at = np.cumsum(apart)
    return asyncio.run(_open_loop(Client(url, bodies), at[at < seconds].tolist()))


def saturated(url: str, bodies: Sequence[bytes], *, senders: int, seconds: float) -> Load:
    """A closed loop: each sender sends the next request when it has an answer."""
    return asyncio.run(_closed_loop(Client(url, bodies), senders, seconds))


async def _open_loop(client: Client, moments: list[float]) -> Load:
    load, began, running = Load(), time.perf_counter(), set()

    async def one(number: int, at: float) -> None:
        load.lag_ms.append(1_000 * (time.perf_counter() - began - at))
        status = await client.send(number)
        load.statuses[status] += 1
        if status == 200:
            load.latency_ms.append(1_000 * (time.perf_counter() - began - at))

    for number, at in enumerate(moments):
        await asyncio.sleep(max(0.0, at - (time.perf_counter() - began)))
        task = asyncio.create_task(one(number, at))
        running.add(task)
        task.add_done_callback(running.discard)
    await asyncio.gather(*running)
    load.seconds = time.perf_counter() - began
    await client.close()
    return load


async def _closed_loop(client: Client, senders: int, seconds: float) -> Load:
    load, began = Load(), time.perf_counter()

    async def one(first: int) -> None:
        number = first
        while (sent := time.perf_counter()) < began + seconds:
            status = await client.send(number)
            number += senders
            load.statuses[status] += 1
            load.lag_ms.append(0.0)
            if status == 200:
                load.latency_ms.append(1_000 * (time.perf_counter() - sent))

    await asyncio.gather(*(one(each) for each in range(senders)))
    load.seconds = time.perf_counter() - began
    await client.close()
    return load
