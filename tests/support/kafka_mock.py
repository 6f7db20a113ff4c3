"""Librdkafka's mock cluster in a process of its own; prints its address, lives until its input ends."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from types import TracebackType

CLUSTER = """
import ctypes, glob, json, os, sys
import confluent_kafka
beside = os.path.dirname(os.path.dirname(confluent_kafka.__file__))
(path,) = glob.glob(beside + "/confluent_kafka.libs/librdkafka-*")
library = ctypes.CDLL(path)
for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_mock_cluster_new"):
    getattr(library, name).restype = ctypes.c_void_p
library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
said = ctypes.create_string_buffer(512)
conf = ctypes.c_void_p(library.rd_kafka_conf_new())
library.rd_kafka_conf_set(conf, b"log_level", b"2", said, 512)
handle = ctypes.c_void_p(library.rd_kafka_new(0, conf, said, ctypes.c_size_t(512)))
cluster = ctypes.c_void_p(library.rd_kafka_mock_cluster_new(handle, 1))
for topic, partitions in json.loads(sys.argv[1]).items():
    assert library.rd_kafka_mock_topic_create(cluster, topic.encode(), partitions, 1) == 0
print(library.rd_kafka_mock_cluster_bootstraps(cluster).decode(), flush=True)
for line in sys.stdin:
    down = line.strip() == "down"
    (library.rd_kafka_mock_broker_set_down if down else library.rd_kafka_mock_broker_set_up)(cluster, 1)
    print("done", flush=True)
"""


class KafkaMock:
    """``with KafkaMock() as address``; topics that are not named have four partitions, once asked for."""

    def __init__(self, topics: Mapping[str, int] | None = None) -> None:
        self._topics = json.dumps(dict(topics or {}))

    def __enter__(self) -> str:
        self._process = subprocess.Popen(
            [sys.executable, "-c", CLUSTER, self._topics],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def set_down(self, down: bool) -> None:
        """Whether the broker answers; what it holds stays."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("down\n" if down else "up\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "done\n"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()
