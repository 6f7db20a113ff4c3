"""Options that are made of the declarations of a mapping's keys."""

from __future__ import annotations

from typing import Annotated

from interestclock.cli.key_options import KeyOption, key_options
from interestclock.mapping_keys import Key, LogKeys


class MoodyKeys(LogKeys, frozen=True, kw_only=True):
    mood: Annotated[str | None, Key(help="Column of the mood.", option="mood")] = None
    moods: Annotated[tuple[str, ...], Key(help="A mood that counts.", option="moods", otherwise="all")] = ()
    unseen: Annotated[str, Key(help="In a file only.")] = "unseen"


def test_a_key_that_is_declared_is_an_option_without_more() -> None:
    came = [option for option in key_options(MoodyKeys) if option not in key_options(LogKeys)]
    assert came == [
        KeyOption(key="mood", name="mood", help="Column of the mood.", several=False),
        KeyOption(
            key="moods",
            name="moods",
            help="A mood that counts (default: all); repeat for several.",
            several=True,
        ),
    ]


def test_each_kind_of_key_as_an_option() -> None:
    options = {option.name: option for option in key_options(LogKeys)}
    assert list(options) == [
        "user", "item", "id-type", "time", "time-unit", "time-is-local", "utc-offset-minutes", "zone-column",
        "zone", "request", "event-id", "duplicates", "separator", "positive-only", "clock-attribute",
        "engaged", "label-column", "label-delay", "eq3", "attribute", "item-attribute", "categorical",
        "multivalued", "numeric",
    ]  # fmt: skip
    opposites = {name: option.opposite for name, option in options.items() if option.opposite}
    assert opposites == {"time-is-local": "time-is-utc"}
    several = {name for name, option in options.items() if option.several}
    assert several == set(list(options)[-10:])
    assert options["eq3"].help.endswith("Eq. 3) (default: by name). TERM=LABEL; repeat for several.")
    assert options["label-delay"].help.startswith("NAME=SECONDS: seconds from exposure to known label")
