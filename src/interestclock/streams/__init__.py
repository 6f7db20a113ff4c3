"""What never ends: embedded logs, brokers, replays, merged into one order; checksummed segments on disk."""

from interestclock.streams.embedded_log import EmbeddedLogSource, embedded_log_ends
from interestclock.streams.embedded_log_writer import EmbeddedLogWriter
from interestclock.streams.event_log import EventLog, open_event_log
from interestclock.streams.hybrid_source import HybridSource
from interestclock.streams.kafka import KafkaSource
from interestclock.streams.kafka_writer import KafkaLogWriter
from interestclock.streams.log_followers import LogFollower, followers_of, remove_follower
from interestclock.streams.messages import Message, MessageParser
from interestclock.streams.micro_batch import (
    BadMessage,
    LiveSource,
    MicroBatch,
    OfALog,
    OffsetRanges,
    Rereadable,
    Source,
)
from interestclock.streams.open_live import open_hybrid, open_live
from interestclock.streams.redis_streams import RedisSource
from interestclock.streams.redis_writer import RedisLogWriter
from interestclock.streams.replay import ReplaySource
from interestclock.streams.segment_files import Entry
from interestclock.streams.segment_follower import SegmentFollower
from interestclock.streams.segments import Segments
from interestclock.streams.ticks import Tick, Ticks

__all__ = [
    "BadMessage",
    "EmbeddedLogSource",
    "EmbeddedLogWriter",
    "Entry",
    "EventLog",
    "HybridSource",
    "KafkaLogWriter",
    "KafkaSource",
    "LiveSource",
    "LogFollower",
    "Message",
    "MessageParser",
    "MicroBatch",
    "OfALog",
    "OffsetRanges",
    "RedisLogWriter",
    "RedisSource",
    "ReplaySource",
    "Rereadable",
    "SegmentFollower",
    "Segments",
    "Source",
    "Tick",
    "Ticks",
    "embedded_log_ends",
    "followers_of",
    "open_event_log",
    "open_hybrid",
    "open_live",
    "remove_follower",
]
