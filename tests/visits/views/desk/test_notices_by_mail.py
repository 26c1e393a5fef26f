"""People who came from a list are told by a letter: begun on the page, marked once it has left."""

import json
from datetime import date
from pathlib import Path

import pytest
from django.conf import settings

from crm.domain import outbox
from crm.models import (
    ClockSetting,
    ConsentRecord,
    Mailing,
    MailingRecipient,
    MailTemplate,
    NoticeDue,
    OutgoingMail,
)
from tests.factories.crm import (
    CLOCK,
    ConsentRecordFactory,
    ContactPointFactory,
    DataRequestFactory,
    NoticeDueFactory,
    PersonFactory,
    SuppressionFactory,
)
from tests.visits.views.desk.front_door import do, go
from visits.domain.rounds import one_round

pytestmark = pytest.mark.django_db

Reason = MailingRecipient.Reason
SHARED = {"sender": "Joe", "contact": "privacy@city.example", "months": "36"}


@pytest.fixture
def desk(client, coordinator):
    ClockSetting.objects.fix(CLOCK)
    client.force_login(coordinator)
    for code, _name in settings.LANGUAGES:
        path = Path(settings.BASE_DIR, "fixtures", "mail_templates", f"{code}.json")
        words = json.loads(path.read_text(encoding="utf-8"))["data_notice"]
        MailTemplate.objects.create(key="data_notice", language=code, version=1, **words)
    return client


def listed(address: str = "", *, language: str = "en", **values) -> NoticeDue:
    """Somebody who came with a list and is still to be told."""
    person = PersonFactory(is_sample=False, languages=[language], **values)
    if address:
        ContactPointFactory(person=person, value=address, is_sample=False)
    words = {"source": "attendee list, Rotterdam", "basis": "legitimate interest"}
    return NoticeDueFactory(person=person, **words)


def write_to(desk, *notices: NoticeDue) -> Mailing:
    """Tick people, press the button, fill the form in and look at the letters."""
    ticked = {"rows": [row.pk for row in notices], "verb": "write"}
    answer = desk.post("/privacy/notices/told/", ticked)
    assert answer.status_code == 302
    form = desk.get(answer.url).context["form"]
    typed = {name: form[name].value() or "" for name in form.fields if name != "with_english"}
    assert typed["template_key"] == "data_notice"
    made = desk.post(answer.url, typed | SHARED | {"title": "Notices", "event": ""})
    assert made.status_code == 302, made.context["form"].errors
    return Mailing.objects.latest("pk")


def release(desk, mailing: Mailing) -> None:
    do(desk, "mailing-release", mailing.pk, seen=mailing.digest)
    one_round(worker="w")


def test_the_ticked_people_are_told_by_a_letter_and_marked_once_it_has_left(desk, mailoutbox):
    anna = listed("anna@x.example", given="Anna", family="Berg")
    jan = listed("jan@x.example", language="nl")
    other = listed("other@x.example")
    ConsentRecordFactory(person=anna.person, status=ConsentRecord.Status.REFUSED)

    mailing = write_to(desk, anna, jan)
    assert NoticeDue.objects.open().count() == 3
    release(desk, mailing)

    letters = {mail.to[0]: mail for mail in mailoutbox if "x.example" in mail.to[0]}
    assert len(letters) == 2
    text = next(mail.body for to, mail in letters.items() if "anna" in to)
    for words in (
        "your name came to us with this list: attendee list, Rotterdam.",
        "On what basis: legitimate interest",
        "Joe. Whom to ask about your data: privacy@city.example",
        "we delete it after 36 months",
        "You can object at any time",
    ):
        assert words in text
    assert "AVG, artikel 14" in next(mail.body for to, mail in letters.items() if "jan" in to)
    told = NoticeDue.objects.exclude(told_at=None)
    assert {row.person for row in told} == {anna.person, jan.person}
    anna.refresh_from_db()
    assert (anna.told_at, anna.told_by) == (CLOCK, mailing.created_by)
    assert (
        anna.told_how
        == f"mail {OutgoingMail.objects.get(message__person=anna.person).pk} of "
        + (f"mailing {mailing.ref}")
    )
    assert list(NoticeDue.objects.open()) == [other]
    page = go(desk, "notice-list", state="told").text
    assert f"of mailing {mailing.ref}" in page


def test_a_notice_is_kept_back_by_an_address_or_an_objection_and_by_nothing_else(desk):
    none = listed()
    bounced, stopped, told = listed(), listed("s@x.example"), listed("t@x.example")
    ContactPointFactory(
        person=bounced.person, value="b@x.example", status="bounced", is_sample=False
    )
    never = listed("never@x.example")
    SuppressionFactory(match_key="never@x.example")
    DataRequestFactory(person=stopped.person, kind="stop", is_sample=False)
    NoticeDue.objects.filter(pk=told.pk).update(told_at=CLOCK)

    mailing = write_to(desk, none, bounced, never, stopped, told)

    reasons = dict(mailing.recipients.values_list("person", "reason"))
    assert reasons == {
        none.person_id: Reason.NO_ADDRESS,
        bounced.person_id: Reason.BOUNCED,
        never.person_id: Reason.SUPPRESSED,
        stopped.person_id: Reason.STOPPED,
        told.person_id: Reason.NO_NOTICE,
    }


def test_who_was_told_meanwhile_gets_no_letter_and_a_bounce_opens_the_notice_again(desk):
    first, second = listed("a@x.example"), listed("b@x.example")
    mailing = write_to(desk, first, second)
    do(desk, "mailing-release", mailing.pk, seen=mailing.digest)
    do(desk, "notice-told", rows=[first.pk], how="by phone")
    one_round(worker="w")

    states = dict(mailing.mails.values_list("message__person", "state"))
    assert states == {first.person_id: "cancelled", second.person_id: "sent"}
    assert not NoticeDue.objects.open().exists()
    mail = mailing.mails.get(state="sent")
    outbox.mark_bounced(mail, "550 no such user")
    assert list(NoticeDue.objects.open()) == [second]
    first.refresh_from_db()
    assert first.told_how == "by phone"


def test_the_wording_of_a_notice_goes_out_as_a_notice_alone(desk):
    notice = listed("a@x.example")
    typed = {"title": "T", "kind": "newsletter", "template_key": "data_notice", **SHARED}
    answer = desk.post(f"/mail/mailings/new/?person={notice.person_id}", typed)
    assert answer.status_code == 302
    assert Mailing.objects.get().kind == "notice"


def test_the_wording_of_a_notice_must_say_where_the_data_comes_from(desk):
    listed("a@x.example")
    page = go(desk, "wording-edit", "data_notice", "en").text
    assert "[source]" in page
    answer = do(
        desk,
        "wording-edit",
        "data_notice",
        "en",
        subject="We have your data",
        body="{stop_link}",
        seen=1,
    )
    assert "put {source} and {basis}" in answer.text


def test_a_letter_tells_nothing_of_what_was_added_by_hand_after_it_was_written(desk, mailoutbox):
    anna = listed("anna@x.example", given="Anna", family="Berg")
    do(desk, "mailing-release", write_to(desk, anna).pk, seen=Mailing.objects.latest("pk").digest)
    later = NoticeDueFactory(person=anna.person, due_on=date(2023, 3, 17))
    one_round(worker="w")
    assert len(mailoutbox) == 1
    assert list(NoticeDue.objects.open()) == [later]
