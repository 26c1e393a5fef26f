"""What the planner answers: visits, journeys, reasons and proven bounds, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from .problem import Mode, Place


@dataclass(frozen=True)
class Reason:
    """A sentence: `code` and `params` for translation, `text` in plain English."""

    code: str
    text: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class PlannedVisit:
    """One visit of the plan. `task` is None for a fixed visit, `fixed` its ref otherwise None.

    `points` are the wish points won, `kept` says that it stands where it was published, `missed`
    that it is agreed but its host cannot be there as things stand.
    """

    task: str | None
    fixed: str | None
    label: str
    requests: tuple[str, ...]
    host: str
    mode: Mode
    place: Place
    start: datetime
    end: datetime
    zone: str
    priority: int
    points: float = 0.0
    kept: bool = False
    missed: bool = False


@dataclass(frozen=True)
class Leg:
    """One journey of a host, door to door; `missing_minutes` > 0 says that it lacks time: one home
    comes too late, one to a visit cannot be made.

    A `split` drive is interrupted by a night (or several) between `depart` and `arrive`. `risk`
    names what is wrong: time that lacks, or a visit reached later than the rule asks. `is_missed`
    says that nobody sets out: the journeys before and after go past its visit.
    """

    host: str
    origin: Place
    destination: Place
    mode: str
    depart: datetime
    arrive: datetime
    minutes: int
    km: float
    cost: float
    co2: float
    estimated: bool
    split: bool = False
    missing_minutes: int = 0
    risk: Reason | None = None
    is_missed: bool = False


@dataclass(frozen=True)
class SlotReason:
    """Why a task is not placed with one host on one date."""

    host: str
    day: date
    reason: Reason


@dataclass(frozen=True)
class Unplaced:
    """A task without a place: the main reason, what would make it fit, and every slot's reason."""

    task: str
    requests: tuple[str, ...]
    priority: int
    reason: Reason
    would_fit_if: Reason | None
    slots: tuple[SlotReason, ...] = ()


@dataclass(frozen=True)
class Totals:
    """Sums over all legs: minutes, km, EUR, kg CO2, and nights away from home."""

    minutes: int = 0
    km: float = 0.0
    cost: float = 0.0
    co2: float = 0.0
    nights: int = 0


@dataclass(frozen=True)
class Solution:
    """A plan and what is known about it.

    `priority` counts tasks and fixed visits placed, `bound` is an upper bound on it (None when
    none was computed); `proven` says that priority cannot be beaten, `proven_all` that neither
    can the published visits kept, the wish points and the travel minutes, in this order.
    `unmade` are journeys that no host can make, each with its risk: nobody sets out on them, and
    their times only say when one could at the earliest. `stopped` tells that the ceiling or the
    caller ended the search before its counts did.
    """

    visits: tuple[PlannedVisit, ...]
    legs: tuple[Leg, ...]
    unplaced: tuple[Unplaced, ...]
    risks: tuple[Reason, ...]
    priority: int
    kept: int
    points: float
    bound: int | None
    proven: bool
    proven_all: bool
    totals: Totals
    seconds: float = 0.0
    stopped: bool = False
    rounds: int = 0
    unmade: tuple[Leg, ...] = ()

    def unproven(self) -> Solution:
        """The same plan with nothing known about better ones."""
        return replace(self, bound=None, proven=False, proven_all=False)


@dataclass(frozen=True)
class Progress:
    """What the search knows at one moment; given to the caller's progress function."""

    step: str
    seconds: float
    priority: int
    bound: int | None
    rounds: int
