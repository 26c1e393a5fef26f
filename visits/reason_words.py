"""Reasons of the planner as sentences: one for the desk, and one that a letter may carry.

The sentence for the desk names visits, cities and people. The public one is chosen by the code
alone and filled with nothing but the city's own dates, so that no letter tells of anybody else.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import languages, wording
from visits.models.travel import mode_words
from visits.planning.problem import ProblemError
from visits.planning.solution import Reason

DESK: dict[str, Promise] = {
    "only_host": gettext_lazy("Only another host may lead this visit, not %(host)s."),
    "lacks_skill": gettext_lazy("%(host)s does not cover %(skills)s."),
    "lacks_language": gettext_lazy(
        "%(host)s speaks none of these languages, and no interpreter is asked for: %(languages)s."
    ),
    "cannot_travel": gettext_lazy("%(host)s does not travel."),
    "banned_host": gettext_lazy("We have ruled out %(host)s for this visit."),
    "pinned_elsewhere": gettext_lazy("We have pinned this visit to another host."),
    "outside_window": gettext_lazy("%(day)s is not a working day of the offer."),
    "closed_day": gettext_lazy("%(day)s is closed in %(place)s: %(why)s."),
    "banned_day": gettext_lazy("We have ruled out %(day)s for this visit."),
    "pinned_day": gettext_lazy("We have pinned this visit to %(pin)s."),
    "after_project_end": gettext_lazy("%(day)s lies after the project's last day."),
    "pin_outside_hours": gettext_lazy("The pinned start lies outside the hours of %(day)s."),
    "day_over": gettext_lazy("%(day)s is over."),
    "too_soon": gettext_lazy(
        "%(day)s is too soon: a new visit may begin on %(earliest)s at the earliest."
    ),
    "outside_hours": gettext_lazy(
        "%(label)s could start between %(earliest)s and %(latest)s on that day."
    ),
    "too_long": gettext_lazy("%(name)s takes %(duration)s; a visiting day has only %(longest)s."),
    "day_too_short": gettext_lazy("%(day)s has no %(duration)s left in %(place)s."),
    "not_offered": gettext_lazy("%(day)s was not offered for this visit."),
    "not_wished": gettext_lazy("%(day)s is none of the days that its city asks for instead."),
    "week_over": gettext_lazy("The week of %(day)s is over."),
    "host_unavailable": gettext_lazy("%(host)s is unavailable on %(day)s."),
    "on_the_road": gettext_lazy("%(host)s is on the road for “%(tour)s” until %(until)s."),
    "beside_tour": gettext_lazy(
        "%(host)s cannot get to %(place)s and back for %(day)s beside being on the road for "
        "“%(tour)s” (%(absence)s)."
    ),
    "beside_absence": gettext_lazy(
        "%(host)s cannot get to %(place)s and back for %(day)s: the journey runs into an absence "
        "(%(absence)s)."
    ),
    "not_reachable": gettext_lazy(
        "%(host)s cannot get to %(place)s and back home around %(day)s within travel hours."
    ),
    "leg_stopped": gettext_lazy(
        "The journey from %(origin)s to %(destination)s (%(mode)s) is stopped until %(until)s, a "
        "day touched counting whole: %(disruption)s."
    ),
    "leg_stopped_and_short": gettext_lazy(
        "The journey from %(origin)s to %(destination)s (%(mode)s) is stopped until %(until)s, a "
        "day touched counting whole: %(disruption)s; without that %(minutes)s would be missing."
    ),
    "day_stopped": gettext_lazy(
        "%(host)s cannot get to %(place)s and back for %(day)s: %(disruption)s stops the journey "
        "until %(until)s, a day touched counting whole."
    ),
    "journey_stopped": gettext_lazy("It cannot stay on %(day)s: %(disruption)s stops the journey."),
    "cannot_stay": gettext_lazy("It cannot stay on %(day)s: %(host)s cannot be there in time."),
    "away_then": gettext_lazy("It cannot stay on %(day)s: %(host)s is unavailable (%(absence)s)."),
    "blocked_by_visit": gettext_lazy(
        "%(host)s cannot fit it on %(day)s beside %(visit)s, which stands."
    ),
    "blocked_by_visits": gettext_lazy(
        "%(host)s cannot fit it on %(day)s beside %(visit)s, which stand."
    ),
    "blocked_by_plan": gettext_lazy("%(host)s cannot fit it on %(day)s beside %(visit)s."),
    "rest_day": gettext_lazy(
        "%(host)s needs a day without a visit on site in the week of %(day)s."
    ),
    "cap_reached": gettext_lazy(
        "%(host)s already has as many visits on site in the week of %(day)s as may be: %(cap)s."
    ),
    "needs_more_than_two": gettext_lazy(
        "%(day)s with %(host)s: more than two visits would have to give way."
    ),
    "comes_first": gettext_lazy(
        "%(host)s cannot fit it on %(day)s beside visits that come first: %(visits)s."
    ),
    "outranked": gettext_lazy(
        "Every slot that %(label)s could use is taken by visits that together weigh at least as "
        "much: %(visits)s in the week of %(day)s, of which more than two would have to give way."
    ),
    "outranked_by": gettext_lazy(
        "Every slot that %(label)s could use is taken by visits that together weigh at least as "
        "much: %(visits)s around %(day)s (priority %(weight)s, its own is %(own)s)."
    ),
    "soft_day": gettext_lazy("%(day)s in %(place)s: %(why)s."),
    "monday_morning": gettext_lazy("Monday morning is unpopular."),
    "friday_afternoon": gettext_lazy("Friday afternoon is unpopular."),
    "other_part_of_day": gettext_lazy("Wished for another part of the day."),
    "visits_overlap": gettext_lazy("%(host)s is not free then: %(other)s."),
    "at_the_same_time": gettext_lazy("%(host)s has at the same time: %(other)s."),
    "absent_before": gettext_lazy(
        "%(host)s is away until %(until)s (%(absence)s) and then cannot be at %(label)s in time; "
        "the journey from %(origin)s takes %(journey)s."
    ),
    "left_open": gettext_lazy("Not worked out yet: the time for the plan was over before."),
    "others_give_way": gettext_lazy(
        "%(label)s has a place only if others give way: %(visits)s around %(day)s (priority "
        "%(weight)s, its own is %(own)s)."
    ),
    "may_have_to_be": gettext_lazy(
        "%(host)s may still have to be at %(label)s, which stands until somebody moves it or calls "
        "it off; the way between the two takes too long."
    ),
    "not_both": gettext_lazy(
        "%(host)s cannot be both at %(label)s and at %(other)s: the journey from %(origin)s to "
        "%(destination)s takes %(journey)s."
    ),
    "no_journey": gettext_lazy("No journey is known from %(origin)s to %(destination)s."),
    "leg_short_of_time": gettext_lazy(
        "From %(origin)s on %(leaves)s %(host)s cannot be in %(destination)s by %(due)s; the "
        "journey takes %(journey)s."
    ),
    "outside_travel_hours": gettext_lazy(
        "From %(origin)s on %(leaves)s %(host)s cannot be in %(destination)s by %(due)s: travel is "
        "between %(travel_from)s and %(travel_to)s, and the journey takes %(journey)s."
    ),
    "lands_short": gettext_lazy(
        "%(host)s arrives %(minutes)s before %(label)s; the rule asks for %(asked)s."
    ),
    "home_too_late": gettext_lazy(
        "From %(origin)s on %(leaves)s %(host)s cannot be home in %(destination)s by %(due)s, when "
        "travel ends; the journey takes %(journey)s."
    ),
}

_BOOKED = gettext_lazy("Our host is already booked around %(day)s.")
_FULL = gettext_lazy("Our host's week around %(day)s is already full.")
_FAR = gettext_lazy("Our host cannot travel to you and back around %(day)s.")
_NO_HOST = gettext_lazy("No colleague who can lead your visit is free on %(day)s.")
PUBLIC: dict[str, Promise] = {
    "only_host": _NO_HOST,
    "lacks_skill": _NO_HOST,
    "lacks_language": _NO_HOST,
    "cannot_travel": _NO_HOST,
    "banned_host": _NO_HOST,
    "pinned_elsewhere": _NO_HOST,
    "host_unavailable": _NO_HOST,
    "on_the_road": _NO_HOST,
    "beside_absence": _NO_HOST,
    "beside_tour": _NO_HOST,
    "away_then": _NO_HOST,
    "not_wished": gettext_lazy("%(day)s is none of the days you asked for."),
    "outside_window": gettext_lazy("%(day)s lies outside the days of our offer."),
    "after_project_end": gettext_lazy("On %(day)s our project is over."),
    "closed_day": gettext_lazy("%(day)s is a day on which your offices are closed: %(why)s."),
    "day_over": gettext_lazy("%(day)s is too soon for us to prepare and to travel."),
    "too_soon": gettext_lazy("%(day)s is too soon for us to prepare and to travel."),
    "week_over": gettext_lazy("%(day)s is too soon for us to prepare and to travel."),
    "too_long": gettext_lazy("%(day)s leaves too little time for the visit."),
    "day_too_short": gettext_lazy("%(day)s leaves too little time for the visit."),
    "not_reachable": _FAR,
    "no_journey": _FAR,
    "leg_short_of_time": _FAR,
    "outside_travel_hours": _FAR,
    "absent_before": _FAR,
    "not_both": _FAR,
    "may_have_to_be": _FULL,
    "comes_first": _FULL,
    "others_give_way": _FULL,
    "left_open": _FULL,
    "lands_short": _FAR,
    "leg_stopped": _FAR,
    "leg_stopped_and_short": _FAR,
    "day_stopped": _FAR,
    "journey_stopped": _FAR,
    "cannot_stay": _FAR,
    "home_too_late": _FAR,
    "rest_day": _FULL,
    "cap_reached": _FULL,
}


def desk_words(reason: Reason) -> str:
    """The reason for the coordinator, with everything it names."""
    sentence = DESK.get(reason.code)
    return str(sentence) % _values(reason.params) if sentence else reason.text


def fault_words(error: ProblemError) -> str:
    """Why nothing can be planned as it was asked for, for the coordinator."""
    params = error.params
    if isinstance(reason := params.get("reason"), Reason):
        return not_kept(str(params["label"]), reason)
    if error.code == "pin_out_of_reach":
        words = _(
            "The pin of %(label)s cannot be kept: %(minutes)s are missing between it and %(other)s."
        )
        return words % _values(params)
    return str(error)


def not_kept(label: str, reason: Reason) -> str:
    """That a pin cannot be kept, and why."""
    words = _("The pin of %(label)s cannot be kept: %(why)s")
    return words % {"label": label, "why": desk_words(reason)}


def public_words(code: str, on: date, *, why: str = "") -> str:
    """The reason for the city, about its date `on`; `why` is the name of its own closed day."""
    return str(PUBLIC.get(code, _BOOKED)) % {"day": wording.day(on), "why": why.rstrip(".")}


def _values(params: Mapping[str, Any]) -> dict[str, str]:
    """What a sentence may name, each in the words of a page."""
    values = {name: _value(value) for name, value in params.items()}
    zones = {"leaves": "origin_zone", "due": "destination_zone", "until": "until_zone"}
    for name, zone in zones.items():
        moment = params.get(name)
        if isinstance(moment, datetime):
            values[name] = wording.local_time(moment, params[zone])
    if {"earliest", "latest", "zone"} <= params.keys():
        values["earliest"] = wording.clock_time(params["earliest"], params["zone"])
        values["latest"] = wording.zoned_time(params["latest"], params["zone"])
    elif {"earliest", "zone"} <= params.keys():
        values["earliest"] = wording.local_time(params["earliest"], params["zone"])
    if "languages" in params:
        values["languages"] = both(languages.name_of(code) for code in params["languages"])
    if "mode" in params:
        values["mode"] = mode_words(params["mode"])
    if "absent_from" in params:
        span = params["absent_from"], params["absent_to"]
        values["absence"] = wording.time_range(*span, params["zone"])
    for name in ("journey", "duration", "longest", "minutes", "asked"):
        if isinstance(params.get(name), int):
            values[name] = wording.duration(params[name])
    return values


def _value(value: Any) -> str:
    if isinstance(value, date) and not isinstance(value, datetime):
        return wording.day(value)
    if isinstance(value, list):
        return both(str(each) for each in value)
    return str(value).rstrip(".")


def both(names: Any) -> str:
    """Names as a row: "Ghent", "Ghent and Dublin", "Ghent, Dublin and Oslo"."""
    row = list(names)
    if len(row) < 2:
        return "".join(row)
    return _("%(first)s and %(last)s") % {"first": ", ".join(row[:-1]), "last": row[-1]}
