"""The way from what was served to what was trained on, one thing changed at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from interestclock.admission import AdmittedEntry
from interestclock.samples import RequestFeatures, RequestRecord, read_records
from interestclock.skew.admitted_states import AdmittedStates
from interestclock.skew.causes import Cause, changed_values
from interestclock.skew.report import SkewReport, Tally
from interestclock.skew.split_entries import split_entry, were_in
from interestclock.store.open_store import open_store

__all__ = ["measure_skew"]

_Steps = list[tuple[Cause, RequestFeatures]]


@dataclass(kw_only=True)
class _Pair:
    """A request and its exposure, on the way from the one to the other.

    Args:
        steps: what was come to so far, and by which cause. settled: all that was in the log is in the state.
    """

    served: RequestRecord
    trained: RequestRecord
    steps: _Steps
    settled: bool

    @property
    def ends(self) -> Mapping[str, str] | None:
        """Where the source's log ended when it was served."""
        return self.served.log_ends


def measure_skew(
    folder: str | Path,
    *,
    served: Iterable[str | Path],
    trained: str | Path,
    store: str | None = None,
) -> SkewReport:
    """Compare what servers and a trainer kept of a sample of requests, and say why it differs.

    The state is made again in memory, out of the admitted log, as it was in the store when a request was
    served; then as of the exposure's time (``clock``); then with all that was in the source's log by then
    (``not_yet_applied``); then with what came later and is of before the exposure (``arrived_later``). Both
    ends are held against what was kept: what differs there is ``unexplained``.

    One request may be several exposures; those of one time are one.

    Args:
        folder: of the feature updater. served: folders of ``SampledRequests``, of one server each.
        trained: folder of the trainer's records. store: its address, where the store is on a server.

    Raises:
        ResultError: there is no store, or records or what is kept of the admitted log are damaged.

    Example:
        >>> measure_skew("nowhere", served=[], trained="nowhere")
        Traceback (most recent call last):
        interestclock.errors.ResultError: nowhere holds no store; name the folder that ... --store was given
    """
    with open_store(store or folder) as opened:
        config = opened.config
    by_id = {each.request_id: each for where in served for each in read_records(where)}
    of_trainer = {(each.request_id, each.features.at_ms): each for each in read_records(trained)}
    pairs = [
        _Pair(served=by_id[name], trained=each, steps=[], settled=False)
        for (name, _), each in of_trainer.items()
        if name in by_id
    ]
    tally = Tally()
    placed = sorted((each for each in pairs if _comparable(each)), key=_position)
    tally.not_comparable += len(pairs) - len(placed)
    if placed:
        states = AdmittedStates(Path(folder), config, before=_position(placed[0]))
        _walk(states, placed, tally)
    both = {each.trained.request_id for each in pairs}
    return tally.report(served_alone=len(by_id.keys() - both), trained_alone=len(of_trainer) - len(pairs))


def _walk(states: AdmittedStates, pairs: list[_Pair], tally: Tally) -> None:
    """Follow the log; each pair is begun at its place, and done once nothing more can come of its moment."""
    under_way = _Walk(states, tally)
    tally.not_comparable += sum(_position(each) < states.position for each in pairs)
    waiting = [each for each in reversed(pairs) if _position(each) >= states.position]
    for number, entry in states.entries():
        while waiting and _position(waiting[-1]) < number:
            under_way.pairs.append(waiting.pop())
        under_way.apply(number, entry)
    under_way.pairs += [each for each in waiting if _position(each) == states.position]
    under_way.look(None)
    tally.not_comparable += len(under_way.pairs) + sum(_position(each) > states.position for each in waiting)


class _Walk:
    """Pairs under way along the admitted log."""

    def __init__(self, states: AdmittedStates, tally: Tally) -> None:
        self.states, self.tally = states, tally
        self.pairs: list[_Pair] = []

    def apply(self, number: int, entry: AdmittedEntry) -> None:
        """Go on by an entry, and look at pairs where what was in the log for them ends within it."""
        were = {id(each): were_in(entry, each.ends) for each in self.pairs if each.ends is not None}
        places = sorted({*were.values()} - {0, entry.messages})
        start = 0
        for part in split_entry(entry, places):
            self.look({pair: None if of == entry.messages else of - start for pair, of in were.items()})
            self.states.apply(number, part, part=bool(places))
            start += part.messages

    def look(self, left: Mapping[int, int | None] | None) -> None:
        """Go on with each pair as far as it goes here.

        Args:
            left: how many of the messages that come next were in the log for each; None: more than there
                are. None: nothing comes.
        """
        self.pairs = [each for each in self.pairs if not self._is_done(each, left)]

    def _is_done(self, pair: _Pair, left: Mapping[int, int | None] | None) -> bool:
        try:
            arrived = self._has_arrived(pair, left)
        except ValueError:  # the state does not reach back to it any more
            self.tally.not_comparable += 1
            return True
        if arrived:
            _count(pair, self.tally)
        return arrived

    def _has_arrived(self, pair: _Pair, left: Mapping[int, int | None] | None) -> bool:
        """Whether nothing more can come of the exposure's moment."""
        states, served, time = self.states, pair.served, pair.trained.features
        if not pair.steps:
            pair.steps = [
                (Cause.UNEXPLAINED, states.features(served, served.features)),
                (Cause.CLOCK, states.features(served, time)),
            ]
        if not pair.settled:
            more = 0 if left is None else left.get(id(pair), 0)
            pair.settled = more is not None and more <= 0
            if pair.settled and pair.ends is not None:
                pair.steps.append((Cause.NOT_YET_APPLIED, states.features(served, time)))
        if not pair.settled or (states.watermark_ms < time.at_ms and left is not None):
            return False
        later = Cause.BEHIND_STORE if pair.ends is None else Cause.ARRIVED_LATER
        pair.steps += [(later, states.features(served, time)), (Cause.UNEXPLAINED, time)]
        return True


def _count(pair: _Pair, tally: Tally) -> None:
    before = pair.served.features
    tally.compare(before, pair.trained.features)
    unexplained: dict[str, int] = {}
    for cause, features in pair.steps:
        changed = changed_values(before, features)
        if cause is Cause.UNEXPLAINED:
            unexplained |= {name: unexplained.get(name, 0) + each for name, each in changed.items()}
        else:
            tally.changed(cause, changed)
        before = features
    tally.changed(Cause.UNEXPLAINED, unexplained)


def _comparable(pair: _Pair) -> bool:
    served, trained = pair.served, pair.trained
    reads = [
        (each.most, each.clocks_of_day, each.population_votes, each.features.clocks.keys())
        for each in (served, trained)
    ]
    return served.position is not None and reads[0] == reads[1]


def _position(pair: _Pair) -> int:
    return -1 if pair.served.position is None else pair.served.position
