"""Whether a log's labels can make clocks, asked before anything is read."""

from __future__ import annotations

import shlex

from interestclock.errors import ConfigError
from interestclock.events.schema import EQ3_ROLES, LogSchema

__all__ = ["require_eq3_term"]


def require_eq3_term(schema: LogSchema, *, wanted_by: str) -> None:
    """Refuse a log none of whose labels counts in Eq. 3.

    Args:
        schema: of the log. wanted_by: who needs clocks, for the message.

    Raises:
        ConfigError: no label counts as one of its terms.

    Example:
        >>> require_eq3_term(LogSchema(labels=("click",)), wanted_by="gaussian")
        Traceback (most recent call last):
        interestclock.errors.ConfigError: no clocks for gaussian: Eq. 3 counts labels called like, finish,
        skip, dislike and this log has click; say which counts as which, for example --eq3 finish=click
    """
    if not schema.eq3_labels:
        raise ConfigError(
            f"no clocks for {wanted_by}: Eq. 3 counts labels called {', '.join(EQ3_ROLES)} and this log has "
            f"{', '.join(schema.labels)}; say which counts as which, "
            f"for example --eq3 {shlex.quote(f'finish={schema.main_label}')}"
        )
