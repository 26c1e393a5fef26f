"""Mailings at the desk: choose, read every letter, release, watch; wordings beside their reader."""

import re
from urllib.parse import urlencode

import pytest
from django.urls import reverse

from crm import clock
from crm.domain import reference
from crm.domain.wordings import check_wording
from crm.models import (
    Mailing,
    MailingRecipient,
    MailTemplate,
    OutboxStanding,
    OutgoingMail,
    Person,
)
from crm.models.clock import ClockSetting
from crm.wording import day as day_words
from tests.factories.crm import (
    CLOCK,
    ConsentRecordFactory,
    ContactPointFactory,
    EventFactory,
    MailingFactory,
    MailTemplateFactory,
    OrganisationFactory,
    PersonFactory,
    SavedViewFactory,
    UserFactory,
)
from tests.factories.visits import CampaignFactory, VisitRequestFactory
from tests.visits.views.desk.test_queries import asked

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

BODY = "Hello {given},\n\n{newsletter_link}\n\n{stop_link}"


@pytest.fixture
def desk(client, coordinator):
    client.force_login(coordinator)
    return client


@pytest.fixture
def wording():
    return MailTemplateFactory(key="newsletter4_notice", language="en", subject="News", body=BODY)


def reader(address, **values):
    person = PersonFactory(**{"languages": ["en"], **values})
    ContactPointFactory(person=person, value=address)
    ConsentRecordFactory(person=person, purpose="newsletter", status="granted")
    return person


def typed(**more):
    return {
        "title": "Newsletter 4",
        "kind": "newsletter",
        "template_key": "newsletter4_notice",
        "newsletter_link": "https://impetus.example/4",
        **more,
    }


def new(desk, people, **more):
    query = urlencode([("person", person.pk) for person in people])
    answer = desk.post(f"{reverse('visits:mailing-new')}?{query}", typed(**more))
    assert answer.status_code == 302, answer.content.decode()
    return Mailing.objects.latest("pk")


