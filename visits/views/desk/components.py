"""/settings/components/: every component in every state, beside the lines that make it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import get_template
from django.utils.translation import gettext_lazy as _

from crm import maps, marks, pictures, timetable
from crm.forms.fields import Form
from crm.strips import StripDay, StripMark, working_days

SECTIONS = (
    ("words", _("Times, days, countries")),
    ("states", _("States")),
    ("buttons", _("Buttons and menus")),
    ("form", _("Form, with faults")),
    ("filters", _("Search and filters")),
    ("table", _("Table with ticks, sorting and pages")),
    ("split", _("Split view")),
    ("strip", _("Calendar strip")),
    ("plan", _("Timetable of the plan")),
    ("map", _("Map")),
    ("funnel", _("Funnel, bars, small line")),
    ("cards", _("Cards, facts, progress")),
    ("timeline", _("Timeline")),
    ("steps", _("Steps of the status page")),
    ("tabs", _("Tabs and breadcrumbs")),
    ("notices", _("Notices")),
    ("dialog", _("Dialog and toast")),
    ("empty", _("Empty page")),
)

FIRST = date(2023, 2, 1)
NINE = datetime(2023, 2, 9, 8, 30, tzinfo=UTC)


class SampleForm(Form):
    """One field of every kind."""

    city = forms.CharField(label=_("City or municipality"), help_text=_("As you write it."))
    email = forms.EmailField(label=_("Mail address"))
    people = forms.IntegerField(label=_("Number of people"), required=False)
    mode = forms.ChoiceField(
        label=_("How shall we meet?"),
        choices=[("on_site", _("At your place")), ("online", _("Online"))],
        widget=forms.RadioSelect,
    )
    country = forms.ChoiceField(label=_("Country"), choices=[("IT", "Italia"), ("NO", "Norge")])
    questions = forms.CharField(label=_("Your questions"), widget=forms.Textarea, required=False)
    agree = forms.BooleanField(label=_("You may pass my address on to Secu4All."), required=False)


def components(request: HttpRequest) -> HttpResponse:
    """The page; nothing on it comes from the database."""
    context = _examples()
    sections = []
    for name, title in SECTIONS:
        sample = get_template(f"components/samples/{name}.html")
        sections.append(
            {
                "id": "lists" if name == "table" else name,
                "title": title,
                "source": sample.template.source.strip(),
                "drawn": sample.render(context, request),
            }
        )
    return render(request, "components/page.html", {"sections": sections})


def _examples() -> dict[str, Any]:
    strip = _strip()
    return {
        "moment": NINE,
        "later": NINE + timedelta(hours=3),
        "today": date(2023, 2, 15),
        "kinds": [(kind, list(states)) for kind, states in marks.KINDS.items()],
        "form": SampleForm({"city": "", "email": "anna(at)city", "people": "12"}),
        "rows": ROWS,
        "page": Paginator(range(400), 20).page(7),
        "strip": strip,
        "strip_working": working_days(strip[12:]),
        "strip_large": [
            StripDay(day.date, day.marks, "#strip", day.date.day == 15) for day in strip[13:17]
        ],
        "entries": _entries(),
        "funnel": _funnel(),
        "bars": pictures.bars(
            [
                pictures.Bar(_("within one day"), 18, "#funnel", "green"),
                pictures.Bar(_("two days"), 5, "#funnel", "amber"),
                pictures.Bar(_("longer"), 2, "#funnel", "red"),
            ]
        ),
        "sparkline": pictures.sparkline([1, 2, 1, 3, 2, 4, 6]),
        "map": maps.europe(_dots(), [maps.Tour([(59.91, 10.75), (54.35, 18.65), (59.44, 24.75)])]),
        "plan": timetable.timetable(_plan_days(), _plan_rows()),
    }


def _row(ref: str, city: str, country: str, state: str, department: str, people: Any, left: str):
    return {
        "ref": ref,
        "city": city,
        "country": country,
        "state": state,
        "department": department,
        "people": people,
        "left": left,
    }


ROWS = [
    _row("R24", "Ostrava", "CZ", "received", "Municipal Police", 12, "6 h 25 left"),
    _row("R05", "Cologne", "DE", "waitlisted", "Amt für öffentliche Ordnung", 8, "waiting list"),
    _row("R04", "Venice", "IT", "proposed", "Sicurezza urbana", 20, "ends Fri 17:00"),
    _row("R12", "Málaga", "ES", "under_review", "Área de Seguridad", "", "2 h left"),
    _row(
        "R18",
        "Sankt Georgen an der Stiefing",
        "AT",
        "needs_info",
        "Abteilung für Zivilschutz, Katastrophenvorsorge und Sicherheitskoordination",
        5,
        "",
    ),
]


def _strip() -> list[StripDay]:
    busy = {14: "day of V07 Brussels", 15: "day of V08 Ghent", 21: "day of V09 Gdańsk"}
    carnival = {16, 20, 21}
    days = []
    for number in range(1, 29):
        found = []
        if number < 9:
            found.append(StripMark("past"))
        if number in busy:
            found.append(StripMark("busy", busy[number]))
        if number in carnival:
            found.append(StripMark("soft", "carnival"))
        if number == 27:
            found.append(StripMark("hard", "Clean Monday"))
        if number in {17, 21}:
            found.append(StripMark("wish", "first wish" if number == 21 else "second wish"))
        if number == 23:
            found.append(StripMark("hold", "held until Fri 17:00"))
        if number == 10:
            found.append(StripMark("visit", "V06 here"))
        days.append(StripDay(FIRST + timedelta(days=number - 1), tuple(found)))
    return days


def _entries() -> list[dict[str, Any]]:
    zone = "Europe/Oslo"
    return [
        {
            "title": _("Follow-up: send the cybersecurity guide"),
            "on": date(2023, 2, 20),
            "icon": "flag",
            "is_future": True,
            "who": "Cora",
        },
        {
            "title": _("Date proposed"),
            "at": NINE,
            "zone": zone,
            "icon": "send",
            "state": "proposed",
            "who": "Cora",
        },
        {
            "title": _("Call with Mr Novák"),
            "at": NINE - timedelta(days=2),
            "zone": zone,
            "icon": "phone",
            "body": "The control room has 14 seats.\nPrefers mornings.",
        },
    ]


def _funnel() -> pictures.Funnel:
    counts = {
        "received": 3,
        "needs_info": 1,
        "under_review": 2,
        "proposed": 4,
        "scheduled": 7,
        "fulfilled": 5,
        "waitlisted": 2,
        "declined": 1,
        "expired": 0,
    }
    return pictures.funnel(
        pictures.Stage(found.word, count, f"/requests/?state={state}", found.hue, found.shape)
        for state, count in counts.items()
        for found in [marks.mark(state, "request")]
    )


def _dots() -> list[maps.Dot]:
    return [
        maps.Dot("Ghent", 51.05, 3.72, "completed", href="#map", note="Thu 9 Feb"),
        maps.Dot("Brussels", 50.85, 4.35, "briefed", href="#map", note="Tue 14 Feb"),
        maps.Dot("Gdańsk", 54.35, 18.65, "confirmed", href="#map", note="Tue 21 Feb"),
        maps.Dot("Tallinn", 59.44, 24.75, "tentative", href="#map", note="Thu 23 Feb"),
        maps.Dot("Málaga", 36.72, -4.42, "under_review", kind="request", href="#map"),
        maps.Dot("Venice", 45.44, 12.33, "tentative", href="#map"),
        maps.Dot("Padova", 45.41, 11.88, "cancelled", href="#map"),
        maps.Dot("Ostrava", 49.83, 18.28, "at_risk", kind="flag", href="#map"),
    ]


def _plan_days() -> list[timetable.Day]:
    days = []
    for number in range(13, 25):
        note = "Carnival in Cologne" if number in {16, 20, 21} else ""
        days.append(timetable.Day(date(2023, 2, number), note, number == 15))
    return days


def _at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2023, 2, day, hour, minute)


def _plan_rows() -> list[timetable.Row]:
    block = timetable.Block
    return [
        timetable.Row(
            "Sample Host North",
            note="Oslo · en nb",
            blocks=[
                block("home", _at(13, 8), _at(13, 9), "Mon 13 Feb: at home in Oslo"),
                block("travel", _at(13, 16), _at(13, 20), "Train and flight to Brussels, booked"),
                block("night", _at(13, 22), _at(13, 22), "Night in Brussels"),
                block(
                    "visit",
                    _at(14, 9),
                    _at(14, 15),
                    "V07 Brussels, Tue 14 Feb 09:00–15:00, confirmed",
                    "V07",
                    "Brussels",
                    "#plan",
                ),
                block(
                    "travel",
                    _at(14, 16),
                    _at(14, 19, 30),
                    "Flight to Gdańsk, estimate",
                    is_tentative=True,
                ),
                block(
                    "visit",
                    _at(21, 9, 30),
                    _at(21, 16, 30),
                    "V09 Gdańsk, Tue 21 Feb 09:30–16:30, tentative",
                    "V09",
                    "Gdańsk",
                    "#plan",
                    "violet",
                    is_tentative=True,
                ),
                block(
                    "visit",
                    _at(23, 9),
                    _at(23, 13),
                    "V11 Tallinn, Thu 23 Feb 09:00–13:00, briefed, pinned",
                    "V11",
                    "Tallinn",
                    "#plan",
                    is_pinned=True,
                ),
            ],
        ),
        timetable.Row(
            "Sample Host South-by-Southwest",
            note="Oslo · en fr",
            blocks=[
                block("away", _at(16, 6), _at(17, 22), "Unavailable 16–17 Feb (sample)"),
                block(
                    "visit",
                    _at(15, 13),
                    _at(15, 14, 30),
                    "V12 online with Nantes, Wed 15 Feb 13:00–14:30, at risk",
                    "V12",
                    "online",
                    "#plan",
                    "red",
                ),
            ],
        ),
    ]
