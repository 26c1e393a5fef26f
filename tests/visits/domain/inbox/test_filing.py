"""What a person decides about an incoming mail, and takes back."""

from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError

from crm.domain.inbox.senders import hear_sender, ignore_sender
from crm.models import IgnoredSender, IncomingMail, Message
from tests.factories.crm import (
    CoordinatorFactory,
    IncomingMailFactory,
    OrganisationFactory,
    OutgoingMailFactory,
    PersonFactory,
)
from tests.factories.visits import VisitRequestFactory
from visits.domain.figures.basis import Basis
from visits.domain.figures.delivery import reply_time
from visits.domain.inbox import filing
from visits.domain.timeline import gather, of_organisation, of_person

pytestmark = pytest.mark.django_db

NOW = datetime(2023, 2, 15, 12, 0, tzinfo=UTC)


@pytest.fixture
def by():
    return CoordinatorFactory()


def file(mail, by, **where):
    return filing.file_mail(mail, **where, at=NOW, by=by)


def test_a_mail_filed_to_people_and_a_request_is_in_their_timelines(by):
    ana, bo = PersonFactory(), PersonFactory()
    wish = VisitRequestFactory()

    mail = file(IncomingMailFactory(), by, people=[ana, bo], requests=[wish])

    assert (mail.state, mail.decided_by) == ("filed", by)
    for person in (ana, bo):
        (entry,) = gather(of_person(person, zone="UTC", now=NOW), kinds=["mail"])
        assert entry.href == f"/mail/inbox/{mail.pk}/"
        assert entry.body == "Could you visit us?"
    assert wish.messages.count() == 2


def test_a_mail_filed_to_an_organisation_alone_is_in_its_timeline(by):
    body = OrganisationFactory()

    file(IncomingMailFactory(), by, organisation=body)

    assert len(gather(of_organisation(body, zone="UTC", now=NOW), kinds=["mail"])) == 1


def test_mails_of_one_exchange_stand_under_the_newest(by):
    person = PersonFactory()
    sent = OutgoingMailFactory(message__person=person, message__at=datetime(2023, 2, 1, tzinfo=UTC))
    for day in (3, 5):
        mail = IncomingMailFactory(
            thread=sent.mail_id, received_at=datetime(2023, 2, day, tzinfo=UTC)
        )
        file(mail, by, people=[person])
    file(IncomingMailFactory(), by, people=[person])

    entries = gather(of_person(person, zone="UTC", now=NOW), kinds=["mail"])

    assert [(entry.moment.day, len(entry.earlier)) for entry in entries] == [(15, 0), (5, 2)]


def test_filing_asks_where(by):
    with pytest.raises(ValidationError, match="Choose a person"):
        file(IncomingMailFactory(), by)


def test_a_mail_is_filed_once(by):
    mail = IncomingMailFactory()
    file(mail, by, people=[PersonFactory()])

    with pytest.raises(ValidationError, match="meanwhile"):
        file(mail, by, people=[PersonFactory()])


def test_a_copy_filed_by_hand_is_the_first_reply_until_it_is_taken_back(by):
    wish = VisitRequestFactory(received_at=datetime(2023, 2, 13, 8, 0, tzinfo=UTC))
    mail = IncomingMailFactory(kind="copy", received_at=datetime(2023, 2, 13, 10, 0, tzinfo=UTC))

    file(mail, by, requests=[wish])
    wish.refresh_from_db()
    assert wish.first_reply_at == mail.received_at
    assert reply_time(Basis(wish.campaign, NOW)).value == 2

    filing.take_back(mail, at=NOW, by=by)
    wish.refresh_from_db()
    assert (wish.first_reply_at, Message.objects.count()) == (None, 0)


def test_taking_back_a_reply_waits_for_information_again(by):
    wish = VisitRequestFactory(state="needs_info", reason="Which day?")
    mail = IncomingMailFactory()
    file(mail, by, requests=[wish])
    wish.refresh_from_db()
    assert wish.state == "under_review"

    filing.take_back(mail, at=NOW, by=by)

    wish.refresh_from_db()
    assert (wish.state, wish.reason) == ("needs_info", "Which day?")
    assert IncomingMail.objects.get().state == "review"


def test_taking_back_rejects_the_request_made_of_the_mail(by):
    wish, mail = VisitRequestFactory(), IncomingMailFactory()
    filing.link_request(mail, wish, at=NOW, by=by)
    assert wish.messages.get().body == "Could you visit us?"

    filing.take_back(mail, at=NOW, by=by)

    wish.refresh_from_db()
    assert (wish.state, wish.messages.count()) == ("rejected", 0)


def test_ignoring_and_back(by):
    mail = IncomingMailFactory()

    filing.ignore_mail(mail, at=NOW, by=by)
    assert IncomingMail.objects.get().state == "ignored"
    filing.take_back(mail, at=NOW, by=by)

    back = IncomingMail.objects.get()
    assert (back.state, back.why) == ("review", "stranger")


def test_an_ignored_sender_is_kept_once_and_heard_again(by):
    row = ignore_sender("News@Noise.example", at=NOW, by=by)
    assert ignore_sender("news@noise.example", at=NOW, by=by) == row

    hear_sender(row, at=NOW, by=by)

    assert not IgnoredSender.objects.exists()


@pytest.mark.parametrize("address", ["", "nobody"])
def test_a_mail_without_sender_names_nobody_to_ignore(address, by):
    with pytest.raises(ValidationError, match="names no sender"):
        ignore_sender(address, at=NOW, by=by)


def test_our_own_people_are_never_ignored(by):
    with pytest.raises(ValidationError, match="own people"):
        ignore_sender(by.email.upper(), at=NOW, by=by)
