"""What would let a task fit: each change named is applied, carried out and simulated again."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from visits.planning.changes import (
    ChangeKind,
    Leeway,
    Placed,
    apply_change,
    carry_out,
    lay_out,
    nearest_of_cells,
    smallest_way,
    ways_to_fit,
)
from visits.planning.check import violations
from visits.planning.moves import cells
from visits.planning.problem import (
    Ban,
    FixedVisit,
    Limits,
    Mode,
    PartOfDay,
    Pin,
    ProblemError,
    Wish,
)
from visits.planning.search import solve
from visits.planning.spans import local_day, minute_of
from visits.planning.verdicts import as_fixed, reachable_slots
from visits.planning.why import rooms_of

from .campaigns import campaigns, local
from .test_rules import FEBRUARY, plan, problem, task
from .verifier import faults

LEEWAY = Leeway(lengths=(180, 120, 90), online=90)


def only(*days):
    return dict.fromkeys([day for day in FEBRUARY if day not in days], "closed")


def kinds(changes):
    return [str(change.kind) for change in changes]


def check_change(given, before, change):
    """The plan after a change keeps every rule, holds the task where told, at the costs told."""
    changed, after = apply_change(given, change), carry_out(given, before, change)
    assert (violations(changed, after), faults(changed, after)) == ([], [])
    own = [visit for visit in after.visits if visit.task == change.placed.task]
    assert [(v.host, v.start, v.mode) for v in own] == [
        (change.placed.host, change.placed.start, change.mode)
    ]
    dropped = [visit for visit in before.visits if visit.task in change.dropped]
    assert sum(visit.priority for visit in dropped) == change.lost
    minutes = [sum(leg.minutes for leg in plan.legs) for plan in (before, after)]
    assert minutes[1] - minutes[0] == change.extra_minutes
    moved = {row.task: (row.host, row.start) for row in change.moved}
    touched = {*moved, *change.dropped, change.placed.task}
    there = {visit.task or visit.fixed: (visit.host, visit.start) for visit in after.visits}
    for visit in before.visits:
        ref = visit.task or visit.fixed
        if ref not in touched:
            assert there[ref] == (visit.host, visit.start)
    assert {ref: there[ref] for ref in moved} == moved
    return after


def without_decisions(given, names):
    """The problem after the coordinator took back what bears these names."""
    tasks = []
    for row in given.tasks:
        bans = tuple(ban for ban in row.bans if ban.decision not in names)
        pin = None if row.pin and {*row.pin.decisions} & names else row.pin
        tasks.append(replace(row, bans=bans, pin=pin))
    return replace(given, tasks=tuple(tasks))


def check_lift(given, before, change):
    """Taking back what the change names, and no more, makes the very place it names possible."""
    assert change.lifted
    cleared = without_decisions(given, {*change.lifted})
    moved = {row.task: row for row in change.moved}
    others = [visit for visit in before.visits if visit.task not in {change.placed.task, *moved}]
    stands = [Placed(v.task, v.host, v.start) for v in others if v.task] + [*moved.values()]
    plan = lay_out(cleared, stands)
    assert plan is not None
    own = next(row for row in cleared.tasks if row.ref == change.placed.task)
    leader = next(host for host in cleared.hosts if host.ref == change.placed.host)
    slots = reachable_slots(cleared, as_fixed(plan.visits), own, leader)
    assert change.placed.start in {slot.start for slot in slots}


def check_cells(given, before, ref):
    """Every change named for a day that refuses the task makes it fit there, where it says."""
    refused = [(cell.host, cell.day) for cell in cells(given, before, ref) if not cell.starts]
    zone = next(row.place.zone for row in given.tasks if row.ref == ref)
    for cell, change in nearest_of_cells(given, before, ref, LEEWAY, refused).items():
        placed = change.placed
        day = local_day(zone, minute_of(placed.start))
        assert (cell in refused, (placed.host, day)) == (True, cell)
        changed, after = apply_change(given, change), carry_out(given, before, change)
        assert (violations(changed, after), faults(changed, after)) == ([], [])


def named(given):
    """The problem with a name for every ban, as if each were a decision of its own."""
    tasks = [
        replace(
            row,
            bans=tuple(replace(ban, decision=f"{row.ref}-{k}") for k, ban in enumerate(row.bans)),
        )
        for row in given.tasks
    ]
    return replace(given, tasks=tuple(tasks))


def check_smallest(given, before, ref, ways):
    """The change told alone is the first of all that are told together."""
    found = [smallest_way(given, before, ref, LEEWAY, touching=touching) for touching in (0, 1)]
    told = next(filter(None, found), None)
    if not ways:
        assert told is None
    else:
        assert (told.kind, told.placed, told.moved, told.dropped) == (
            ways[0].kind,
            ways[0].placed,
            ways[0].moved,
            ways[0].dropped,
        )


def check_campaign(given):
    """Every change named for a task the plan never weighed, and for those it has no place for."""
    given = named(given)
    new = given.tasks[0].ref
    old = solve(replace(given, tasks=given.tasks[1:]), Limits(seconds=4), with_reasons=False)
    full = solve(given, Limits(seconds=4), with_reasons=False)
    placed = {visit.task for visit in full.visits}
    asked = [(old, new), *((full, row.ref) for row in given.tasks if row.ref not in placed)]
    for before, ref in asked:
        ways = ways_to_fit(given, before, ref, LEEWAY)
        for change in ways:
            check_change(given, before, change)
            if change.kind == ChangeKind.LIFT:
                check_lift(given, before, change)
            assert change.kind in (ChangeKind.LIFT, ChangeKind.ONLINE) or not change.lifted
        check_cells(given, before, ref)
        check_smallest(given, before, ref, ways)


RANDOM = {
    "deadline": None,
    "derandomize": True,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}


@settings(max_examples=12, **RANDOM)
@given(campaigns())
def test_every_change_named_lets_the_task_fit_at_the_cost_told(given):
    check_campaign(given)


@pytest.mark.full
@settings(max_examples=1_000, **RANDOM)
@given(campaigns())
def test_every_change_named_lets_the_task_fit_at_the_cost_told_a_thousand_times(given):
    check_campaign(given)


def test_another_visit_moves_when_it_can_go_elsewhere():
    settled = task("Ghent", wishes=(Wish(FEBRUARY[2]),))
    new = task("Dublin", closed=only(FEBRUARY[2]))
    given = problem(settled, new)
    before = plan(problem(settled))
    changes = ways_to_fit(given, before, "Dublin")
    assert kinds(changes) == ["move", "drop"]
    moved = changes[0].moved[0]
    assert (moved.task, moved.start.date() == FEBRUARY[2]) == ("Ghent", False)
    check_change(given, before, changes[0])


def test_an_agreed_visit_may_be_asked_to_move_but_is_never_dropped():
    settled, new = task("Ghent"), task("Dublin", closed=only(FEBRUARY[2]))
    given = problem(settled, new)
    before = lay_out(
        problem(settled),
        [Placed("Ghent", "H", local(FEBRUARY[2], 10, 0, "Europe/Brussels"))],
    )
    agreed = Leeway(agreed=frozenset({"Ghent"}))
    assert kinds(ways_to_fit(given, before, "Dublin", agreed)) == ["move"]
    standing = Leeway(standing=frozenset({"Ghent"}))
    assert ways_to_fit(given, before, "Dublin", standing) == ()


def test_the_other_part_of_a_wished_day_is_smaller_than_another_day():
    fact = FixedVisit(
        "V1",
        "visit of Ghent",
        "H",
        Mode.ON_SITE,
        task("Ghent").place,
        local(FEBRUARY[2], 9, 0, "Europe/Brussels"),
        local(FEBRUARY[2], 11, 0, "Europe/Brussels"),
    )
    new = task("Antwerp", duration=120, wishes=(Wish(FEBRUARY[2], PartOfDay.MORNING),))
    given = problem(new, fixed=(fact,))
    before = plan(problem(fixed=(fact,)))
    changes = ways_to_fit(given, before, "Antwerp")
    assert kinds(changes) == ["time", "day"]
    start = changes[0].placed.start
    assert (start.date(), start.hour >= 11) == (FEBRUARY[2], True)
    check_change(given, before, changes[0])


def test_a_ban_of_the_coordinator_can_be_lifted():
    banned = task("Ghent", bans=tuple(Ban(None, day) for day in FEBRUARY))
    given = problem(banned)
    before = plan(given)
    changes = ways_to_fit(given, before, "Ghent")
    assert kinds(changes) == ["lift"]
    check_change(given, before, changes[0])


def test_fewest_decisions_that_are_enough_are_named():
    banned = task(
        "Ghent",
        closed=only(FEBRUARY[2], FEBRUARY[3]),
        bans=(
            Ban(None, FEBRUARY[2], "no Wednesday"),
            Ban("H", FEBRUARY[2], "locked"),
            Ban("H", FEBRUARY[3], "locked too"),
        ),
    )
    given = problem(banned)
    lift = smallest_way(given, plan(given), "Ghent", touching=False)
    assert (lift.kind, lift.lifted) == (ChangeKind.LIFT, ("locked too",))
    check_lift(given, plan(given), lift)
    hopeless = problem(replace(banned, closed=only()))
    assert smallest_way(hopeless, plan(hopeless), "Ghent", touching=False) is None


def test_going_online_names_what_forbids_that_too():
    banned = task(
        "Ghent",
        duration=420,
        closed=only(FEBRUARY[-1]),
        bans=(Ban(None, FEBRUARY[-1], "no Tuesday"), Ban(None, FEBRUARY[0], "nor Wednesday")),
    )
    given = problem(banned)
    assert ways_to_fit(given, plan(given), "Ghent") == ()
    change = smallest_way(given, plan(given), "Ghent", Leeway(online=90), touching=False)
    assert (change.kind, change.lifted) == (ChangeKind.ONLINE, ("no Tuesday",))
    check_change(given, plan(given), change)
    refused = [("H", FEBRUARY[-1])]
    (named,) = nearest_of_cells(given, plan(given), "Ghent", Leeway(online=90), refused).values()
    assert (named.kind, named.lifted) == (ChangeKind.ONLINE, ("no Tuesday",))


def test_a_pin_of_another_visit_is_named_where_that_visit_can_go_elsewhere():
    pinned = task("Ghent", pin=Pin(day=FEBRUARY[2], decisions=("7",)))
    new = task("Dublin", closed=only(FEBRUARY[2]))
    given, before = problem(pinned, new), plan(problem(pinned))
    changes = ways_to_fit(given, before, "Dublin")
    assert (kinds(changes), changes[0].lifted) == (["lift"], ("7",))
    assert [row.task for row in changes[0].moved] == ["Ghent"]
    check_change(given, before, changes[0])
    check_lift(given, before, changes[0])


def test_a_shorter_visit_and_an_online_one_are_named_where_they_are_allowed():
    long = task("Ghent", duration=420, closed=only(FEBRUARY[-1]))
    given = problem(long)
    before = plan(given)
    assert ways_to_fit(given, before, "Ghent") == ()
    changes = ways_to_fit(given, before, "Ghent", LEEWAY)
    assert kinds(changes) == ["shorter", "online"]
    assert [change.duration for change in changes] == [180, 90]
    for change in changes:
        check_change(given, before, change)


def test_asking_about_a_day_names_only_what_helps_on_that_day():
    given = problem(task("Ghent"), task("Dublin", wishes=(Wish(FEBRUARY[1]),)))
    before = plan(problem(task("Ghent")))
    changes = ways_to_fit(given, before, "Dublin", day=FEBRUARY[3])
    assert changes
    assert {change.placed.start.date() for change in changes} == {FEBRUARY[3]}


def test_a_change_that_does_not_fit_is_refused_whole():
    given = problem(task("Ghent"), task("Dublin", closed=only(FEBRUARY[2])))
    before = lay_out(
        problem(task("Ghent")),
        [Placed("Ghent", "H", local(FEBRUARY[2], 10, 0, "Europe/Brussels"))],
    )
    change = ways_to_fit(given, before, "Dublin")[0]
    wrong = replace(change, moved=(), kind=ChangeKind.PLACE)
    with pytest.raises(ProblemError):
        carry_out(given, before, wrong)


def test_a_plan_that_breaks_a_rule_cannot_be_laid_out():
    given = problem(task("Ghent", closed=only(FEBRUARY[2])), task("Lisbon"))
    noon = local(FEBRUARY[1], 12, 0, "Europe/Brussels")
    assert lay_out(given, [Placed("Ghent", "H", noon)]) is None
    both = [
        Placed("Ghent", "H", local(FEBRUARY[2], 9, 0, "Europe/Brussels")),
        Placed("Lisbon", "H", local(FEBRUARY[2], 13, 0, "Europe/Lisbon")),
    ]
    assert lay_out(given, both) is None
    assert lay_out(given, both[:1]).priority == 1


def test_days_that_visits_alone_keep_from_a_task_name_whose_going_makes_room():
    given = problem(
        task("Ghent"),
        task("Dublin", closed=only(FEBRUARY[1], FEBRUARY[2]), wishes=(Wish(FEBRUARY[2]),)),
    )
    before = lay_out(
        problem(task("Ghent")),
        [Placed("Ghent", "H", local(FEBRUARY[2], 10, 0, "Europe/Brussels"))],
    )
    rooms = rooms_of(given, before, "Dublin")
    assert rooms["H", FEBRUARY[2]] == ("Ghent",)
    found = cells(given, before, "Dublin")
    assert [cell.day for cell in found] == list(FEBRUARY)
    assert all(bool(cell.starts) == (cell.reason is None) for cell in found)
    assert [cell.day for cell in found if cell.starts] == [FEBRUARY[1]]


def test_wishes_lost_by_the_visit_that_moves_count_against_those_won():
    settled = task("Ghent", wishes=(Wish(FEBRUARY[2]),))
    new = task("Dublin", closed=only(FEBRUARY[2]), wishes=(Wish(FEBRUARY[2]),))
    given = problem(settled, new)
    before = lay_out(given, [Placed("Ghent", "H", local(FEBRUARY[2], 9, 0, "Europe/Brussels"))])
    assert before.points == 3.0
    move = next(c for c in ways_to_fit(given, before, "Dublin") if c.kind == ChangeKind.MOVE)
    assert move.extra_points == 0.0
