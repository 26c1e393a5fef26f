"""Why a request has no date, or not this one, and the smallest change that would help.

"This plan" is the calendar as it stands with what the latest draft adds to it. Agreed visits may
be asked to move in it, never to go; dates on offer may be taken back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm import wording
from visits.domain.alternatives import Alternatives
from visits.domain.plan_edits import (
    Arrangement,
    CellVerdict,
    held_by,
    released_by,
    verdicts_of,
)
from visits.domain.planning import LoadedProblem, load_problem
from visits.domain.plans import latest_version
from visits.models import Host, Placement, PlanVersion, VisitRequest
from visits.planning import moves
from visits.planning import problem as p
from visits.planning.changes import Change, ChangeKind, Placed, lay_out
from visits.planning.problem import Limits, ProblemError
from visits.planning.reasons import nearest
from visits.planning.search import solve
from visits.planning.solution import SlotReason, Solution
from visits.planning.spans import local_day, minute_of
from visits.planning.verdicts import reachable_slots, what_if
from visits.planning.why import rooms_of
from visits.reason_words import both, desk_words, fault_words, public_words

# An exact answer is waited for on a page, so it is bounded in counts and in seconds.
EXACT = Limits(seconds=4.0, effort=0.5)
# Reasons against a day that other visits make.
TAKEN = (
    "blocked_by_visit",
    "blocked_by_visits",
    "blocked_by_plan",
    "not_reachable",
    "day_stopped",
    "beside_absence",
    "rest_day",
    "cap_reached",
)


@dataclass(frozen=True)
class CellWords:
    """One host on one day: the mark (free, soft, taken or closed), the sentence for the desk, the
    one for a letter, what speaks against a place that is free, and whose going would make room
    where it is taken."""

    cell: CellVerdict
    mark: str
    sentence: str
    public: str
    notes: tuple[str, ...] = ()
    room: str = ""

    @property
    def host(self) -> Host:
        return self.cell.host

    @property
    def day(self) -> date:
        return self.cell.day


@dataclass(frozen=True)
class ChangeWords:
    """One change: what has to give way, what then happens, what it costs; `slot` is where the
    request can be offered dates when nobody else is touched, else None."""

    change: Change
    sentence: str
    costs: list[str]
    host: Host
    slot: datetime | None


@dataclass(frozen=True)
class Why:
    """The answer for one request; the sentences are empty when nothing stands against it but what
    the `notes` on its best place say."""

    sentence: str
    public: str
    plan: str
    cells: list[CellWords] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    changes: list[ChangeWords] = field(default_factory=list)


@dataclass(frozen=True)
class ExactCost:
    """What saying yes does to the best plan there is: the answer as a heading, and in sentences.

    Not `is_exact` where the search was cut short before its plans were proven the best."""

    title: str
    sentences: list[str]
    is_exact: bool = True

    @property
    def note(self) -> str:
        """How far the answer can be relied on."""
        return _("exact") if self.is_exact else _("as far as was searched")


class Weighing:
    """One open request in the plan as it stands at one moment.

    Raises ValidationError naming the culprit when the rules contradict each other.
    """

    def __init__(self, request: VisitRequest, *, at: datetime) -> None:
        self.request, self.at = request, at
        self.version = latest_version(request.campaign)
        self.drafted = False
        try:
            self.loaded, self.solution = self.with_draft() or self.calendar()
        except ProblemError as error:
            raise ValidationError(fault_words(error), code=error.code) from error
        self.problem = self.loaded.problem
        self.alternatives = Alternatives(self.loaded, self.solution)

    @property
    def is_open(self) -> bool:
        """Whether the request waits for a date and its city can be travelled to."""
        is_asked = any(self.request.ref in task.requests for task in self.problem.tasks)
        return is_asked and not self.request.visits.live().exists()

    @property
    def task(self) -> p.Task:
        """The request as the planner sees it."""
        return next(task for task in self.problem.tasks if self.request.ref in task.requests)

    def with_draft(self) -> tuple[LoadedProblem, Solution] | None:
        """The calendar with what the latest version adds to it; None when that adds nothing, or
        nothing that is possible any more."""
        version = self.version
        if version is None or version.state == PlanVersion.State.PUBLISHED:
            return None
        rows = list(version.placements.select_related("host", "visit").prefetch_related("requests"))
        loaded = load_problem(
            self.request.campaign,
            at=self.at,
            released=released_by(version, rows),
            held=held_by(version),
        )
        placed = _drafted(rows, loaded.problem, but=self.request)
        plan = lay_out(loaded.problem, placed) if placed else None
        self.drafted = plan is not None
        return (loaded, plan) if plan is not None else None

    def calendar(self) -> tuple[LoadedProblem, Solution]:
        """The visits that stand alone."""
        loaded = load_problem(self.request.campaign, at=self.at)
        plan = lay_out(loaded.problem, [])
        return loaded, plan or solve(loaded.problem, Limits(seconds=1.0))

    def why(self, *, on: date | None = None, host: Host | None = None) -> Why:
        """The reasons of every day, and the changes that would help: at all, or on one day."""
        cells = self.cells()
        changes = self.alternatives.ways(self.task.ref, host=host.ref if host else None, day=on)
        chosen = [
            each
            for each in cells
            if (on is None or each.day == on) and (host is None or each.host == host)
        ]
        main = self.main_cell(chosen)
        sentence = main.sentence if main else ""
        if main and on is None and host is None:
            sentence = self.main_words()
        if sentence and (lift := self.nearest_lift(changes)) is not None:
            sentence = self.alternatives.words(lift)
        public = ""
        if main is not None:
            public = self.letter_words(chosen) if on is None else main.public
        return Why(
            sentence=sentence,
            public=public,
            plan=self.plan_words(),
            cells=cells,
            notes=() if sentence else self.notes_on(chosen),
            changes=[self.change_words(change) for change in changes],
        )

    def letter_words(self, cells: Sequence[CellWords]) -> str:
        """Why no date can be offered, for a letter: on every date the city wished for that is left,
        or that none of them is; no other day is named."""
        wished = sorted({wish.day for wish in self.task.wishes})
        ahead = [day for day in wished if day >= self.alternatives.first_day(self.task.ref)]
        left = [day for day in ahead if day in self.problem.days]
        words = [self.public_on(day, cells) for day in ahead]
        if wished and not ahead:
            words = [
                _("Every date you wished for is over, or too soon for us to prepare and to travel.")
            ]
        if not wished:
            words = [_("No day that is left of our offer is free.")]
        elif not left:
            words.append(_("No other day that is left of our offer is free."))
        return " ".join(words)

    def public_on(self, day: date, cells: Sequence[CellWords]) -> str:
        """What a letter says of one day on which none of these cells is possible."""
        found = self.main_cell([each for each in cells if each.day == day])
        return found.public if found else public_words("outside_window", day)

    def nearest_lift(self, changes: Sequence[Change]) -> Change | None:
        """Decisions of ours to be taken back, where nothing smaller helps, or for a wished day."""
        wished = {wish.day for wish in self.task.wishes}
        for change in changes:
            day = local_day(self.task.place.zone, minute_of(change.placed.start))
            if change.kind == ChangeKind.LIFT and (change is changes[0] or day in wished):
                return change
        return None

    def main_cell(self, cells: Sequence[CellWords]) -> CellWords | None:
        """What stands against the request on these days; None when it has a place on one of those
        it wished for, or on any where none of them is left."""
        wished = {wish.day for wish in self.task.wishes}
        by_spot = {(each.host.ref, each.day): each for each in cells}
        slots = [
            SlotReason(each.host.ref, each.day, each.cell.reason)
            for each in cells
            if each.cell.reason is not None
        ]
        main = nearest(slots, wished)
        free = {each.day for each in cells if each.cell.is_possible}
        if main is None or free & wished or (free and main.day not in wished):
            return None
        return by_spot[main.host, main.day]

    def notes_on(self, cells: Sequence[CellWords]) -> tuple[str, ...]:
        """What speaks against the best place among these cells, though no rule forbids it."""
        places = [(each.cell.best, each) for each in cells if each.cell.best is not None]
        best = min(places, key=lambda row: (-row[0].points, row[0].start), default=None)
        return best[1].notes if best else ()

    def main_words(self) -> str:
        """What stands against the request, as the tray of this plan says it."""
        ref = self.task.ref
        (row,) = moves.reasons_left(self.problem, self.solution, only={ref})
        return self.alternatives.reason(row)

    def plan_words(self) -> str:
        """Which plan the sentences speak of."""
        if self.version is None or not self.drafted:
            return _("the calendar as it stands")
        return _("the calendar as it stands, with what plan v%(n)d adds") % {
            "n": self.version.number
        }

    def cells(self) -> list[CellWords]:
        """Every host and day in words; the verdicts are those of the draft's own page."""
        plan = Arrangement(self.loaded, self.solution, self.loaded.decisions)
        wide, laid, _agreed = self.alternatives.wide
        rooms = rooms_of(wide, laid, self.task.ref, loose=self.alternatives.at_fault)
        return [
            self.words_of(cell, rooms.get((cell.host.ref, cell.day)))
            for cell in verdicts_of(plan, self.task.ref)
        ]

    def words_of(self, cell: CellVerdict, room_if: tuple[str, ...] | None) -> CellWords:
        """A cell in words; `room_if` are those who may give way there, None when it is not theirs
        to make room."""
        if cell.best is not None:
            sentence = _("%(host)s can be there %(when)s.") % {
                "host": cell.host.name,
                "when": wording.time_range(cell.best.start, cell.best.end, self.task.place.zone),
            }
            notes = [desk_words(reason) for reason in cell.best.soft]
            mark = "soft" if notes else "free"
            if others := self.wished_instead(cell.day):
                notes.append(others)
            return CellWords(cell, mark, " ".join([sentence, *notes]), "", tuple(notes))
        assert cell.reason is not None, "a day without a start has a reason"
        why = str(cell.reason.params.get("why", ""))
        public = public_words(cell.reason.code, cell.day, why=why)
        if room_if is None or cell.reason.code not in TAKEN:
            return CellWords(cell, "closed", cell.hard, public)
        room = self.room_words(room_if)
        return CellWords(cell, "taken", f"{cell.hard} {room}", public, room=room)

    def wished_instead(self, day: date) -> str:
        """The dates that the city wished for, where this is none of them."""
        wished = sorted({wish.day for wish in self.task.wishes})
        if not wished or day in wished:
            return ""
        words = _("Its city wished for %(days)s.")
        return words % {"days": both(wording.short_day(each) for each in wished)}

    def room_words(self, room_if: tuple[str, ...]) -> str:
        """Whose going alone would make room, or that nobody's is enough."""
        if not room_if:
            return _("There is room only if two visits or more give way.")
        words = ngettext(
            "There is room if %(names)s gives way.",
            "There is room if one of these gives way: %(names)s.",
            len(room_if),
        )
        return words % {"names": both(self.alternatives.label(ref) for ref in room_if[:3])}

    def change_words(self, change: Change) -> ChangeWords:
        """A change in words."""
        placed = change.placed
        touches_nobody = not change.moved and not change.dropped
        return ChangeWords(
            change,
            self.alternatives.words(change),
            self.alternatives.costs(change),
            self.loaded.hosts[placed.host],
            placed.start if touches_nobody and not change.lifted else None,
        )

    def exact(self) -> ExactCost:
        """Force the request into the best plan and solve again, agreed visits standing."""
        problem = self.problem
        best = solve(problem, EXACT, with_reasons=False)
        if any(visit.task == self.task.ref for visit in best.visits):
            words = _("The best plan has a place for it already; plan again.")
            return ExactCost(_("It has a place in the best plan"), [words], best.proven)
        try:
            forced = what_if(problem, best, self.task.ref, EXACT)
        except ProblemError:
            hosts, fixed = problem.hosts, problem.fixed
            if any(reachable_slots(problem, fixed, self.task, host) for host in hosts):
                words = _("No plan that holds it was found in the few seconds there are.")
                return ExactCost(_("No plan with it was found"), [words], is_exact=False)
            words = _(
                "No plan can hold it as long as everything agreed and on offer stays where it is."
            )
            return ExactCost(_("It has a place in no plan"), [words])
        moved, dropped = len(forced.moved), len(forced.dropped)
        words = _("Priority placed goes from %(before)d to %(after)d.") % {
            "before": forced.priority_before,
            "after": forced.priority_after,
        }
        counts = [
            ngettext("%(n)d visit of the plan moves.", "%(n)d visits of the plan move.", moved)
            % {"n": moved},
            ngettext("%(n)d loses its place.", "%(n)d lose their place.", dropped) % {"n": dropped},
        ]
        names = both(self.alternatives.label(ref) for ref in forced.dropped)
        sentences = [words, *counts, *([names + "."] if names else [])]
        is_exact = best.proven and forced.solution.proven
        return ExactCost(_("What saying yes costs the best plan"), sentences, is_exact)


def _drafted(rows: Iterable[Placement], problem: p.Problem, *, but: VisitRequest) -> list[Placed]:
    """Where a version puts what may move, but one request."""
    tasks = {ref: task.ref for task in problem.tasks for ref in task.requests}
    found: dict[str, Placed] = {}
    for row in rows:
        refs = [request.ref for request in row.requests.all()]
        if row.is_fixed or but.ref in refs:
            continue
        for ref in refs:
            if ref in tasks:
                found[tasks[ref]] = Placed(tasks[ref], row.host.ref, row.starts_at)
    return list(found.values())
