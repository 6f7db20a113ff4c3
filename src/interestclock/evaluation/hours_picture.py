"""Counts by local hour as a still picture."""

from __future__ import annotations

from collections.abc import Sequence

from interestclock.evaluation.page import page
from interestclock.evaluation.slices import HOURS
from interestclock.evaluation.svg import NOT_XML

__all__ = ["hours_picture"]

_TOP, _BOTTOM, _LEFT, _STEP = 56, 200, 75, 26


def hours_picture(count_H: Sequence[int], *, title: str) -> str:
    """SVG of a bar for each local hour.

    Args:
        count_H: 24 counts. title: what they count.

    Raises:
        ValueError: there are not 24.

    Example:
        >>> hours_picture([1] * 24, title="Events <by> hour").count("<title>")
        24
    """
    if len(count_H) != HOURS:
        raise ValueError(f"a day has {HOURS} hours, not {len(count_H)}; give a count of each")
    most = max(*count_H, 1)
    height_H = [round((_BOTTOM - _TOP) * count / most, 1) for count in count_H]
    bars = [
        {
            "left": _LEFT + _STEP * hour,
            "top": round(_BOTTOM - height, 1),
            "height": height,
            "label": f"{hour:02d}:00 to {hour:02d}:59: {count:,}",
        }
        for hour, (count, height) in enumerate(zip(count_H, height_H, strict=True))
    ]
    ticks = [{"at": _BOTTOM, "label": "0"}, {"at": _TOP, "label": f"{most:,}"}]
    return page("hours.svg.jinja", title=NOT_XML.sub("\ufffd", title), bars=bars, ticks=ticks)
