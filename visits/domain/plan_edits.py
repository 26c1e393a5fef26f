"""Changing a draft by hand: where a visit could go, moving it, and taking that back.

The planner's own rules judge every change. What is stored is the plan as the independent check
accepts it, with its journeys and sums told anew.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from crm import wording
from crm.domain.audit import record
from crm.models import User
from visits.domain.alternatives import ONLINE_MINUTES, Alternatives, leeway_of, would_fit
from visits.domain.booking import lock_resources
from visits.domain.plan_rules import decided_against, decisions_of, local_day_of, marks_of
from visits.domain.planning import Held, LoadedProblem, load_problem
from visits.domain.plans import (
    FITS_NOW,
    LEFT_OUT,
    MOVED_SINCE,
    NOT_BACK,
    SolvedPlan,
    fill_version,
    keep_told,
    plan_as_json,
    refuse_unseen,
    told_of,
)
from visits.models import (
    Host,
    Placement,
    PlanDecision,
    PlanEdit,
    PlanVersion,
    Visit,
    VisitRequest,
)
from visits.planning import moves
from visits.planning import problem as p
from visits.planning.changes import HOPELESS, Change, nearest_of_cells
from visits.planning.preferences import worth_of
from visits.planning.reasons import LEFT_OPEN
from visits.planning.solution import PlannedVisit, Reason, Solution, Totals
from visits.planning.solution import Unplaced as UnplacedTask
from visits.planning.spans import minute_of
from visits.planning.verdicts import verdict
from visits.reason_words import desk_words, fault_words

# A host and a start; what has none is in the tray.
Spot = tuple[Host, datetime]
Places = dict[str, tuple[str, datetime]]
# As many reasons as are worked out while somebody waits to read them.
REASONS_AT_ONCE = 10
# What is told of requests that no plan moves.
UNMOVED = (NOT_BACK, MOVED_SINCE)


@dataclass(frozen=True)
class Arrangement:
    """A plan as the planner sees it now, with what was decided for it."""

    loaded: LoadedProblem
    solution: Solution
    decisions: tuple[PlanDecision, ...]

    @property
    def places(self) -> Places:
        """Host and start of every visit that may move, by the reference of its task."""
        return places_of(self.solution)

    def handle(self, ref: str) -> str:
        """The task of a request, which any request of a joint visit stands for.

        Raises ValidationError when the draft knows none that may move.
        """
        for task in self.loaded.problem.tasks:
            if ref == task.ref or ref in task.requests:
                return task.ref
        raise ValidationError(
            _("%(ref)s cannot be placed here: it has an agreed date or is no longer open."),
            code="not_movable",
            params={"ref": ref},
        )

    def request(self, ref: str) -> VisitRequest:
        """The request behind a task; ValidationError when the draft knows none that may move."""
        return self.loaded.requests[self.handle(ref)]

    def together(self, ref: str) -> list[VisitRequest]:
        """The requests of the visit that a task stands for."""
        task = moves.task_of(self.loaded.problem, self.handle(ref))
        return [self.loaded.requests[each] for each in task.requests]

    def spot(self, ref: str) -> Spot | None:
        """Where the draft has the request; None for the tray."""
        found = self.places.get(ref)
        return (self.loaded.hosts[found[0]], found[1]) if found else None


@dataclass(frozen=True, kw_only=True)
class Draft(Arrangement):
    """A draft version that may be changed."""

    version: PlanVersion


def places_of(solution: Solution) -> Places:
    return {visit.task: (visit.host, visit.start) for visit in solution.visits if visit.task}


def open_draft(
    version: PlanVersion, *, at: datetime, as_asked: str = "", moving: str = ""
) -> Draft:
    """The draft on top of the calendar as it stands; the request `as_asked` is no longer held
    online because somebody placed it so. An agreed visit put back where it stands is a fact again,
    but for the request that is `moving`.

    Raises ValidationError when the version is no draft to edit, and, with code "stale", when the
    calendar changed under it since it was made.
    """
    refuse_closed(version)
    rows = list(version.placements.select_related("host", "visit").prefetch_related("requests"))
    decisions = tuple(decisions_of(version.plan.campaign))
    loaded = load_problem(
        version.plan.campaign,
        at=at,
        decisions=decisions,
        released=released_by(version, rows, moving=moving),
        held=[row for row in held_by(version) if not (row.by_hand and as_asked in row.requests)],
    )
    loaded = replace(loaded, released=(*loaded.released, *_put_back_in(version, rows, moving)))
    tasks = {ref: task for task in loaded.problem.tasks for ref in (task.ref, *task.requests)}
    gone = {ref for row in rows if not row.is_fixed for ref in _refs(row)} - tasks.keys()
    if changed := out_of_date(version, rows) | gone:
        raise ValidationError(
            _("The calendar changed since this draft was made (%(refs)s); bring it up to date."),
            code="stale",
            params={"refs": ", ".join(sorted(changed))},
        )
    visits = tuple(fact_of(row) for row in loaded.problem.fixed) + tuple(
        _planned(next(tasks[ref] for ref in _refs(row) if ref in tasks), row)
        for row in rows
        if not row.is_fixed or (moving in tasks and moving in _refs(row))
    )
    return Draft(loaded, bare_solution(visits), decisions, version=version)


def meeting_online(draft: Draft, ref: str) -> Draft:
    """The draft in which a request asked on site is met online.

    Raises ValidationError when its city has agreed to a visit on site.
    """
    problem = draft.loaded.problem
    task = moves.task_of(problem, draft.handle(ref))
    if task.mode == p.Mode.ONLINE:
        return draft
    if task.promised:
        raise ValidationError(
            _("%(city)s was agreed on site; move it online on the visit's own page."),
            code="agreed",
            params={"city": task.label},
        )
    minutes = min(task.duration, ONLINE_MINUTES)
    online = replace(task, mode=p.Mode.ONLINE, duration=minutes)
    tasks = tuple(online if row is task else row for row in problem.tasks)
    held = [row for row in draft.loaded.held if row.requests != task.requests]
    loaded = replace(
        draft.loaded,
        problem=replace(problem, tasks=tasks),
        held=(*held, Held(task.requests, p.Mode.ONLINE, minutes, by_hand=True)),
    )
    return replace(draft, loaded=loaded)


def refuse_closed(version: PlanVersion) -> None:
    """Raise ValidationError unless the version is a draft that may be published."""
    if version.state == PlanVersion.State.PUBLISHED:
        raise ValidationError(_("A published plan never changes; plan again."), code="published")
    if version.is_fresh:
        raise ValidationError(
            _("A plan from an empty calendar is a comparison; it cannot be edited."), code="fresh"
        )


def released_by(
    version: PlanVersion, rows: Collection[Placement], *, moving: str = ""
) -> frozenset[str]:
    """Visits that the version may move: those it was made to place anew, and agreed ones that the
    coordinator released for it and that were not put back, or serve the request that is `moving`.
    """
    wanted = [request.pk for row in rows if not row.is_fixed for request in row.requests.all()]
    offered = Visit.objects.offered().filter(requests__in=wanted, state_since__lte=version.made_at)
    released = {*offered.values_list("ref", flat=True), *version.result.get("released", [])}
    return frozenset(released - set(_put_back_in(version, rows, moving)))


def _put_back_in(version: PlanVersion, rows: Iterable[Placement], moving: str) -> list[str]:
    """Visits that were released for the version and that it has where they stand all the same."""
    stand = {
        row.visit.ref for row in rows if row.is_fixed and row.visit and moving not in _refs(row)
    }
    return sorted(stand.intersection(version.result.get("released", [])))


def held_by(version: PlanVersion) -> tuple[Held, ...]:
    """What a version that was brought back holds as it was, in the tray too."""
    return tuple(
        Held(tuple(row["requests"]), p.Mode(row["mode"]), row["minutes"], row.get("by_hand", False))
        for row in version.result.get("held", [])
    )


def out_of_date(version: PlanVersion, rows: Iterable[Placement]) -> set[str]:
    """Visits that are agreed or held and that the draft has not, or has elsewhere."""
    rows = list(rows)
    visits = Visit.objects.standing().filter(campaign=version.plan.campaign)
    released = released_by(version, rows)
    now = {
        visit.ref: (visit.host_id, visit.starts_at) for visit in visits if visit.ref not in released
    }
    then = {
        row.visit.ref: (row.host_id, row.starts_at) for row in rows if row.is_fixed and row.visit
    }
    return {ref for ref in now.keys() | then.keys() if now.get(ref) != then.get(ref)}


def _refs(row: Placement) -> list[str]:
    return [request.ref for request in row.requests.all()]


def fact_of(row: p.FixedVisit) -> PlannedVisit:
    """What stands, as a visit of a plan."""
    return PlannedVisit(
        task=None,
        fixed=row.ref,
        label=row.label,
        requests=row.requests,
        host=row.host,
        mode=row.mode,
        place=row.place,
        start=row.start,
        end=row.end,
        zone=row.place.zone,
        priority=row.priority,
    )


def _planned(task: p.Task, row: Placement) -> PlannedVisit:
    return PlannedVisit(
        task=task.ref,
        fixed=None,
        label=task.label,
        requests=task.requests,
        host=row.host.ref,
        mode=task.mode,
        place=task.place,
        start=row.starts_at,
        end=row.ends_at,
        zone=task.place.zone,
        priority=task.priority,
    )


def bare_solution(visits: tuple[PlannedVisit, ...]) -> Solution:
    """Visits as a plan whose journeys were not told."""
    return Solution(
        visits=visits,
        legs=(),
        unplaced=(),
        risks=(),
        priority=sum(visit.priority for visit in visits),
        kept=0,
        points=0.0,
        bound=None,
        proven=False,
        proven_all=False,
        totals=Totals(),
    )


@dataclass(frozen=True)
class CellVerdict:
    """What it means to hold one request with one host on one day.

    `starts` are possible starts, best first; without any, `hard` is the `reason` as a sentence, and
    one that `is_hopeless` no change of a visit helps against. `is_here` marks the day it is on now.
    """

    host: Host
    day: date
    starts: tuple[moves.Start, ...]
    hard: str
    is_here: bool
    reason: Reason | None = None

    @property
    def is_hopeless(self) -> bool:
        return self.reason is not None and self.reason.code in HOPELESS

    @property
    def is_possible(self) -> bool:
        return bool(self.starts)

    @property
    def best(self) -> moves.Start | None:
        return self.starts[0] if self.starts else None


def verdicts_of(plan: Arrangement, ref: str) -> list[CellVerdict]:
    """The verdict on every host and day for one request of the plan, before anything moves."""
    ref = plan.handle(ref)
    request, spot = plan.request(ref), plan.spot(ref)
    here = (spot[0].ref, local_day_of(spot[1], request.zone)) if spot else None
    found = []
    for cell in moves.cells(plan.loaded.problem, plan.solution, ref):
        host = plan.loaded.hosts[cell.host]
        starts, reason, hard = _decided(plan, ref, host, cell)
        is_here = here == (cell.host, cell.day)
        found.append(CellVerdict(host, cell.day, starts, hard, is_here, reason))
    return found


def helps_of(draft: Draft, ref: str, cells: Iterable[CellVerdict]) -> dict[tuple[str, date], str]:
    """For each host and day that refuses the request the smallest change that would let it fit
    there, in words; where none does, nothing is said."""
    found = changes_that_help(draft, ref, cells)
    return {cell: would_fit(draft.loaded, change) for cell, change in found.items()}


def changes_that_help(
    draft: Draft, ref: str, cells: Iterable[CellVerdict]
) -> dict[tuple[str, date], Change]:
    """The smallest change that would let the request fit, for each host and day that refuses it."""
    problem = draft.loaded.problem
    agreed = frozenset(task.ref for task in problem.tasks if task.promised)
    leeway = leeway_of(moves.task_of(problem, ref), agreed=agreed)
    refused = [
        (cell.host.ref, cell.day) for cell in cells if not (cell.is_possible or cell.is_hopeless)
    ]
    return nearest_of_cells(problem, draft.solution, ref, leeway, refused)


def _refusal(draft: Draft, ref: str, cell: CellVerdict) -> str:
    """The rule that stands against a day, and what would help."""
    change = helps_of(draft, ref, [cell]).get((cell.host.ref, cell.day), "")
    return f"{cell.hard} {change}".strip()


def _decided(
    plan: Arrangement, ref: str, host: Host, cell: moves.Cell
) -> tuple[tuple[moves.Start, ...], Reason | None, str]:
    """The starts of a cell that no decision forbids, and why there is none, also in words.

    A rule that no change of a visit helps against is told before any decision of ours.
    """
    if cell.reason is not None and cell.reason.code in HOPELESS:
        return (), cell.reason, desk_words(cell.reason)
    if decided := decided_against(plan.decisions, plan.together(ref), host, cell.day):
        return (), Reason("banned_day", decided, {"day": cell.day}), decided
    pin = moves.task_of(plan.loaded.problem, ref).pin
    if pin is None or pin.start is None or cell.reason is not None:
        return cell.starts, cell.reason, desk_words(cell.reason) if cell.reason else ""
    starts = tuple(start for start in cell.starts if start.start == pin.start)
    if starts:
        return starts, None, ""
    words = _("It is pinned to another time of that day.")
    return (), Reason("pin_outside_hours", words, {"day": cell.day}), words


def move_visit(
    version: PlanVersion,
    ref: str,
    *,
    host: Host | None,
    day: date | None = None,
    starts_at: datetime | None = None,
    online: bool = False,
    seen: int | None,
    at: datetime,
    by: User | None,
    undoes: PlanEdit | None = None,
) -> tuple[PlanEdit, list[str]]:
    """Put a request of the draft elsewhere, or back to the tray when no host is given; a visit
    that its city has agreed to is then back where it stands, as no plan leaves it out.

    Without `starts_at` the best start of `day` is taken. `online` meets a request online that was
    asked on site. Why requests are in the tray is left open (see `work_out_reasons`), unless the
    draft is again what it was before the last edit; one that is there again because this edit
    `undoes` another was left out by hand if it was so before. Answers with the edit and the soft
    rules it bends. Raises EditedMeanwhile when the draft has edits the editor has not `seen`, and
    ValidationError with the sentence of the rule it would break; then the draft is unchanged.
    """
    version.refresh_from_db()
    refuse_closed(version)
    refuse_unseen(version, seen)
    draft = open_draft(version, at=at, as_asked="" if host else ref, moving=ref)
    ref = draft.handle(ref)
    if online and host is not None:
        draft = meeting_online(draft, ref)
    request, spot = draft.request(ref), draft.spot(ref)
    target = _target(draft, ref, host, day, starts_at)
    if target is None and _stands(version, ref):
        words = _("%(request)s stays where it stands with its city.")
        raise ValidationError(words, code="no_change", params={"request": request})
    if target == spot:
        raise ValidationError(_("%(ref)s is there already.") % {"ref": ref}, code="no_change")
    places = draft.places
    if target is None:
        _refuse_decided(draft, ref)
        del places[ref]
        if moves.task_of(draft.loaded.problem, ref).promised:
            return _put_back(draft, ref, places, at=at, by=by)
    else:
        places[ref] = (target[0].ref, target[1])
    plan = _arranged(draft, places)
    edit = _store(draft, plan, request, spot, target, at=at, by=by, undoes=undoes)
    return edit, _soft_words(draft, ref, target)


def _stands(version: PlanVersion, ref: str) -> bool:
    """Whether the draft has a visit of the request as a fact."""
    return version.placements.filter(is_fixed=True, requests__ref=ref).exists()


def _put_back(
    draft: Draft, ref: str, places: Places, *, at: datetime, by: User | None
) -> tuple[PlanEdit, list[str]]:
    """An agreed visit where it stands, and the others at their `places` around it."""
    visit = draft.loaded.kept_visits[ref]
    free = set(draft.loaded.released) - set(draft.loaded.visits) - {visit.ref}
    loaded = load_problem(
        draft.version.plan.campaign,
        at=at,
        decisions=draft.decisions,
        released=free,
        held=draft.loaded.held,
    )
    around = replace(draft, loaded=replace(loaded, released=draft.loaded.released))
    values = {
        "visit": visit,
        "when": wording.time_range(visit.starts_at, visit.ends_at, visit.zone),
    }
    try:
        plan = _arranged(around, places)
    except ValidationError as error:
        words = _("%(visit)s cannot be left out, it stands with its city: %(when)s. %(why)s")
        raise ValidationError(
            words, code="agreed", params=values | {"why": error.messages[0]}
        ) from error
    request, spot = draft.request(ref), draft.spot(ref)
    edit = _store(around, plan, request, spot, None, at=at, by=by)
    return edit, [_("%(visit)s stays where it stands with its city: %(when)s.") % values]


def _target(
    draft: Draft, ref: str, host: Host | None, day: date | None, starts_at: datetime | None
) -> Spot | None:
    if host is None:
        return None
    request = draft.request(ref)
    if starts_at is None:
        return _best_start(draft, ref, host, day)
    on = local_day_of(starts_at, request.zone)
    if decided := decided_against(draft.decisions, draft.together(ref), host, on):
        raise ValidationError(decided, code="decided")
    _refuse_hard(draft, ref, host, starts_at)
    return host, starts_at


def _refuse_hard(draft: Draft, ref: str, host: Host, starts_at: datetime) -> None:
    try:
        weighed = verdict(draft.loaded.problem, draft.solution, ref, host.ref, starts_at)
    except p.ProblemError as error:
        raise ValidationError(fault_words(error), code=error.code) from error
    if weighed.hard:
        words = f"{desk_words(weighed.hard[0])} {_help(draft, ref, host, starts_at)}".strip()
        raise ValidationError(words, code=weighed.hard[0].code)


def _help(draft: Draft, ref: str, host: Host, starts_at: datetime) -> str:
    """The nearest start of that day that is possible, else the smallest change that would help."""
    zone = draft.request(ref).zone
    day = local_day_of(starts_at, zone)
    for cell in verdicts_of(draft, ref):
        if (cell.host, cell.day) != (host, day):
            continue
        if cell.starts:
            near = min((start.start for start in cell.starts), key=lambda s: abs(s - starts_at))
            return _("Would fit if it started at %(time)s.") % {
                "time": wording.zoned_time(near, zone)
            }
        return helps_of(draft, ref, [cell]).get((host.ref, day), "")
    return ""


def _best_start(draft: Draft, ref: str, host: Host, day: date | None) -> Spot:
    cells = [cell for cell in verdicts_of(draft, ref) if (cell.host, cell.day) == (host, day)]
    if not cells:
        raise ValidationError(_("This day is not a working day of the window."), code="no_cell")
    if cells[0].best is None:
        raise ValidationError(_refusal(draft, ref, cells[0]), code="hard")
    return host, cells[0].best.start


def _refuse_decided(draft: Draft, ref: str) -> None:
    """What is pinned or locked is not left out by hand either."""
    for row in marks_of(draft.decisions, draft.together(ref)):
        if row.kind != PlanDecision.Kind.FORBID:
            raise ValidationError(
                _("%(decision)s; take that back first."), code="decided", params={"decision": row}
            )


def _arranged(draft: Draft, places: Places) -> Solution:
    try:
        return moves.arrange(draft.loaded.problem, places)
    except p.ProblemError as error:
        raise ValidationError(fault_words(error), code=error.code) from error


def work_out_reasons(version: PlanVersion, refs: Collection[str], *, at: datetime) -> None:
    """Work out why these requests are in the tray, and what would help, as far as an edit left that
    open; kept with the draft unless it was edited meanwhile.

    Somebody waits to read them, so it is done for the first REASONS_AT_ONCE. Where that cannot be
    said any more, because the version may not be edited or the calendar changed under it, they stay
    open.
    """
    asked = sorted(version.left_open & set(refs))[:REASONS_AT_ONCE]
    if asked:
        with suppress(ValidationError):
            _work_out(version, set(asked), at=at)


def _work_out(version: PlanVersion, asked: Set[str], *, at: datetime) -> None:
    draft = open_draft(version, at=at)
    tasks = {row.ref for row in draft.loaded.problem.tasks if asked & {row.ref, *row.requests}}
    if not tasks:
        return
    plan = _arranged(draft, draft.places)
    out, alternatives = _left_by_hand(version), Alternatives(draft.loaded, plan)
    rows = moves.reasons_left(draft.loaded.problem, plan, only=tasks)
    told = [each for row in rows for each in told_of(alternatives, _told(row, out))]
    with transaction.atomic():
        lock_resources([f"plan:{version.plan_id}"])
        now = PlanVersion.objects.get(pk=version.pk)
        if now.may_be_edited and now.edits == version.edits:
            keep_told(now, told)


def _told(row: UnplacedTask, out_by_hand: Collection[str]) -> UnplacedTask:
    if row.task in out_by_hand:
        mend = row.reason if row.reason.code == FITS_NOW else row.would_fit_if
        return replace(row, reason=Reason(LEFT_OUT, _left_out_words()), would_fit_if=mend)
    if row.reason.code == FITS_NOW:
        return replace(row, would_fit_if=None)
    return row


def _store(
    draft: Draft,
    plan: Solution,
    request: VisitRequest,
    spot: Spot | None,
    target: Spot | None,
    *,
    at: datetime,
    by: User | None,
    undoes: PlanEdit | None = None,
) -> PlanEdit:
    version = draft.version
    out = _left_by_hand(version)
    was_out = list(version.result.get("was_left_out", []))
    if request.ref in out:
        was_out.append(version.edits + 1)
    is_out = target is None and (undoes is None or undoes.number in was_out)
    out = out - {request.ref} | ({request.ref} if is_out else set())
    solved = SolvedPlan(
        campaign=version.plan.campaign,
        loaded=draft.loaded,
        solution=plan,
        seed=version.result.get("seed", 1),
        fresh=False,
        made_at=version.made_at,
        left=(*_tray(draft, plan, out), *_kept_rows(draft)),
        stands=frozenset(version.standing["visits"]),
    )
    told = plan_as_json(solved) | {"was_left_out": was_out}
    _leave_open(told, version, draft.loaded.facts)
    with transaction.atomic():
        lock_resources([f"plan:{version.plan_id}"])
        now = PlanVersion.objects.select_related("plan__campaign").get(pk=version.pk)
        refuse_closed(now)
        refuse_unseen(now, version.edits)
        if now.searched_priority is None:
            now.searched_priority = now.priority
        if now.bound is not None and now.bound < solved.solution.priority:
            now.bound = None
        now.edits += 1
        now.proven = False
        fill_version(now, solved, told)
        edit = PlanEdit.objects.create(
            version=now,
            number=now.edits,
            request=request,
            at=at,
            by=by,
            from_host=spot[0] if spot else None,
            from_start=spot[1] if spot else None,
            to_host=target[0] if target else None,
            to_start=target[1] if target else None,
            is_sample=now.is_sample,
        )
        record(now, "edit_version", at=at, by=by, why=str(edit))
    return edit


def _left_by_hand(version: PlanVersion) -> set[str]:
    """Requests in the tray because somebody put them there."""
    rows = version.unplaced.filter(reason_code=LEFT_OUT)
    return set(rows.values_list("request__ref", flat=True))


def _left_out_words() -> str:
    return _("Left out by hand.")


def _tray(draft: Draft, plan: Solution, out_by_hand: Collection[str]) -> Iterator[dict[str, Any]]:
    """The requests of an edited draft that have no place, the reasons left open."""
    placed = {visit.task for visit in plan.visits}
    for task in draft.loaded.problem.tasks:
        if task.ref in placed:
            continue
        code, words = LEFT_OPEN, _("Not worked out since the last change by hand.")
        if task.ref in out_by_hand:
            code, words = LEFT_OUT, _left_out_words()
        for ref in task.requests or (task.ref,):
            yield {"request": ref, "code": code, "reason": words, "would_fit_if": None}


def _kept_rows(draft: Draft) -> list[dict[str, Any]]:
    """What is told of requests that no plan moves, which no edit changes."""
    loaded = draft.loaded
    told = {ref for task in loaded.problem.tasks for ref in (task.ref, *task.requests)}
    told |= {request.ref for request in loaded.without_place}
    rows = _rows_of(draft.version)
    return [row for row in rows if row["code"] in UNMOVED and row["request"] not in told]


def _rows_of(version: PlanVersion) -> list[dict[str, Any]]:
    """The tray as it is told, in the words of the public contract."""
    names = "request__ref", "reason_code", "reason", "would_fit_if"
    return [
        {"request": ref, "code": code, "reason": reason, "would_fit_if": mend or None}
        for ref, code, reason, mend in version.unplaced.values_list(*names)
    ]


def _leave_open(told: dict[str, Any], version: PlanVersion, facts: Mapping[str, str]) -> None:
    """Note in an edited plan which reasons are open, and what the tray said before; where the plan
    is again what it was before the last edit, so is what the tray says."""
    rows = {row["request"]: row for row in told["unplaced"]}
    told["open"] = sorted(ref for ref, row in rows.items() if row["code"] in (LEFT_OPEN, LEFT_OUT))
    before = version.result.get("before", {})
    told["before"] = {
        "visits": version.result["visits"],
        "unplaced": _rows_of(version),
        "open": sorted(version.left_open),
        "facts": version.result.get("facts"),
    }
    was = {row["request"]: row for row in before.get("unplaced", [])}
    is_same = (before.get("visits"), before.get("facts")) == (told["visits"], facts)
    if is_same and rows.keys() <= was.keys() and _out_of(rows.values()) == _out_of(was.values()):
        told["unplaced"], told["open"] = before["unplaced"], before["open"]


def _out_of(rows: Iterable[Mapping[str, Any]]) -> set[str]:
    return {row["request"] for row in rows if row["code"] == LEFT_OUT}


def _soft_words(draft: Draft, ref: str, target: Spot | None) -> list[str]:
    """The soft rules a place bends, as sentences."""
    if target is None:
        return []
    problem = draft.loaded.problem
    task = moves.task_of(problem, ref)
    day = local_day_of(target[1], task.place.zone)
    worth = worth_of(problem, task, day, minute_of(target[1]))
    return [desk_words(reason) for reason in worth.deductions]


def undo_edit(edit: PlanEdit, *, at: datetime, by: User | None) -> PlanEdit:
    """Put a request back to where it was before this edit; itself an edit, by the same rules.

    Raises ValidationError when the request was moved again meanwhile, or its old place is taken.
    """
    later = PlanEdit.objects.filter(
        version=edit.version_id, request=edit.request_id, number__gt=edit.number
    )
    if later.exists():
        raise ValidationError(
            _("%(ref)s was moved again meanwhile; nothing was undone."),
            code="moved_again",
            params={"ref": edit.request.ref},
        )
    origin = edit.origin
    back, _soft = move_visit(
        edit.version,
        edit.request.ref,
        host=origin.host if origin else None,
        starts_at=origin.starts_at if origin else None,
        seen=None,
        at=at,
        by=by,
        undoes=edit,
    )
    return back
