"""Python code of the user's own, named ``package.module:Name``."""

from __future__ import annotations

import difflib
import importlib
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from interestclock.errors import ConfigError, InterestClockError

__all__ = [
    "exits_refused",
    "import_named",
    "instead_of_a_file",
    "is_named",
    "look_in_current_folder",
    "make_named",
]

_FILE = re.compile(r"(?:\.[/\\])?(?P<module>[^:]+)\.py:(?P<name>[^:]+)")
_NAMED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")


def is_named(text: str) -> bool:
    """Whether a text reads as ``package.module:Name``.

    Example:
        >>> is_named("my_package.my_module:MyClockConfig"), is_named("kafka://host:9092/plays")
        (True, False)
    """
    return _NAMED.fullmatch(text) is not None


def import_named(name: str) -> Any:
    """What stands under a name in a module, which is imported: its code runs.

    Args:
        name: ``package.module:Name``.

    Raises:
        ConfigError: no such module, none of that name in it, or its import failed.

    Example:
        >>> import_named("collections:OrderedDict")
        <class 'collections.OrderedDict'>
        >>> import_named("collections:OrderedDct")
        Traceback (most recent call last):
        interestclock.errors.ConfigError: module collections has no 'OrderedDct' (did you mean OrderedDict?)
    """
    if not is_named(name):
        raise ConfigError(f"'{name}' does not read as package.module:Name{instead_of_a_file(name)}")
    module, _, path = name.partition(":")
    found = _imported(module, name)
    for part in path.split("."):
        if not hasattr(found, part):
            where = f"module {module}" if found is sys.modules.get(module) else repr(found)
            raise ConfigError(f"{where} has no '{part}'{_instead(part, found)}")
        found = getattr(found, part)
    return found


def make_named(name: str) -> Any:
    """What a class or a function gives that is named ``package.module:Name`` and takes no arguments.

    Raises:
        ConfigError: as ``import_named``; it cannot be called, needs arguments, or failed.

    Example:
        >>> make_named("collections:Counter")
        Counter()
    """
    maker = import_named(name)
    if not callable(maker):
        raise ConfigError(f"{name} is {maker!r}; name a class, or a function without arguments")
    try:
        return maker()
    except InterestClockError:
        raise
    except (Exception, SystemExit) as error:
        raise ConfigError(
            f"{name}() failed ({type(error).__name__}: {error}); it is called without arguments, so give "
            "each of them a default, or name a function that gives what you want"
        ) from error


@contextmanager
def exits_refused(where: str) -> Iterator[None]:
    """``sys.exit()`` of the user's own code would end a command as if all were done.

    Raises:
        ConfigError: it was called; names where.

    Example:
        >>> with exits_refused("my_logs:Plays: chunks()"):
        ...     sys.exit(0)
        Traceback (most recent call last):
        interestclock.errors.ConfigError: my_logs:Plays: chunks() called sys.exit(0); raise an error that ...
    """
    try:
        yield
    except SystemExit as error:
        code = "" if error.code is None else repr(error.code)
        raise ConfigError(
            f"{where} called sys.exit({code}); raise an error that says what is wrong, or return"
        ) from error


def instead_of_a_file(text: str) -> str:
    """A hint where a text names a file of code and a name in it: how that is written.

    Example:
        >>> instead_of_a_file("acme/fresh.py:FreshConfig")
        '; write acme.fresh:FreshConfig'
        >>> instead_of_a_file("plays.csv"), instead_of_a_file("/home/acme/fresh.py:FreshConfig")
        ('', '; write it as package.module:Name, and go to the folder that holds the package')
    """
    found = _FILE.fullmatch(text)
    if found is None:
        return ""
    name = re.sub(r"[/\\]", ".", found["module"]) + ":" + found["name"]
    if not is_named(name):
        return "; write it as package.module:Name, and go to the folder that holds the package"
    return f"; write {name}"


def look_in_current_folder(*names: str) -> None:
    """Let modules of such names be found in the current folder; what is installed comes before it.

    A ``random.py`` that happens to lie there must not be taken for Python's own, as by ``python -m``.
    """
    folder = str(Path.cwd())
    if any(map(is_named, names)) and not {"", folder} & set(sys.path):
        sys.path.append(folder)


def _instead(part: str, found: Any) -> str:
    """What may have been meant: a name alike, else what is written there."""
    close = difflib.get_close_matches(part, dir(found), n=1)
    if close:
        return f" (did you mean {close[0]}?)"
    module = getattr(found, "__name__", None)
    there = [
        name
        for name, thing in vars(found).items()
        if callable(thing) and not name.startswith("_") and getattr(thing, "__module__", None) == module
    ]
    return f"; it has {', '.join(there)}" if there else ""


def _imported(module: str, name: str) -> Any:
    try:
        return importlib.import_module(module)
    except (Exception, SystemExit) as error:  # a module may end the program, which is meant for scripts
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing is not None and f"{module}.".startswith(f"{missing}."):
            raise ConfigError(
                f"no module '{missing}' for {name}; modules are looked for among what is installed, in "
                f"PYTHONPATH and, by the command, in the current folder{instead_of_a_file(name)}"
            ) from error
        raise ConfigError(
            f"{name}: importing {module} failed ({type(error).__name__}: {error}); mend it, or install what "
            "it needs"
        ) from error
