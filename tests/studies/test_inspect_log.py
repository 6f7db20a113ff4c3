"""What is in a log."""

from __future__ import annotations

import math
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from remarks import but_for_1970
from rich.console import Console

from interestclock.events import ColumnMapping, LabelColumn, LogCounts, open_log
from interestclock.studies.gain_estimate import GainEstimate, GainForecast
from interestclock.studies.inspect_log import inspect_log, render
from interestclock.studies.inspect_words import verdicts

GROCERIES = Path(__file__).resolve().parents[2] / "examples" / "groceries.toml"

LINES = """user,item,t,finish,like,genre
1,a,1970-01-01 08:30,1,,pop|rock
1,b,1970-01-01 09:00,0,1,jazz
2,a,1970-01-02 08:00,0,0,pop|rock
2,c,1970-01-02 23:59:59,1,0,
"""


@pytest.fixture
def found(tmp_path):
    path = tmp_path / "plays.csv"
    path.write_text(LINES)
    labels = {name: LabelColumn(column=name) for name in ("finish", "like")}
    mapping = ColumnMapping(user="user", item="item", time="t", zone="UTC", labels=labels, separator="|")
    return inspect_log(open_log(path, mapping=mapping.with_options(attributes=["genre"])))


def test_counts_span_and_rates(found):
    assert but_for_1970(found.counts) == LogCounts(read=4, used=4)
    assert (found.users, found.items) == (2, 3)
    assert (found.first_ms, found.last_ms) == (30_600_000, 172_799_000)
    assert found.events_per_user[0.5] == 2.0
    assert (found.labels["finish"].positive, found.labels["finish"].missing) == (0.5, 0.0)
    assert found.labels["like"].positive == pytest.approx(1 / 3)
    assert found.labels["like"].missing == 0.25


def test_hours_and_values(found):
    assert sum(found.events_by_hour) == 4
    assert (found.events_by_hour[8], found.events_by_hour[9], found.events_by_hour[23]) == (2, 1, 1)
    assert found.hour_information["genre"].values == 3  # of the engaged: pop, rock, jazz


def printed(found):
    console = Console(width=100, record=True, file=StringIO())
    console.print(render(found))
    return " ".join(console.export_text().split())


def test_rendered(found):
    text = printed(found)
    for part in ("rows read", "4", "1970-01-01 08:30:00 UTC", "finish", "50.00%", "genre", "bits overall"):
        assert part in text


def test_rows_and_columns_as_they_were_read(found):
    first = found.sample[0]
    assert (first.log_row, first.user, first.item) == (1, 1, "a")
    assert first.local_time == "1970-01-01 08:30:00 +00:00 UTC"
    assert first.labels == {"finish": 1, "like": None}
    assert first.attributes == {"genre": ["pop", "rock"]}
    assert [row.log_row for row in found.sample] == [1, 2, 3, 4]
    columns = {each.name: each for each in found.columns}
    assert (columns["user_id"].column, columns["user_id"].read_as) == ("user", "whole number")
    assert (columns["item_id"].read_as, columns["item_id"].written_as) == ("text", "text file")
    assert (columns["label.like"].missing, columns["attribute.genre"].missing) == (0.25, 0.25)
    text = printed(found)
    assert "row 1: user 1 item a 1970-01-01 08:30:00 +00:00 UTC finish=1 like=missing genre=pop, rock" in text
    assert "What was guessed, left out or is missing: - column 't': read as times" in text


def test_the_verdict_in_words(found):
    told = GainEstimate(nats=0.03, low=0.025, high=0.035, verdict="likely", reason="users differ")
    nothing = GainEstimate(nats=math.nan, low=math.nan, high=math.nan, verdict="cannot tell", reason="none")
    forecast = GainForecast(over_no_time=told, over_hour=nothing, own_past=told)
    text = printed(replace(found, forecast=forecast))
    assert "over a model without any time: likely. Users differ. Counts that know the time" in text
    assert "better by 0.0300 nats an exposure (+0.0250 to +0.0350)" in text
    assert "over an hour embedding: cannot tell: there are fewer than two sittings" in text
    assert "own past, no time needed: likely. Users differ. Counts that know each user's past tell" in text
    assert "gained nothing" not in text


@pytest.mark.parametrize(
    ("time", "past", "what"),
    [
        ("unlikely", "likely", "longterm may gain from history alone, and then the gain is not the clock's"),
        ("cannot tell", "likely", "longterm may gain from history alone"),
        ("unlikely", "likely", "--rankers base,hour,longterm,sim-hard,din."),
        ("likely", "likely", "of what longterm gains, part is history's"),
        ("likely", "unlikely", "the clocks, with interestclock compare."),
        ("unlikely", "unlikely", "nothing, by these counts"),
        ("unlikely", "cannot tell", "interestclock compare, which says what these counts cannot"),
        ("cannot tell", "unlikely", "interestclock compare, which says what these counts cannot"),
    ],
)
def test_what_to_try(found, time, past, what):
    def told(verdict):
        return GainEstimate(nats=0.0, low=0.0, high=0.0, verdict=verdict, reason="")

    forecast = GainForecast(over_no_time=told(time), over_hour=told("unlikely"), own_past=told(past))
    assert what in verdicts(replace(found, forecast=forecast))[-1]
    own_hours = GainForecast(over_no_time=told(time), over_hour=told("likely"), own_past=told("unlikely"))
    assert "the clocks" in verdicts(replace(found, forecast=own_hours))[-1]


