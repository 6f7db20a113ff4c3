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
_CLUSTER = "--appendonly yes --appendfsync no --save '' --cluster-enabled yes"
NOTHING_IS_KEPT = "--appendonly no --save ''"


class RedisServer:
    """Keeps its data in a folder, so that it survives a stop; ``settings`` are of its command line."""

    def __init__(self, folder: Path, settings: str = ALL_IS_KEPT) -> None:
        self.folder, self.settings = folder, settings
        self.port = free_port()
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
    """A cluster of three nodes with a third of the slots each; port and kill are the first one's."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, _CLUSTER)
        self._others = [RedisServer(folder / str(number), _CLUSTER) for number in (1, 2)]

    def start(self) -> None:
        super().start()
        for each in self._others:
            if each._process is None:
                each.folder.mkdir(exist_ok=True)
                each.start()
        nodes = [self, *self._others]
        for number, node in enumerate(nodes):
            with node.client() as client:
                if not client.execute_command("CLUSTER INFO")["cluster_slots_assigned"].strip("0"):
                    first, stop = (16_384 * each // 3 for each in (number, number + 1))
                    client.execute_command("CLUSTER ADDSLOTSRANGE", first, stop - 1)
                    client.execute_command("CLUSTER MEET", "127.0.0.1", self.port)
        until = time.monotonic() + 20
        while not all(map(_is_whole, nodes)):
            assert time.monotonic() < until, "the cluster does not come up"
            time.sleep(0.02)

    def stop(self) -> None:
        for each in (super(), *self._others):
            each.stop()


def _is_whole(node: RedisServer) -> bool:
    with node.client() as client:
        told = client.execute_command("CLUSTER INFO")
    return (told["cluster_state"], told["cluster_known_nodes"]) == ("ok", "3")


def free_port() -> int:
    """One whose cluster bus, 10,000 further, is a port, too."""
    while True:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port: int = free.getsockname()[1]
        if port < 55_000:
            return port
