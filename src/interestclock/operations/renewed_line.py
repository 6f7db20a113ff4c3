"""A line on a terminal that is shown anew now and then, and printed where there is none."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

__all__ = ["RenewedLine"]

_TERMINAL_S, _ELSEWHERE_S = 0.5, 30.0  # between two showings


class RenewedLine:
    """A line that renews itself on a terminal, twice a second at most; elsewhere a line every 30 seconds.

    In the end a terminal's line gives way to a printed one: the last is printed in any case. What others
    print to the same terminal meanwhile appears above the line.

    Args:
        console: where to. monotonic_s: a clock.

    Example:
        >>> import sys
        >>> with RenewedLine(Console(file=sys.stdout, force_terminal=False)) as line:
        ...     for number in range(3):
        ...         line.show(lambda: f"{number} done")
        0 done
        2 done
    """

    def __init__(self, console: Console, *, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._console, self._now_s = console, monotonic_s
        self._renews = console.is_terminal and not console.is_dumb_terminal
        # Standard error that goes to a file still goes there.
        above = sys.stderr.isatty()
        self._live = Live(console=console, auto_refresh=False, transient=True, redirect_stderr=above)
        self._shown_s = -math.inf
        self._unprinted: Callable[[], str] | None = None

    def __enter__(self) -> Self:
        if self._renews:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()
        if self._unprinted is not None:
            self._print(self._unprinted)

    def show(self, text: Callable[[], str]) -> None:
        """Show what it gives, unless something was shown a moment ago; it is asked when it is shown."""
        self._unprinted = text
        now_s = self._now_s()
        if now_s - self._shown_s < (_TERMINAL_S if self._renews else _ELSEWHERE_S):
            return
        self._shown_s = now_s
        if self._renews:
            self._live.update(Text(text()), refresh=True)
        else:
            self._print(text)

    def _print(self, text: Callable[[], str]) -> None:
        self._console.print(text(), highlight=False, markup=False, soft_wrap=True)
        self._unprinted = None
