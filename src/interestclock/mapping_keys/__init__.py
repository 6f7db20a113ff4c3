"""What a mapping may say of a log: each key declared once, with its type, default and help.

Mapping files are checked against these declarations; options of the command line and the table of keys in
the guide 'Read your log' are made of them. Only ``msgspec`` is imported here, so that ``--help`` needs no
PyTorch, DuckDB or Arrow; what a mapping does is ``interestclock.events.ColumnMapping``.
"""

from interestclock.mapping_keys.csv_format import CsvFormat
from interestclock.mapping_keys.key import Key, bare_type, keys_of
from interestclock.mapping_keys.label_column import LabelColumn
from interestclock.mapping_keys.log_keys import BEGIN_A_MAPPING, LogKeys
from interestclock.mapping_keys.value_types import DUPLICATES, ID_TYPES, TIME_UNITS

__all__ = [
    "BEGIN_A_MAPPING",
    "DUPLICATES",
    "ID_TYPES",
    "TIME_UNITS",
    "CsvFormat",
    "Key",
    "LabelColumn",
    "LogKeys",
    "bare_type",
    "keys_of",
]
