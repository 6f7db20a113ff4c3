"""What becomes of each message, one after the other, in dictionaries: nothing clever, everything slow."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from interestclock.admission import AdmissionConfig
from interestclock.timeofday import BEFORE_ALL_MS


@dataclass
class PlainAdmission:
    """Of one partition. Messages are as their JSON; ``arrives_ms`` is when one is taken, or None.

    The label ``finish`` is ``played >= 0.8 * length``: an outcome, unless it came along, and a raw column.
    """

    config: AdmissionConfig
    counts: Counter = field(default_factory=Counter)
    exposures: list[tuple] = field(default_factory=list)  # id, user, item, time, position; by serial number
    labels: set[tuple] = field(default_factory=set)  # serial, label, value, known_ms
    items: list[tuple] = field(default_factory=list)  # item, from_ms, newest_ms, serial
    newest_ms: int = BEFORE_ALL_MS
    serial_of: dict[str, int] = field(default_factory=dict)
    requests: dict[str, dict] = field(default_factory=dict)
    waiting: list[dict] = field(default_factory=list)  # references, with until_ms
    early: list[dict] = field(default_factory=list)  # labels and outcomes
    outcomes: dict[tuple[int, str], tuple[float, int]] = field(default_factory=dict)
    raw: list[dict] = field(default_factory=list)  # of exposures

    @property
    def at_ms(self) -> int:
        return max(self.newest_ms - self.config.lateness_ms, BEFORE_ALL_MS)

    def take(self, said: dict[str, Any], polled_ms: int | None) -> None:
        self.counts["received"] += 1
        said = dict(said)
        before_ms = self.newest_ms
        own_ms = said.get("timestamp_ms", said.get("known_ms"))
        if own_ms is not None:
            if polled_ms is not None and own_ms > max(polled_ms, before_ms) + self.config.ahead_ms:
                self.counts["ahead"] += 1
                return
            if polled_ms is not None and "known_ms" in said:
                self.counts["known_ahead"] += own_ms > polled_ms
                own_ms = said["known_ms"] = min(own_ms, max(polled_ms, before_ms))
            self.newest_ms = max(before_ms, own_ms)
            self.give_up()
        if "item" in said:
            self.counts["items"] += 1
            self.items.append((said["item"], said["from_ms"], before_ms, len(self.exposures)))
        elif "served" in said:
            self.serve(said)
        elif "label_of" in said or "outcome_of" in said:
            self.join(said)
        elif "user_id" in said and own_ms is not None:
            self.show(said, own_ms)
        else:
            self.refer(said, own_ms, before_ms)

    def serve(self, said: dict[str, Any]) -> None:
        wait_ms, name = self.config.request_wait_ms, said["served"]
        if said["timestamp_ms"] + wait_ms < self.at_ms:
            self.counts["late_served"] += 1
        elif name in self.requests and self.requests[name]["timestamp_ms"] + wait_ms >= self.at_ms:
            self.counts["duplicates"] += 1
        else:
            self.counts["served"] += 1
            self.requests[name] = said
            mine = [each for each in self.waiting if each["request_id"] == name]
            self.waiting = [each for each in self.waiting if each["request_id"] != name]
            for each in mine:
                self.make_whole(each, said)

    def refer(self, said: dict[str, Any], own_ms: int | None, before_ms: int) -> None:
        request = self.requests.get(said["request_id"])
        if own_ms is not None and own_ms < self.at_ms:
            self.show(said, own_ms)
        elif request is None or request["timestamp_ms"] + self.config.request_wait_ms < self.at_ms:
            until_ms = own_ms if own_ms is not None else before_ms
            if until_ms == BEFORE_ALL_MS:
                until_ms = 1 << 62
            self.waiting.append(said | {"until_ms": until_ms})
        else:
            self.make_whole(said, request)

    def make_whole(self, said: dict[str, Any], request: dict[str, Any]) -> None:
        items = [each["item_id"] for each in request["items"]]
        if said["item_id"] not in items or said.get("user_id", request["user_id"]) != request["user_id"]:
            self.counts["orphan_exposures"] += 1
            return
        whole = {"user_id": request["user_id"], "position": items.index(said["item_id"])} | said
        self.show(whole, said.get("timestamp_ms", request["timestamp_ms"]))

    def show(self, said: dict[str, Any], at_ms: int) -> None:
        name = said.get("event_id") or f"{said['request_id']}/{said['item_id']}"
        if name in self.serial_of:
            self.counts["duplicates"] += 1
        elif at_ms < self.at_ms:
            self.counts["late_exposures"] += 1
        else:
            serial = self.serial_of[name] = len(self.exposures)
            position = said.get("position")
            self.exposures.append((name, said["user_id"], said["item_id"], at_ms, position))
            self.raw.append(said.get("values") or {})
            if self.raw[serial].get("played") is not None:
                self.outcomes[serial, "played"] = (self.raw[serial]["played"], at_ms)
                self.make_label(serial)
            mine = [each for each in self.early if each["of"] == name]
            self.early = [each for each in self.early if each["of"] != name]
            for each in mine:
                self.use(each, serial)

    def join(self, said: dict[str, Any]) -> None:
        said["of"] = said.get("label_of", said.get("outcome_of"))
        if said["known_ms"] < self.at_ms:
            self.counts["late_labels"] += 1
        elif said["of"] in self.serial_of:
            self.use(said, self.serial_of[said["of"]])
        else:
            self.early.append(said)

    def use(self, said: dict[str, Any], serial: int) -> None:
        shown_ms = self.exposures[serial][3]
        known_ms = max(said["known_ms"], shown_ms)
        if known_ms > shown_ms + self.config.label_wait_ms:
            self.counts["late_labels"] += 1
        elif "label" in said:
            if self.has_label(serial):
                self.counts["duplicates"] += 1
            else:
                self.counts["labels_joined"] += 1
                self.labels.add((serial, said["label"], said["value"], known_ms))
        elif (serial, said["name"]) in self.outcomes:
            self.counts["duplicates"] += 1
        else:
            self.counts["outcomes_joined"] += 1
            self.outcomes[serial, said["name"]] = (said["value"], known_ms)
            if said["name"] == "played":
                self.make_label(serial)

    def has_label(self, serial: int) -> bool:
        return any(each[:2] == (serial, "finish") for each in self.labels)

    def make_label(self, serial: int) -> None:
        (played, known_ms), length = self.outcomes[serial, "played"], self.raw[serial].get("length")
        if length is not None and not self.has_label(serial):
            self.labels.add((serial, "finish", int(played >= 0.8 * length), known_ms))

    def give_up(self) -> None:
        lost = [each for each in self.waiting if each["until_ms"] < self.at_ms]
        self.waiting = [each for each in self.waiting if each["until_ms"] >= self.at_ms]
        self.counts["orphan_exposures"] += len(lost)
        lost = [each for each in self.early if each["known_ms"] < self.at_ms]
        self.early = [each for each in self.early if each["known_ms"] >= self.at_ms]
        self.counts["orphan_labels"] += len(lost)
