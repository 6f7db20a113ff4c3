"""What a ranker's name says: ``base``, or the parts that it is a sum of; told without importing any."""

from __future__ import annotations

import difflib

from interestclock.defaults import BASE, PARTS
from interestclock.errors import ConfigError
from interestclock.plugins import instead_of_a_file, is_named

__all__ = ["parts_of"]


def parts_of(name: str) -> tuple[str, ...]:
    """The parts that a ranker's name joins by ``+``, in their order; none of the base model alone.

    Each is a clock or baseline of this project, or reads as a clock of the user's own,
    ``package.module:Name``, which is not looked for.

    Args:
        name: such as ``hour+gaussian``.

    Raises:
        ConfigError: a part is neither, or named twice; the base model is named beside others.

    Example:
        >>> parts_of("base"), parts_of("hour+my_package.my_module:MyClockConfig")
        ((), ('hour', 'my_package.my_module:MyClockConfig'))
        >>> parts_of("hour+gausian")
        Traceback (most recent call last):
        interestclock.errors.ConfigError: no ranker 'hour+gausian': no part 'gausian' (did you mean ...
    """
    if name == BASE:
        return ()
    parts = tuple(part.strip() for part in name.split("+"))
    for number, part in enumerate(parts):
        if part == BASE:
            rest = "+".join(each for each in parts if each != BASE)
            raise ConfigError(f"'{name}' names base, which is in every ranker; write {rest or BASE}")
        if part in parts[:number]:
            raise ConfigError(
                f"'{name}' names {part} twice; name each part once, or give two of a kind their settings in "
                "a line-up file"
            )
        if part not in PARTS and not is_named(part):
            raise ConfigError(_no_part(part, name))
    return parts


def _no_part(part: str, name: str) -> str:
    whole = f"no ranker '{name}'" + ("" if part == name else f": no part '{part}'")
    if written := instead_of_a_file(part):
        return f"{whole}{written}"
    known = (BASE, *PARTS) if part == name else PARTS
    close = difflib.get_close_matches(part, known, n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    return (
        f"{whole}{hint}; there are {BASE}, {', '.join(PARTS)} and sums such as hour+gaussian, or name a "
        "clock of your own, my_package.my_module:MyClockConfig"
    )
