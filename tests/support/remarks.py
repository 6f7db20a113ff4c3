"""What is said of a log, without what is said of a test's times."""

from __future__ import annotations

from dataclasses import replace

from interestclock.events.schema import LogCounts

__all__ = ["but_for_1970"]


def but_for_1970(counts: LogCounts) -> LogCounts:
    """Counts without the remark that times lie before 1990, as those of tests with small numbers do."""
    remarks = [remark for remark in counts.remarks if ", before 1990; " not in remark]
    assert len(counts.remarks) - len(remarks) == 1  # it is said, once
    return replace(counts, remarks=remarks)
