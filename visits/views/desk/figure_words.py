"""The twelve numbers in words and as charts: how each is computed, what its parts say."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm.pictures import Bar, DrawnBar, bars
from visits.domain.reporting import Figure
from visits.models import Topic
from visits.models.reports import Outcome
from visits.models.requests import Mode
from visits.states import RequestState, VisitState

DEFINITIONS = {
    "K1": gettext_lazy("People who attended the event; a person recorded twice counts once."),
    "K2": gettext_lazy("The people of K1 by the funder's audience, from their organisation."),
    "K3": gettext_lazy("Countries of the organisations of K1 and of the visits of K7."),
    "K4": gettext_lazy("Municipalities that attended, sent a valid request or had a visit."),
    "K5": gettext_lazy("Municipalities at the event that sent a valid request, of all there."),
    "K6": gettext_lazy(
        "Median working hours, Monday to Friday, to the first personal reply that arrived."
    ),
    "K7": gettext_lazy("Visits that took place on a local date inside the window."),
    "K8": gettext_lazy("People counted on the spot at the visits of K7. Never add K1 to it."),
    "K9": gettext_lazy("Visits that took place, of those once confirmed whose start is past."),
    "K10": gettext_lazy("Promises kept on time, of those due until today."),
    "K11": gettext_lazy("People whose latest answer is yes and whose address may be mailed."),
    "K12": gettext_lazy("Municipalities whose visit had an outcome, by the highest step."),
}


class Chart(NamedTuple):
    """One bar chart with its title."""

    label: str
    bars: list[DrawnBar]


def value_words(figure: Figure) -> str:
    """The value as people write it: 67, 65 %, 2.33, 4 of 6."""
    detail = figure.detail
    if figure.key == "K5":
        return f"{figure.value} %"
    if figure.key == "K9":
        return _("%(part)s of %(whole)s") % {"part": detail["completed"], "whole": detail["of"]}
    if figure.key == "K10":
        return _("%(part)s of %(whole)s") % {"part": detail["kept"], "whole": detail["of"]}
    return str(figure.value)


def unit_words(figure: Figure) -> str:
    """What the value counts, beside it."""
    if figure.key in ("K9", "K10"):
        return f"= {figure.value}"
    return "" if figure.key == "K5" else str(figure.unit)


def detail_words(figure: Figure) -> str:
    """The parts of the number as one sentence; empty when its chart says it all."""
    tell = SENTENCES.get(figure.key)
    return tell(figure.detail) if tell else ""


def _event(detail: dict[str, Any]) -> str:
    return _(
        "%(attended)s of %(records)s records say attended. The organisers wrote: “%(words)s”."
    ) % {
        "attended": detail["attended_records"],
        "records": detail["records"],
        "words": detail["organisers_say"] or "–",
    }


def _countries(detail: dict[str, Any]) -> str:
    return _("%(event)s by the event; %(all)s with the countries that asked for a visit.") % {
        "event": detail["event"],
        "all": detail["with_requests"],
    }


def _municipalities(detail: dict[str, Any]) -> str:
    return _("%(new)s of them new: not a pilot city.") % {"new": detail["new"]}


def _conversion(detail: dict[str, Any]) -> str:
    no_pilots = detail["without_pilots"]
    return _("%(part)s of %(whole)s; without the pilot cities %(some)s of %(others)s.") % {
        "part": detail["with_request"],
        "whole": detail["of"],
        "some": no_pilots["with_request"],
        "others": no_pilots["of"],
    }


def _replies(detail: dict[str, Any]) -> str:
    sentence = ngettext(
        "%(replied)s request answered, %(within)s within %(target)s hours.",
        "%(replied)s requests answered, %(within)s of them within %(target)s hours.",
        detail["replied"],
    ) % {
        "replied": detail["replied"],
        "within": detail["within_target"],
        "target": detail["target_hours"],
    }
    if not detail["open"]:
        return sentence
    return sentence + " " + _("Not answered yet: %(refs)s.") % {"refs": ", ".join(detail["open"])}


def _contacts(detail: dict[str, Any]) -> str:
    return _("%(yes)s said yes and did not withdraw; %(lost)s cannot be counted.") % {
        "yes": detail["said_yes_and_did_not_withdraw"],
        "lost": len(detail["refused_later"]) + len(detail["no_usable_address"]),
    }


SENTENCES: dict[str, Callable[[dict[str, Any]], str]] = {
    "K1": _event,
    "K3": _countries,
    "K4": _municipalities,
    "K5": _conversion,
    "K6": _replies,
    "K11": _contacts,
}


def charts(figure: Figure) -> list[Chart]:
    """The charts of a number, drawn from its own parts."""
    draw = CHARTS.get(figure.key)
    return [Chart(label, bars(rows)) for label, rows in draw(figure) if rows] if draw else []


Drawn = list[tuple[str, list[Bar]]]


def _audiences(figure: Figure) -> Drawn:
    return [(_("By audience"), [Bar(name, count) for name, count in figure.detail.items()])]


def _parts(*names: tuple[str, Any]) -> Callable[[Figure], Drawn]:
    def draw(figure: Figure) -> Drawn:
        return [(str(figure.label), [Bar(label, figure.detail[name]) for name, label in names])]

    return draw


def _states(figure: Figure) -> Drawn:
    states = figure.detail["states"].items()
    return [(_("Valid requests by state"), [Bar(RequestState(s).label, n) for s, n in states])]


def _modes(figure: Figure) -> Drawn:
    return [(_("By mode"), [Bar(Mode(mode).label, n) for mode, n in figure.detail.items()])]


def _fates(figure: Figure) -> Drawn:
    fates = [(name, n) for name, n in figure.detail.items() if name != "of"]
    return [(_("What became of them"), [Bar(VisitState(name).label, n) for name, n in fates])]


def _contact_parts(figure: Figure) -> Drawn:
    return [
        (
            _("Of those who said yes"),
            [
                Bar(_("counted"), figure.value),
                Bar(_("refused later"), len(figure.detail["refused_later"])),
                Bar(_("no usable address"), len(figure.detail["no_usable_address"])),
            ],
        )
    ]


def _adoption(figure: Figure) -> Drawn:
    names = dict(Topic.objects.values_list("code", "name"))
    topics = figure.detail["topics"].items()
    ladder = figure.detail["ladder"].items()
    return [
        (_("Highest outcome"), [Bar(Outcome(step).label, count) for step, count in ladder]),
        (_("Topics asked for"), [Bar(names.get(code, code), count) for code, count in topics]),
    ]


CHARTS: dict[str, Callable[[Figure], Drawn]] = {
    "K2": _audiences,
    "K3": _parts(
        ("event", gettext_lazy("by the event")), ("only_by_visits", gettext_lazy("only by visits"))
    ),
    "K4": _parts(
        ("attended", gettext_lazy("attended the event")),
        ("with_valid_request", gettext_lazy("sent a valid request")),
        ("with_completed_visit", gettext_lazy("had a visit")),
    ),
    "K5": _states,
    "K7": _modes,
    "K8": _audiences,
    "K9": _fates,
    "K10": _parts(
        ("kept", gettext_lazy("kept on time")),
        ("late", gettext_lazy("kept too late")),
        ("open", gettext_lazy("still open")),
    ),
    "K11": _contact_parts,
    "K12": _adoption,
}
