"""A second opinion on plans, for tests only: follows each host through real time.

Written against the domain guide, without looking at the planner; shares nothing with it but the
values that go in and come out. Times are compared as aware datetimes throughout.
"""

from datetime import datetime, time, timedelta
from itertools import zip_longest
from zoneinfo import ZoneInfo

MODES = ("stay", "drive", "rail", "fly", "other")
HALF_HOUR = timedelta(minutes=30)
HOUR_AND_HALF = timedelta(minutes=90)


def at(day, hour, zone):
    return datetime.combine(day, hour, tzinfo=ZoneInfo(zone))


def day_of(moment, zone):
    return moment.astimezone(ZoneInfo(zone)).date()


def faults(problem, solution):
    """Sentences about everything that is wrong with a plan under the default rules."""
    found = []
    tasks = {task.ref: task for task in problem.tasks}
    placed = [visit.task for visit in solution.visits if visit.task]
    if len(placed) != len(set(placed)):
        found.append("placed twice")
    facts = {visit.ref: (visit.host, visit.start, visit.end) for visit in problem.fixed}
    told = {v.fixed: (v.host, v.start, v.end) for v in solution.visits if v.fixed}
    if facts != told:
        found.append("fixed visits changed")
    for visit in solution.visits:
        if visit.task:
            found += visit_faults(problem, tasks[visit.task], visit)
    for host in problem.hosts:
        found += host_faults(problem, host, solution)
    return found


def visit_faults(problem, task, visit):
    found = []
    zone = task.place.zone
    day = day_of(visit.start, zone)
    stays = (task.ref, visit.host, visit.start) in {
        (row.task, row.host, row.start) for row in problem.published
    }
    if stays and task.promised:
        return found
    host = next(host for host in problem.hosts if host.ref == visit.host)
    opens, closes = at(day, time(9), zone), at(day, time(17), zone)
    if day in task.half_days:
        closes = min(closes, at(day, time(0), zone) + timedelta(minutes=task.half_days[day]))
    if visit.start < opens or visit.end > closes:
        found.append(f"{task.label}: outside 09:00-17:00 local")
    if (visit.end - visit.start).total_seconds() != task.duration * 60:
        found.append(f"{task.label}: wrong length")
    if day not in problem.days or day in task.closed:
        found.append(f"{task.label}: impossible date {day}")
    if problem.earliest and visit.start < problem.earliest and not stays:
        found.append(f"{task.label}: too soon")
    for group in task.needs:
        if not any(skill in host.skills for skill in group):
            found.append(f"{task.label}: skill")
    if task.languages and not any(word in host.languages for word in task.languages):
        found.append(f"{task.label}: language")
    if task.only_host and task.only_host != host.ref:
        found.append(f"{task.label}: host")
    for ban in task.bans:
        if (ban.host is None or ban.host == host.ref) and (ban.day is None or ban.day == day):
            found.append(f"{task.label}: ban")
    if task.pin and task.pin.day and task.pin.day != day:
        found.append(f"{task.label}: pin")
    if task.mode == "on_site" and not host.can_travel:
        found.append(f"{task.label}: host stays at home")
    return found


def host_faults(problem, host, solution):
    found = []
    visits = [visit for visit in solution.visits if visit.host == host.ref]
    legs = [leg for leg in solution.legs if leg.host == host.ref and leg.mode != "stay"]
    for visit in visits:
        for other in visits:
            if other is visit or (visit.fixed and other.fixed):
                continue
            if visit.start <= other.start < visit.end + HALF_HOUR:
                found.append(f"{visit.label} and {other.label} overlap")
        for busy in host.busy:
            if visit.task and visit.start < busy.end and busy.start < visit.end + HALF_HOUR:
                found.append(f"{visit.label} while {host.name} is busy")
        for leg in legs:
            if late_home(host, leg):
                continue
            if leg.depart < visit.end + HALF_HOUR and visit.start < leg.arrive:
                found.append(f"{visit.label} while travelling")
    for leg in legs:
        if late_home(host, leg):
            continue
        found += leg_faults(problem, host, leg)
        for busy in host.busy:
            if leg.depart < busy.end and busy.start < leg.arrive:
                found.append("travels while busy")
    unmade = [leg for leg in solution.unmade if leg.host == host.ref and leg.risk]
    found += place_faults(host, visits, legs, {leg.destination.ref for leg in unmade})
    found += week_faults(problem, host, visits)
    return found


def late_home(host, leg):
    """Whether a journey leads home too late, and says so: home one goes all the same."""
    return leg.missing_minutes > 0 and leg.risk and leg.destination.ref == host.home.ref


