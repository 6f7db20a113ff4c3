"""Every parameter of the simulated music service, fixed before any ranker was run on it.

``docs/decisions/0002-simulator-truth.md`` gives the reasons.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from interestclock.errors import ConfigError, check_numbers

__all__ = [
    "SIZES",
    "WORLDS",
    "AttributeTruth",
    "SimulatorSize",
    "SimulatorTruth",
    "size_named",
    "world_named",
]


@dataclass(frozen=True, kw_only=True)
class AttributeTruth:
    """One multi-valued attribute of songs and how much listeners care about it.

    Args:
        values: all values it can have.
        extra_share: share of songs with a second value.
        taste_std: spread of a user's taste for a value, in logits, whatever the hour.
        moment_std: spread of what one moment of the day adds to that taste.

    Example:
        >>> len(SimulatorTruth().attributes["mood"].values)
        10
    """

    values: tuple[str, ...]
    extra_share: float
    taste_std: float
    moment_std: float

    def __post_init__(self) -> None:
        check_numbers(self)


GENRE = AttributeTruth(
    values=(
        "ambient", "blues", "classical", "country", "dance", "electronic", "folk", "funk", "hip hop",
        "indie", "jazz", "latin", "metal", "pop", "reggae", "rock", "soul", "soundtrack",
    ),
    extra_share=0.4,
    taste_std=0.5,
    moment_std=0.7,
)  # fmt: skip
MOOD = AttributeTruth(
    values=(
        "angry", "calm", "dark", "dreamy", "energetic", "focused", "happy", "melancholic", "romantic",
        "tense",
    ),
    extra_share=0.5,
    taste_std=0.3,
    moment_std=0.7,
)  # fmt: skip
LANGUAGE = AttributeTruth(
    values=("Deutsch", "English", "español", "français", "हिन्दी", "instrumental", "português", "中文"),
    extra_share=0.05,
    taste_std=0.4,
    moment_std=0.3,
)


@dataclass(frozen=True, kw_only=True)
class SimulatorTruth:
    """How users of the simulated service live, and what they do with a song; the effects are in logits.

    Args:
        attributes: of songs, by name.
        quality_std: spread of how good a song is to everybody.
        zipf_exponent: how fast popularity falls with rank.
        zones: IANA zone -> share of users.
        activity_sigma: of the log-normal number of requests a user makes.
        bias_std: spread of how patient users are.
        time_effect: factor of all that the time of day adds to a finish; 0: labels do not depend on it.
        common_share: part of that which is common to all users, 0 to 1: of the variance of what moments add
            to taste, and of the songs of their repertoires. Above 0 moments lie at the same hours for all.
        moments: moments of the day each user has.
        moment_hours: where moments lie around the local day; a user has some of them, ``moment_jitter_hours``
            off on average. ``moment_width_hours``: smallest and largest standard deviation.
        at_moment_share: share of requests made around one of the user's moments; the others follow
            ``hour_activity``, 24 weights of the local hours.
        drift_turns: how far tastes turn in a year, as a share of a full turn (0.25: all new).
        repertoire: songs a user replays at one moment. ``repertoire_renewed_share``: replaced in a year.
        repertoire_fit: how strongly taste decides what gets into a repertoire.
        known: what being in any repertoire adds. ``wanted``: what it adds at the centre of its moment.
        popular_share, repertoire_share: of candidates; the rest is drawn evenly from all songs.
        candidates: songs in one request.
        recommended_from: songs that a recommender of the service's own picks them from; 0: there is none. It
            ranks by the true utility of a finish then and there, with normal noise of
            ``recommender_noise_std``, but for ``explored_share`` of requests, which it picks at random.
        weekend_hours_later: how much later a user's moments lie on a local Saturday and Sunday.
        away_share: of its days a user does not come at all, in one spell every 20 to 60 days.
        finish_base: logit of a finish for an average song. ``skip_base``, ``skip_slope``: of a skip, given
            not finished. ``like_base``, ``like_slope``, ``comment_base``, ``comment_slope``: given a finish.
            ``dislike_base``, ``dislike_slope``: given a skip. Slopes multiply the utility of the finish.
        label_delay_seconds: how long after the exposure its labels are known.

    Raises:
        ConfigError: shares that do not make sense, a negative effect, more moments than hours to put them at.

    Example:
        >>> SimulatorTruth().candidates
        4
    """

    attributes: dict[str, AttributeTruth] = field(
        default_factory=lambda: {"genre": GENRE, "mood": MOOD, "language": LANGUAGE}
    )
    quality_std: float = 0.35
    zipf_exponent: float = 0.8
    zones: dict[str, float] = field(
        default_factory=lambda: {
            "America/New_York": 0.25,
            "America/Sao_Paulo": 0.10,
            "Asia/Kolkata": 0.20,
            "Asia/Shanghai": 0.20,
            "Australia/Adelaide": 0.05,
            "Europe/Berlin": 0.20,
        }
    )
    activity_sigma: float = 0.7
    bias_std: float = 0.35
    time_effect: float = 1.0
    common_share: float = 0.0
    moments: int = 4
    moment_hours: tuple[float, ...] = (7.0, 9.5, 12.5, 15.5, 18.0, 20.5, 23.0)
    moment_jitter_hours: float = 0.6
    moment_width_hours: tuple[float, float] = (0.6, 1.6)
    at_moment_share: float = 0.6
    hour_activity: tuple[float, ...] = (
        3, 2, 1, 1, 1, 2, 4, 7, 8, 7, 6, 6, 7, 7, 6, 6, 7, 9, 10, 10, 10, 9, 8, 5,
    )  # fmt: skip
    drift_turns: float = 0.08
    repertoire: int = 20
    repertoire_renewed_share: float = 0.5
    repertoire_fit: float = 1.5
    known: float = 0.1
    wanted: float = 2.0
    popular_share: float = 0.25
    repertoire_share: float = 0.5
    candidates: int = 4
    recommended_from: int = 0
    recommender_noise_std: float = 0.5
    explored_share: float = 0.1
    weekend_hours_later: float = 0.0
    away_share: float = 0.0
    finish_base: float = -1.2
    skip_base: float = 0.2
    skip_slope: float = -0.5
    like_base: float = -2.2
    like_slope: float = 0.5
    comment_base: float = -4.0
    comment_slope: float = 0.4
    dislike_base: float = -2.8
    dislike_slope: float = -0.4
    label_delay_seconds: int = 600

    def __post_init__(self) -> None:
        check_numbers(self)
        if not 1 <= self.moments <= len(self.moment_hours):
            raise ConfigError(f"moments is {self.moments}; give 1 to {len(self.moment_hours)}")
        shares = (self.popular_share, self.repertoire_share)
        if min(shares) < 0 or sum(shares) > 1:
            raise ConfigError(
                f"popular_share and repertoire_share are {shares}; give shares that add to 1 at most"
            )
        if self.time_effect < 0:
            raise ConfigError(f"time_effect is {self.time_effect}; give 0 (none) or above, for example 1.0")
        if not 0 <= self.common_share <= 1:
            raise ConfigError(
                f"common_share is {self.common_share}; give 0 (all personal) to 1 (the same for all)"
            )
        if not (0 <= self.explored_share <= 1 and 0 <= self.away_share < 1):
            raise ConfigError(
                f"explored_share and away_share are {self.explored_share, self.away_share}; "
                "give 0 to 1, and less than 1 of days away"
            )
        if self.recommended_from and self.recommended_from < self.candidates:
            raise ConfigError(
                f"recommended_from is {self.recommended_from}; give 0 (no recommender), or "
                f"{self.candidates} songs or more to pick {self.candidates} from"
            )
        if len(self.hour_activity) != 24:
            raise ConfigError(f"hour_activity has {len(self.hour_activity)} weights; give 24")


@dataclass(frozen=True, kw_only=True)
class SimulatorSize:
    """How large a simulated log is.

    Args:
        users: listeners. items: songs. days: UTC days of history.
        exposures_per_day: songs shown to all users in a day, on average.

    Raises:
        ConfigError: a number is too small to make a log.

    Example:
        >>> SIZES["tiny"].days
        45
    """

    users: int
    items: int
    days: int
    exposures_per_day: float

    def __post_init__(self) -> None:
        check_numbers(self)
        for size in fields(self):
            least = 200 if size.name == "items" else 1
            if getattr(self, size.name) < least:
                raise ConfigError(f"{size.name} is {getattr(self, size.name)}; give {least} or more")


SIZES = {
    "tiny": SimulatorSize(users=30, items=300, days=45, exposures_per_day=135),
    "small": SimulatorSize(users=200, items=2_500, days=365, exposures_per_day=770),
    "large": SimulatorSize(users=2_000, items=10_000, days=90, exposures_per_day=22_500),
    "stream": SimulatorSize(users=2_000, items=10_000, days=7, exposures_per_day=384_000),
}
"""By name; ``stream`` has 16,000 exposures an hour: 1,000 updates with batches of 16."""


def size_named(name: str) -> SimulatorSize:
    """The size of a name.

    Raises:
        ConfigError: there is none of that name.

    Example:
        >>> size_named("huge")
        Traceback (most recent call last):
        interestclock.errors.ConfigError: no simulator size 'huge'; there are tiny, small, large, stream
    """
    if name not in SIZES:
        raise ConfigError(f"no simulator size '{name}'; there are {', '.join(SIZES)}")
    return SIZES[name]


WORLDS = {
    "steady": SimulatorTruth(),
    "moving": SimulatorTruth(
        common_share=0.5, drift_turns=0.5, recommended_from=20, weekend_hours_later=2.0, away_share=0.3
    ),
}
"""By name; in ``moving`` exposures come from a recommender, and shares of genres move with the hour."""


def world_named(name: str) -> SimulatorTruth:
    """The truth of a name.

    Raises:
        ConfigError: there is none of that name.

    Example:
        >>> world_named("moving").recommended_from
        20
    """
    if name not in WORLDS:
        raise ConfigError(f"no simulated world '{name}'; there are {', '.join(WORLDS)}")
    return WORLDS[name]
