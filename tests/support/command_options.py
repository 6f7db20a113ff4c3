"""The commands of the package, with their options."""

from __future__ import annotations

from typer.core import TyperGroup
from typer.main import get_command

from interestclock.cli.app import app


def command_options() -> dict[str, set[str]]:
    """The options of each command, as its ``--help`` lists them."""
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    some = dict(group.commands)
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            some |= {f"{name} {part}": each for part, each in command.commands.items()}
    some["features"] = some["features export"]  # which may be left out
    return {
        name: {option for parameter in command.params for option in parameter.opts} | {"--help"}
        for name, command in some.items()
    }


def parsed(words: list[str]) -> dict[str, object]:
    """What a command line comes to, by parameter; unknown options, and values that cannot be, are errors."""
    command = get_command(app)
    while isinstance(command, TyperGroup):
        name, *words = words
        command = command.commands[name]
    return command.make_context(command.name, list(words)).params
