"""What would go wrong if nobody did anything: the short lists of Today, in full for the digest."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, F, Min, OuterRef, Q, Subquery

from crm.maps import Dot
from crm.marks import mark
from crm.models import DataRequest, FollowUp, Message, NoticeDue, Person
from crm.pictures import Funnel, Stage, funnel
from visits.models import Campaign, DateWish, Hold, PlanVersion, Visit, VisitReport, VisitRequest
from visits.states import RequestState, VisitState

FEW = 8
FUNNEL_ORDER = (
    RequestState.RECEIVED,
    RequestState.NEEDS_INFO,
    RequestState.UNDER_REVIEW,
    RequestState.PROPOSED,
    RequestState.WAITLISTED,
    RequestState.SCHEDULED,
    RequestState.FULFILLED,
    RequestState.REFERRED,
    RequestState.DECLINED,
    RequestState.EXPIRED,
    RequestState.WITHDRAWN,
)
SOON = timedelta(days=3)
NOTICE_SOON = timedelta(days=7)
# Nobody should wait longer for a word than this.
SILENT_DAYS = 14


def answer_now(user: Any, *, most: int | None = FEW) -> list[VisitRequest]:
    """Open requests nobody has answered in a way that arrived, by their deadline."""
    rows = VisitRequest.objects.visible_to(user).to_answer()
    first_due = F("due_at").asc(nulls_last=True)
    return list(rows.select_related("campaign").order_by(first_due, "pk")[:most])


def other_dates_asked(user: Any, *, at: datetime, most: int | None = FEW + 1) -> list[DateWish]:
    """Cities that ask for another date than the agreed one, the first answer due first.

    One more than are shown tells the page that there are more.
    """
    rows = DateWish.objects.visible_to(user).to_answer(at)
    return list(rows.select_related("visit__campaign", "request")[:most])


def letters_waiting(user: Any) -> list[Message]:
    """Letters that are written and wait for somebody to send them, oldest first.

    One more than are shown tells the page that there are more.
    """
    rows = Message.objects.visible_to(user).drafts().prefetch_related("visit_requests")
    return list(rows.order_by("at", "pk")[: FEW + 1])


def replies_waiting(user: Any) -> tuple[int, list[Message]]:
    """How many mails nobody has answered, and those that wait longest: of known people, and about
    a request (`ref`) by somebody we have no record of.

    What belongs to a request that waits for its first answer stands there.
    """
    requests = VisitRequest.objects.filter(messages=OuterRef("pk"))
    rows = Message.objects.visible_to(user)
    known, unknown = rows.unanswered(), rows.filter(_unanswered_about_requests())
    rows = rows.filter(Q(pk__in=known.values("pk")) | Q(pk__in=unknown.values("pk")))
    rows = rows.exclude(visit_requests__in=VisitRequest.objects.to_answer().values("pk"))
    rows = rows.annotate(ref=Subquery(requests.order_by("ref").values("ref")[:1]))
    shown = list(rows.select_related("person").order_by("at", "pk")[: FEW + 1])
    return (rows.count() if len(shown) > FEW else len(shown)), shown[:FEW]


def _unanswered_about_requests() -> Q:
    """What somebody without a record wrote about a request, with no word of a person since."""
    later = Q(at__gt=OuterRef("at")) | Q(at=OuterRef("at"), pk__gt=OuterRef("pk"))
    ours = Message.objects.words_of_ours().filter(later, visit_requests__messages=OuterRef("pk"))
    about = VisitRequest.objects.filter(messages=OuterRef("pk"))
    return Q(
        Exists(about),
        ~Exists(ours),
        direction=Message.Direction.IN,
        status__in=Message.EXCHANGED,
        person=None,
    ) & ~Q(channel=Message.AUTOMATIC)


def proposals_ending(user: Any, *, at: datetime, most: int | None = FEW) -> list[Visit]:
    """Offers whose deadline comes within three days, or has passed."""
    rows = Visit.objects.visible_to(user).filter(
        state=VisitState.TENTATIVE, holds__accepted_at=None, holds__reservation__active=True
    )
    rows = rows.annotate(expires_at=Min("holds__expires_at")).filter(expires_at__lte=at + SOON)
    return list(rows.select_related("host", "campaign").order_by("expires_at")[:most])


def kept_slots(user: Any, *, most: int | None = FEW) -> list[Hold]:
    """Time that cancelled visits keep for an undo, the soonest to end first."""
    rows = Hold.objects.kept().filter(visit__in=Visit.objects.visible_to(user))
    return list(rows.select_related("visit__campaign").order_by("expires_at")[:most])


def follow_ups_due(user: Any, *, at: datetime) -> list[FollowUp]:
    """Promises due today or before, in the day of the user's zone."""
    today = at.astimezone(ZoneInfo(user.time_zone)).date()
    rows = FollowUp.objects.visible_to(user).open().due_by(today)
    return list(rows.select_related("person", "organisation")[:FEW])


