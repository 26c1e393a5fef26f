"""What happens to a request: received, reviewed, answered, put off, ended, reopened."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.domain.audit import record
from crm.domain.working_time import add_working_hours, working_minutes_between
from crm.models import (
    Initiative,
    Message,
    Municipality,
    Organisation,
    OutgoingMail,
    Person,
    Place,
    User,
)
from crm.models.consent import ConsentRecord, Purpose
from crm.validators import (
    clean_line,
    clean_text,
    known_zone,
    mail_address,
    sensible_date,
)
from visits.domain import booking
from visits.domain.references import next_reference
from visits.domain.steps import set_request_state, set_visit_state
from visits.models import Campaign, PreferredDate, Referral, Topic, Visit, VisitRequest
from visits.models.requests import Channel, Mode, PartOfDay
from visits.models.visits import Side
from visits.states import RequestState, VisitState

WAITING_LONG_MINUTES = 5 * 8 * 60
DURATIONS = {Mode.ONLINE: 90}
HALF_DAY_MINUTES, FULL_DAY_MINUTES = 180, 360
MOST_TOPICS, MOST_QUESTIONS, MOST_DATES, MOST_PEOPLE = 5, 3, 3, 500


# How the city itself says it.
MODE_WORDS = {
    Mode.ON_SITE: _("You come to us"),
    Mode.ONLINE: _("Online"),
    Mode.HYBRID: _("Both: some of us join online"),
    Mode.UNSPECIFIED: _("We have not decided"),
}


@dataclass(frozen=True)
class Wish:
    """One wished date with the part of the day, best first in a list."""

    on: date
    part: str = PartOfDay.ANY

    @property
    def part_words(self) -> str:
        return str(PartOfDay(self.part).label)


@dataclass
class RequestAnswers:
    """What a requester says, from whichever channel; plain values."""

    city: str
    country: str
    place: Place | None = None
    region: str = ""
    zone: str = ""
    department: str = ""
    requester_name: str = ""
    requester_role: str = ""
    address: str = ""
    phone: str = ""
    language: str = "en"
    topics: Sequence[Topic] = ()
    questions: Sequence[str] = ()
    mode: str = Mode.ON_SITE
    online_is_fine: bool = False
    wishes: Sequence[Wish] = ()
    people: int | None = None
    interpreter: str = ""
    step_free: bool = False
    secrecy: str = ""
    raw_text: str = ""
    raw_language: str = ""
    consents: dict[str, bool] = field(default_factory=dict)

    @property
    def mode_words(self) -> str:
        """How to meet, in the words of the form."""
        return str(MODE_WORDS[Mode(self.mode)])


def check_answers(answers: RequestAnswers) -> dict[str, list[str]]:
    """Everything wrong with the answers at once, as sentences by field; empty when fine."""
    faults: dict[str, list[Any]] = {}

    def fault(name: str, sentence: Any) -> None:
        faults.setdefault(name, []).append(sentence)

    if not clean_line(answers.city):
        fault("city", _("Name the city."))
    if len(answers.topics) > MOST_TOPICS:
        fault("topics", _("Choose up to five topics."))
    if len(answers.questions) > MOST_QUESTIONS:
        fault("questions", _("Ask up to three questions."))
    if len(answers.wishes) > MOST_DATES:
        fault("wishes", _("Wish for up to three dates."))
    if answers.people is not None and not 1 <= answers.people <= MOST_PEOPLE:
        fault("people", _("Give a number of people between 1 and 500."))
    for name, check, value in (
        ("address", mail_address, answers.address),
        ("zone", known_zone, answers.zone),
    ):
        try:
            if value:
                check(value)
        except ValidationError as error:
            faults.setdefault(name, []).extend(error.messages)
    for wish in answers.wishes:
        try:
            sensible_date(wish.on)
        except ValidationError as error:
            faults.setdefault("wishes", []).extend(error.messages)
    return faults


@transaction.atomic
def receive_request(
    campaign: Campaign,
    answers: RequestAnswers,
    *,
    channel: str,
    received_at: datetime,
    by: User | None = None,
    person: Person | None = None,
) -> VisitRequest:
    """Fold what was said into a new VisitRequest with its reference and the time an answer is due.

    The form, a phone note, a mail and the API all end here. The request keeps its own copy; no
    contact is changed. Raises ValidationError with every fault by field.
    """
    if faults := check_answers(answers):
        raise ValidationError(faults)
    place = answers.place
    request = VisitRequest.objects.create(
        ref=next_reference(VisitRequest, "R"),
        campaign=campaign,
        received_at=received_at,
        channel=channel,
        city=clean_line(answers.city),
        country=answers.country.upper(),
        region=answers.region or (place.region if place else ""),
        place=place,
        zone=answers.zone or (place.zone if place else campaign.zone),
        municipality=known_municipality(place),
        department=clean_line(answers.department),
        requester_name=clean_line(answers.requester_name),
        requester_role=clean_line(answers.requester_role),
        address=answers.address.strip(),
        phone=clean_line(answers.phone),
        language=answers.language,
        questions=[clean_text(words).strip() for words in answers.questions if words.strip()],
        mode=answers.mode,
        online_is_fine=answers.online_is_fine,
        people=answers.people,
        interpreter=clean_line(answers.interpreter),
        step_free=answers.step_free,
        secrecy=clean_text(answers.secrecy),
        raw_text=clean_text(answers.raw_text),
        raw_language=answers.raw_language or answers.language,
        person=person,
        state_since=received_at,
        due_at=reply_due(campaign, received_at),
    )
    request.topics.set(answers.topics)
    write_wishes(request, answers.wishes)
    record(
        request,
        "receive_request",
        at=received_at,
        by=by,
        actor="" if by else "municipality",
        to_state=request.state,
    )
    return request


def write_wishes(request: VisitRequest, wishes: Sequence[Wish]) -> None:
    """Replace the wished dates of the request, best first."""
    PreferredDate.objects.filter(request=request).delete()
    PreferredDate.objects.bulk_create(
        PreferredDate(request=request, rank=rank, on=wish.on, part=wish.part)
        for rank, wish in enumerate(wishes, 1)
    )


def days_wished(request: VisitRequest) -> list[Wish]:
    """The days that suit the city by its last word, best first: those it named in place of an
    agreed date, else those of its request. Reads both as they were fetched with the request."""
    asked = [row for row in request.date_wishes.all() if row.settled_at is None and row.days]
    if asked:
        return [Wish(on, part) for on, part in asked[-1].wished]
    return [Wish(wish.on, wish.part) for wish in request.preferred_dates.all()]


def known_municipality(place: Place | None) -> Municipality | None:
    """The municipality we already know at a place, if any."""
    if place is None:
        return None
    return Municipality.objects.at(place).order_by("is_sample", "pk").first()


def reply_due(campaign: Campaign, received_at: datetime) -> datetime:
    """When the first personal answer is due: the campaign's reply target in office hours."""
    return add_working_hours(
        received_at,
        campaign.reply_target_hours,
        zone=campaign.zone,
        opens=campaign.office_opens,
        closes=campaign.office_closes,
    )


