"""What a ranker asks of a clock's configuration, ours or anyone's."""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, cast

from interestclock.errors import ConfigError, InterestClockError, check_numbers

if TYPE_CHECKING:
    from interestclock.clocks.clock_module import ClockModule

__all__ = ["ClockConfig", "RankerSizes", "check_clock_config", "clock_settings", "clock_with", "path_of"]

_LONGEST_KIND = 100  # it becomes the name of files
_KIND = re.compile(r"[a-z0-9][a-z0-9_.+-]*")
_REQUIRED = {
    "kind": 'the clock\'s name in results, for example kind: ClassVar[str] = "weekly"',
    "reads_preferences": "whether it reads Eq. 3's preferences: ClassVar[bool]",
    "reads_behaviours": "how many of a user's newest behaviours it reads, 0 for none: ClassVar[int]",
    "build": "the method build(self, sizes: RankerSizes) -> ClockModule",
}


@dataclass(frozen=True, kw_only=True)
class RankerSizes:
    """What is known of a ranker when its clocks are built.

    Args:
        dim: D, width of every embedding. std: standard deviation of their first weights.
        item_dim: I, width of an item's vector. attributes: names of the items' attributes.
        preferences_dim: C, width of a bucket's preferences (Eq. 3), all clock attributes side by side.
        buckets_per_day: H, hour buckets of the preferences.

    Example:
        >>> RankerSizes(dim=16, item_dim=32).buckets_per_day
        24
    """

    dim: int
    item_dim: int
    std: float = 0.1
    attributes: tuple[str, ...] = ()
    preferences_dim: int = 0
    buckets_per_day: int = 24

    def __post_init__(self) -> None:
        check_numbers(self, error=ValueError)


class _Clock(Protocol):
    """A frozen dataclass that JSON can hold, and how the clock is built from it.

    One that reads preferences may have a setting ``population_votes``, as ``GaussianConfig`` has.
    """

    kind: ClassVar[str]
    """Its name in results: small letters, digits and ``_ . + -``."""
    reads_preferences: ClassVar[bool]
    """Whether it reads Eq. 3's preferences (``ClockInputs.interests``)."""

    def build(self, sizes: RankerSizes) -> ClockModule:
        """The clock in its place in a ranker of these sizes."""


class _ReadsAlways(_Clock, Protocol):
    reads_behaviours: ClassVar[int]
    """How many of a user's newest behaviours it reads; 0 is none."""


class _ReadsAsSet(_Clock, Protocol):
    @property
    def reads_behaviours(self) -> int:
        """How many of a user's newest behaviours it reads, which its settings say; 0 is none."""


ClockConfig = _ReadsAlways | _ReadsAsSet
"""A clock's settings: two protocols, since to checkers of types a ``ClassVar`` is no property."""


def check_clock_config(clock: object) -> None:
    """Refuse what is no clock's configuration.

    Raises:
        ConfigError: an attribute is missing (named) or of another kind, or it is no frozen dataclass.

    Example:
        >>> check_clock_config("gaussian")
        Traceback (most recent call last):
        interestclock.errors.ConfigError: 'gaussian' is no clock's configuration: it is no dataclass; ...
    """
    made = f"{clock!r} is no clock's configuration"
    if isinstance(clock, type):
        raise ConfigError(f"{made} but a class: make one, for example {clock.__name__}()")
    if hasattr(clock, "forward"):
        raise ConfigError(
            f"a {type(clock).__name__} is a clock and not its settings; give a configuration, for example "
            "GaussianConfig(), of which each ranker makes a clock of its own"
        )
    if not is_dataclass(clock):
        raise ConfigError(f"{made}: it is no dataclass; write @dataclass(frozen=True, kw_only=True)")
    for name, required in _REQUIRED.items():
        if not hasattr(clock, name):
            raise ConfigError(f"{made}: it has no '{name}'; give it {required}")
        if name in {each.name for each in fields(clock)}:
            raise ConfigError(f"{made}: '{name}' is a setting of it; annotate it as a ClassVar")
    config = cast(ClockConfig, clock)
    if not cast(Any, clock).__dataclass_params__.frozen:
        raise ConfigError(f"{made}: it can be changed; write @dataclass(frozen=True, kw_only=True)")
    if not callable(config.build):
        raise ConfigError(f"{made}: build is {config.build!r}; give it {_REQUIRED['build']}")
    if not isinstance(config.kind, str) or not _KIND.fullmatch(config.kind):
        raise ConfigError(f"{made}: kind is {config.kind!r}; give small letters, digits and _ . + -")
    if len(config.kind) > _LONGEST_KIND:
        raise ConfigError(
            f"a clock's kind is {len(config.kind)} letters long ('{config.kind[:20]}...'); it becomes the "
            f"name of files: give at most {_LONGEST_KIND}"
        )
    if type(config.reads_preferences) is not bool:
        raise ConfigError(f"{made}: reads_preferences is {config.reads_preferences!r}; give True or False")
    if type(config.reads_behaviours) is not int or config.reads_behaviours < 0:
        raise ConfigError(f"{made}: reads_behaviours is {config.reads_behaviours!r}; give 0 or more")