def text_of(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def go(desk, mailing, query=""):
    return desk.get(reverse("visits:mailing-detail", args=[mailing.pk]) + query)


def release(desk, mailing, **more):
    mailing.refresh_from_db()
    path = reverse("visits:mailing-release", args=[mailing.pk])
    return desk.post(path, {"seen": mailing.digest, **more})


def test_ticked_people_lead_to_the_form_and_their_letters(desk, wording):
    people = [reader(f"p{number}@x.example") for number in range(2)]
    rows = {"rows": [person.pk for person in people], "verb": "write"}
    answer = desk.post(reverse("visits:person-bulk"), rows)

    form = desk.get(answer["Location"])
    assert "Write to 2 people" in text_of(form)
    answer = desk.post(answer["Location"], typed())
    mailing = Mailing.objects.get()
    assert answer["Location"] == reverse("visits:mailing-detail", args=[mailing.pk])
    assert "2 letters will go." in text_of(go(desk, mailing))


def test_a_saved_view_and_the_shown_filter_stay_live(desk, wording, coordinator):
    reader("m@x.example", role="Mayor")
    view = SavedViewFactory(owner=coordinator, list="people", query={"q": ["mayor"]})
    for query in (f"view={view.pk}", "q=mayor&sort=name&page=2&from=list"):
        desk.post(f"{reverse('visits:mailing-new')}?{query}", typed())
        mailing = Mailing.objects.latest("pk")
        assert mailing.query["q"] == ["mayor"]
        assert mailing.recipients.count() == 1
    reader("n@x.example", role="Mayor")
    desk.post(reverse("visits:mailing-check", args=[mailing.pk]))
    assert mailing.recipients.count() == 2


def test_nobody_chosen_leads_back_with_a_sentence(desk):
    answer = desk.get(reverse("visits:mailing-new"), follow=True)
    assert "Choose the people first" in text_of(answer)


def test_a_fault_in_the_form_keeps_what_was_typed(desk, wording):
    person = reader("p@x.example")
    path = f"{reverse('visits:mailing-new')}?person={person.pk}"
    answer = desk.post(path, typed(newsletter_link="javascript:alert(1)", sender="Joe"))
    assert answer.status_code == 422
    assert "Joe" in answer.content.decode()
    assert not Mailing.objects.exists()


def test_letters_are_read_one_by_one_and_one_is_left_out(desk, wording):
    people = [reader(f"p{n}@x.example", family=f"F{n}", given=f"G{n}") for n in range(3)]
    mailing = new(desk, people)
    page = desk.get(reverse("visits:mailing-letter", args=[mailing.pk, people[1].pk]))
    assert "Hello G1," in text_of(page)
    assert "To the person" not in text_of(page)
    assert "2 of 3" in text_of(page)
    for other in (people[0], people[2]):
        path = reverse("visits:mailing-letter", args=[mailing.pk, other.pk])
        assert f'href="{path}"' in page.content.decode()
    frame = desk.get(reverse("visits:mailing-preview", args=[mailing.pk, people[1].pk]))
    assert "Hello G1," in frame.content.decode()
    assert "script" not in frame.content.decode()

    path = reverse("visits:mailing-leave-out", args=[mailing.pk, people[1].pk])
    desk.post(path)
    assert "2 letters will go." in text_of(go(desk, mailing))
    desk.post(path, {"in": "1"})
    assert "3 letters will go." in text_of(go(desk, mailing))


def test_reading_one_by_one_begins_with_who_gets_a_letter_and_stays_with_them(desk, wording):
    PersonFactory(family="Aa")
    first, second = (reader(f"{n}@x.example", family=f"B{n}", is_sample=n == 1) for n in range(2))
    mailing = new(desk, Person.objects.all())
    path = reverse("visits:mailing-letter", args=[mailing.pk, first.pk]) + "?show=going"
    assert f'href="{path}"' in go(desk, mailing).content.decode()
    page = desk.get(path)
    assert "1 of 2" in text_of(page)
    assert f"{reverse('visits:mailing-letter', args=[mailing.pk, second.pk])}?show=going" in (
        page.content.decode()
    )


def test_a_missing_wording_is_not_sent_to_a_page_that_is_not_there(desk, wording):
    reader("p@x.example", languages=["is"])
    words = text_of(go(desk, new(desk, Person.objects.all())))
    assert "Write it under Wordings if their language is offered there" in words


def test_a_missing_value_names_the_person_and_the_placeholder(desk, wording):
    person = reader("p@x.example", family="Berg", given="Ana")
    mailing = new(desk, [person], newsletter_link="")
    page = text_of(go(desk, mailing, "?show=missing"))
    assert "Ana Berg" in page
    assert "Nothing stands for {newsletter_link}." in page
    assert "Nobody would get this letter" in page


def test_who_got_the_wording_before_is_shown_with_mailing_and_day_until_ticked(desk, wording):
    person = reader("p@x.example", family="Berg", given="Ana")
    first = new(desk, [person])
    release(desk, first)
    day = day_words(clock.now().date())

    second = new(desk, [person])
    page = text_of(go(desk, second, "?show=got_before"))
    assert f"They got this wording before: M{first.pk}, {day}." in page
    assert "Nobody would get this letter" in page

    edit_page = reverse("visits:mailing-edit", args=[second.pk])
    assert "Also to those who got this wording before" in text_of(desk.get(edit_page))
    desk.post(edit_page, typed(again="on"))
    assert "1 letter will go." in text_of(go(desk, second))


def test_pressing_release_twice_sends_once(desk, wording):
    mailing = new(desk, [reader("p@x.example")])
    release(desk, mailing)
    second = desk.post(
        reverse("visits:mailing-release", args=[mailing.pk]), {"seen": mailing.digest}, follow=True
    )
    assert "released by now" in text_of(second)
    assert OutgoingMail.objects.count() == 1


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2000-01-01T09:00", "This moment is over"),
        ("2027-03-28T02:30", "is left out"),
        ("2027-10-31T02:30", "comes twice"),
        ("soon", "Write day and time like"),
        ("9999-99-99T00:00", "Write day and time like"),
    ],
)
def test_a_moment_that_cannot_be_is_refused_and_stays_typed(client, wording, moment, words):
    client.force_login(UserFactory(role="coordinator", time_zone="Europe/Oslo"))
    mailing = new(client, [reader("p@x.example")])
    answer = release(client, mailing, scheduled_at=moment)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert moment in answer.content.decode()
    assert not OutgoingMail.objects.exists()