def notices_soon(user: Any, *, at: datetime) -> list[NoticeDue]:
    """People from lists who must be told within a week, or should have been.

    One more than are shown tells the page that there are more.
    """
    last = at.astimezone(ZoneInfo(user.time_zone)).date() + NOTICE_SOON
    rows = NoticeDue.objects.visible_to(user).due_by(last)
    return list(rows.select_related("person")[: FEW + 1])


def data_requests_due(user: Any, *, at: datetime) -> list[DataRequest]:
    """What people ask about their own data, the soonest due first."""
    if not user.is_coordinator:
        return []
    rows = DataRequest.objects.visible_to(user).open()
    return list(rows.select_related("person").order_by("due_on", "pk")[:FEW])


def silent_people(user: Any, *, at: datetime) -> int:
    """How many people nobody has heard of, said or written anything to for SILENT_DAYS days."""
    people = Person.objects.visible_to(user).live().silent_since(at - timedelta(days=SILENT_DAYS))
    return people.count()


def visits_at_risk(user: Any, *, at: datetime, most: int | None = FEW) -> list[Visit]:
    """Live visits a disruption touches, soonest first."""
    rows = Visit.objects.visible_to(user).upcoming(at).filter(at_risk=True)
    return list(rows.select_related("host")[:most])


def visits_uncounted(user: Any, *, at: datetime, most: int | None = FEW + 1) -> list[Visit]:
    """Visits that are over and of which nobody has said who came, the oldest first.

    One more than are shown tells the page that there are more.
    """
    rows = Visit.objects.visible_to(user).awaiting_counts(at)
    return list(rows.select_related("host").order_by("starts_at", "pk")[:most])


def reports_open(user: Any, *, most: int | None = FEW) -> list[VisitReport]:
    """Reports the city corrected, which wait for us, then those that wait for the city."""
    rows = VisitReport.objects.filter(visit__in=Visit.objects.visible_to(user))
    rows = rows.corrected() | rows.awaiting_city()
    first = F("corrected_at").asc(nulls_last=True)
    return list(rows.select_related("visit").order_by(first, "written_at")[:most])


def next_visits(user: Any, *, at: datetime) -> list[Visit]:
    """What comes next, agreed or only held."""
    rows = Visit.objects.visible_to(user).upcoming(at)
    return list(rows.select_related("host", "campaign")[:FEW])


def request_funnel(user: Any, campaign: Campaign, *, path: str) -> Funnel:
    """The campaign's valid requests by state, as one bar of links into the list."""
    rows = VisitRequest.objects.visible_to(user).filter(campaign=campaign).valid()
    counts = dict(rows.values_list("state").annotate(Count("pk", distinct=True)).order_by())
    return funnel(
        Stage(
            label=state.label,
            count=counts.get(state.value, 0),
            href=f"{path}?state={state.value}",
            hue=mark(state.value, "request").hue,
            shape=mark(state.value, "request").shape,
        )
        for state in FUNNEL_ORDER
    )


def map_dots(user: Any, campaign: Campaign, *, path: Any) -> list[Dot]:
    """Every live or delivered visit of the campaign at its place."""
    rows = (
        Visit.objects.visible_to(user)
        .filter(campaign=campaign)
        .exclude(state__in=[VisitState.CANCELLED, VisitState.POSTPONED, VisitState.NO_SHOW])
        .select_related("place")
        .order_by("starts_at")
    )
    return [
        Dot(
            name=f"{visit.ref} {visit.city}",
            lat=visit.place.latitude,
            lon=visit.place.longitude,
            state=visit.shown_as[0],
            kind=visit.shown_as[1],
            href=path(visit),
            note=visit.get_state_display(),
        )
        for visit in rows
        if visit.place is not None
    ]


def version_dots(version: PlanVersion) -> list[Dot]:
    """The places of a plan version's visits."""
    rows = version.placements.select_related("visit").prefetch_related("requests__place")
    dots = []
    for placement in rows:
        for request in placement.requests.all()[:1]:
            if request.place is not None:
                visit, place = placement.visit, request.place
                state, kind = visit.shown_as if visit else (str(VisitState.TENTATIVE), "visit")
                dots.append(Dot(request.city, place.latitude, place.longitude, state, kind=kind))
    return dots
