"""Eq. 3 as one relational expression: each user's best values per bucket and attribute, as of any moment.

In steps, so that what does not depend on the moment is done once:

``value_codes``    numbers the values of all attributes
``votes``          one row per (exposure, label that is 1, value of the item)
``best_values``    counts the votes in a moment's window, scores them, keeps the best
``clocks_as_of``   the same with the values' names: the result
``changed_cells``  where the result may differ between two moments; everywhere else it is the same

All are Ibis expressions over any engine; ``stream_clocks`` runs them on DuckDB.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from interestclock.clock_features.config import ClockFeatureConfig
from interestclock.clock_features.scoring import preference_score
from interestclock.errors import LogError
from interestclock.events.schema import EQ3_ROLES
from interestclock.timeofday import DAY_SECONDS

__all__ = ["clocks_as_of", "value_codes", "votes"]


def value_codes(item_values: ir.Table) -> ir.Table:
    """Number the values of all attributes, attribute by attribute, in bytewise order.

    Codes order like the values they stand for, so that ties are broken by comparing small integers.

    Args:
        item_values: ``item``, ``attribute`` string, ``value`` string: a row per value an item carries.

    Returns:
        ``attribute``, ``value``, ``code`` int32, ``attribute_code`` int16.

    Example:
        >>> import pyarrow as pa
        >>> values = pa.table({"item": [1, 2], "attribute": ["mood", "mood"], "value": ["sad", "calm"]})
        >>> values = ibis.memtable(values)
        >>> value_codes(values).order_by("code").select("value", "code").to_pyarrow().to_pylist()
        [{'value': 'calm', 'code': 0}, {'value': 'sad', 'code': 1}]
    """
    distinct = item_values.select("attribute", "value").distinct()
    by_attribute = ibis.window(order_by=distinct.attribute)
    by_value = ibis.window(order_by=[distinct.attribute, distinct.value])
    return distinct.mutate(
        code=ibis.row_number().over(by_value).cast("int32"),
        attribute_code=ibis.dense_rank().over(by_attribute).cast("int16"),
    )


def votes(
    exposures: ir.Table, item_values: ir.Table, codes: ir.Table, config: ClockFeatureConfig
) -> ir.Table:
    """One row per exposure, label that is 1, and value the exposed item carries.

    Args:
        exposures: ``user``, ``item``, ``timestamp_ms`` int64, ``second_of_day`` int32 and, for each term
            of Eq. 3 the log has, ``TERM`` (1, 0 or null) and ``known_ms_TERM`` int64.
        item_values: as for ``value_codes``; a value an item carries twice counts once.
        codes: what ``value_codes`` gave.
        config: gives the number of buckets.

    Returns:
        ``user``, ``bucket`` int32, ``attribute_code``, ``code``, ``term`` int8 (place in ``EQ3_ROLES``),
        ``timestamp_ms``, and ``counts_after_ms``: a vote counts as of later moments only.

    Raises:
        LogError: no term of Eq. 3 is among the columns.

    Example:
        >>> import pyarrow as pa
        >>> plays = pa.table({"user": [7], "item": [1], "timestamp_ms": [0], "second_of_day": [3600],
        ...                   "finish": [1], "known_ms_finish": [600_000]})
        >>> values = ibis.memtable(pa.table({"item": [1], "attribute": ["mood"], "value": ["calm"]}))
        >>> cast = votes(ibis.memtable(plays), values, value_codes(values), ClockFeatureConfig())
        >>> cast.select("user", "bucket", "code", "term").to_pyarrow().to_pylist()
        [{'user': 7, 'bucket': 1, 'code': 0, 'term': 1}]
    """
    present = [term for term in EQ3_ROLES if term in exposures.columns]
    if not present:
        raise LogError(
            f"no column like, finish, skip or dislike among {', '.join(exposures.columns)}; "
            "the clocks need one: say which label counts as which term of Eq. 3"
        )
    seconds = exposures.second_of_day.cast("int64")
    bucket = (seconds * config.buckets_per_day // DAY_SECONDS).cast("int32")
    cast = [
        exposures.filter(exposures[term] == 1).select(
            "user",
            "item",
            "timestamp_ms",
            bucket=bucket,
            term=ibis.literal(EQ3_ROLES.index(term), "int8"),
            counts_after_ms=ibis.greatest(exposures.timestamp_ms, exposures[f"known_ms_{term}"]),
        )
        for term in present
    ]
    carried = item_values.distinct().join(codes, ["attribute", "value"])
    carried = carried.select("item", "attribute_code", "code")
    return ibis.union(cast[0], *cast[1:]).join(carried, "item").drop("item")


def clocks_as_of(
    votes: ir.Table, codes: ir.Table, as_of_ms: int | ir.IntegerValue, config: ClockFeatureConfig
) -> ir.Table:
    r"""Each user's best values per bucket and attribute, from what was known before a moment.

    .. math:: s_{u,h,v} = \alpha\, n_{like} + \beta\, n_{finish} - \gamma\, n_{skip} - \omega\, n_{dislike}

    Source: Zhu et al., Interest Clock, SIGIR 2024, Eq. (3).
    Differs: an exposure counts if it lies in ``[as_of - window, as_of)`` and its label was known before
    ``as_of``; a score not above 0 is no preference; ties go to the bytewise smaller value.

    Args:
        votes: what ``votes`` gave.
        codes: what ``value_codes`` gave.
        as_of_ms: the moment in UTC milliseconds: a number or an int64 expression.
        config: window, values kept, weights.

    Returns:
        ``as_of_ms`` int64, ``user``, ``attribute`` string, ``bucket`` int32, ``rank`` int32 from 0,
        ``value`` string, ``score`` float64, and the counts ``like``, ``finish``, ``skip``, ``dislike``
        int64. Rows in no particular order.

    Example:
        >>> import pyarrow as pa
        >>> plays = pa.table({"user": [7, 7], "item": [1, 1], "timestamp_ms": [0, 5],
        ...                   "second_of_day": [3600, 3601], "like": [1, 0], "finish": [1, 1],
        ...                   "known_ms_like": [9, 9], "known_ms_finish": [9, 10]})
        >>> values = ibis.memtable(pa.table({"item": [1], "attribute": ["mood"], "value": ["calm"]}))
        >>> config, codes = ClockFeatureConfig(), value_codes(values)
        >>> cast = votes(ibis.memtable(plays), values, codes, config)
        >>> clocks = clocks_as_of(cast, codes, 10, config)
        >>> clocks.select("bucket", "rank", "value", "score").to_pyarrow().to_pylist()
        [{'bucket': 1, 'rank': 0, 'value': 'calm', 'score': 3.0}]
    """
    moment = _moment(as_of_ms)
    return with_names(best_values(votes, moment, config), codes, moment)


def best_values(votes: ir.Table, moment: ir.IntegerValue, config: ClockFeatureConfig) -> ir.Table:
    """``clocks_as_of`` with codes in place of names and without the moment."""
    window = votes.filter(
        votes.timestamp_ms >= moment - config.window_ms,
        votes.timestamp_ms < moment,  # says no more than the next line, but lets an engine skip data
        votes.counts_after_ms < moment,
    )
    counts = window.group_by("user", "bucket", "attribute_code", "code").agg(
        **{term: window.count(where=window.term == place) for place, term in enumerate(EQ3_ROLES)}
    )
    like, finish, skip, dislike = (counts[term].cast("float64") for term in EQ3_ROLES)
    scored = counts.mutate(score=preference_score(like, finish, skip, dislike, config.weights))
    liked = scored.filter(scored.score > 0)
    order = ibis.window(
        group_by=["user", "bucket", "attribute_code"], order_by=[liked.score.desc(), liked.code.asc()]
    )
    ranked = liked.mutate(rank=ibis.row_number().over(order).cast("int32"))
    kept = ranked.filter(ranked["rank"] < config.values_per_attribute)
    return kept.select("user", "bucket", "code", "rank", "score", *EQ3_ROLES)


def with_names(best: ir.Table, codes: ir.Table, moment: ir.IntegerValue) -> ir.Table:
    """The columns of ``clocks_as_of`` from those of ``best_values``."""
    named = best.join(codes.select("code", "attribute", "value"), "code").mutate(as_of_ms=moment)
    return named.select("as_of_ms", "user", "attribute", "bucket", "rank", "value", "score", *EQ3_ROLES)


def changed_cells(
    votes: ir.Table, before: ir.IntegerValue, moment: ir.IntegerValue, config: ClockFeatureConfig
) -> ir.Table:
    """(user, bucket) pairs in which a vote began or ceased to count from ``before`` to ``moment``."""
    after, at = votes.counts_after_ms, votes.timestamp_ms
    oldest_before, oldest_now = before - config.window_ms, moment - config.window_ms
    begun = votes.filter(after >= before, after < moment)
    ceased = votes.filter(at >= oldest_before, at < oldest_now)
    return ibis.union(*(part.select("user", "bucket") for part in (begun, ceased)), distinct=True)


def _moment(as_of_ms: int | ir.IntegerValue) -> ir.IntegerValue:
    return ibis.literal(as_of_ms, "int64") if isinstance(as_of_ms, int) else as_of_ms
