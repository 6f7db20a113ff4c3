"""Sources that never end: what arrives, and when nothing does."""

from interestclock.events.live.arrivals import Arrivals, BadMessage, Cut, LiveSource, Rereadable
from interestclock.events.live.kafka import KafkaSource
from interestclock.events.live.message_writers import (
    exposure_message,
    item_message,
    label_message,
    outcome_message,
    served_message,
)
from interestclock.events.live.messages import Message, MessageParser
from interestclock.events.live.open_live import open_live, open_then
from interestclock.events.live.redis_streams import RedisSource
from interestclock.events.live.replay import ReplaySource
from interestclock.events.live.then import ThenSource
from interestclock.events.live.ticks import Tick, Ticks

__all__ = [
    "Arrivals",
    "BadMessage",
    "Cut",
    "KafkaSource",
    "LiveSource",
    "Message",
    "MessageParser",
    "RedisSource",
    "ReplaySource",
    "Rereadable",
    "ThenSource",
    "Tick",
    "Ticks",
    "exposure_message",
    "item_message",
    "label_message",
    "open_live",
    "open_then",
    "outcome_message",
    "served_message",
]