def test_own_hours_that_tell_little_are_a_reason_to_try_a_clock_all_the_same(found):
    past = GainEstimate(nats=0.1, low=0.1, high=0.1, verdict="likely", reason="")
    for low, rankers in (
        (0.001, "base,hour,hour+gaussian,longterm,sim-hard,din."),
        (0.0, "base,hour,longterm,"),
    ):
        own_hours = GainEstimate(nats=0.01, low=low, high=0.02, verdict="cannot tell", reason="")
        forecast = GainForecast(over_no_time=own_hours, over_hour=own_hours, own_past=past)
        assert rankers in verdicts(replace(found, forecast=forecast))[-1]


def test_without_attributes_no_ranker_that_searches_by_one_is_named(found):
    told = GainEstimate(nats=0.1, low=0.1, high=0.1, verdict="likely", reason="")
    forecast = GainForecast(over_no_time=told, over_hour=told, own_past=told)
    plain = replace(found, forecast=forecast, hour_information={})
    assert "base,hour,longterm,din,twin." in verdicts(plain)[-1]


def test_nothing_is_cut_at_80_columns(found):
    console = Console(width=80, record=True, file=StringIO())
    console.print(render(found))
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= 80
    for name in ("timestamp_ms", "attribute.genre", "whole number", "text file", "08:30:00"):
        assert name in text


def test_sittings_are_a_setting(tmp_path):
    """Of a user who hears one artist a day for hours, whole evenings are shuffled, or single songs."""
    lines = [
        f"{user},{artist},{day * 86400 + hour * 3600 + song * 300}"
        for day in range(30)
        for user in range(5)
        for artist, hour in [((day * 7 + user) % 5, (day * 11 + user * 3) % 24)]
        for song in range(10)
    ]
    lines.sort(key=lambda line: int(line.split(",")[2]))
    (tmp_path / "log.csv").write_text("user_id,item_id,timestamp_ms\n" + "\n".join(lines))
    mapping = ColumnMapping(zone="UTC", time_unit="s", positive_only="play")
    source = open_log(tmp_path / "log.csv", mapping=mapping.with_options(attributes=["artist=item_id"]))
    whole = inspect_log(source).hour_information["artist"].within_users
    single = inspect_log(source, sitting_minutes=1).hour_information["artist"].within_users
    assert abs(whole.bits) < 0.2
    assert single.bits > 1


def inspected(tmp_path, separator):
    (tmp_path / "plays.csv").write_text(LINES)
    mapping = ColumnMapping(user="user", item="item", time="t", zone="UTC", separator=separator)
    mapping = mapping.with_options(
        labels=["finish", "like"], attributes=["style=genre"], multivalued=["genre"]
    )
    return inspect_log(open_log(tmp_path / "plays.csv", mapping=mapping))


def test_a_separator_that_was_not_named_is(tmp_path):
    found = inspected(tmp_path, None)
    assert found.unsplit == {"style": "|", "genre": "|"}
    text = printed(found)
    assert """style: no row has several values, and many hold '|'""" in text
    assert '--separator "|"' in text
    assert inspected(tmp_path, ";").unsplit == found.unsplit


def test_a_separator_that_was_named_needs_no_word(tmp_path):
    found = inspected(tmp_path, "|")
    assert found.unsplit == {}
    assert "--separator" not in printed(found)


def test_a_log_without_attributes_says_how_to_name_one(tmp_path):
    path = tmp_path / "plays.csv"
    path.write_text(LINES)
    mapping = ColumnMapping(user="user", item="item", time="t", zone="UTC", positive_only="play")
    text = printed(inspect_log(open_log(path, mapping=mapping)))
    assert "name one: --attribute NAME=COLUMN" in text


def test_items_of_their_own_file(tmp_path):
    (tmp_path / "items.csv").write_text("item_id,kind\na,x\nb,y\n")
    log = "".join(f"{user},{'ab'[hour > 11]},{hour * 3600}\n" for user in range(40) for hour in range(24))
    (tmp_path / "log.csv").write_text("user_id,item_id,timestamp_ms\n" + log)
    mapping = ColumnMapping(zone="UTC", time_unit="s", positive_only="play", items=tmp_path / "items.csv")
    mapping = mapping.with_options(item_attributes=["kind"])
    source = open_log(tmp_path / "log.csv", mapping=mapping, lateness_ms=86_400_000)
    bits = inspect_log(source).hour_information["kind"]
    assert bits.overall_bits == pytest.approx(1.0, abs=0.05)


def test_the_supplied_checkins(supplied_data):
    items = supplied_data / "nyc_categories.csv"
    source = open_log(supplied_data / "nyc_checkins.tsv.gz", layout="foursquare", items=items)
    bits = inspect_log(source).hour_information["root"]
    assert bits.overall_bits == pytest.approx(0.10, abs=0.01)
    assert bits.within_users.bits == pytest.approx(0.307, abs=0.005)


def test_the_supplied_groceries(supplied_data):
    source = open_log(
        supplied_data / "grocery_transactions.parquet", mapping=ColumnMapping.from_toml(GROCERIES)
    )
    bits = inspect_log(source).hour_information["department"]
    assert bits.overall_bits == pytest.approx(0.0055, abs=0.002)
    assert bits.within_users.bits == pytest.approx(0.007, abs=0.004)