def path_of(clock: ClockConfig) -> str:
    """``package.module:Class`` of a configuration: what it is saved under, outside this project.

    Raises:
        ConfigError: its class cannot be imported by that name.

    Example:
        >>> from interestclock.clocks import GaussianConfig
        >>> path_of(GaussianConfig())
        'interestclock.clocks.gaussian:GaussianConfig'
    """
    kind = type(clock)
    path = f"{kind.__module__}:{kind.__qualname__}"
    if kind.__module__ in ("__main__", "__mp_main__") or "<locals>" in kind.__qualname__:
        raise ConfigError(
            f"{path} cannot be imported again, by a process of its own or from what is saved; write the "
            "class at the top of a module that is imported"
        )
    found: Any = sys.modules.get(kind.__module__)
    for part in kind.__qualname__.split("."):
        found = getattr(found, part, None)
    if found is not kind:
        raise ConfigError(f"{path} is another class than the one given; name the class as its module does")
    return path


def clock_settings(clock: ClockConfig) -> dict[str, Any]:
    """Settings as JSON has them: what ``clock_with`` makes the same configuration of.

    Raises:
        ConfigError: JSON cannot hold one of them, or gives it back as something else.

    Example:
        >>> from interestclock.clocks import GaussianConfig
        >>> clock_settings(GaussianConfig())
        {'sigma_hours': 1.0, 'mu_hours': 0.0, 'bucket_centre_hours': None, 'population_votes': 0.0}
    """
    settings = asdict(cast(Any, clock))
    for name, value in settings.items():
        try:
            settings[name] = json.loads(json.dumps(value))
        except (TypeError, ValueError) as error:
            raise ConfigError(
                f"{clock.kind}: {name} is {value!r}, which JSON cannot hold ({error}); "
                "settings are numbers, text, True, False, None, and tuples of them"
            ) from error
    if clock_with(type(clock), settings) != clock:
        raise ConfigError(
            f"{clock.kind}: {clock!r} is not the same after JSON; settings are numbers, text, True, False, "
            "None, and tuples of them, and are kept as they are given"
        )
    return settings


def clock_with(kind: type[ClockConfig], settings: Mapping[str, Any]) -> ClockConfig:
    """The configuration of some settings out of JSON, whose lists were tuples.

    Raises:
        ConfigError: it has no such setting, lacks one, or refuses what they are.

    Example:
        >>> from interestclock.clocks import GaussianConfig
        >>> clock_with(GaussianConfig, {"sigma_hours": 2.0}).sigma_hours
        2.0
        >>> clock_with(GaussianConfig, {"sigma": 2.0})
        Traceback (most recent call last):
        interestclock.errors.ConfigError: GaussianConfig has no setting 'sigma'; it has sigma_hours, ...
    """
    _check_names_of(kind, settings)
    try:
        return kind(**{name: _tuples(value) for name, value in settings.items()})
    except InterestClockError:
        raise
    except Exception as error:
        raise ConfigError(
            f"{kind.__name__} refuses its settings {dict(settings)} ({type(error).__name__}: {error})"
        ) from error


def _check_names_of(kind: type[ClockConfig], settings: Mapping[str, Any]) -> None:
    """Each setting is one that the class takes, and none is missing."""
    parameters = inspect.signature(kind).parameters.values()
    any_name = any(each.kind is each.VAR_KEYWORD for each in parameters)
    names = {
        each.name: each for each in parameters if each.kind in (each.KEYWORD_ONLY, each.POSITIONAL_OR_KEYWORD)
    }
    for name in settings:
        if name not in names and not any_name:
            raise ConfigError(f"{kind.__name__} has no setting '{name}'; it has {', '.join(names) or 'none'}")
    for name, each in names.items():
        if each.default is each.empty and name not in settings:
            raise ConfigError(f"{kind.__name__} lacks its setting '{name}', which has no default")


def _tuples(value: Any) -> Any:
    return tuple(_tuples(each) for each in value) if isinstance(value, list) else value
