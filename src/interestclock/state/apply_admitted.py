"""One step of what was admitted, applied to a feature state."""

from __future__ import annotations

from interestclock.admission import Admitted
from interestclock.state.feature_state import FeatureState

__all__ = ["apply_admitted"]


def apply_admitted(state: FeatureState, admitted: Admitted) -> None:
    """Bring a state to where admission is: midnights, erasures, exposures, labels, and what is closed.

    Args:
        state: fed all before. admitted: the next step, as ``EventBuffer`` gives it.

    Example:
        >>> from interestclock.admission import AdmissionConfig, EventBuffer
        >>> from interestclock.events.schema import LogSchema
        >>> from interestclock.state import StateConfig
        >>> schema = LogSchema(labels=("finish",))
        >>> buffer = EventBuffer(schema, config=AdmissionConfig())
        >>> state = FeatureState(schema, items=None, config=StateConfig())
        >>> for each in buffer.tick(awaited=(), polled_ms=86_400_000):
        ...     apply_admitted(state, each)
    """
    for midnight_ms in state.midnights_until(admitted.watermark_ms):
        state.pass_midnight(midnight_ms)
    if admitted.erasures is not None:
        state.erase(admitted.erasures)
    if admitted.exposures is not None and (admitted.exposures.num_rows or admitted.items is not None):
        state.ingest(admitted.exposures, admitted.items)
    state.apply_labels(admitted.labels)
    state.close_before_ms(admitted.watermark_ms - state.config.waits_ms)
