"""What a feature state should say, in lists, dictionaries and loops: nothing clever, everything slow."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from admitted_logs import DAY_MS, NOTHING_MS, SCHEMA, Said, Shown, Step, Told

from interestclock.state import StateConfig


@dataclass
class Behaviour:
    known_ms: int
    at_ms: int
    serial: int
    item: str
    second: int
    offset_minutes: int


@dataclass
class Vote:
    user: str
    known_ms: int
    at_ms: int
    second: int
    label: str
    values: dict[str, tuple[str, ...]]


@dataclass
class Item:
    first: dict[str, tuple[str, ...]]
    seen_ms: int
    since_ms: int = NOTHING_MS
    shown: bool = False
    changes: list[tuple[int, int, dict[str, tuple[str, ...]]]] = field(default_factory=list)  # counts, said

    def as_of(self, at_ms: int) -> dict[str, tuple[str, ...]]:
        return [self.first, *(values for from_ms, _, values in self.changes if from_ms <= at_ms)][-1]

    @property
    def values(self) -> dict[str, tuple[str, ...]]:
        return self.as_of(1 << 62)


@dataclass
class User:
    slot: int  # the smallest that was free: who leaves first of those seen last at once
    seen_ms: int
    offset_minutes: int
    behaviours: dict[int, Behaviour] = field(default_factory=dict)  # by serial
    dropped: int = 0

    def in_order(self) -> list[Behaviour]:
        """All there ever were, by when they were known."""
        return sorted(self.behaviours.values(), key=lambda each: (each.known_ms, each.at_ms, each.serial))

    def kept(self) -> list[Behaviour]:
        return self.in_order()[self.dropped :]


@dataclass
class PlainState:
    config: StateConfig
    users: dict[str, User] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    votes: list[Vote] = field(default_factory=list)
    shown: list[tuple[Shown, dict[str, tuple[str, ...]]]] = field(default_factory=list)
    everyone: dict[int, Counter] = field(default_factory=dict)
    complete_from_ms: int = -(1 << 62)
    left: list[tuple[list[str], list[str]]] = field(default_factory=list)  # users and items, by midnight

    def step(self, step: Step) -> None:
        if isinstance(step, Shown):
            self.show(step)
        elif isinstance(step, Told):
            self.tell(step)
        elif isinstance(step, Said):
            self.say(step)
        else:
            self.pass_midnight(step.at_ms)

    def show(self, shown: Shown) -> None:
        if shown.user not in self.users:
            free = set(range(1, len(self.users) + 2)) - {user.slot for user in self.users.values()}
            self.users[shown.user] = User(min(free), shown.at_ms, shown.offset_minutes)
        if shown.item not in self.items:
            self.items[shown.item] = Item({"genre": shown.genre, "mood": shown.mood}, shown.at_ms)
        user, item = self.users[shown.user], self.items[shown.item]
        if shown.at_ms >= user.seen_ms:
            user.seen_ms, user.offset_minutes = shown.at_ms, shown.offset_minutes
        item.seen_ms = max(item.seen_ms, shown.at_ms)
        item.shown = True
        self.shown.append((shown, item.as_of(shown.at_ms)))

    def tell(self, told: Told) -> None:
        values = {"genre": told.genre, "mood": told.mood}
        if told.item not in self.items:
            self.items[told.item] = Item(values, told.newest_ms, told.from_ms)
            return
        item = self.items[told.item]
        item.seen_ms = max(item.seen_ms, told.newest_ms)
        from_ms = max(told.from_ms, told.newest_ms + 1) if item.shown else told.from_ms
        latest_ms = max([item.since_ms, *(stated_ms for at, stated_ms, _ in item.changes if at <= from_ms)])
        if told.from_ms >= latest_ms:
            item.changes.append((from_ms, told.from_ms, values))
            item.changes.sort(key=lambda each: each[0])

    def say(self, said: Said) -> None:
        if said.value != 1:
            return
        shown, values = self.shown[said.serial]
        if said.label in SCHEMA.eq3_labels.values():
            vote = Vote(shown.user, said.known_ms, shown.at_ms, shown.local_second, said.label, values)
            self.votes.append(vote)
        if said.label in SCHEMA.engaged:
            mine = self.users[shown.user].behaviours
            if said.serial in mine:
                mine[said.serial].known_ms = min(mine[said.serial].known_ms, said.known_ms)
            else:
                mine[said.serial] = Behaviour(
                    known_ms=said.known_ms,
                    at_ms=shown.at_ms,
                    serial=said.serial,
                    item=shown.item,
                    second=shown.local_second,
                    offset_minutes=shown.offset_minutes,
                )

    def pass_midnight(self, midnight_ms: int) -> None:
        config = self.config
        waits_ms = config.waits_ms + int(config.keep_hours * 3_600_000)
        complete_ms = self.complete_from_ms = midnight_ms - waits_ms
        self.everyone[midnight_ms] = self.count_everyone(midnight_ms)
        past = [each for each in sorted(self.everyone) if each <= complete_ms]
        for each in past[:-1]:
            del self.everyone[each]
        for user in self.users.values():
            known = sum(each.known_ms < complete_ms for each in user.behaviours.values())
            if config.longest is not None:
                user.dropped = max(user.dropped, known - config.longest)
        for item in self.items.values():
            past = [each for each in item.changes if each[0] <= complete_ms]
            if past:
                item.since_ms = max([item.since_ms, *(stated_ms for _, stated_ms, _ in past)])
                item.first, item.changes = past[-1][2], item.changes[len(past) :]
            if item.seen_ms == NOTHING_MS:
                item.seen_ms = midnight_ms
        users = self.leaving_users(midnight_ms)
        for name in users:
            del self.users[name]
            self.votes = [vote for vote in self.votes if vote.user != name]
        named = {each.item for user in self.users.values() for each in user.kept()}
        since_ms = self.unseen_since_ms(midnight_ms)
        items = [n for n, item in self.items.items() if item.seen_ms < since_ms and n not in named]
        for name in items:
            del self.items[name]
        self.left.append((sorted(users), sorted(items)))

    def unseen_since_ms(self, midnight_ms: int) -> int:
        """Who was last seen before leaves, unless something needs it."""
        if self.config.forget_after_days is None:
            return -(1 << 62)
        return min(midnight_ms - int(self.config.forget_after_days * DAY_MS), self.complete_from_ms)

    def leaving_users(self, midnight_ms: int) -> list[str]:
        config = self.config
        since_ms = self.unseen_since_ms(midnight_ms)
        leaving = [name for name, u in self.users.items() if u.seen_ms < since_ms]
        if config.most_users is not None:
            may_leave = [n for n, u in self.users.items() if u.seen_ms < self.complete_from_ms]
            for name in sorted(may_leave, key=lambda n: (self.users[n].seen_ms, self.users[n].slot)):
                if len(self.users) - len(leaving) > config.most_users and name not in leaving:
                    leaving.append(name)
        return leaving

    def history(self, user: str, at_ms: int) -> list[Behaviour]:
        """All that was known of a user, those forgotten since included."""
        return [each for each in self.users[user].in_order() if each.known_ms < at_ms]

    def counts(self, at_ms: int, users: set[str]) -> Counter:
        """Eq. 3's counts by attribute, bucket, value and label."""
        counts: Counter = Counter()
        for vote in self.votes:
            in_window = at_ms - self.config.clocks.window_days * DAY_MS <= vote.at_ms < at_ms
            if vote.user in users and in_window and vote.known_ms < at_ms:
                bucket = vote.second * self.config.clocks.buckets_per_day // 86_400
                for attribute, values in vote.values.items():
                    for value in values:
                        counts[attribute, bucket, value, vote.label] += 1
        return counts

    def count_everyone(self, at_ms: int) -> Counter:
        return self.counts(at_ms, set(self.users))

    def clock(self, user: str, at_ms: int) -> dict[str, list[list[str]]]:
        """The best values by attribute and bucket."""
        counts, weights = self.counts(at_ms, {user}), self.config.clocks.weights
        weight_of = {"like": weights.like, "finish": weights.finish, "skip": -weights.skip}
        clocks = {}
        for attribute in SCHEMA.clock_attributes:
            clocks[attribute] = []
            for bucket in range(self.config.clocks.buckets_per_day):
                score: dict[str, float] = {}
                for (name, hour, value, label), count in counts.items():
                    if (name, hour) == (attribute, bucket):
                        score[value] = score.get(value, 0.0) + weight_of[label] * count
                best = sorted(score, key=lambda value: (-score[value], value.encode()))
                liked = [value for value in best if score[value] > 0]
                clocks[attribute].append(liked[: self.config.clocks.values_per_attribute])
        return clocks
