"""Random campaigns for the planner's tests: real zones and coordinates, all else invented."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from visits.planning.problem import (
    Ban,
    Busy,
    FixedVisit,
    Host,
    Mode,
    PartOfDay,
    Place,
    Problem,
    SoftDay,
    Task,
    TravelDisruption,
    Wish,
)
from visits.planning.travel import estimated_table

PLACES = {
    "Oslo": (59.91, 10.75, "Europe/Oslo"),
    "Lisbon": (38.72, -9.14, "Europe/Lisbon"),
    "Athens": (37.98, 23.73, "Europe/Athens"),
    "Reykjavik": (64.15, -21.94, "Atlantic/Reykjavik"),
    "Ponta Delgada": (37.74, -25.67, "Atlantic/Azores"),
    "Istanbul": (41.01, 28.98, "Europe/Istanbul"),
    "Ghent": (51.05, 3.72, "Europe/Brussels"),
    "Antwerp": (51.22, 4.40, "Europe/Brussels"),
    "Utrecht": (52.09, 5.12, "Europe/Amsterdam"),
    "Cologne": (50.94, 6.96, "Europe/Berlin"),
    "Dublin": (53.35, -6.26, "Europe/Dublin"),
    "Tallinn": (59.44, 24.75, "Europe/Tallinn"),
    "Vilnius": (54.69, 25.28, "Europe/Vilnius"),
    "Venice": (45.44, 12.33, "Europe/Rome"),
}
SPOTS = [(name, lat, lon) for name, (lat, lon, _zone) in PLACES.items()]
TABLE = estimated_table(SPOTS)
DETOURS = tuple(
    estimated_table(SPOTS, without=frozenset(modes))
    for modes in (["fly"], ["fly", "rail"], ["drive"])
)
# The second one holds the change to summer time, the third the change back (Sundays).
MONDAYS = (date(2023, 2, 6), date(2023, 3, 20), date(2023, 10, 23))


def place(name):
    return Place(name, name, PLACES[name][2])


def working_days(monday, weeks, cut=0):
    days = [monday + timedelta(days=k) for k in range(7 * weeks)]
    return tuple(day for day in days if day.weekday() < 5)[cut:]


def local(day, hour, minute, zone):
    return datetime.combine(day, time(hour, minute), tzinfo=ZoneInfo(zone))


names = st.sampled_from(sorted(PLACES))


@st.composite
def tasks(draw, number, days, hosts):
    name = draw(names)
    day = st.sampled_from(days)
    mode = draw(st.sampled_from([Mode.ON_SITE, Mode.ON_SITE, Mode.ON_SITE, Mode.ONLINE]))
    return Task(
        ref=f"R{number}",
        label=f"{name} {number}",
        place=place(name),
        duration=draw(st.sampled_from([60, 90, 180, 240, 360])),
        priority=draw(st.integers(1, 5)),
        mode=mode,
        wishes=tuple(
            Wish(chosen, draw(st.sampled_from(list(PartOfDay))), rank)
            for rank, chosen in enumerate(draw(st.lists(day, max_size=3, unique=True)), start=1)
        ),
        closed=dict.fromkeys(draw(st.lists(day, max_size=3)), "a holiday"),
        half_days=dict.fromkeys(draw(st.lists(day, max_size=1)), 13 * 60),
        soft_days={chosen: SoftDay(1.0, "carnival") for chosen in draw(st.lists(day, max_size=2))},
        bans=tuple(
            Ban(draw(st.sampled_from([None, hosts[0].ref])), chosen)
            for chosen in draw(st.lists(day, max_size=1))
        ),
        needs=draw(st.sampled_from([(), (frozenset({"law"}),), (frozenset({"law", "tools"}),)])),
    )


@st.composite
def hosts_of(draw, count, days):
    hosts = []
    for number in range(count):
        home = draw(st.sampled_from(["Oslo", "Lisbon", "Athens", "Ghent"]))
        zone = PLACES[home][2]
        busy = []
        for day in draw(st.lists(st.sampled_from(days), max_size=1)):
            start = local(day, draw(st.integers(7, 16)), 0, zone)
            length = timedelta(hours=draw(st.sampled_from([2, 9, 26])))
            busy.append(Busy(start, start + length, "away", draw(st.booleans())))
        hosts.append(
            Host(
                f"H{number}",
                f"Host {number}",
                place(home),
                skills=frozenset(draw(st.sampled_from([{"law", "tools"}, {"tools"}]))),
                busy=tuple(busy),
                can_travel=draw(st.sampled_from([True, True, True, False])),
                visits_per_week=draw(st.sampled_from([None, None, 2])),
                days_in_a_row=draw(st.sampled_from([4, 4, 2])),
            )
        )
    return tuple(hosts)


@st.composite
def disruptions(draw, days):
    day, hour = draw(st.sampled_from(days)), draw(st.integers(0, 22))
    start = local(day, hour, 0, "Europe/Oslo")
    return TravelDisruption(
        start,
        start + timedelta(hours=draw(st.sampled_from([3, 12, 30]))),
        frozenset(draw(st.sets(names, min_size=1, max_size=6))),
        frozenset(draw(st.sampled_from([["fly"], ["fly", "rail"], ["drive"], []]))),
        f"the strike of {day}",
    )


@st.composite
def campaigns(draw):
    days = working_days(
        draw(st.sampled_from(MONDAYS)), draw(st.integers(1, 2)), draw(st.integers(0, 2))
    )
    hosts = draw(hosts_of(draw(st.integers(1, 2)), days))
    fixed = []
    for number in range(draw(st.integers(0, 3))):
        name, day = draw(names), draw(st.sampled_from(days))
        start = local(day, draw(st.integers(9, 14)), 0, PLACES[name][2])
        fixed.append(
            FixedVisit(
                f"V{number}",
                f"V{number} {name}",
                draw(st.sampled_from(hosts)).ref,
                draw(st.sampled_from([Mode.ON_SITE, Mode.ONLINE])),
                place(name),
                start,
                start + timedelta(hours=draw(st.sampled_from([1, 3]))),
                1,
            )
        )
    count = draw(st.integers(1, 8))
    earliest = None
    if draw(st.booleans()):
        earliest = local(days[min(2, len(days) - 1)], 10, 0, "Europe/Oslo")
    return Problem(
        days=days,
        hosts=hosts,
        tasks=tuple(draw(tasks(k, days, hosts)) for k in range(count)),
        travel=TABLE,
        fixed=tuple(fixed),
        earliest=earliest,
        project_end=days[-1],
        disruptions=tuple(draw(st.lists(disruptions(days), max_size=2))),
        detours=DETOURS,
    )
