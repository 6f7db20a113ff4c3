"""Tables of the report."""

from __future__ import annotations

from interestclock.evaluation.tables import pair_matrix, ranker_table, task_table


def one(mean, low, high):
    return {"mean": mean, "ci95": [low, high]}


def row(auc, gain=None, ci95=None, share=None):
    estimate = one(auc, auc, auc)
    gains = {
        "relaimpr_auc": gain,
        "relaimpr_uauc": gain,
        "relaimpr_auc_ci95": ci95,
        "relaimpr_uauc_ci95": ci95,
    }
    return {"auc": estimate, "uauc": estimate, "logloss": estimate, **gains, "share_of_reachable": share}


def cells(table):
    """Tone, figure and the first line below it, of all cells that have one."""
    return [(cell.tone, cell.figure, cell.small[0]) for row in table.rows for cell in row.cells if cell.small]


def test_gains_are_coloured_where_the_interval_excludes_0():
    rankers = {
        "base": row(0.5, 0.0, [0.0, 0.0]),
        "up": row(0.6, 0.2, [0.1, 0.3]),
        "down": row(0.4, -0.2, [-0.3, -0.1]),
        "tie": row(0.5, 0.0, [-0.1, 0.1]),
        "unknown": row(None, None, [None, None]),
    }
    shown = cells(ranker_table({"rankers": rankers, "baseline": "base"}))
    assert ("up", "+20.00%", "+10.00% to +30.00%") in shown
    assert ("down", "−20.00%", "−30.00% to −10.00%") in shown
    assert ("tie", "+0.00%", "−10.00% to +10.00%") in shown
    assert ("tie", "–", "– to –") in shown


def test_the_share_has_a_column_only_where_it_is_known():
    without = {"baseline": "base", "rankers": {"base": row(0.5), "long": row(0.6)}}
    assert "share of reachable" not in ranker_table(without).heads
    known = {"base": row(0.5), "long": row(0.6, share=one(0.42, 0.4, 0.5))}
    table = ranker_table({"baseline": "base", "rankers": known})
    assert ("", "+42%", "+40% to +50%") in cells(table)
    assert [1 + len(row.cells) for row in table.rows] == [len(table.heads)] * 2


def test_pairs_stand_row_minus_column():
    pairs = {"a-b": {"auc": one(0.02, 0.01, 0.03)}, "b-a": {"auc": one(-0.02, -0.03, -0.01)}}
    table = pair_matrix({"rankers": {"a": {}, "b": {}}, "pairs": pairs}, "auc")
    assert cells(table) == [
        ("up", "+0.0200", "+0.0100 to +0.0300"),
        ("down", "−0.0200", "−0.0300 to −0.0100"),
    ]
    assert [cell.tone for row in table.rows for cell in row.cells].count("none") == 2


def test_a_task_shows_every_metric():
    known = {"finish": {"auc": one(0.7, 0.6, 0.8), "calibration": one(1.1, 1.0, 1.2)}}
    partly = {"finish": {"auc": one(0.7, 0.6, 0.8), "calibration": one(None, None, None)}}
    rankers = {"base": {"tasks": known}, "long": {"tasks": partly}}
    table = task_table({"rankers": rankers}, "finish")
    assert table.heads == ("ranker", "auc", "calibration")
    assert cells(table)[1::2] == [("", "1.1000", "1.0000 to 1.2000"), ("", "–", "– to –")]


def test_a_metric_without_any_value_is_left_out():
    tasks = {"finish": {"auc": one(0.7, 0.6, 0.8), "recall@1": one(None, None, None)}}
    table = task_table({"rankers": {"base": {"tasks": tasks}}}, "finish")
    assert "recall@1" not in table.heads
    assert cells(table) == [("", "0.7000", "0.6000 to 0.8000")]


def test_the_spread_over_seeds_stands_below_the_interval():
    seeds = {"base": row(0.5), "long": row(0.6)}
    seeds["long"]["auc"] = one(0.6, 0.5, 0.7) | {"seeds": [0.61, None, 0.59]}
    table = ranker_table({"baseline": "base", "rankers": seeds})
    assert table.rows[1].cells[0].small == ("0.5000 to 0.7000", "seeds 0.5900 to 0.6100")
    seeds["long"]["auc"]["seeds"] = [0.6]
    assert ranker_table({"baseline": "base", "rankers": seeds}).rows[1].cells[0].small == (
        "0.5000 to 0.7000",
    )