def promise_answer(request: VisitRequest, *, at: datetime) -> None:
    """The city asked anew: from now on an answer is due within the reply target."""
    request.due_at = reply_due(request.campaign, at)
    request.save(update_fields=["due_at"])


@dataclass(frozen=True)
class Visited:
    """The municipalities (by number) and countries that have a visit, held or to come."""

    municipalities: frozenset[int]
    countries: frozenset[str]

    @classmethod
    def load(cls) -> "Visited":
        visits = Visit.objects.exclude(state__in=[VisitState.CANCELLED, VisitState.POSTPONED])
        rows = list(visits.values_list("municipality", "country").order_by().distinct())
        return cls(
            frozenset(city for city, _country in rows if city is not None),
            frozenset(country for _city, country in rows),
        )


def default_priority(request: VisitRequest, *, at: datetime, visited: Visited | None = None) -> int:
    """1, and one more each for a new municipality, a country without a visit, ten people or more,
    and a wait of over five working days; at most 5. `visited` spares who asks for many requests
    the look at the visits for each."""
    known, visited = request.municipality, visited or Visited.load()
    waited = working_minutes_between(request.received_at, at, zone=request.campaign.zone)
    points = [
        known is None or not (known.is_pilot or known.pk in visited.municipalities),
        request.country not in visited.countries,
        (request.people or 0) >= 10,
        waited > WAITING_LONG_MINUTES,
    ]
    return 1 + sum(points)


def default_duration(request: VisitRequest) -> int:
    """Minutes: 90 online, half a day on site."""
    return DURATIONS.get(Mode(request.mode), HALF_DAY_MINUTES)