def test_progress_stop_go_on_and_give_up(desk, wording):
    mailing = new(desk, [reader(f"p{n}@x.example") for n in range(2)])
    release(desk, mailing)
    assert "hx-get" in go(desk, mailing).content.decode()
    status = desk.get(reverse("visits:mailing-status", args=[mailing.pk]))
    assert "0 of 2" in text_of(status)
    for step, state in (("stop", "held"), ("resume", "queued"), ("stop", "held")):
        desk.post(reverse("visits:mailing-step", args=[mailing.pk, step]))
        assert set(OutgoingMail.objects.values_list("state", flat=True)) == {state}
    desk.post(reverse("visits:mailing-step", args=[mailing.pk, "cancel"]))
    assert set(OutgoingMail.objects.values_list("state", flat=True)) == {"cancelled"}
    assert (
        "hx-get"
        not in desk.get(reverse("visits:mailing-status", args=[mailing.pk])).content.decode()
    )


def test_a_mailing_leaves_from_a_moment_only_while_something_is_left(desk, wording):
    mailing = new(desk, [reader(f"p{n}@x.example") for n in range(2)])
    release(desk, mailing, scheduled_at="2099-02-28T09:30")
    assert "Leaves from Sat 28 Feb 2099, 09:30" in text_of(go(desk, mailing))
    OutgoingMail.objects.update(state="sent")
    shown = text_of(go(desk, mailing))
    assert "2 of 2" in shown
    assert "Leaves from" not in shown


def test_a_mailing_for_later_says_that_the_demo_clock_sends_nothing(desk, wording):
    CampaignFactory()
    words = "The demo clock sends nothing"
    mailing = new(desk, [reader("p@x.example")])
    assert words not in text_of(go(desk, mailing))
    ClockSetting.objects.fix(CLOCK)
    assert words in text_of(go(desk, mailing))

    release(desk, mailing, scheduled_at="2023-02-15T18:00")
    assert words in text_of(go(desk, mailing))
    OutgoingMail.objects.update(state="sent")
    assert words not in text_of(go(desk, mailing))


def test_a_deadline_that_is_over_when_the_letters_leave_is_told_before_the_release(desk):
    body = "Hello {given}, ask by {deadline}. {stop_link}"
    MailTemplateFactory(key="newsletter4_notice", language="en", subject="News", body=body)
    ClockSetting.objects.fix(CLOCK)
    over, today, person = "2023-02-14", "2023-02-15", reader("p@x.example")
    words = "is over when these letters leave"
    for deadline, is_told in ((over, True), (today, False)):
        mailing = new(desk, [person], deadline=deadline)
        letter = reverse("visits:mailing-letter", args=[mailing.pk, person.pk])
        assert (words in text_of(go(desk, mailing))) is is_told
        assert (words in text_of(desk.get(letter))) is is_told

    # Put off beyond the deadline it is over too, as long as the letters have not left.
    answer = release(desk, mailing, scheduled_at="2023-02-16T09:00")
    assert answer.status_code == 302, answer.context["fault"]
    assert "Stop the mailing if that is wrong." in text_of(go(desk, mailing))
    OutgoingMail.objects.update(state="sent")
    assert words not in text_of(go(desk, mailing))


def test_a_deadline_that_no_wording_names_is_not_told_of(desk, wording):
    ClockSetting.objects.fix(CLOCK)
    mailing = new(desk, [reader("p@x.example")], deadline="2023-02-14")
    assert "is over when these letters leave" not in text_of(go(desk, mailing))


def test_letter_of_a_mailing_names_its_wording_as_the_desk_calls_it(desk, wording):
    mailing = new(desk, [person := reader("p@x.example")])
    path = reverse("visits:mailing-letter", args=[mailing.pk, person.pk])
    assert f"Newsletter 4 is out v{wording.version}" in text_of(desk.get(path))
    assert "newsletter4_notice v" not in text_of(desk.get(path))


def test_all_mail_is_stopped_and_started_and_the_page_says_so(desk):
    desk.post(reverse("visits:mail-outbox", args=["stop"]))
    assert "All mail is stopped" in text_of(desk.get(reverse("visits:mail-list")))
    assert "All mail is stopped" in text_of(desk.get(reverse("visits:health")))
    desk.post(reverse("visits:mail-outbox", args=["start"]))
    assert not OutboxStanding.objects.exclude(stopped_at=None).exists()


