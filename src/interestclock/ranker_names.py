"""Whether a name is one of a ranker, told without importing any."""

from __future__ import annotations

import difflib

from interestclock.defaults import RANKER_NAMES
from interestclock.errors import ConfigError
from interestclock.plugins import instead_of_a_file, is_named

__all__ = ["check_ranker_name"]


def check_ranker_name(name: str) -> None:
    """Refuse what is no ranker of this project and does not read as a clock of the user's own.

    Args:
        name: out of ``RANKER_NAMES``, or ``package.module:Name``, which is not looked for.

    Raises:
        ConfigError: it is neither.

    Example:
        >>> check_ranker_name("gaussian"), check_ranker_name("my_package.my_module:MyClockConfig")
        (None, None)
        >>> check_ranker_name("gausian")
        Traceback (most recent call last):
        interestclock.errors.ConfigError: no ranker 'gausian' (did you mean gaussian?); there are base, ...
    """
    if name in RANKER_NAMES or is_named(name):
        return
    if written := instead_of_a_file(name):
        raise ConfigError(f"no ranker '{name}'{written}")
    close = difflib.get_close_matches(name, RANKER_NAMES, n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    raise ConfigError(
        f"no ranker '{name}'{hint}; there are {', '.join(RANKER_NAMES)}, or name a clock of your own, "
        "my_package.my_module:MyClockConfig"
    )