@transaction.atomic
def start_review(
    request: VisitRequest, *, at: datetime, by: User | None = None, why: str = ""
) -> VisitRequest:
    """Take the request up for a decision; sets priority and duration where nobody has yet.

    Raises ValidationError while a visit is on offer or agreed, which a later no would leave
    standing.
    """
    _refuse_beside_visit(request)
    set_request_state(request, RequestState.UNDER_REVIEW, at=at, by=by, why=why)
    request.priority = request.priority or default_priority(request, at=at)
    request.duration_minutes = request.duration_minutes or default_duration(request)
    request.assigned_to = request.assigned_to or by
    request.save(update_fields=["priority", "duration_minutes", "assigned_to"])
    return request


def _refuse_beside_visit(request: VisitRequest) -> None:
    if visit := request.visits.live().first():
        raise ValidationError(
            _("%(visit)s stands: take the offer back or cancel the visit first."),
            code="visit",
            params={"visit": visit},
        )


def ask_for_information(
    request: VisitRequest, *, what: str, at: datetime, by: User
) -> VisitRequest:
    """Put the request on hold until the city tells what is missing."""
    return set_request_state(request, RequestState.NEEDS_INFO, at=at, by=by, why=what)


def waitlist_request(request: VisitRequest, *, reason: str, at: datetime, by: User) -> VisitRequest:
    """Keep the request for a slot that may come free; not while a visit is on offer or agreed."""
    _refuse_beside_visit(request)
    return set_request_state(request, RequestState.WAITLISTED, at=at, by=by, why=reason)


def decline_request(request: VisitRequest, *, reason: str, at: datetime, by: User) -> VisitRequest:
    """Say no, kindly and for a reason; can be reopened."""
    return set_request_state(request, RequestState.DECLINED, at=at, by=by, why=reason)


def reject_request(request: VisitRequest, *, reason: str, at: datetime, by: User) -> VisitRequest:
    """Put aside what is no request of a municipality; counts nowhere."""
    return set_request_state(request, RequestState.REJECTED, at=at, by=by, why=reason)


@transaction.atomic
def refer_request(
    request: VisitRequest,
    *,
    initiative: Initiative,
    reason: str,
    at: datetime,
    by: User,
) -> VisitRequest:
    """Hand the request over to another initiative, only with the requester's consent."""
    purpose = {"Secu4All": Purpose.SHARE_SECU4ALL, "COSSEC": Purpose.SHARE_COSSEC}.get(
        initiative.name
    )
    consent = consent_of(request, purpose) if purpose else None
    if consent is None:
        raise ValidationError(
            _("%(ref)s has not agreed to be passed on to %(name)s; ask first."),
            code="consent",
            params={"ref": request.ref, "name": initiative.name},
        )
    set_request_state(request, RequestState.REFERRED, at=at, by=by, why=reason)
    Referral.objects.create(request=request, initiative=initiative, consent=consent, at=at)
    return request


def consent_of(request: VisitRequest, purpose: str) -> ConsentRecord | None:
    """The requester's current consent to `purpose`, when it is granted."""
    latest = ConsentRecord.objects.filter(purpose=purpose)
    latest = (
        latest.filter(person=request.person)
        if request.person_id
        else latest.filter(address__iexact=request.address.strip())
    )
    found = latest.order_by("-at", "-pk").first()
    return found if found and found.status == ConsentRecord.Status.GRANTED else None


@transaction.atomic
def merge_request(
    request: VisitRequest, *, into: VisitRequest, at: datetime, by: User
) -> VisitRequest:
    """Mark the request as the same wish as `into`; the pointer is kept."""
    if into.pk == request.pk or into.merged_into_id:
        raise ValidationError(
            _("Choose another request that is not merged itself."), code="merge_target"
        )
    set_request_state(request, RequestState.MERGED, at=at, by=by, why=into.ref)
    request.merged_into = into
    request.save(update_fields=["merged_into"])
    return request


@transaction.atomic
def withdraw_request(
    request: VisitRequest,
    *,
    reason: str,
    at: datetime,
    by: User | None = None,
    actor: str = "",
) -> VisitRequest:
    """End the wish on the city's word; live visits that serve nobody else are cancelled.

    The time of an agreed one is kept for a day, should the city undo this.
    """
    booking.lock_resources(_resources(request))
    set_request_state(request, RequestState.WITHDRAWN, at=at, by=by, actor=actor, why=reason)
    for visit in request.visits.live():
        if visit.requests.exclude(pk=request.pk).open().exists():
            continue
        drop_visit(
            visit,
            side=Side.MUNICIPALITY,
            reason=reason,
            at=at,
            by=by,
            actor=actor,
            may_undo=True,
        )
    return request


