"""Mailings: who gets a letter and why not, what was shown goes, once, until somebody stops it."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm import clock
from crm.audiences import found_by, people_of
from crm.domain import mailings, outbox
from crm.domain.bases import NO
from crm.domain.stop_links import find_link, stop, token_of
from crm.domain.wordings import check_wording
from crm.models import (
    ClockSetting,
    ConsentRecord,
    ContactPoint,
    DataRequest,
    Mailing,
    MailingRecipient,
    Message,
    OutgoingMail,
    Participation,
    Person,
    StopLink,
)
from crm.models.consent import Purpose
from tests.factories.crm import (
    CLOCK,
    ConsentRecordFactory,
    ContactPointFactory,
    DataRequestFactory,
    EventFactory,
    MailTemplateFactory,
    ParticipationFactory,
    PersonFactory,
    SuppressionFactory,
)

pytestmark = pytest.mark.django_db

State = OutgoingMail.State
Standing, Reason = MailingRecipient.Standing, MailingRecipient.Reason
BODY = "{greeting}\n\nNews of {organisation}: {newsletter_link}\n\n{stop_link}\n\n{sender}\n"


@pytest.fixture(autouse=True)
def in_february():
    """The event is two weeks ago."""
    ClockSetting.objects.fix(CLOCK)


def reader(address="", *, consent="granted", **values):
    """Somebody real with a mail address, English, and an answer about the newsletter."""
    values = {"is_sample": False, "languages": ["en"], **values}
    person = PersonFactory(**values)
    if address:
        ContactPointFactory(person=person, value=address, is_sample=False)
    if consent:
        ConsentRecordFactory(
            person=person, purpose=Purpose.NEWSLETTER, status=consent, at=CLOCK, is_sample=False
        )
    return person


@pytest.fixture
def wording():
    return MailTemplateFactory(key="newsletter4_notice", language="en", subject="News", body=BODY)


@pytest.fixture
def thanks():
    return MailTemplateFactory(
        key="event_thanks", language="en", subject="Thanks", body="{greeting}\n\n{stop_link}\n"
    )


def start(by, people=None, **values):
    defaults = {
        "title": "Newsletter 4",
        "kind": Mailing.Kind.NEWSLETTER,
        "event": None,
        "template_key": "newsletter4_notice",
        "values": {"newsletter_link": "https://impetus.example/4", "sender": "Joe"},
    }
    query = values.pop("query", None)
    people = Person.objects.all() if people is None else people
    return mailings.start_mailing(defaults | values, people, query=query, at=clock.now(), by=by)


def release(mailing, by, **more):
    people = people_of(mailing, by)
    return mailings.release_mailing(
        mailing, people, seen=mailing.digest, at=clock.now(), by=by, **more
    )


def standing_of(mailing, person):
    row = mailing.recipients.get(person=person)
    return (row.standing, row.reason, row.detail)


# --- Who gets it ---------------------------------------------------------------------------------


def test_only_a_granted_newsletter_goes_and_each_block_has_its_reason(wording, coordinator):
    ok = reader("ok@x.example")
    cases = {
        reader("unknown@x.example", consent="unknown"): Reason.NO_CONSENT,
        reader("asked@x.example", consent="pending"): Reason.NO_CONSENT,
        reader("never@x.example", consent=""): Reason.NO_CONSENT,
        reader("no@x.example", consent="refused"): Reason.DENIED,
        reader("left@x.example", consent="withdrawn"): Reason.DENIED,
        reader(""): Reason.NO_ADDRESS,
        reader("gone@x.example", archived_at=CLOCK): Reason.GONE,
        reader("erased@x.example", erased_at=CLOCK): Reason.GONE,
    }
    for address, status in (("w@x.example", "wrong"), ("b@x.example", "bounced")):
        person = reader()
        ContactPointFactory(person=person, value=address, status=status, is_sample=False)
        cases[person] = status
    SuppressionFactory(match_key="never-again@x.example")
    cases[reader("Never-Again@X.example")] = Reason.SUPPRESSED
    stop_asked = reader("stop@x.example")
    DataRequestFactory(person=stop_asked, kind=DataRequest.Kind.STOP, is_sample=False)
    cases[stop_asked] = Reason.STOPPED

    mailing = start(coordinator)

    assert standing_of(mailing, ok)[0] == Standing.GOES
    found = {person: standing_of(mailing, person)[:2] for person in cases}
    assert found == {person: (Standing.BLOCKED, reason) for person, reason in cases.items()}


@pytest.mark.parametrize(
    ("consent", "expected"),
    [("", ""), ("unknown", ""), ("granted", ""), *((no, Reason.DENIED) for no in NO)],
)
def test_words_of_our_own_about_an_event_go_to_nobody_who_said_no_to_news(
    consent, expected, thanks, coordinator
):
    MailTemplateFactory(
        key="mailing-event--photos",
        language="en",
        subject="Photos",
        body="{event}\n\n{stop_link}\n",
    )
    person, event = reader("a@x.example", consent=consent), EventFactory()
    ParticipationFactory(person=person, event=event, status="attended")
    about = {"kind": "event", "event": event, "values": {}}

    own = start(coordinator, **about, template_key="mailing-event--photos")
    shipped = start(coordinator, **about, template_key="event_thanks")

    assert standing_of(own, person)[1] == expected
    assert standing_of(shipped, person)[1] == ""
    assert release(shipped, coordinator) == 1


def test_who_says_no_to_news_after_the_release_gets_no_words_of_our_own(coordinator):
    MailTemplateFactory(
        key="mailing-event--photos",
        language="en",
        subject="Photos",
        body="{event}\n\n{stop_link}\n",
    )
    person, event = reader("a@x.example", consent=""), EventFactory()
    ParticipationFactory(person=person, event=event, status="attended")
    about = {"kind": "event", "event": event, "values": {}}
    release(start(coordinator, **about, template_key="mailing-event--photos"), coordinator)
    ConsentRecordFactory(person=person, status="withdrawn", is_sample=False)

    outbox.send_due()

    assert OutgoingMail.objects.get().state == State.CANCELLED


def test_a_letter_about_an_event_goes_within_ninety_days_and_is_news_after_that(
    thanks, coordinator
):
    today = CLOCK.date()
    last, over = (
        EventFactory(starts_on=day, ends_on=day)
        for day in (today - timedelta(days=90), today - timedelta(days=91))
    )
    for event in (last, over):
        ParticipationFactory(person=reader(f"{event.pk}@x.example"), event=event, status="attended")
    about = {"kind": "event", "template_key": "event_thanks", "values": {}}
    with pytest.raises(ValidationError, match="choose a newsletter") as refusal:
        start(coordinator, **about, event=over)
    assert set(refusal.value.message_dict) == {"event"}
    mailing = start(coordinator, **about, event=last)
    with pytest.raises(ValidationError, match="choose a newsletter"):
        release(mailing, coordinator, scheduled_at=CLOCK + timedelta(days=1))
    assert release(mailing, coordinator) == 1


def test_words_of_our_own_about_an_event_say_which():
    text = "Come back!\n\n{stop_link}\n"
    with pytest.raises(ValidationError, match="says which"):
        check_wording("mailing-event--photos", "Photos", text)
    check_wording("mailing-event--photos", "Photos", "{event}: " + text)
    check_wording("mailing-newsletter--photos", "Photos", text)


def test_a_missing_value_names_the_placeholder(wording, coordinator):
    nobody_knows_where = reader("a@x.example", organisation=None)

    mailing = start(coordinator)

    assert standing_of(mailing, nobody_knows_where) == (
        Standing.BLOCKED,
        Reason.MISSING,
        "organisation",
    )


def test_no_wording_in_the_language_blocks_unless_english_may_stand_in(wording, coordinator):
    czech = reader("cz@x.example", languages=["cs"])

    mailing = start(coordinator)
    assert standing_of(mailing, czech) == (Standing.BLOCKED, Reason.NO_WORDING, "cs")

    mailing = start(coordinator, with_english=True)
    assert standing_of(mailing, czech)[0] == Standing.GOES
    release(mailing, coordinator)
    assert Message.objects.get().body.startswith("Píšeme Vám anglicky")


def test_two_people_with_one_address_get_one_letter(wording, coordinator):
    first, second = reader("both@x.example"), reader(" Both@X.example ")

    mailing = start(coordinator)

    assert standing_of(mailing, first)[0] == Standing.GOES
    assert standing_of(mailing, second)[1] == Reason.DUPLICATE


def test_a_no_counts_for_everybody_who_has_that_address(wording, coordinator):
    yes = reader("shared@x.example")
    reader("shared@x.example", consent="refused")

    assert standing_of(start(coordinator), yes)[1] == Reason.DENIED


def test_a_no_said_by_address_alone_counts(wording, coordinator):
    yes = reader("shared@x.example")
    ConsentRecordFactory(
        person=None, address="Shared@x.example", purpose=Purpose.NEWSLETTER, status="refused"
    )

    assert standing_of(start(coordinator), yes)[1] == Reason.DENIED


def test_a_letter_about_an_event_goes_to_who_came(thanks, coordinator):
    event = EventFactory()
    came, missed = reader("came@x.example", consent=""), reader("missed@x.example", consent="")
    ParticipationFactory(person=came, event=event, status=Participation.Status.ATTENDED)
    ParticipationFactory(person=missed, event=event, status=Participation.Status.NO_SHOW)

    mailing = start(coordinator, kind=Mailing.Kind.EVENT, event=event, template_key=thanks.key)

    assert standing_of(mailing, came)[0] == Standing.GOES
    assert standing_of(mailing, missed)[1] == Reason.NO_PART


@pytest.mark.parametrize("kind", ["event", "visit_contact", "notice"])
@pytest.mark.parametrize("key", ["newsletter4_notice", "mailing-newsletter--five", "mailing-old"])
def test_a_newsletter_goes_as_a_newsletter_alone(wording, coordinator, kind, key):
    MailTemplateFactory(key=key, language="en", version=7, subject="News", body=BODY)

    with pytest.raises(ValidationError) as refusal:
        start(coordinator, kind=kind, event=EventFactory(), template_key=key)

    words = "This wording is of another kind and goes out as that alone: Newsletter"
    assert refusal.value.message_dict["template_key"][0].startswith(words)


def test_a_draft_from_before_wordings_had_a_kind_is_not_released(wording, coordinator):
    event = EventFactory()
    person = reader("came@x.example", consent="withdrawn")
    ParticipationFactory(person=person, event=event, status=Participation.Status.ATTENDED)
    mailing = start(coordinator)
    Mailing.objects.filter(pk=mailing.pk).update(kind="event", event=event)
    mailings.check_mailing(mailing, Person.objects.all(), at=clock.now())

    with pytest.raises(ValidationError, match="goes out as that alone"):
        release(mailing, coordinator)

    Mailing.objects.filter(pk=mailing.pk).update(state="released")
    with pytest.raises(ValidationError, match="goes out as that alone"):
        mailings.try_again(mailing, at=clock.now(), by=coordinator)
    assert not OutgoingMail.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_newsletter_that_waits_as_mail_about_an_event_spares_who_stopped_newsletters(
    wording, coordinator, smtp_sink
):
    event = EventFactory()
    people = [reader("no@x.example"), reader("yes@x.example")]
    for person in people:
        ParticipationFactory(person=person, event=event, status=Participation.Status.ATTENDED)
    mailing = start(coordinator)
    release(mailing, coordinator)
    Mailing.objects.filter(pk=mailing.pk).update(kind="event", event=event)
    later = CLOCK + timedelta(hours=1)
    ConsentRecordFactory(person=people[0], purpose="newsletter", status="withdrawn", at=later)

    outbox.send_due()

    assert [each.recipients for each in smtp_sink.received] == [("yes@x.example",)]
    assert standing_of(mailing, people[0])[:2] == (Standing.BLOCKED, Reason.DENIED)


def test_who_got_this_wording_before_is_left_out_with_mailing_and_day(wording, coordinator):
    got, twin = reader("got@x.example"), reader("other@x.example")
    first = start(coordinator)
    release(first, coordinator)
    ContactPointFactory(person=twin, value="got@x.example", is_preferred=True, is_sample=False)
    twin.contact_points.filter(value="other@x.example").delete()
    new = reader("new@x.example")

    again = start(coordinator)

    detail = f"M{first.pk} {timezone.localdate(clock.now())}"
    for person in (got, twin):
        assert standing_of(again, person) == (Standing.BLOCKED, Reason.GOT_BEFORE, detail)
    assert standing_of(again, new)[0] == Standing.GOES
    assert standing_of(start(coordinator, again=True), got)[0] == Standing.GOES


@pytest.mark.parametrize("state", ["cancelled", "bounced", "failed"])
def test_a_wording_that_never_reached_somebody_may_come(wording, coordinator, state):
    person = reader("a@x.example")
    release(start(coordinator), coordinator)
    OutgoingMail.objects.update(state=state)
    assert standing_of(start(coordinator), person)[0] == Standing.GOES


def test_a_thank_you_may_come_again_about_another_event(thanks, coordinator):
    person, events = reader("a@x.example", consent=""), [EventFactory(), EventFactory()]
    for event in events:
        ParticipationFactory(person=person, event=event, status=Participation.Status.ATTENDED)
    about = {"kind": Mailing.Kind.EVENT, "template_key": thanks.key}
    release(start(coordinator, event=events[0], **about), coordinator)

    assert standing_of(start(coordinator, event=events[0], **about), person)[1] == (
        Reason.GOT_BEFORE
    )
    assert standing_of(start(coordinator, event=events[1], **about), person)[0] == Standing.GOES


def test_a_draft_is_refused_when_another_one_with_its_wording_was_released(wording, coordinator):
    reader("a@x.example")
    first, second = start(coordinator), start(coordinator)
    release(first, coordinator)

    with pytest.raises(ValidationError, match="Something has changed"):
        release(second, coordinator)


# --- Releasing -----------------------------------------------------------------------------------


def test_a_release_writes_what_was_shown_and_only_once(wording, coordinator):
    person = reader("ok@x.example", given="Ana", family="Berg")
    reader("no@x.example", consent="refused")
    mailing = start(coordinator)

    assert release(mailing, coordinator) == 1
    with pytest.raises(ValidationError, match="released by now"):
        release(mailing, coordinator)

    mail = OutgoingMail.objects.get()
    assert (mail.recipient, mail.state, mail.message.person) == ("ok@x.example", "queued", person)
    assert mail.text.startswith("Hello Ana Berg,\n\nNews of ")
    assert standing_of(mailing, person)[0] == Standing.QUEUED


def test_a_release_is_refused_when_somebody_stands_otherwise_than_shown(wording, coordinator):
    person = reader("ok@x.example")
    mailing = start(coordinator)
    ConsentRecordFactory(
        person=person,
        purpose=Purpose.NEWSLETTER,
        status="withdrawn",
        at=CLOCK + timedelta(hours=1),
    )

    with pytest.raises(ValidationError, match="changed since you looked"):
        release(mailing, coordinator)

    assert not OutgoingMail.objects.exists()
    assert standing_of(mailing, person)[1] == Reason.DENIED
    mailing.refresh_from_db()
    assert mailing.state == Mailing.State.DRAFT


@pytest.mark.parametrize("what", ["name", "address"])
def test_a_letter_whose_words_or_address_changed_must_be_looked_at_too(wording, coordinator, what):
    person = reader("ok@x.example")
    mailing = start(coordinator)
    if what == "name":
        Person.objects.filter(pk=person.pk).update(given="Somebody", family="Else")
    else:
        point = person.contact_points.get()
        point.value = "other@x.example"
        point.save()

    with pytest.raises(ValidationError, match="changed since you looked"):
        release(mailing, coordinator)

    assert not OutgoingMail.objects.exists()


def test_a_new_version_of_the_wording_must_be_looked_at_too(wording, coordinator):
    reader("ok@x.example")
    mailing = start(coordinator)
    MailTemplateFactory(
        key="newsletter4_notice", language="en", version=2, subject="New", body=BODY
    )

    with pytest.raises(ValidationError, match="changed since you looked"):
        release(mailing, coordinator)


def test_nobody_to_write_to_is_no_release(wording, coordinator):
    reader("no@x.example", consent="refused")
    mailing = start(coordinator)

    with pytest.raises(ValidationError, match="Nobody would get"):
        release(mailing, coordinator)
    mailing.refresh_from_db()
    assert mailing.state == Mailing.State.DRAFT


def test_who_is_left_out_stays_out_and_gives_the_place_to_the_twin(wording, coordinator):
    first, second = reader("both@x.example"), reader("both@x.example")
    mailing = start(coordinator)

    row = mailing.recipients.get(person=first)
    people = people_of(mailing, coordinator)
    mailings.leave_out(row, is_out=True, people=people, at=CLOCK, by=coordinator)

    assert standing_of(mailing, first)[0] == Standing.LEFT_OUT
    assert standing_of(mailing, second)[0] == Standing.GOES
    mailings.check_mailing(mailing, people_of(mailing, coordinator), at=CLOCK)
    assert standing_of(mailing, first)[0] == Standing.LEFT_OUT


def test_mended_people_get_their_letter_and_the_others_no_second_one(wording, coordinator):
    reader("ok@x.example")
    late = reader("")
    mailing = start(coordinator)
    release(mailing, coordinator)

    ContactPointFactory(person=late, value="late@x.example", is_sample=False)
    assert mailings.try_again(mailing, at=clock.now(), by=coordinator) == 1
    assert mailings.try_again(mailing, at=clock.now(), by=coordinator) == 0

    assert sorted(OutgoingMail.objects.values_list("recipient", flat=True)) == [
        "late@x.example",
        "ok@x.example",
    ]


def test_a_filter_is_found_anew_until_the_release_and_never_after(wording, coordinator):
    reader("a@x.example", role="Mayor")
    query = {"q": ["mayor"]}
    mailing = start(coordinator, found_by(query, coordinator), query=query)
    reader("b@x.example", role="Mayor")
    mailings.check_mailing(mailing, people_of(mailing, coordinator), at=CLOCK)
    assert mailing.recipients.count() == 2

    release(mailing, coordinator)
    reader("c@x.example", role="Mayor")
    mailings.try_again(mailing, at=CLOCK, by=coordinator)
    assert mailing.recipients.count() == 2


def test_a_scheduled_mailing_waits(wording, coordinator):
    reader("ok@x.example")
    mailing = start(coordinator)
    now = clock.now()
    release(mailing, coordinator, scheduled_at=now + timedelta(hours=2))

    assert outbox.claim_next(timezone.now()) is None
    assert outbox.claim_next(timezone.now() + timedelta(hours=2, seconds=5)) is not None


def test_a_moment_that_is_over_is_refused(wording, coordinator):
    reader("ok@x.example")
    mailing = start(coordinator)

    with pytest.raises(ValidationError, match="is over"):
        release(mailing, coordinator, scheduled_at=clock.now() - timedelta(minutes=1))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": " "}, "title"),
        ({"kind": "event", "event": None}, "event"),
        ({"template_key": "date_proposal"}, "template_key"),
        ({"values": {"newsletter_link": "javascript:alert(1)"}}, "newsletter_link"),
        ({"values": {"deadline": "soon"}}, "deadline"),
        ({"values": {"given": "Everybody"}}, "given"),
    ],
)
def test_a_mailing_that_says_too_little_is_refused(wording, coordinator, change, field):
    with pytest.raises(ValidationError) as refusal:
        start(coordinator, **change)
    assert field in refusal.value.message_dict
    assert not Mailing.objects.exists()


# --- On its way ----------------------------------------------------------------------------------


def test_stop_holds_what_has_not_left_and_resume_lets_it_go_on(wording, coordinator):
    for number in range(3):
        reader(f"r{number}@x.example")
    mailing = start(coordinator)
    release(mailing, coordinator)
    outbox.claim_next(timezone.now())

    assert mailings.stop_mailing(mailing, at=CLOCK, by=coordinator) == 2
    assert outbox.claim_next(timezone.now()) is None
    assert mailings.resume_mailing(mailing, at=CLOCK, by=coordinator) == 2
    assert outbox.claim_next(timezone.now()) is not None
    assert mailings.cancel_mailing(mailing, at=CLOCK, by=coordinator) == 1
    assert outbox.claim_next(timezone.now()) is None


def test_a_mailing_that_has_left_is_not_stopped(wording, coordinator):
    reader("ok@x.example")
    mailing = start(coordinator)
    release(mailing, coordinator)
    OutgoingMail.objects.update(state=OutgoingMail.State.SENT)
    with pytest.raises(ValidationError, match="nothing to stop"):
        mailings.stop_mailing(mailing, at=CLOCK, by=coordinator)
    mailing.refresh_from_db()
    assert mailing.state == Mailing.State.RELEASED


def test_a_mail_refused_for_now_does_not_leave_after_a_stop(wording, coordinator):
    reader("ok@x.example")
    mailing = start(coordinator)
    release(mailing, coordinator)
    in_flight = outbox.claim_next(timezone.now())
    mailings.stop_mailing(mailing, at=CLOCK, by=coordinator)
    outbox._retry(in_flight, "451 later")

    assert outbox.claim_next(timezone.now() + timedelta(days=1)) is None


def test_letters_go_before_mailings(wording, coordinator):
    reader("ok@x.example")
    release(start(coordinator), coordinator)
    message = Message.objects.create(
        direction="out", status="draft", address="one@x.example", subject="R1", body="b", at=CLOCK
    )
    outbox.queue_mail(message, at=CLOCK)

    claimed = [outbox.claim_next(timezone.now()).recipient for _n in range(2)]
    assert claimed == ["one@x.example", "ok@x.example"]


@pytest.mark.django_db(transaction=True)
def test_who_says_no_between_release_and_sending_gets_nothing(wording, coordinator, smtp_sink):
    person = reader("changed@x.example")
    reader("ok@x.example")
    mailing = start(coordinator)
    release(mailing, coordinator)
    # By another way than the link, which would cancel the mail at once.
    ConsentRecordFactory(
        person=person,
        purpose=Purpose.NEWSLETTER,
        status="withdrawn",
        at=CLOCK + timedelta(hours=1),
    )

    outbox.send_due()

    assert [each.recipients for each in smtp_sink.received] == [("ok@x.example",)]
    mail = OutgoingMail.objects.get(recipient="changed@x.example")
    assert (mail.state, mail.error) == (
        State.CANCELLED,
        "They said no to this, or took their yes back.",
    )
    assert standing_of(mailing, person)[:2] == (Standing.BLOCKED, Reason.DENIED)


@pytest.mark.django_db(transaction=True)
def test_an_address_that_bounced_meanwhile_is_spared(wording, coordinator, smtp_sink):
    person = reader("gone@x.example")
    mailing = start(coordinator)
    release(mailing, coordinator)
    ContactPoint.objects.filter(person=person).update(status=ContactPoint.Status.BOUNCED)

    outbox.send_due()

    assert smtp_sink.received == []
    assert standing_of(mailing, person)[1] == Reason.BOUNCED


@pytest.mark.django_db(transaction=True)
def test_a_newsletter_carries_the_headers_of_rfc_8058(wording, coordinator, smtp_sink, settings):
    settings.SITE_URL = "https://crm.example"
    settings.UNSUBSCRIBE_MAIL, settings.IMAP_HOST = "stop@crm.example", "imap.crm.example"
    person = reader("ok@x.example")
    release(start(coordinator), coordinator)

    outbox.send_due()

    [mail] = smtp_sink.messages
    token = token_of(StopLink.objects.get(person=person))
    address = f"https://crm.example/en/visit/stop/{token}/"
    assert mail["List-Unsubscribe"] == (
        f"<{address}>, <mailto:stop@crm.example?subject=unsubscribe>"
    )
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert (mail["Precedence"], mail["Auto-Submitted"]) == ("bulk", "auto-generated")
    text = mail.get_body(("plain",)).get_content()
    assert address in text
    assert f'href="{address}"' in mail.get_body(("html",)).get_content()


@pytest.mark.django_db(transaction=True)
def test_no_way_by_mail_is_offered_where_nobody_reads_what_arrives(
    wording, coordinator, smtp_sink, settings
):
    settings.UNSUBSCRIBE_MAIL, settings.IMAP_HOST = "stop@crm.example", ""
    reader("ok@x.example")
    release(start(coordinator), coordinator)
    outbox.send_due()
    assert "mailto:" not in smtp_sink.messages[0]["List-Unsubscribe"]


def test_the_database_holds_no_stop_link(wording, coordinator):
    person = reader("ok@x.example")
    release(start(coordinator), coordinator)

    token = token_of(StopLink.objects.get(person=person))
    mail = OutgoingMail.objects.get()
    assert token not in mail.text + mail.html + mail.message.body
    assert find_link(token).person == person
    assert find_link(token + "x") is None


def test_a_stop_withdraws_once_cancels_what_waits_and_covers_the_address(wording, coordinator):
    person = reader("ok@x.example")
    twin = reader("ok@x.example")
    mailing = start(coordinator)
    release(mailing, coordinator)
    link = StopLink.objects.get(person=person)

    assert stop(link, way="one_click", at=clock.now())
    assert not stop(link, way="one_click", at=clock.now())

    for each in (person, twin):
        newest = ConsentRecord.objects.current().get(person=each)
        assert (newest.status, newest.channel) == ("withdrawn", "one_click")
    assert ConsentRecord.objects.filter(person=person).count() == 2
    assert OutgoingMail.objects.get().state == State.CANCELLED


def test_a_stop_of_mail_about_an_event_binds_at_once(thanks, coordinator):
    event = EventFactory()
    person = reader("came@x.example", consent="")
    ParticipationFactory(person=person, event=event, status=Participation.Status.ATTENDED)
    about = {"kind": Mailing.Kind.EVENT, "event": event, "template_key": thanks.key}
    mailing = start(coordinator, **about)
    release(mailing, coordinator)

    assert stop(StopLink.objects.get(person=person), way="stop_page", at=CLOCK)
    assert not stop(StopLink.objects.get(person=person), way="stop_page", at=CLOCK)

    wish = DataRequest.objects.get()
    assert wish.kind == DataRequest.Kind.STOP
    assert wish.due_on == date(2023, 3, 15)
    again = start(coordinator, **about)
    assert standing_of(again, person)[1] == Reason.STOPPED


# --- Large ones ----------------------------------------------------------------------------------


@pytest.mark.one_database
def test_a_check_and_a_release_ask_as_often_for_40_as_for_4(wording, coordinator):
    def asked(count):
        people = [reader(f"{count}-{number}@x.example") for number in range(count)]
        rows = Person.objects.filter(pk__in=[person.pk for person in people])
        with CaptureQueriesContext(connection) as found:
            mailing = start(coordinator, rows)
            assert release(mailing, coordinator) == count
        return len(found)

    assert coordinator.roles
    assert asked(40) == asked(4)
