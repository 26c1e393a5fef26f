"""What the planner is told: hosts, tasks, facts and rules of one campaign, as frozen values.

Moments are aware datetimes (any zone), dates are local dates of the place meant, durations and
offsets are whole minutes, `ref`s are strings that the caller can find again. Everything optional
is off when left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from functools import cached_property

from .travel import TravelTable


class ProblemError(ValueError):
    """The input contradicts itself or cannot be planned; the text names the culprit.

    `code` and `params` let the caller say the same sentence in another language.
    """

    def __init__(self, code: str, text: str, **params: object) -> None:
        super().__init__(text.format(**params))
        self.code = code
        self.params = params


class Mode(StrEnum):
    """How a visit is held."""

    ON_SITE = "on_site"
    ONLINE = "online"


class PartOfDay(StrEnum):
    """When on the day; a visit that starts before 12:00 local time is in the morning."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    ANY = "any"


@dataclass(frozen=True)
class Place:
    """Somewhere visits happen or hosts live. `ref` is its name in the travel table, where that of
    an online visit need not be."""

    ref: str
    name: str
    zone: str


@dataclass(frozen=True)
class Wish:
    """A date wished for; `rank` 1 is the first choice."""

    day: date
    part: PartOfDay = PartOfDay.ANY
    rank: int = 1


@dataclass(frozen=True)
class SoftDay:
    """A day that may be used at a price in wish points, with the reason as a sentence."""

    points: float
    reason: str


@dataclass(frozen=True)
class Tour:
    """What a host does on the road for others than this campaign, called `name`: from leaving home
    until being home again."""

    name: str
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Busy:
    """Time in which a host can neither visit nor travel; `at_home` if it begins and ends there, as
    (a part of) a `tour` does."""

    start: datetime
    end: datetime
    label: str = ""
    at_home: bool = False
    tour: Tour | None = None


@dataclass(frozen=True)
class Position:
    """Where a host is at a moment of the running week; the trip goes on from there."""

    place: Place
    at: datetime


@dataclass(frozen=True)
class Host:
    """Who leads visits. A cap or rule that is None or False does not hold for this host.

    `visits_per_week` caps on-site visits per calendar week; `days_in_a_row` on-site days without a
    break; `office_day` asks for one weekday without an on-site visit in each full week;
    `extra_travel_days` are Saturdays and Sundays on which this host may travel; travel happens
    from `travel_from` to `travel_to` in the home zone and in the zone of both ends.
    """

    ref: str
    name: str
    home: Place
    skills: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    busy: tuple[Busy, ...] = ()
    can_travel: bool = True
    visits_per_week: int | None = None
    days_in_a_row: int | None = 4
    office_day: bool = True
    position: Position | None = None
    extra_travel_days: frozenset[date] = frozenset()
    travel_from: time = time(7)
    travel_to: time = time(21)


@dataclass(frozen=True)
class Pin:
    """The coordinator's decision where a task goes; None leaves that part open.

    `decisions` names what it was made of, for whoever would take that back.
    """

    host: str | None = None
    day: date | None = None
    start: datetime | None = None
    decisions: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Ban:
    """A host, a date, or a host on a date that the coordinator forbids for a task.

    `decision` names what it was made of, for whoever would take that back.
    """

    host: str | None = None
    day: date | None = None
    decision: str = field(default="", compare=False)


@dataclass(frozen=True)
class Task:
    """One visit to place, for one request or for several of one municipality.

    `closed` maps hard-closed dates to the reason; `half_days` maps dates to the latest end in
    minutes after 00:00 local; `soft_days` maps dates to their price. `needs` lists groups of
    skills: the host must have one of each group. `languages` is any-of. `start_windows`, when
    given, maps the only possible dates to the earliest and latest start; `only_wished` is for tasks
    that may take place on no date but those of their wishes. A `promised` visit was
    agreed with the city: to place it beats every sum of other priorities, and it may stay where it
    is published whatever the rules for new dates say.
    """

    ref: str
    label: str
    place: Place
    duration: int
    requests: tuple[str, ...] = ()
    priority: int = 1
    mode: Mode = Mode.ON_SITE
    wishes: tuple[Wish, ...] = ()
    closed: Mapping[date, str] = field(default_factory=dict)
    half_days: Mapping[date, int] = field(default_factory=dict)
    soft_days: Mapping[date, SoftDay] = field(default_factory=dict)
    bans: tuple[Ban, ...] = ()
    pin: Pin | None = None
    needs: tuple[frozenset[str], ...] = ()
    languages: frozenset[str] = frozenset()
    only_host: str | None = None
    start_windows: Mapping[date, tuple[datetime, datetime]] | None = None
    only_wished: bool = False
    promised: bool = False

    @property
    def name(self) -> str:
        """What a sentence about this task alone calls it."""
        return self.label if self.ref == self.label else f"{self.ref} {self.label}"

    @property
    def comes_first(self) -> bool:
        """Whether placing it beats any sum of others: promised, or pinned to a host or a day.

        One pinned to the minute is a fact of its week anyway.
        """
        return self.promised or (self.pin is not None and self.pin.start is None)


