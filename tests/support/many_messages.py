"""Messages of a service with many users: exposures, labels, items that change, some of it late or twice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from in_memory import DAY_MS, GENRES, START_MS

from interestclock.events import exposure_message, item_message, label_message

USERS, ITEMS = 2_000, 3_000
_LATE_MS = 120_000  # behind what lateness allows, now and then


def many_messages(count: int, *, seed: int, days: int) -> Iterator[bytes]:
    """So many, in the order in which they come; every second or so is a label of one before."""
    draw = np.random.default_rng(seed)
    at_ms_E = START_MS + np.sort(draw.integers(0, days * DAY_MS, count))
    late_E = np.where(draw.random(count) < 0.02, draw.integers(0, _LATE_MS, count), 0)
    user_E = np.minimum(draw.zipf(1.3, count), USERS)
    item_E = draw.integers(0, ITEMS, count) + (at_ms_E - START_MS) // DAY_MS * 40  # the oldest leave
    kind_E, genre_E = draw.random(count), draw.integers(0, GENRES.size, (count, 2))
    exposures: list[tuple[str, int]] = []
    for place in range(count):
        at_ms, kind = int(at_ms_E[place]), kind_E[place]
        genres = [str(GENRES[each]) for each in genre_E[place]]
        if kind < 0.01:
            yield item_message(item=str(item_E[place]), attributes={"genre": genres}, from_ms=at_ms)
        elif kind < 0.5 and exposures:
            event_id, shown_ms = exposures[int(draw.integers(max(0, len(exposures) - 300), len(exposures)))]
            known_ms = max(shown_ms, at_ms - int(late_E[place]))
            yield label_message(
                label_of=event_id, label=("finish", "like")[place % 2], value=place % 3 > 0, known_ms=known_ms
            )
        else:
            event_id, shown_ms = f"e{place - place % 97 // 96}", at_ms - int(late_E[place])  # some come twice
            exposures.append((event_id, shown_ms))
            yield exposure_message(
                event_id=event_id,
                user_id=str(user_E[place]),
                item_id=str(item_E[place]),
                timestamp_ms=shown_ms,
                utc_offset_minutes=60 * int(user_E[place] % 12),
                attributes={"genre": genres},
            )
