"""What ``deploy/`` says: parts of the compose file, units, alert rules."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
DEPLOY = REPOSITORY / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
PROGRAM = "/opt/interestclock/bin/interestclock"
IMAGE = "interestclock"
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def read_yaml(name: str) -> Any:
    return yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))


def services() -> dict[str, dict[str, Any]]:
    return read_yaml("compose.yaml")["services"]


def parts() -> dict[str, list[str]]:
    """The command line of each service that is ours, with variables as they are by default."""
    return {
        name: [_VARIABLE.sub(lambda it: it[3] or "", word) for word in each["command"]]
        for name, each in services().items()
        if each["image"] == IMAGE
    }


def unit_settings(unit: Path) -> dict[str, list[str]]:
    """Values of each setting of a unit, continued lines joined."""
    lines = unit.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    settings: dict[str, list[str]] = {}
    for name, _, value in (line.partition("=") for line in lines if line[:1].isalpha()):
        settings.setdefault(name, []).append(value)
    return settings


def unit_command(unit: Path, *, instance: str = "8000") -> list[str]:
    (line,) = unit_settings(unit)["ExecStart"]
    program, *words = shlex.split(line.replace("%i", instance))
    assert program == PROGRAM
    return words


def scrape_targets() -> dict[str, list[str]]:
    """Addresses by job."""
    return {
        job["job_name"]: [target for each in job["static_configs"] for target in each["targets"]]
        for job in read_yaml("prometheus.yml")["scrape_configs"]
    }


def alerts() -> dict[str, str]:
    """The expression of each alert."""
    groups = read_yaml("alerts.yml")["groups"]
    return {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}