def leg_faults(problem, host, leg):
    found, name = [], f"{leg.origin.name}-{leg.destination.name}"
    if leg.missing_minutes:
        found.append(f"{name}: cannot be made")
    index = problem.travel.places.index
    pair = index(leg.origin.ref), index(leg.destination.ref)
    if leg.minutes != problem.travel.minutes[pair]:
        others = [table for table in problem.detours if table.minutes[pair] == leg.minutes]
        if not any(MODES[table.mode[pair]] == leg.mode for table in others):
            found.append(f"{name}: not the minutes of the table")
    for strike in problem.disruptions:
        hit = {leg.origin.ref, leg.destination.ref} & strike.places
        if hit and (not strike.modes or leg.mode in strike.modes) and not leg.split:
            if leg.depart < strike.end and strike.start < leg.arrive:
                found.append(f"{name}: under way in {strike.label}")
    zones = (host.home.zone, leg.origin.zone, leg.destination.zone)
    for zone in zones:
        morning = at(day_of(leg.depart, zone), time(7), zone)
        evening = at(day_of(leg.arrive, zone), time(21), zone)
        if leg.depart < morning or leg.arrive > evening:
            found.append(f"{name}: outside 07:00-21:00 in {zone}")
    if leg.arrive - leg.depart != timedelta(minutes=leg.minutes):
        if not (leg.split and problem.travel.splittable[pair]):
            found.append(f"{name}: takes {leg.arrive - leg.depart}, not {leg.minutes}")
    if leg.depart.astimezone(ZoneInfo(host.home.zone)).weekday() > 4:
        facts = [v for v in problem.fixed if v.host == host.ref and v.start.weekday() > 4]
        if day_of(leg.depart, host.home.zone) not in host.extra_travel_days and not facts:
            found.append(f"{name}: on a weekend")
    return found


def place_faults(host, visits, legs, out_of_reach):
    """Where the host is at every visit, by the journeys before it, which lead to visits on site."""
    found = []
    moves = sorted(legs, key=lambda leg: leg.depart)
    for one, other in zip(moves, moves[1:], strict=False):
        if one.destination.ref != other.origin.ref:
            found.append(f"jumps from {one.destination.name} to {other.origin.name}")
        if one.arrive > other.depart:
            found.append("two journeys at once")
    begin = host.position.place.ref if host.position else host.home.ref
    for leg, after in zip_longest(moves, moves[1:]):
        there = [v for v in visits if v.mode == "on_site" and v.place.ref == leg.destination.ref]
        is_met = any(
            leg.arrive <= v.start and (after is None or v.start < after.depart) for v in there
        )
        if leg.destination.ref != host.home.ref and not is_met:
            found.append(f"goes to {leg.destination.name} for nobody")
    if moves and (moves[0].origin.ref, moves[-1].destination.ref) != (begin, host.home.ref):
        found.append("does not begin and end at home")
    for visit in visits:
        before = [leg for leg in moves if leg.depart < visit.start]
        here = before[-1].destination.ref if before else begin
        arrived = before[-1].arrive if before else None
        warned = visit.fixed and visit.place.ref in out_of_reach
        if visit.mode == "on_site" and here != visit.place.ref and not warned:
            found.append(f"{host.name} is in {here}, not at {visit.label}")
        if arrived is None or (warned and here != visit.place.ref):
            continue
        zone = visit.place.zone
        if visit.fixed:
            late = arrived + HOUR_AND_HALF > visit.start
            evening = day_of(arrived, zone) < day_of(visit.start, zone)
            told = any(str(leg.risk).startswith(f"{host.name} arrives") for leg in moves)
            if visit.mode == "on_site" and late and not evening and not told:
                found.append(f"{visit.label}: lands late and nothing tells so")
            continue
        if visit.mode == "online":
            if arrived + HALF_HOUR > visit.start:
                found.append(f"{visit.label}: no 30 minutes after travel")
        elif arrived + HOUR_AND_HALF > visit.start and (
            day_of(arrived, zone) >= day_of(visit.start, zone)
        ):
            found.append(f"{visit.label}: no 90 minutes after landing")
    return found


def week_faults(problem, host, visits):
    found, weeks = [], {}
    for visit in visits:
        if visit.mode == "on_site":
            day = day_of(visit.start, host.home.zone)
            weeks.setdefault(day - timedelta(days=day.weekday()), []).append((day, visit))
    for monday, rows in weeks.items():
        if not any(visit.task for _day, visit in rows):
            continue
        days = {day for day, _visit in rows}
        fixed = {day for day, visit in rows if visit.fixed}
        working = [monday + timedelta(days=k) for k in range(5)]
        full = all(day in problem.days for day in working)
        if host.office_day and full and days >= set(working) > fixed:
            found.append(f"no office day in the week of {monday}")
        if host.days_in_a_row and host.days_in_a_row < 5:
            for day in days:
                run = [day + timedelta(days=k) for k in range(host.days_in_a_row + 1)]
                if all(d in days for d in run) and not all(d in fixed for d in run):
                    found.append(f"too many days in a row from {day}")
        if host.visits_per_week is not None:
            given = sum(1 for _day, visit in rows if visit.fixed)
            if len(rows) > max(host.visits_per_week, given):
                found.append(f"too many visits in the week of {monday}")
    return found
