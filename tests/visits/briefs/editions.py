"""Editions made by hand: what a gather function would say about a visit, without a database."""

from dataclasses import replace
from datetime import UTC, datetime

from visits.briefs.edition import (
    Check,
    Checklist,
    Column,
    Day,
    DaySheet,
    Edition,
    Fact,
    Facts,
    Imprint,
    Items,
    Lines,
    Mark,
    Pack,
    Prose,
    Section,
    State,
    Stretch,
    Table,
    Tour,
)

BUILT = datetime(2023, 2, 8, 9, 0, tzinfo=UTC)
IMPRINT = Imprint(2, BUILT, "Version 2", "built Wed 8 Feb 2023, 10:00 Oslo (CET)")


def moment(hour: int, minute: int = 0, day: int = 9) -> datetime:
    return datetime(2023, 2, day, hour, minute, tzinfo=UTC)


PROGRAMME = (
    ("09:30", "Welcome", 15),
    ("09:45", "Lessons from the pilot cities", 60),
    ("10:45", "Your situation", 45),
    ("11:30", "Break", 15),
    ("11:45", "Topic with demonstration", 75),
    ("13:00", "Lunch", 60),
    ("14:00", "Dilemmas", 45),
    ("14:45", "Barriers and next steps", 35),
    ("15:20", "Wrap-up", 10),
)


def day() -> Day:
    stretches = [
        Stretch(moment(8, 30), moment(14, 30), "Ghent", "visit"),
        Stretch(moment(6, 20), moment(7, 50), "Train from Brussels", "journey"),
        Stretch(moment(15, 5), moment(16, 10), "Train", "journey"),
    ]
    minute = 8 * 60 + 30
    for number, (_, title, minutes) in enumerate(PROGRAMME, 1):
        end = minute + minutes
        kind = "break" if title in ("Break", "Lunch") else "item"
        stretches.append(
            Stretch(
                moment(minute // 60, minute % 60), moment(end // 60, end % 60), str(number), kind
            )
        )
        minute = end
    return Day("Europe/Brussels", "Brussels (CET)", tuple(stretches), description="The day.")


def programme() -> Table:
    columns = (
        Column("No", 0.5),
        Column("Brussels (CET)", 1.2, figures=True),
        Column("Item", 3.4),
        Column("Speaker", 2),
        Column("Room", 1),
    )
    rows = tuple(
        (str(n), start, title, "Sample host", "2.14")
        for n, (start, title, _) in enumerate(PROGRAMME, 1)
    )
    return Table(columns, rows)


def ghent() -> Edition:
    """The internal edition of a plain good case, with every kind of block."""
    return Edition(
        kind="internal",
        language="en",
        ref="V01",
        name="Visit brief, internal edition",
        city="Ghent",
        country="Belgium",
        mode="on site",
        state=State("briefed", "tick", "teal"),
        notice="",
        when="Thu 9 Feb 2023, 09:30–15:30 Brussels (CET)",
        when_home="Oslo has the same time.",
        essentials=(
            Fact("Where", "Sample Hall, Testplein 1, Ghent"),
            Fact("Who leads", "Joe Gorman, IMPETUS Project Coordinator"),
            Fact("Can take over", "Sample backup host"),
            Fact("Local contact", "Marieke Sample-Eik, +32 000 000 000"),
            Fact("People", "12 expected"),
            Fact("Topics", "T01 Experience of the pilot cities; T02 Dilemmas; T06 Barriers"),
            Fact("Language", "nl; no interpreter asked for"),
            Fact("You leave", "Wed 8 Feb 2023, 17:05 Oslo (CET)"),
        ),
        sections=(
            Section(
                "minute",
                "In one minute",
                (
                    Prose("They want to know how the pilot cities began, and what it cost."),
                    Items(("No audit, no sale.", "Bring the guides."), "Remember"),
                ),
            ),
            Section("programme", "Programme", (programme(),)),
            Section(
                "place",
                "Place and room",
                (
                    Facts((Fact("Address", "Testplein 1"), Fact("Room", "2.14"))),
                    Checklist((Check("Projector", True, "ready"), Check("Wi-Fi", False, "open"))),
                ),
            ),
            Section("spot", "On the spot", (Lines(3, "Three lines"),)),
        ),
        foot="Internal. Do not forward.",
        day=day(),
        tour=Tour(
            (
                Mark(51.05, 3.72, "Ghent", "place"),
                Mark(59.91, 10.75, "Oslo", "home"),
                Mark(51.22, 4.4, "V02", "stop"),
            ),
            ((1, 0), (0, 2)),
            "Map: Ghent, reached from Oslo.",
        ),
        link="http://127.0.0.1:8000/visits/V01/",
        link_label="This visit on the desk",
        author="On-site visits in February 2023",
        is_sample=True,
    )


def thessaloniki() -> Edition:
    """A public edition with Greek names, online, in another zone."""
    return replace(
        ghent(),
        kind="public",
        ref="V14",
        name="Programme of your visit",
        city="Θεσσαλονίκη – Thessaloniki",
        country="Greece",
        mode="online",
        notice="Draft: this visit is not confirmed yet.",
        when="Tue 28 Feb 2023, 10:00–11:30 Athens (EET)",
        essentials=(
            Fact("Local contact", "Ελένη Sample-Δρυς (Eleni Sample-Drys)"),
            Fact("Where", "online"),
        ),
        foot="Funded by the European Union's Horizon 2020 programme, grant agreement No 883286.",
    )


def with_value(value: str, **changes) -> Edition:
    """A brief in which `value` stands as city, as a fact, in a table, a list and running text."""
    return replace(
        ghent(),
        city=value,
        essentials=(Fact("Local contact", value),),
        sections=(
            Section("a", "Running text", (Prose(value), Prose(value, "quote"))),
            Section("b", "List", (Items((value,)),)),
            Section("c", "Facts", (Facts((Fact(value[:80], value),)),)),
            Section("d", "Table", (Table((Column("A", 1), Column("B", 2)), ((value, value),)),)),
            Section("e", "Checks", (Checklist((Check(value, False, "open", value),)),)),
        ),
        **changes,
    )


def trip() -> Pack:
    """A trip of two visits, one of a city that must not be named."""
    columns = (Column("Day", 1), Column("Where", 1), Column("Reference", 1))
    contacts = (Column("Visit", 1), Column("Mail", 2))
    second = replace(ghent(), ref="V02", city="Antwerp")
    return Pack(
        ref="H1",
        name="Trip pack",
        host="Joe Gorman",
        span="Thu 9 – Fri 10 Feb 2023",
        language="en",
        built_at=BUILT,
        built_line="as of Wed 8 Feb 2023, 10:00 Oslo (CET)",
        facts=(Fact("In all", "2 visits, 0 of them online"),),
        itinerary=Section(
            "itinerary",
            "Itinerary",
            (
                Table(
                    columns,
                    (("Thu 9 Feb 2023", "Ghent BE", "V01"), ("Fri 10 Feb 2023", "V02", "V02")),
                ),
            ),
        ),
        days=(
            DaySheet("2023-02-09", "Thu 9 Feb 2023", (day(),), (Facts((Fact("V01", "09:30"),)),)),
        ),
        contacts=Section(
            "contacts",
            "Contacts",
            (Table(contacts, (("V01 Ghent BE", "m.eik@example.org"), ("V02", "–"))),),
        ),
        foot="Internal. Do not forward.",
        briefs=((ghent(), IMPRINT), (second, IMPRINT)),
        tour=ghent().tour,
        author="On-site visits in February 2023",
        is_sample=True,
    )
