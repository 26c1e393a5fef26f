"""Closing a campaign: what has no end yet, ends for many at once, and the figures frozen."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from crm.domain.audit import record
from crm.models import FollowUp, Message, User
from crm.validators import clean_line
from visits import states
from visits.domain.reporting import Figure, all_figures
from visits.domain.steps import Stood, set_request_state, take_back_request_step
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
    """What a campaign still has open: requests, visits not closed, promises, letters not sent;
    and how many promises and letters more are open that it is not known to be about."""

    requests: list[VisitRequest]
    visits: list[Visit]
    promises: list[FollowUp]
    letters: list[Message]
    other_promises: int
    other_letters: int

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
    of_campaign = Q(visit_requests__campaign=campaign) | Q(visits__campaign=campaign)
    drafts = Message.objects.drafts().filter(of_campaign).distinct()
    return LeftOver(
        list(campaign.requests.open().order_by("state", "ref")),
        list(unfinished.select_related("host").order_by("starts_at")),
        list(promises.select_related("person", "organisation")),
        list(drafts.prefetch_related("visit_requests", "visits")),
        FollowUp.objects.open().exclude(pk__in=promises.order_by().values("pk")).count(),
        Message.objects.drafts().exclude(pk__in=drafts.order_by().values("pk")).count(),
    )


@dataclass(frozen=True)
class Ending:
    """One request and the end it would get; `why_not` says why it stays as it is."""

    request: VisitRequest
    why_not: str = ""


def plan_ends(requests: Iterable[VisitRequest], to: str, *, reason: str) -> list[Ending]:
    """What giving each request the same end would do; raises ValidationError without end or reason.

    Only those fit whose state the end may follow; the others are told what they may end as.
    """
    if to not in ENDS:
        raise ValidationError(_("Choose how they end."), code="end")
    if not clean_line(reason):
        raise ValidationError(_("Say why, in a sentence."), code="reason")
    return [Ending(row, "" if row.state in ENDS[to] else _why_not(row)) for row in requests]


def _why_not(row: VisitRequest) -> str:
    fitting = [str(RequestState(end).label) for end, starts in ENDS.items() if row.state in starts]
    if not fitting:
        return _("“%(state)s” has a step of its own first; open it to see what it waits for.") % {
            "state": RequestState(row.state).label
        }
    words = _("“%(state)s” may only end as: %(fitting)s.") % {
        "state": RequestState(row.state).label,
        "fitting": ", ".join(fitting),
    }
    review = RequestState.UNDER_REVIEW
    if row.state in ENDS[RequestState.DECLINED] or review not in states.REQUEST_STEPS[row.state]:
        return words
    return words + " " + _("Once you have reviewed it, it may also be declined.")


@transaction.atomic
def end_requests(
    requests: Iterable[VisitRequest], to: str, *, reason: str, at: datetime, by: User
) -> dict[str, Stood]:
    """Give every request the same end, or none of them; how each stood before, by its reference.

    Raises ValidationError naming those that cannot end so, or when the reason is missing.
    """
    plan = plan_ends(requests, to, reason=reason)
    if misfits := sorted(each.request.ref for each in plan if each.why_not):
        raise ValidationError(
            _("Nothing was changed: “%(end)s” does not follow the state of %(refs)s."),
            code="misfits",
            params={"refs": ", ".join(misfits), "end": RequestState(to).label},
        )
    stood: dict[str, Stood] = {}
    for row in (each.request for each in plan):
        before = (row.state, row.state_since, row.reason)
        set_request_state(row, to, at=at, by=by, why=clean_line(reason))
        stood[row.ref] = Stood(*before, version=row.version)
    return stood


@transaction.atomic
def take_back_ends(
    requests: Iterable[VisitRequest], stood: Mapping[str, Stood], *, at: datetime, by: User
) -> list[VisitRequest]:
    """Undo of `end_requests`: each is as before, but for those that were touched since."""
    same = [row for row in requests if row.version == stood[row.ref].version]
    return [take_back_request_step(row, stood[row.ref], at=at, by=by) for row in same]


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
