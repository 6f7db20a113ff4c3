"""The one partition of a Kafka topic that holds an admitted log: its ends, and records by their offsets."""

from __future__ import annotations

import time
from typing import Any

from interestclock.errors import ResultError
from interestclock.streams.addresses import BrokerAddress

__all__ = ["OnePartition", "settings_for"]

_ANSWER_S = 5.0
_LOOK_AGAIN_S = 0.1


class OnePartition:
    """Records of a topic's one partition, by their offsets.

    Args:
        address: of the topic. kafka: the package.

    Raises:
        ResultError: (from ``check``) there is no such topic, or it has several partitions.
        KafkaException: (from all) the brokers do not answer.
    """

    def __init__(self, address: BrokerAddress, kafka: Any) -> None:
        self._kafka, self._address = kafka, address
        self._consumer: Any = kafka.Consumer(
            settings_for(address)
            | {
                "group.id": "interestclock-admitted",
                "enable.auto.commit": False,
                "auto.offset.reset": "error",
            }
        )

    def check(self) -> None:
        """There is such a topic, with one partition."""
        name = self._address.name
        topic = self._consumer.list_topics(name, timeout=_ANSWER_S).topics[name]
        if topic.error is not None and topic.error.code() != self._kafka.KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise self._kafka.KafkaException(topic.error)
        if topic.error is not None or len(topic.partitions) != 1:
            has = "is not there" if topic.error is not None else f"has {len(topic.partitions)} partitions"
            raise ResultError(
                f"{self._address.shown} {has}; create a topic with one partition for it, since entries have "
                "one order"
            )

    def ends(self) -> tuple[int, int]:
        """The offset of the oldest record, and that of the next."""
        low, high = self._consumer.get_watermark_offsets(self._place(), timeout=_ANSWER_S)
        return low, high

    def record_at(self, offset: int) -> bytes:
        """One record."""
        self.assign(offset)
        until_s = time.monotonic() + _ANSWER_S
        while time.monotonic() < until_s:
            if (record := self.poll(_LOOK_AGAIN_S)) is not None:
                return record
        raise self._kafka.KafkaException(self._kafka.KafkaError(self._kafka.KafkaError._TIMED_OUT))

    def assign(self, offset: int) -> None:
        """Go on with the record at an offset."""
        place = self._place()
        place.offset = offset
        self._consumer.assign([place])

    def poll(self, wait_s: float) -> bytes | None:
        """The next record."""
        message = self._consumer.poll(wait_s)
        if message is None:
            return None
        error = message.error()
        if error is not None and error.code() == self._kafka.KafkaError._AUTO_OFFSET_RESET:
            raise ResultError(
                f"{self._address.shown}: the records to go on from are there no more ({error.str()}); let "
                "the topic keep them longer, and start on the state of a trainer that has read them (train "
                "--state-from)"
            )
        if error is not None:
            raise self._kafka.KafkaException(error)
        return message.value() or b""

    def close(self) -> None:
        """Let go of connections."""
        self._consumer.close()

    def _place(self) -> Any:
        return self._kafka.TopicPartition(self._address.name, 0)


def settings_for(address: BrokerAddress) -> dict[str, Any]:
    """Of every client: where the brokers are, and that it says nothing itself."""
    return {"bootstrap.servers": address.brokers, "log_level": 2}