def test_mail_that_is_stopped_is_told_on_today_and_at_the_release(desk, wording):
    mailing = reverse("visits:mailing-detail", args=[new(desk, [reader("p@x.example")]).pk])
    pages = (reverse("visits:today"), mailing)
    waits = "All mail is stopped: what is released now waits until it is started again."

    def told():
        return [
            ("All mail is stopped" in text_of(desk.get(page)), "To the mail" in desk.get(page).text)
            for page in pages
        ]

    assert told() == [(False, False), (False, False)]
    desk.post(reverse("visits:mail-outbox", args=["stop"]))
    assert told() == [(True, True), (True, True)]
    assert waits in text_of(desk.get(mailing))
    # The page where it is started again does not lead to itself.
    assert "To the mail" not in desk.get(reverse("visits:mail-list")).text
    desk.post(reverse("visits:mail-outbox", args=["start"]))
    assert told() == [(False, False), (False, False)]


def test_throwing_a_draft_away_asks_first(desk, wording):
    mailing = new(desk, [reader("p@x.example")])
    shown = desk.get(reverse("visits:mailing-detail", args=[mailing.pk])).text
    form = shown[: shown.index("Throw away</button>")].rpartition("<form")[2]
    assert 'data-confirm="Throw this mailing away? It cannot be brought back."' in form


def test_a_draft_is_thrown_away(desk, wording):
    mailing = new(desk, [reader("p@x.example")])
    desk.post(reverse("visits:mailing-drop", args=[mailing.pk]))
    assert not Mailing.objects.exists()


def test_empty_pages_say_how_to_begin(desk):
    assert "Write to these…" in text_of(desk.get(reverse("visits:mailing-list")))
    assert "load_reference" in text_of(desk.get(reverse("visits:wording-list")))


# --- Wordings ------------------------------------------------------------------------------------


@pytest.fixture
def wordings():
    reference.load_mail_templates()


def edit(desk, key="newsletter4_notice", language="de", **more):
    path = reverse("visits:wording-edit", args=[key, language])
    return desk.post(path, {"subject": "Neu", "body": "{stop_link}", "seen": 1, **more})


def test_a_misspelt_placeholder_is_refused_by_name_with_the_list(desk, wordings):
    answer = edit(desk, body="Hallo {givn} {stop_link}")
    words = text_of(answer)
    assert answer.status_code == 422
    assert "There is no placeholder {givn}; did you mean {given}?" in words
    assert "{organisation}" in words
    assert "Hallo {givn}" in answer.content.decode()
    assert MailTemplate.objects.filter(key="newsletter4_notice", language="de").count() == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("{name.__class__} {stop_link}", "only plain names"),
        ("{name!r} {stop_link}", "only plain names"),
        ("{name:>10} {stop_link}", "only plain names"),
        ("{0} {stop_link}", "only plain names"),
        ("{ {stop_link}", "brace without its partner"),
        ("no way out", "put {stop_link} into the text"),
    ],
)
def test_only_plain_names_and_a_way_out(desk, wordings, body, words):
    assert words in text_of(edit(desk, body=body))


def test_every_version_stays_and_two_writers_do_not_overwrite(desk, wordings):
    assert edit(desk).status_code == 302
    assert edit(desk, subject="Anders").status_code == 422
    versions = MailTemplate.objects.filter(key="newsletter4_notice", language="de")
    assert list(versions.order_by("version").values_list("version", "subject"))[1:] == [(2, "Neu")]


def test_a_look_shows_a_real_recipient_and_keeps_nothing(desk, wordings):
    CampaignFactory(event=EventFactory(name="Urban security"))
    person = reader("p@x.example", given="Käthe", family="Esche", languages=["de"])
    answer = edit(desk, body="{greeting} {event} {stop_link}", verb="look")
    assert "Guten Tag Käthe Esche, Urban security" in text_of(answer)
    assert MailTemplate.objects.filter(key="newsletter4_notice", language="de").count() == 1
    assert Person.objects.get(pk=person.pk).languages == ["de"]


def test_choosing_another_reader_keeps_what_was_typed(desk, wordings):
    CampaignFactory(event=EventFactory(name="Urban security"))
    reader("a@x.example", given="Käthe", family="Esche", languages=["de"])
    chosen = reader("b@x.example", given="Jürg", family="Eiche", languages=["de"])
    page = desk.get(reverse("visits:wording-edit", args=["newsletter4_notice", "de"]))
    assert '<select id="wording-for" name="for" form="wording">' in page.content.decode()
    more = {"body": "{greeting} {stop_link}", "verb": "look", "for": chosen.pk}
    answer = edit(desk, **more)
    assert "Guten Tag Jürg Eiche," in text_of(answer)
    assert "{greeting} {stop_link}" in answer.content.decode()


