"""Event logs as streams in time order, whatever they were written in."""

from interestclock.events.foursquare import foursquare_mapping
from interestclock.events.mapping import ColumnMapping
from interestclock.events.mapping_parts import CsvFormat, LabelColumn
from interestclock.events.open_log import LAYOUTS, open_log, resolve_mapping
from interestclock.events.schema import EQ3_ROLES, EventSource, LogCounts, LogSchema
from interestclock.events.table_source import TableSource

__all__ = [
    "EQ3_ROLES",
    "LAYOUTS",
    "ColumnMapping",
    "CsvFormat",
    "EventSource",
    "LabelColumn",
    "LogCounts",
    "LogSchema",
    "TableSource",
    "foursquare_mapping",
    "open_log",
    "resolve_mapping",
]
