"""What never ends: brokers and replays, merged into one order, and checksummed segments on disk."""

from interestclock.streams.kafka import KafkaSource
from interestclock.streams.messages import Message, MessageParser
from interestclock.streams.micro_batch import BadMessage, LiveSource, MicroBatch, OffsetRanges, Rereadable
from interestclock.streams.open_live import open_live, open_then
from interestclock.streams.redis_streams import RedisSource
from interestclock.streams.replay import ReplaySource
from interestclock.streams.segment_files import Entry
from interestclock.streams.segment_follower import SegmentFollower
from interestclock.streams.segments import Segments
from interestclock.streams.then import ThenSource
from interestclock.streams.ticks import Tick, Ticks

__all__ = [
    "BadMessage",
    "Entry",
    "KafkaSource",
    "LiveSource",
    "Message",
    "MessageParser",
    "MicroBatch",
    "OffsetRanges",
    "RedisSource",
    "ReplaySource",
    "Rereadable",
    "SegmentFollower",
    "Segments",
    "ThenSource",
    "Tick",
    "Ticks",
    "open_live",
    "open_then",
]