def test_every_wording_has_a_name_people_read(desk, wordings):
    words = text_of(desk.get(reverse("visits:wording-list")))
    for name in ("Newsletter optin", "Partner expert ask", "Weekly status"):
        assert name not in words
    assert "Would you like our newsletter?" in words


def test_the_page_of_a_mailing_calls_its_wording_by_name(desk, wording):
    words = text_of(go(desk, new(desk, [reader("p@x.example")])))
    assert "Newsletter 4 is out" in words
    assert "newsletter4_notice" not in words


def test_an_answer_is_shown_as_a_request_would_read_it(desk, wordings):
    asked_for = VisitRequestFactory(language="it", requester_name="Chiara")
    page = desk.get(reverse("visits:wording-edit", args=["date_proposal", "it"]))
    assert asked_for.ref in text_of(page)
    assert "Gentile Chiara" in text_of(page)


def test_a_wording_of_ones_own_can_be_chosen_for_a_mailing(desk):
    answer = desk.post(
        reverse("visits:wording-new"),
        {
            "title": "Spring greetings",
            "language": "en",
            "kind": "event",
            "subject": "Hi",
            "body": "{event} {stop_link}",
        },
    )
    key = "mailing-event--spring-greetings"
    assert answer["Location"] == reverse("visits:wording-edit", args=[key, "en"])
    form = desk.get(f"{reverse('visits:mailing-new')}?from=list").context["form"]
    offered = dict(form.fields["template_key"].choices)
    assert (key, "Spring greetings") in offered["About an event: to those who took part"]
    assert "About an event" in text_of(desk.get(reverse("visits:wording-list")))


@pytest.mark.parametrize("kind", ["", "notice", "letter"])
def test_a_wording_of_ones_own_must_say_what_it_is_for(desk, kind):
    typed = {"title": "Spring", "language": "en", "subject": "Hi", "body": "{stop_link}"}
    answer = desk.post(reverse("visits:wording-new"), typed | {"kind": kind})
    assert answer.status_code == 422
    assert not MailTemplate.objects.exists()


def test_the_page_of_the_newsletter_goes_in_newsletters_alone(desk, wordings):
    answer = edit(desk, "event_thanks", body="Danke {newsletter_link} {stop_link}")
    assert answer.status_code == 422
    assert "There is no placeholder {newsletter_link}" in text_of(answer)


def test_the_form_offers_each_wording_under_its_kind_and_takes_the_kind_from_it(desk, wordings):
    person = reader("p@x.example")
    path = f"{reverse('visits:mailing-new')}?person={person.pk}"
    offered = dict(desk.get(path).context["form"].fields["template_key"].choices)
    assert {
        label.partition(":")[0]: [key for key, _title in rows] for label, rows in offered.items()
    } == {
        "Newsletter": ["newsletter4_notice"],
        "About an event": ["event_thanks", "speaker_thanks"],
        "That we have their data (GDPR art. 14)": ["data_notice"],
    }
    desk.post(path, typed(kind="event"))
    assert Mailing.objects.get().kind == "newsletter"


def test_every_shipped_wording_is_fit_to_be_kept(wordings):
    for row in MailTemplate.objects.all():
        check_wording(row.key, row.subject, row.body)


# --- As many questions for 300 as for 3 ----------------------------------------------------------


def blocked(count):
    """A mailing with so many people, none of whom may get it."""
    mailing = MailingFactory()
    organisation = OrganisationFactory()
    people = Person.objects.bulk_create(
        Person(given=f"G{n}", family="F", organisation=organisation) for n in range(count)
    )
    MailingRecipient.objects.bulk_create(
        MailingRecipient(mailing=mailing, person=person, standing="blocked", reason="denied")
        for person in people
    )
    return mailing


@pytest.mark.parametrize("name", ["mailing-detail", "mailing-letter", "mailing-list"])
def test_pages_ask_as_often_for_300_as_for_3(desk, wording, name):
    def count(rows):
        mailing = blocked(rows)
        args = {
            "mailing-detail": [mailing.pk],
            "mailing-letter": [mailing.pk, mailing.recipients.first().person_id],
            "mailing-list": [],
        }[name]
        return asked(desk, reverse(f"visits:{name}", args=args))

    assert count(3) == count(300)
