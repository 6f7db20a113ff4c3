"""Stores that older versions wrote, and what went into them.

``tests/store/old_stores/format-1`` was written by commit 430f062, ``format-2`` by 7acaa30:
``features.msgpack`` has the keys and values of the store's databases once a state was fed all but the last of
``old_log()``; ``expected.json`` what that version read of it as of ``old_times_ms()``, by external ids, but
for the listings that came with format 2.
"""

from __future__ import annotations

from pathlib import Path

import lmdb
import msgspec
from admitted_logs import HOUR_MS, START_MS, AdmittedLog, Said, Shown, Told, with_midnights
from fed_state import CLOCKS, FOREVER, feed, new_state

from interestclock.state import FeatureState, StateConfig

OLD_CONFIG = StateConfig(
    clocks=CLOCKS, longest=2, waits_ms=FOREVER.waits_ms, keep_hours=24.0, forget_after_days=2.0
)
OLD_STORES = Path(__file__).resolve().parent.parent / "store" / "old_stores"
_USERS, _GENRES = ("ann", "bob", "eve"), (("a",), ("a", "zulu"), (), ("ärger",))


def old_log() -> AdmittedLog:
    """Five days: items that change, that are only told of, that leave; users who leave and come back."""
    events: list[Shown | Said | Told] = [Told("i5", START_MS, ("zulu",), ("calm",))]
    for step in range(40):
        at_ms = START_MS + step * 3 * HOUR_MS
        user, item = _USERS[step % 3 if step < 16 else step % 2], f"i{step % 4 if step < 20 else step % 3}"
        events.append(Shown(user, item, at_ms, (0, 330)[step % 2], _GENRES[step % 4], ("x",)))
        for label in ("finish", "like"):
            if step % 5:
                events.append(Said(step, label, int(step % 3 > 0), at_ms + HOUR_MS))
        if step % 6 == 5:
            told = f"i{(step // 6) % 5}"
            events.append(Told(told, at_ms + 2 * HOUR_MS, _GENRES[(step + 2) % 4], ("calm",)))
    return with_midnights(events)


def old_times_ms() -> list[int]:
    """Moments that can be read at the end of the old log."""
    return [START_MS + hours * HOUR_MS for hours in (72, 90, 102, 111, 117, 130)]


def old_state(*, steps: int) -> FeatureState:
    """The first steps of the old log, one at a time."""
    state, log = new_state(OLD_CONFIG), old_log()
    for step, watermark_ms in zip(log.steps[:steps], log.watermark_ms, strict=False):
        feed(state, [step], watermark_ms)
    return state


def unpack_store(number: int, to: Path) -> Path:
    """The store of a format, as that version had it in a folder."""
    pairs = msgspec.msgpack.decode((OLD_STORES / f"format-{number}" / "features.msgpack").read_bytes())
    (to / "features.lmdb").mkdir(parents=True)
    with lmdb.open(str(to / "features.lmdb"), max_dbs=len(pairs), map_size=1 << 20) as environment:
        for name, those in pairs.items():
            database = environment.open_db(name.encode())
            with environment.begin(write=True) as txn:
                for key, value in those:
                    txn.put(key, value, db=database)
    return to
