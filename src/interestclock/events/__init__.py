"""Event logs and messages: what their columns and fields mean, checked, in time order, in one table."""

from interestclock.events.foursquare import foursquare_mapping
from interestclock.events.mapping import ColumnMapping
from interestclock.events.mapping_guess import MappingGuess, guess_mapping
from interestclock.events.message_writers import (
    erase_message,
    exposure_message,
    item_message,
    label_message,
    outcome_message,
    served_message,
)
from interestclock.events.open_log import LAYOUTS, open_log, resolve_mapping
from interestclock.events.own_source import open_own_log
from interestclock.events.schema import EQ3_ROLES, EventSource, LogCounts, LogSchema
from interestclock.events.table_source import TableSource
from interestclock.mapping_keys import CsvFormat, LabelColumn

__all__ = [
    "EQ3_ROLES",
    "LAYOUTS",
    "ColumnMapping",
    "CsvFormat",
    "EventSource",
    "LabelColumn",
    "LogCounts",
    "LogSchema",
    "MappingGuess",
    "TableSource",
    "erase_message",
    "exposure_message",
    "foursquare_mapping",
    "guess_mapping",
    "item_message",
    "label_message",
    "open_log",
    "open_own_log",
    "outcome_message",
    "resolve_mapping",
    "served_message",
]
