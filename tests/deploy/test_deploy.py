"""The files in ``deploy/`` name what there is: commands, options, services, volumes, ports, units."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from command_options import command_options, parsed
from deployed import (
    DEPLOY,
    PROGRAM,
    REPOSITORY,
    UNITS,
    parts,
    read_yaml,
    scrape_targets,
    services,
    unit_command,
    unit_settings,
)

from interestclock.events import ColumnMapping
from interestclock.service.access import TOKEN_VARIABLE

LINES = [(name, words) for name, words in parts().items()] + [
    (unit.name, unit_command(unit)) for unit in UNITS
]
ADDRESS = re.compile(r"\b(?:http|redis)://([\w.-]+):(\d+)")
HARDENED = (
    ("NoNewPrivileges", "yes"),
    ("CapabilityBoundingSet", ""),
    ("ProtectSystem", "strict"),
    ("ProtectHome", "yes"),
    ("PrivateTmp", "yes"),
    ("PrivateDevices", "yes"),
    ("RestrictNamespaces", "yes"),
    ("SystemCallFilter", "@system-service"),
)


def test_there_is_a_part_for_each() -> None:
    assert sorted(parts()) == ["server-1", "server-2", "trainer", "updater"]
    assert [unit.name for unit in UNITS] == [
        "interestclock-serve@.service",
        "interestclock-trainer.service",
        "interestclock-updater.service",
    ]


@pytest.mark.parametrize(("where", "words"), LINES)
def test_each_command_line_is_one_of_ours(where: str, words: list[str]) -> None:
    commands = command_options()
    name = " ".join(words[:2]) if " ".join(words[:2]) in commands else words[0]
    assert name in commands, where
    shown = {word.split("=")[0] for word in words if word.startswith("--")}
    assert shown - commands[name] == set()
    assert parsed(words), "required ones are there, and values are of their kinds"


def test_a_command_line_that_is_none_of_ours_would_be_seen() -> None:
    with pytest.raises(Exception, match="No such option"):
        parsed([*parts()["trainer"], "--metric-port=1"])
    with pytest.raises(Exception, match="valid integer"):
        parsed([*parts()["trainer"], "--metrics-port=many"])


def test_the_mapping_is_read() -> None:
    schema = ColumnMapping.from_toml(DEPLOY / "plays.toml").schema()
    assert schema.labels == ("finish", "like")
    assert schema.clock_attributes == ("genre",)


def test_ports_are_published_on_loopback_alone() -> None:
    published = [port for each in services().values() for port in each.get("ports", ())]
    assert published != []
    assert [port for port in published if not re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port)] == []
    outside = [port.split(":")[1] for port in published]
    assert len(set(outside)) == len(outside)


def test_volumes_are_declared_and_used() -> None:
    used: set[str] = set()
    for each in services().values():
        for source, target, *_ in (volume.split(":") for volume in each.get("volumes", ())):
            assert target.startswith("/")
            if source[0] == ".":
                assert (DEPLOY / source).is_file(), source
            elif source != "/":
                used.add(source)
    assert used == set(read_yaml("compose.yaml")["volumes"])


@pytest.mark.parametrize(("where", "words"), parts().items())
def test_folders_and_files_of_a_part_are_in_what_it_mounts(where: str, words: list[str]) -> None:
    mounted = {
        target: mode for _, target, *mode in (each.split(":") for each in services()[where]["volumes"])
    }
    for option, path in (word.split("=", 1) for word in words if re.match(r"--[\w-]+=/", word)):
        inside = [target for target in mounted if f"{path}/".startswith(f"{target}/")]
        assert len(inside) == 1, f"{option}={path}"
        assert (mounted[inside[0]] == []) == (option in {"--folder", "--checkpoints"}), "who writes may write"


def test_parts_call_each_other_by_names_and_ports_that_there_are() -> None:
    ports = {"broker": "6379", "store": "6379"}
    for name, words in parts().items():
        given = parsed(words)
        ports[name] = str(given.get("metrics_port") or given["port"])
        assert given.get("host", given.get("metrics_address")) == "0.0.0.0", "others call it"
    ports["machine"] = "9100"  # node-exporter's own
    called = {pair for words in parts().values() for word in words for pair in ADDRESS.findall(word)}
    called |= {tuple(target.split(":")) for targets in scrape_targets().values() for target in targets}
    proxied = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
    called |= set(re.findall(r"([\w-]+):(\d+)", proxied))
    assert {(name, port) for name, port in called if ports.get(name) != port} == set()
    assert {name for name, _ in called} == set(ports)
    assert set(services()) == {*ports, "proxy", "prometheus"}


def test_what_waits_for_a_service_names_one() -> None:
    named = {name for each in services().values() for name in each.get("depends_on", ())}
    assert named - set(services()) == set()


def test_servers_know_the_names_that_they_are_called_by() -> None:
    servers = scrape_targets()["server"]
    assert len(servers) == 2
    for name in (target.split(":")[0] for target in servers):
        assert {name, "localhost"} <= set(parsed(parts()[name])["name"])


def test_whoever_needs_the_token_has_it() -> None:
    composed, scraping = read_yaml("compose.yaml"), read_yaml("prometheus.yml")["scrape_configs"]
    assert composed["secrets"] == {"token": {"environment": TOKEN_VARIABLE}}
    assert services()["prometheus"]["secrets"] == ["token"]
    files = {job["job_name"]: job.get("authorization") for job in scraping}
    assert files["server"] == {"credentials_file": "/run/secrets/token"}
    for name in ("server-1", "server-2"):
        assert services()[name]["environment"][TOKEN_VARIABLE].startswith(f"${{{TOKEN_VARIABLE}:?")
    text = "".join(path.read_text(encoding="utf-8") for path in DEPLOY.rglob("*") if path.is_file())
    assert re.search(rf"{TOKEN_VARIABLE}=\w", text) is None, "none is written down"


def test_redis_keeps_what_it_is_given() -> None:
    for name, forced in (("broker", "always"), ("store", "everysec")):
        command = services()[name]["command"]
        settings = dict(zip(command[1::2], command[2::2], strict=True))
        assert settings == {
            "--appendonly": "yes",
            "--appendfsync": forced,
            "--maxmemory-policy": "noeviction",
        }


def test_the_image_has_what_the_parts_need() -> None:
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert "\nFROM python:3.11-slim\n" in lines
    assert "\nUSER interestclock\n" in lines
    (extras,) = re.findall(r"'\.\[([\w,]+)\]'", lines)
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {"redis", "serve"} <= set(extras.split(",")) <= set(project["optional-dependencies"])
    copied = [word for line in re.findall(r"^COPY (.*) \S+$", lines, re.MULTILINE) for word in line.split()]
    let_in = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8")
    assert sorted(copied) == sorted(re.findall(r"^!(\S+)$", let_in, re.MULTILINE))
    assert [word for word in copied if not (REPOSITORY / word).exists()] == []
    made = re.findall(r"/data/\w+", lines)
    written = {parsed(parts()["updater"])["folder"], parsed(parts()["trainer"])["checkpoints"]}
    assert {Path(each) for each in made} == written, "a volume has the owner of the folder in the image"


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_hardened_and_started_again(unit: Path) -> None:
    settings = unit_settings(unit)
    assert [(name, value) for name, value in HARDENED if settings.get(name) != [value]] == []
    assert settings["Restart"] == ["on-failure"]
    assert "MemoryDenyWriteExecute" not in settings, "numba compiles"
    has_token = settings.get("EnvironmentFile") == ["/etc/interestclock/token.env"]
    assert has_token == ("serve" in unit_command(unit))


def test_units_fit_together() -> None:
    serve, trainer, updater = (parsed(unit_command(unit)) for unit in UNITS)
    assert trainer["source"] == f"admitted://{updater['store']}"
    assert trainer["group"] in updater["keep_for"]
    assert serve["store"] == updater["store"]
    assert serve["log"] == updater["source"]
    assert serve["snapshots"] == [f"{trainer['checkpoints']}/snapshots"]
    for other, url in ((trainer, serve["trainer_metrics"]), (updater, serve["updater_metrics"])):
        assert urlsplit(url).port == other["metrics_port"]
    assert serve["port"] == 8_000, "the instance is the port"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_reads_the_units(unit: Path, tmp_path: Path) -> None:
    for each in UNITS:
        there = each.read_text(encoding="utf-8").replace(PROGRAM, shutil.which("true") or "/bin/true")
        (tmp_path / each.name).write_text(there)
    name = unit.name.replace("@.", "@8000.")
    command = ["systemd-analyze", "verify", "--man=no", str(tmp_path / name)]
    verified = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")


def test_what_reads_yaml_is_a_dependency() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert any(each.lower().startswith("pyyaml") for each in project["optional-dependencies"]["dev"])
    assert yaml.safe_load("[1]") == [1]