def drop_visit(
    visit: Visit,
    *,
    side: str,
    reason: str,
    at: datetime,
    by: User | None = None,
    actor: str = "",
    may_undo: bool = False,
) -> Visit:
    """Cancel one visit and raise its calendar sequence.

    Its time is given back; where the cancellation may be undone, agreed time is kept for a day.
    """
    set_visit_state(visit, VisitState.CANCELLED, at=at, by=by, actor=actor, side=side, why=reason)
    if may_undo:
        booking.keep(visit, at=at)
    else:
        booking.free(visit)
    visit.ics_sequence += 1
    visit.save(update_fields=["ics_sequence"])
    return visit


def note_online_is_fine(request: VisitRequest) -> None:
    """Keep that the city would meet online too."""
    if not request.online_is_fine:
        request.online_is_fine = True
        request.save(update_fields=["online_is_fine"])


def _resources(request: VisitRequest) -> list[str]:
    return [visit.host.resource for visit in request.visits.live().select_related("host")]


def reopen_request(request: VisitRequest, *, reason: str, at: datetime, by: User) -> VisitRequest:
    """Take a declined, expired or withdrawn request up again."""
    return start_review(request, at=at, by=by, why=reason)


@transaction.atomic
def triage_request(
    request: VisitRequest,
    *,
    priority: int | None,
    duration_minutes: int | None,
    at: datetime,
    by: User,
    on_site_ruled_out: str = "",
) -> VisitRequest:
    """Set how much the request weighs and how long its visit takes."""
    if priority is not None and not 1 <= priority <= 5:
        raise ValidationError(_("Priority runs from 1 to 5."), code="priority")
    if duration_minutes is not None and not 30 <= duration_minutes <= 480:
        raise ValidationError(_("A visit takes between 30 minutes and 8 hours."), code="duration")
    request.priority = priority
    request.duration_minutes = duration_minutes
    request.on_site_ruled_out = clean_line(on_site_ruled_out)
    fields = ["priority", "duration_minutes", "on_site_ruled_out"]
    request.save(update_fields=fields)
    record(request, "triage_request", at=at, by=by, fields=fields)
    return request


@transaction.atomic
def take_over_request(
    request: VisitRequest, *, at: datetime, by: User, person: Person | None = None
) -> VisitRequest:
    """Tie the request to its municipality, making it when it is new to us, and to a known person.

    This is the only way a request becomes part of our address book.
    """
    if request.municipality is None:
        request.municipality = known_municipality(request.place) or _make_municipality(request)
    if person is not None:
        request.person = person
    request.save(update_fields=["municipality", "person"])
    record(request, "take_over_request", at=at, by=by, fields=["municipality", "person"])
    return request


def _make_municipality(request: VisitRequest) -> Municipality:
    organisation = Organisation.objects.create(
        name=request.city,
        type=Organisation.Type.MUNICIPALITY,
        country=request.country,
        is_sample=request.is_sample,
    )
    return Municipality.objects.create(
        organisation=organisation,
        place=request.place,
        name=request.city,
        region=request.region,
        time_zone=request.zone,
        languages=[request.language],
        is_sample=request.is_sample,
    )


def note_reply(request: VisitRequest, *, at: datetime) -> None:
    """Remember the first personal reply that was on its way to the requester."""
    VisitRequest.objects.filter(pk=request.pk, first_reply_at=None).update(first_reply_at=at)
    request.refresh_from_db(fields=["first_reply_at"])


def forget_reply(request: VisitRequest, *, at: datetime) -> None:
    """What was noted at `at` was no reply, or did not arrive: the next personal letter that did
    counts instead. Without effect when another reply was the first."""
    request.refresh_from_db(fields=["first_reply_at"])
    if request.first_reply_at != at:
        return
    arrived = request.messages.exchanged().filter(
        direction=Message.Direction.OUT, is_personal=True, at__gte=request.received_at
    )
    refused = OutgoingMail.State.BOUNCED
    moments = [
        min((mail.queued_at for mail in deliveries), default=message.at)
        for message in arrived.prefetch_related("deliveries")
        if not (deliveries := list(message.deliveries.all()))
        or any(mail.state != refused for mail in deliveries)
    ]
    request.first_reply_at = min(moments, default=None)
    request.save(update_fields=["first_reply_at"])


__all__ = ["Channel", "RequestAnswers", "Wish", "receive_request"]
