"""What a comparison leaves behind: figures, a page, a picture, and what was run."""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from interestclock.evaluation.report import write_report
from interestclock.evaluation.report_data import Report
from interestclock.evaluation.svg import write_picture
from interestclock.samples import SampleFolder
from interestclock.studies.figures import BASELINE
from interestclock.studies.pictures import LogPictures, curves
from interestclock.studies.saved_report import save_report
from interestclock.studies.value_shares import top_shares

__all__ = ["write_configuration", "write_results"]


def write_configuration(out: Path, folder: SampleFolder, settings: dict[str, Any]) -> dict[str, Any]:
    """Write ``config.json``: settings, the log's schema and fingerprint, versions.

    Args:
        out: an existing folder. settings: plain values. folder: the samples that were made.

    Returns:
        What the file holds.
    """
    configuration = {
        "settings": settings,
        "schema": folder.manifest.schema,
        "fingerprint": folder.manifest.fingerprint,
        "versions": _versions(),
    }
    (out / "config.json").write_text(json.dumps(configuration, indent=1), encoding="utf-8")
    return configuration


def write_results(
    out: Path,
    folder: SampleFolder,
    results: dict[str, Any],
    *,
    settings: dict[str, Any],
    pictures: LogPictures,
    title: str,
) -> None:
    """Write ``config.json``, ``report.html``, ``report.json``, ``picture.svg`` and, last, ``results.json``.

    Args:
        out: holds ``predictions/``. folder: the samples. results: of ``figures``.
        settings: of the comparison, plain values. pictures: of the log. title: of the page.
    """
    configuration = write_configuration(out, folder, settings)
    first = {name: out / "predictions" / f"{name}-seed0.parquet" for name in results["rankers"]}
    rows, label = out / "predictions" / "exposures.parquet", results["label"]
    report = Report(
        title=title,
        results=results,
        curves=curves(rows, first, label=label),
        attribute_shares=pictures.attribute_shares,
        top_shares=top_shares(rows, first, pictures.carried, items=pictures.items, label=label),
        hourly_profile=pictures.hourly_profile,
        notes=[*_notes(folder, settings), *results["remarks"]],
        configuration={"settings": settings, "schema": configuration["schema"]},
        versions=configuration["versions"],
    )
    write_report(out / "report.html", report)
    save_report(out, report)
    others = [name for name in results["rankers"] if name != BASELINE]
    if any(results["rankers"][name].get("relaimpr_auc") is not None for name in others):
        write_picture(out / "picture.svg", results, title=title)
    (out / "results.json").write_text(json.dumps(results, indent=1, allow_nan=False), encoding="utf-8")


def _notes(folder: SampleFolder, settings: dict[str, Any]) -> list[str]:
    counts = folder.manifest.counts
    notes = [
        f"{counts['read']:,} rows read: {counts['used']:,} used, {counts['duplicates']:,} duplicates, "
        f"{counts['dead_letters']:,} dead letters. {counts['users']:,} users, {counts['items']:,} items.",
        f"Order: {settings['train']['order']}. Learning goes on through the test part; results.json also has "
        "each ranker frozen at its start.",
    ]
    if counts.get("items_missing"):
        notes.append(
            f"{counts['items_missing']:,} items of the log are not in its items file, and so "
            f"{counts['rows_missing']:,} rows have no attributes."
        )
    if settings["seeds"] == 1:
        notes.append(
            "One seed: another seed may move these figures by more than the intervals say; use --seeds 3."
        )
    if folder.schema.positive_only:
        return [*notes, _about_candidates(counts)]
    if not counts["labels_known_later"]:
        notes.append(
            "Every label counts as known at its exposure, since the mapping gives no delay: rankers learn "
            "from outcomes sooner than they could live, which flatters all of them."
        )
    return notes


def _about_candidates(counts: dict[str, int]) -> str:
    return (
        f"The log holds choices only; {counts['sampled_candidates']:,} candidates were sampled beside them. "
        f"{counts['unscored']:,} choices were of an item nobody had chosen before; they are not scored, but "
        "enter histories and clocks."
    )


def _versions() -> dict[str, str]:
    names = ("interest-clock", "torch", "numpy", "pyarrow", "duckdb")
    return {"python": platform.python_version(), **{name: version(name) for name in names}}
