"""Whom the outreach reached: the event, countries, municipalities, contacts (K1-K5, K11)."""

from collections import Counter

from django.utils.translation import gettext_lazy as _

from crm.models import ConsentRecord, ContactPoint, Person, Suppression
from crm.models.consent import Purpose
from visits.domain.figures.basis import Basis
from visits.domain.figures.figure import Figure, by_audience, percent
from visits.models.reports import Audience


def event_participation(basis: Basis) -> Figure:
    """K1: people who attended the event, merged duplicates once."""
    words = basis.event.attendance_words if basis.event else ""
    return Figure(
        "K1",
        _("Event participation"),
        len(basis.attendees),
        _("people"),
        [basis.namer.person(person) for person in basis.attendees],
        {
            "records": len(basis.participations),
            "attended_records": basis.attended_records,
            "organisers_say": words,
        },
    )


def audience_mix(basis: Basis) -> Figure:
    """K2: the same people by the funder's audience category."""
    counts = Counter(basis.audience_of(person) for person in basis.attendees)
    return Figure(
        "K2",
        _("Audience mix"),
        sum(counts.values()),
        _("people"),
        [
            basis.namer.person(person, group=Audience(basis.audience_of(person)).label)
            for person in basis.attendees
        ],
        by_audience(counts),
    )


def countries_reached(basis: Basis) -> Figure:
    """K3: countries of the organisations at the event and of delivered visits."""
    event = {person.organisation.country for person in basis.attendees if person.organisation}
    visits = {visit.country for visit in basis.delivered}
    asked = {request.country for request in basis.valid_requests if request.country}
    reached = sorted(event | visits)
    return Figure(
        "K3",
        _("Countries reached"),
        len(reached),
        _("countries"),
        [basis.namer.country(code) for code in reached],
        {
            "event": len(event),
            "only_by_visits": len(visits - event),
            "with_requests": len(event | visits | asked),
        },
    )


def municipalities_engaged(basis: Basis) -> Figure:
    """K4: municipalities that attended, have a valid request or a delivered visit."""
    cities = basis.event_cities | basis.request_cities | basis.visit_cities
    new = {city for city in cities if not city.is_pilot}
    return Figure(
        "K4",
        _("Municipalities engaged"),
        len(cities),
        _("municipalities"),
        [basis.namer.city(city) for city in sorted(cities)],
        {
            "new": len(new),
            "attended": len(basis.event_cities),
            "with_valid_request": len(basis.request_cities),
            "with_completed_visit": len(basis.visit_cities),
        },
    )


def conversion(basis: Basis) -> Figure:
    """K5: event municipalities with a valid request, of all event municipalities, in percent."""
    asked = basis.event_cities & basis.request_cities
    no_pilots = {city for city in basis.event_cities if not city.is_pilot}
    states = Counter(request.state for request in basis.valid_requests)
    return Figure(
        "K5",
        _("Conversion"),
        percent(len(asked), len(basis.event_cities)),
        "%",
        [basis.namer.city(city) for city in sorted(asked)],
        {
            "with_request": len(asked),
            "of": len(basis.event_cities),
            "without_pilots": {
                "with_request": len(asked & no_pilots),
                "of": len(no_pilots),
                "percent": percent(len(asked & no_pilots), len(no_pilots)),
            },
            "states": dict(states.most_common()),
        },
    )


def contacts_who_want_news(basis: Basis) -> Figure:
    """K11: people whose current answer is yes and who have an address mail may go to."""
    asked = ConsentRecord.objects.filter(purpose=Purpose.NEWSLETTER, at__lte=basis.at)
    said_yes = {
        person
        for person in asked.filter(status="granted").values_list("person", flat=True)
        if person is not None
    }
    latest = dict(asked.exclude(person=None).order_by("at", "pk").values_list("person", "status"))
    stayed = {pk for pk in said_yes if latest[pk] != ConsentRecord.Status.WITHDRAWN}
    people = (
        Person.objects.live().filter(pk__in=stayed).select_related("organisation__municipality")
    )
    suppressed = set(Suppression.objects.values_list("match_key", flat=True))
    counted, refused, unusable = [], [], []
    for person in people.prefetch_related("contact_points").order_by("pk"):
        if latest[person.pk] != ConsentRecord.Status.GRANTED:
            refused.append(basis.namer.person(person))
        elif any(_may_be_mailed(point, suppressed) for point in person.contact_points.all()):
            counted.append(basis.namer.person(person))
        else:
            unusable.append(basis.namer.person(person))
    return Figure(
        "K11",
        _("Contacts who want news"),
        len(counted),
        _("people"),
        counted,
        {
            "said_yes_and_did_not_withdraw": len(counted) + len(refused) + len(unusable),
            "refused_later": [row.ref for row in refused],
            "no_usable_address": [row.ref for row in unusable],
        },
    )


def _may_be_mailed(point: ContactPoint, suppressed: set[str]) -> bool:
    return (
        point.kind == ContactPoint.Kind.EMAIL
        and point.is_usable
        and point.match_key not in suppressed
    )
