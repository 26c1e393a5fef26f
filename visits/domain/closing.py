"""Closing a campaign: what has no end yet, ends for many at once, and the figures frozen."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from crm.domain.audit import record
from crm.models import FollowUp, Message, User
from crm.validators import clean_line
from visits import states
from visits.domain.reporting import Figure, all_figures
from visits.domain.steps import set_request_state
from visits.models import Campaign, FigureSnapshot, Visit, VisitRequest
from visits.states import RequestState, VisitState

# How a request may end without a visit, and where from; the rest has a step of its own first.
ENDS: dict[str, frozenset[str]] = {
    RequestState.DECLINED: frozenset({RequestState.UNDER_REVIEW, RequestState.WAITLISTED}),
    RequestState.EXPIRED: frozenset({RequestState.NEEDS_INFO, RequestState.WAITLISTED}),
    RequestState.WITHDRAWN: states.OPEN_REQUESTS - {RequestState.PROPOSED, RequestState.SCHEDULED},
}

# Parts of a number whose code is no word; the others are told by their code, as they are frozen.
PART_WORDS = {"of": "of all", "event": "by the event", "without_pilots": "without the pilot cities"}


@dataclass(frozen=True)
class LeftOver:
    """What a campaign still has open: requests, visits not closed, promises, letters not sent."""

    requests: list[VisitRequest]
    visits: list[Visit]
    promises: list[FollowUp]
    letters: list[Message]

    @property
    def is_done(self) -> bool:
        return not (self.requests or self.visits or self.promises or self.letters)


def left_over(campaign: Campaign) -> LeftOver:
    """What would be forgotten if the campaign ended now."""
    visits = Visit.objects.filter(campaign=campaign)
    unfinished = visits.live() | visits.filter(
        state__in=[VisitState.COMPLETED, VisitState.REPORTED]
    )
    promises = campaign.promises.open()
    drafts = Message.objects.drafts().filter(visit_requests__campaign=campaign)
    return LeftOver(
        list(campaign.requests.open().order_by("state", "ref")),
        list(unfinished.select_related("host").order_by("starts_at")),
        list(promises.select_related("person", "organisation")),
        list(drafts.distinct().prefetch_related("visit_requests")),
    )


@transaction.atomic
def end_requests(
    requests: Iterable[VisitRequest], to: str, *, reason: str, at: datetime, by: User
) -> list[VisitRequest]:
    """Give every request the same end, or none of them.

    Raises ValidationError naming those that cannot end so, or when the reason is missing.
    """
    rows = list(requests)
    if to not in ENDS:
        raise ValidationError(_("Choose how they end."), code="end")
    if not clean_line(reason):
        raise ValidationError(_("Say why, in a sentence."), code="reason")
    if misfits := [row for row in rows if row.state not in ENDS[to]]:
        fitting = [
            str(RequestState(end).label)
            for end, states in ENDS.items()
            if all(row.state in states for row in misfits)
        ]
        words = _("Nothing was changed: “%(end)s” does not follow the state of %(refs)s.")
        then = _("What does: %(fitting)s.") if fitting else _("Open each to see what it waits for.")
        raise ValidationError(
            f"{words} {then}",
            code="misfits",
            params={
                "refs": ", ".join(sorted(row.ref for row in misfits)),
                "end": RequestState(to).label,
                "fitting": ", ".join(fitting),
            },
        )
    return [set_request_state(row, to, at=at, by=by, why=clean_line(reason)) for row in rows]


def as_values(campaign: Campaign, at: datetime, figures: Iterable[Figure]) -> dict[str, Any]:
    """The figures as plain values; `rows` are references and keys, never names."""
    return {
        "campaign": campaign.slug,
        "clock": at.astimezone(ZoneInfo(campaign.zone)).isoformat(),
        **{
            figure.key: {
                "label": str(figure.label),
                "value": figure.value,
                "unit": str(figure.unit),
                "detail": figure.detail,
                "rows": [row.ref for row in figure.rows],
            }
            for figure in figures
        },
    }


def values_now(campaign: Campaign, *, at: datetime) -> dict[str, Any]:
    """The twelve numbers of this moment under their English names, as they are frozen."""
    with translation.override("en"):
        return as_values(campaign, at, all_figures(campaign, at=at))


@transaction.atomic
def freeze_figures(
    campaign: Campaign, *, note: str, at: datetime, by: User | None
) -> FigureSnapshot:
    """Keep the numbers as they stand, with the references of their rows."""
    words = clean_line(note)
    if not words or len(words) > 200:
        raise ValidationError({"note": _("Say in up to 200 letters what they are frozen for.")})
    snapshot = FigureSnapshot.objects.create(
        campaign=campaign,
        taken_at=at,
        taken_by=by,
        note=words,
        figures=values_now(campaign, at=at),
        is_sample=campaign.is_sample,
    )
    record(snapshot, "freeze_figures", at=at, by=by)
    return snapshot


@dataclass(frozen=True)
class Compared:
    """One number or one part of it, then and now.

    `came` and `went` are the rows that make the difference; a part has no parts of its own.
    """

    key: str
    label: str
    unit: str
    then: Any
    now: Any
    rows: list[str]
    came: list[str]
    went: list[str]
    parts: list["Compared"]

    @property
    def is_same(self) -> bool:
        is_same = self.then == self.now and not self.came and not self.went
        return is_same and all(part.is_same for part in self.parts)


def compare_with_now(snapshot: FigureSnapshot, now: Mapping[str, Any]) -> list[Compared]:
    """Each frozen number and its parts beside those of `now` (see `values_now`)."""
    nothing: dict[str, Any] = {"value": None, "rows": [], "detail": {}}
    return [
        _compared(
            key,
            (then["label"], then["unit"]),
            (then["value"], then["rows"]),
            (now.get(key, nothing)["value"], now.get(key, nothing)["rows"]),
            _compared_parts(key, then["detail"], now.get(key, nothing)["detail"]),
        )
        for key, then in snapshot.figures.items()
        if isinstance(then, dict)
    ]


# What a value is, and the references of the rows behind it.
Counted = tuple[Any, list[str]]


def _compared(
    key: str, words: tuple[str, str], then: Counted, now: Counted, parts: list[Compared]
) -> Compared:
    before, after = set(then[1]), set(now[1])
    came, went = sorted(after - before), sorted(before - after)
    return Compared(key, *words, then[0], now[0], then[1], came, went, parts)


def _compared_parts(key: str, then: dict[str, Any], now: dict[str, Any]) -> list[Compared]:
    """The parts of a number, also those that were not there yet or are there no more.

    In the order of those of now: PostgreSQL keeps none for what was frozen.
    """
    before, after = dict(_parts(then)), dict(_parts(now))
    none: Counted = (0, [])
    return [
        _compared(key, (name, ""), before.get(name, none), after.get(name, none), [])
        for name in {**after, **before}
    ]


def _parts(detail: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, Counted]]:
    """The parts of a number by their names; a list of references is told by how many there are."""
    for code, value in detail.items():
        name = within + PART_WORDS.get(code, code.replace("_", " "))
        if isinstance(value, dict):
            yield from _parts(value, f"{name}: ")
        else:
            yield name, (len(value), value) if isinstance(value, list) else (value, [])
