"""A page asks the database as often for 300 rows as for 3, and not often."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.models import (
    AuditEntry,
    ClockSetting,
    ConsentRecord,
    ContactPoint,
    FollowUp,
    Interaction,
    Message,
    NoticeDue,
    OutgoingMail,
    Participation,
    Person,
)
from tests.factories.crm import (
    CLOCK,
    DataRequestFactory,
    EventFactory,
    IncomingMailFactory,
    MessageFactory,
    MunicipalityFactory,
    OrganisationFactory,
    OutgoingMailFactory,
    PersonFactory,
    SessionFactory,
)
from tests.factories.visits import (
    CalendarDayFactory,
    CampaignFactory,
    DisruptionFactory,
    HostFactory,
    VisitFactory,
    VisitRequestFactory,
)
from visits.models import CalendarDay, Disruption, HostAvailability, Visit, VisitRequest

# How often a page asks is the same on both.
pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


def copies(row, count, **values):
    """`count` more rows like this one, written at once; `values` are made from the number."""
    model = type(row)
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    made = []
    for number in range(count):
        given = {field.attname: getattr(row, field.attname) for field in fields}
        given |= {name: make(number) for name, make in values.items()}
        made.append(model(**given))
    return model.objects.bulk_create(made)


def people(count):
    organisation = OrganisationFactory()
    made = copies(PersonFactory(organisation=organisation), count - 1, key=lambda n: f"c{n}")
    rows = list(Person.objects.filter(pk__in=[row.pk for row in made]))
    ContactPoint.objects.bulk_create(
        ContactPoint(person=row, value=f"{row.pk}@c.example", match_key=f"{row.pk}@c.example")
        for row in rows
    )
    ConsentRecord.objects.bulk_create(
        ConsentRecord(person=row, purpose="newsletter", status="granted", at=CLOCK) for row in rows
    )
    return list(Person.objects.all())


def history(count, *, person=None, organisation=None):
    """Everything that can happen to somebody, `count` times."""
    about = {"person": person, "organisation": organisation}
    Interaction.objects.bulk_create(
        Interaction(**about, at=CLOCK, text=f"note {n}") for n in range(count)
    )
    FollowUp.objects.bulk_create(
        FollowUp(**about, text=f"promise {n}", due_on=CLOCK.date(), created_at=CLOCK)
        for n in range(count)
    )
    if person is None:
        return
    messages = Message.objects.bulk_create(
        Message(person=person, direction="out", status="queued", subject=f"m{n}", at=CLOCK)
        for n in range(count)
    )
    OutgoingMail.objects.bulk_create(
        OutgoingMail(
            message=message,
            recipient="a@b.example",
            mail_id=f"<{message.pk}@t>",
            subject="s",
            text="t",
            next_try_at=CLOCK,
            queued_at=CLOCK,
        )
        for message in messages
    )
    ConsentRecord.objects.bulk_create(
        ConsentRecord(person=person, purpose="photo", status="granted", at=CLOCK)
        for _n in range(count)
    )
    requests = copies(VisitRequestFactory(person=person), count - 1, ref=lambda n: f"RQ{n}")
    visits = copies(VisitFactory(requests=[]), count - 1, ref=lambda n: f"VQ{n}")
    for visit, request in zip(visits, requests, strict=True):
        Visit.requests.through.objects.create(visit=visit, visitrequest=request)
    AuditEntry.objects.bulk_create(
        AuditEntry(at=CLOCK, verb="edit_person", model="crm.person", row_id=str(person.pk))
        for _n in range(count)
    )


def person_list(count):
    people(count)
    return reverse("visits:person-list")


def person_detail(count):
    person = PersonFactory()
    history(count, person=person)
    return reverse("visits:person-detail", args=[person.pk]) + "?all=1"


def organisation_list(count):
    first = MunicipalityFactory().organisation
    copies(first, count - 1, key=lambda n: f"o{n}", name=lambda n: f"Institute {n}")
    return reverse("visits:organisation-list")


def organisation_detail(count):
    CampaignFactory()
    city = MunicipalityFactory()
    found = people(count)
    Person.objects.update(organisation=city.organisation)
    event = EventFactory()
    Participation.objects.bulk_create(
        Participation(person=row, event=event, status="attended") for row in found
    )
    history(count, organisation=city.organisation)
    copies(VisitRequestFactory(municipality=city), count - 1, ref=lambda n: f"RO{n}")
    copies(VisitFactory(municipality=city, requests=[]), count - 1, ref=lambda n: f"VO{n}")
    return reverse("visits:organisation-detail", args=[city.organisation.pk]) + "?all=1"


def consent_list(count):
    history(count, person=PersonFactory())
    return reverse("visits:consent-list")


def person_map(count):
    people(count)
    Person.objects.update(organisation=MunicipalityFactory().organisation)
    return reverse("visits:person-list") + "?shown=map"


def organisation_map(count):
    for number in range(min(count, 30)):
        MunicipalityFactory(name=f"Town {number}")
    return reverse("visits:organisation-list") + "?shown=map"


def notice_list(count):
    NoticeDue.objects.bulk_create(
        NoticeDue(person=row, source="list", basis="interest", due_on=CLOCK.date())
        for row in people(count)
    )
    return reverse("visits:notice-list")


def data_request_list(count):
    copies(DataRequestFactory(), count - 1)
    return reverse("visits:data-request-list")


def retention(count):
    people(count)
    Person.objects.update(created_at=CLOCK - timedelta(days=2_000))
    return reverse("visits:retention")


def export_log(count):
    AuditEntry.objects.bulk_create(
        AuditEntry(at=CLOCK, verb="export_list", model="crm.user", fields=["people.csv (3)"])
        for _n in range(count)
    )
    return reverse("visits:export-log")


def debrief_person(count):
    event = EventFactory()
    Participation.objects.bulk_create(
        Participation(person=row, event=event, status="attended") for row in people(count)
    )
    part = Participation.objects.first()
    history(count, person=part.person)
    return reverse("visits:debrief-person", args=[event.slug, part.pk])


def my_account(count):
    history(count, person=PersonFactory())
    people(count)
    return reverse("visits:my-account")


def event_list(count):
    copies(EventFactory(), count - 1, slug=lambda n: f"e{n}")
    return reverse("visits:event-list")


def event_detail(count):
    event = EventFactory()
    copies(SessionFactory(event=event), count - 1, order=lambda n: n + 50)
    Participation.objects.bulk_create(
        Participation(person=row, event=event, status="attended") for row in people(count)
    )
    return reverse("visits:event-detail", args=[event.slug])


def follow_up_list(count):
    person = PersonFactory()
    history(count, person=person)
    return reverse("visits:follow-up-list")


def inbox_list(count):
    copies(IncomingMailFactory(), count - 1, uid=lambda n: 1_000 + n)
    IncomingMailFactory(state="filed", filed_to=[MessageFactory()])
    return reverse("visits:inbox-list")


def inbox_detail(count):
    mail = IncomingMailFactory()
    copies(mail, count - 1, uid=lambda n: 1_000 + n)
    filed = IncomingMailFactory(state="filed", thread=mail.thread, filed_to=[MessageFactory()])
    for _n in range(min(count, 9)):
        message = MessageFactory()
        message.visit_requests.add(VisitRequestFactory())
        filed.messages.add(message)
    return reverse("visits:inbox-detail", args=[filed.pk])


def mail_list(count):
    for _n in range(3):
        MessageFactory(draft=True)
    mail = OutgoingMailFactory()
    mail.message.visit_requests.add(VisitRequestFactory())
    copies(mail, count - 1, mail_id=lambda n: f"<{n}@t>")
    return reverse("visits:mail-list")


def audit_list(count):
    AuditEntry.objects.bulk_create(
        AuditEntry(at=CLOCK, verb="edit_person", model="crm.person", row_id=str(n))
        for n in range(count)
    )
    return reverse("visits:audit-list")


def calendar_day_list(count):
    copies(CalendarDayFactory(), count - 1)
    assert CalendarDay.objects.count() == count
    return reverse("visits:calendar-day-list")


def disruption_list(count):
    copies(DisruptionFactory(), count - 1)
    assert Disruption.objects.count() == count
    return reverse("visits:disruption-list")


def host_list(count):
    copies(HostFactory(user=None), count - 1, ref=lambda n: f"H{n}")
    return reverse("visits:host-list")


def host_detail(count):
    host = HostFactory()
    HostAvailability.objects.bulk_create(
        HostAvailability(
            host=host,
            starts_at=CLOCK + timedelta(days=n),
            ends_at=CLOCK + timedelta(days=n, hours=1),
        )
        for n in range(count)
    )
    return reverse("visits:host-detail", args=[host.ref])


def search(count):
    people(count)
    copies(VisitRequestFactory(), count - 1, ref=lambda n: f"RS{n}")
    assert VisitRequest.objects.count() == count
    return reverse("visits:search") + "?q=family"


# What each page may ask, with the session, the account, its roles and the frame counted in.
CEILINGS = {
    person_list: 10,
    person_detail: 35,
    organisation_list: 9,
    organisation_detail: 28,
    event_list: 7,
    event_detail: 13,
    follow_up_list: 15,
    mail_list: 12,
    inbox_list: 9,
    inbox_detail: 11,
    audit_list: 6,
    calendar_day_list: 5,
    disruption_list: 6,
    host_list: 4,
    host_detail: 9,
    # One for each kind of thing that is found, two for some.
    search: 20,
    consent_list: 6,
    person_map: 11,
    organisation_map: 11,
    notice_list: 10,
    data_request_list: 7,
    retention: 13,
    export_log: 5,
    debrief_person: 8,
    my_account: 17,
}


@pytest.fixture
def desk(client, coordinator):
    ClockSetting.objects.fix(CLOCK)
    client.force_login(coordinator)
    return client


def asked(desk, path):
    desk.get(path)
    with CaptureQueriesContext(connection) as queries:
        answer = desk.get(path)
    assert answer.status_code == 200
    return len(queries)


@pytest.mark.parametrize("page", CEILINGS, ids=lambda page: page.__name__)
@pytest.mark.parametrize("count", [3, 300])
def test_page_asks_the_database_exactly_so_often(desk, page, count):
    assert asked(desk, page(count)) == CEILINGS[page]