@dataclass(frozen=True)
class FixedVisit:
    """A visit that stands as it is: a fact. Its priority counts as placed.

    `agreed` is False of a place in a plan that is asked about, which nobody was told yet.
    """

    ref: str
    label: str
    host: str
    mode: Mode
    place: Place
    start: datetime
    end: datetime
    priority: int = 0
    requests: tuple[str, ...] = ()
    agreed: bool = True


@dataclass(frozen=True)
class PublishedVisit:
    """Where the published plan has a task; kept when host and start stay the same."""

    task: str
    host: str
    start: datetime


@dataclass(frozen=True)
class TravelDisruption:
    """A strike or storm: no journey by these `modes` (all when empty) that begins or ends at one of
    `places` (place refs) is under way between `start` and `end`.
    """

    start: datetime
    end: datetime
    places: frozenset[str]
    modes: frozenset[str] = frozenset()
    label: str = ""


@dataclass(frozen=True)
class Rules:
    """Rules that hold for every host, in minutes and local wall clock times.

    `after_visit` is reserved behind every visit. `arrival_buffer` lies between landing (or the
    station) and an on-site visit unless the host arrived the evening before. No new visit makes
    a fixed one fall short of it; where fixed ones fall short by themselves, that is told as a
    risk, and below `fact_buffer` as a journey that lacks time. `online_buffer` lies between
    arriving anywhere and an online visit. Starts fall on multiples of `start_grid`.
    """

    visit_from: time = time(9)
    visit_to: time = time(17)
    online_from: time = time(9)
    online_to: time = time(17)
    after_visit: int = 30
    arrival_buffer: int = 90
    fact_buffer: int = 45
    online_buffer: int = 30
    start_grid: int = 15
    latest_arrival: time = time(22)


@dataclass(frozen=True)
class Weights:
    """Wish points: by rank of the date wished for, and off for awkward times.

    Points rank days within the aim "wishes" and never trade against priority.
    """

    ranks: tuple[float, ...] = (3.0, 2.0, 1.0)
    other_part_of_day: float = 0.5
    monday_morning: float = 0.25
    friday_afternoon: float = 0.25


NO_RULES = Rules(
    visit_from=time(0),
    visit_to=time(23, 59),
    after_visit=0,
    arrival_buffer=0,
    fact_buffer=0,
    online_buffer=0,
    start_grid=1,
)
PLAIN_WEIGHTS = Weights(other_part_of_day=0.0, monday_morning=0.0, friday_afternoon=0.0)


@dataclass(frozen=True)
class Problem:
    """One campaign to plan.

    `days` are the working days of the window; a trip is a host's calendar week cut to them.
    `project_end` is the date by whose evening everybody is home. `clock` is the moment of
    planning: nobody sets out before it; `earliest` the first moment a new visit may start.
    `most_moves` allows at most so many published visits to move or drop (None: any number).
    `detours` are journeys by other means than in `travel`, between the same places in the same
    order, for the days of `disruptions`.
    """

    days: tuple[date, ...]
    hosts: tuple[Host, ...]
    tasks: tuple[Task, ...]
    travel: TravelTable
    fixed: tuple[FixedVisit, ...] = ()
    published: tuple[PublishedVisit, ...] = ()
    project_end: date | None = None
    clock: datetime | None = None
    earliest: datetime | None = None
    rules: Rules = Rules()
    weights: Weights = Weights()
    most_moves: int | None = None
    disruptions: tuple[TravelDisruption, ...] = ()
    detours: tuple[TravelTable, ...] = ()

    @cached_property
    def task_by_ref(self) -> dict[str, Task]:
        """The tasks by their references, of which thousands are asked for one by one."""
        return {task.ref: task for task in self.tasks}

    @property
    def first_weight(self) -> int:
        """What a task that comes first counts on top of its priority: more than all together."""
        if not any(task.comes_first for task in self.tasks):
            return 0
        return sum(task.priority for task in self.tasks) + 1


@dataclass(frozen=True)
class Limits:
    """How long to search, in counts, so that the same input gives the same plan.

    `seconds` is only a ceiling on top. `effort` scales the counts (1 is meant for a page).
    """

    seconds: float = 30.0
    seed: int = 0
    effort: float = 1.0
