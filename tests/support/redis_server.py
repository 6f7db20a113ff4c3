"""A Redis server of the test's own: on loopback, on a free port, stopped at the end."""

from __future__ import annotations

import shlex
import shutil
import socket
import subprocess
import time
from pathlib import Path

import redis

SERVER = shutil.which("redis-server")
ALL_IS_KEPT = "--appendonly yes --appendfsync always --save ''"
NOTHING_IS_KEPT = "--appendonly no --save ''"


class RedisServer:
    """Keeps its data in a folder, so that it survives a stop; ``settings`` are of its command line."""

    def __init__(self, folder: Path, settings: str = ALL_IS_KEPT) -> None:
        self.folder, self.settings = folder, settings
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert SERVER is not None
        command = [SERVER, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        command += [*shlex.split(self.settings), "--loglevel", "warning"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                with self.client() as client:
                    client.ping()
                    return
            except redis.exceptions.ConnectionError:
                time.sleep(0.02)
        raise TimeoutError("redis-server does not answer")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def client(self) -> redis.Redis:
        return redis.Redis(host="127.0.0.1", port=self.port)


class RedisCluster(RedisServer):
    """A cluster of one node, which has all slots."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, f"{ALL_IS_KEPT} --cluster-enabled yes")

    def start(self) -> None:
        super().start()
        with self.client() as client:
            if client.execute_command("CLUSTER INFO")["cluster_slots_assigned"] != "16384":
                client.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
            until = time.monotonic() + 10
            while client.execute_command("CLUSTER INFO")["cluster_state"] != "ok":
                assert time.monotonic() < until, "the cluster does not come up"
                time.sleep(0.02)


def _free_port() -> int:
    """One whose cluster bus, 10,000 further, is a port, too."""
    while True:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port: int = free.getsockname()[1]
        if port < 55_000:
            return port
