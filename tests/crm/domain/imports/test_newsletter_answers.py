"""A list that says who wants the newsletter: a yes comes in with its words, day and proof, never
over a no, and goes out again to the byte."""

from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import pytest
from django.core.exceptions import ValidationError

from crm.domain.consents import record_answer
from crm.domain.imports import batches
from crm.domain.imports.undoing import reasons_of, undo_import
from crm.import_words import changes_of
from crm.models import ConsentRecord, ConsentText, ImportRow, Person, Suppression
from tests.crm.domain.imports.lists import dump, verbs
from tests.factories.crm import (
    CLOCK,
    ConsentRecordFactory,
    ConsentTextFactory,
    DataRequestFactory,
    MailingFactory,
    MailingRecipientFactory,
    OutgoingMailFactory,
    PersonFactory,
)
from visits.public.consents import texts

pytestmark = pytest.mark.django_db

HEAD = "Name;E-mail;Newsletter;Consent date;Consent text;Proof of consent"


@pytest.fixture
def words():
    return ConsentTextFactory(purpose="newsletter", language="en", version=1)


@pytest.fixture
def proved(words):
    """Said once for the file."""
    return {
        "newsletter_text": words,
        "newsletter_on": date(2023, 1, 31),
        "newsletter_proof": "signed list, folder 3",
    }


def current(name: str) -> str:
    rows = ConsentRecord.objects.current().filter(person__given=name, purpose="newsletter")
    return rows.get().status if rows else ""


def remarks(batch) -> str:
    return " ".join(batch.entries.order_by("line").values_list("remark", flat=True))


def test_each_row_may_bring_its_own_words_day_and_proof(brought, words):
    batch, faults = brought(
        "Anna Berg;a@x.eu;yes;2023-01-30;en v1;sheet 2, line 7",
        "Bo Lind;b@x.eu;nei;31.01.2023;;",
        f"Cy Dahl;c@x.eu;granted;30/1/2023;{words.text};told Ann",
        head=HEAD,
    )
    assert faults == []
    anna = ConsentRecord.objects.get(person__given="Anna")
    assert (anna.status, anna.purpose, anna.text, anna.language) == (
        *("granted", "newsletter", words, "en"),
    )
    assert (anna.at.date(), anna.evidence) == (date(2023, 1, 30), "sheet 2, line 7")
    assert (anna.address, anna.channel) == ("a@x.eu", "list")
    assert current("Bo") == "refused"
    assert ConsentRecord.objects.get(person__given="Bo").at.date() == date(2023, 1, 31)
    assert ConsentRecord.objects.get(person__given="Cy").text == words
    assert verbs(batch) == ["create", "create", "create"]


def test_words_day_and_proof_may_be_said_once_for_the_file(brought, words, proved):
    head = "Name;E-mail;Nyhetsbrev"
    brought("Anna Berg;a@x.eu;ja", "Bo Lind;b@x.eu;", head=head, answers=proved)
    anna = ConsentRecord.objects.get()
    assert (anna.person.given, anna.text) == ("Anna", words)
    assert anna.evidence == "signed list, folder 3, line 2"


def test_the_exact_words_of_a_list_are_kept_and_our_form_does_not_ask_in_them(
    brought,
    words,
    proved,
):
    own = {"newsletter_words": "Yes, send me news.", "newsletter_language": "en"}
    answers = proved | own | {"newsletter_text": None}
    brought("Anna Berg;a@x.eu;yes", head="Name;E-mail;Newsletter", answers=answers)
    text = ConsentRecord.objects.get().text
    assert (text.text, text.language, text.version) == ("Yes, send me news.", "en", 2)
    assert texts("en")["newsletter"] == words.text
    with pytest.raises(ValidationError, match="which language"):
        brought("B B;b@x.eu;yes", answers=answers | {"newsletter_language": ""})


@pytest.mark.parametrize("missing", ["newsletter_text", "newsletter_on", "newsletter_proof"])
def test_a_yes_without_words_day_or_proof_stays_outside_and_its_row_says_so(
    missing,
    brought,
    proved,
):
    head = "Name;E-mail;Newsletter"
    answers = proved | {missing: "" if missing == "newsletter_proof" else None}
    batch, faults = brought("Anna Berg;a@x.eu;yes", head=head, answers=answers)
    assert (faults, batch.created) == ([], 1)
    assert not ConsentRecord.objects.exists()
    assert "the answer is left out. Say the " in remarks(batch)
    row = batch.entries.get()
    assert [(each.label, each.old, each.new) for each in changes_of(row.differs)] == [
        ("Newsletter: yes or no", "never asked", "granted")
    ]


def test_a_day_still_to_come_and_a_word_that_is_no_answer_are_told(brought, proved):
    batch, faults = brought(
        "Anna Berg;a@x.eu;yes;2099-01-01;;",
        "Bo Lind;b@x.eu;perhaps;;;",
        "Cy Dahl;c@x.eu;yes;soon;;",
        head=HEAD,
        answers=proved,
    )
    assert [fault["field"] for fault in faults] == ["newsletter", "newsletter_on"]
    assert "Its day is still to come." in remarks(batch)
    assert not ConsentRecord.objects.exists()


def _said(status):
    return lambda person: ConsentRecordFactory(
        person=person, purpose="newsletter", status=status, at=CLOCK - timedelta(days=60)
    )


@pytest.mark.parametrize(
    "object_",
    [
        _said("withdrawn"),
        _said("refused"),
        lambda person: DataRequestFactory(kind="stop", person=person),
        lambda person: DataRequestFactory(kind="stop", person=None, address="A@x.eu"),
        lambda person: Suppression.objects.create(match_key="a@x.eu", reason="asked", at=CLOCK),
        lambda person: person.contact_points.update(status="suppressed"),
        lambda person: ConsentRecordFactory(
            person=None, address="a@x.eu", purpose="newsletter", status="withdrawn"
        ),
    ],
    ids=["withdrawn", "refused", "stop", "stop of address", "listed", "suppressed", "address"],
)
def test_no_list_gives_a_yes_to_who_said_no_or_asked_us_to_stop(object_, brought, proved):
    person = PersonFactory(given="Anna", family="Berg", address="a@x.eu")
    object_(person)
    before = ConsentRecord.objects.count()
    batch, faults = brought("Anna Berg;a@x.eu;yes", head="Name;E-mail;Newsletter", answers=proved)
    assert (faults, ConsentRecord.objects.count()) == ([], before)
    assert verbs(batch) in (["link"], ["update"])
    assert "Newsletter: the answer is left out. The" in remarks(batch)
    assert batch.entries.get().differs["newsletter"][1] == "granted"


def test_a_no_ends_a_yes_and_of_two_rows_about_one_person_the_no_stands(brought, proved):
    anna = PersonFactory(given="Anna", family="Berg", address="a@x.eu")
    _said("granted")(anna)
    brought(
        "Anna Berg;a@x.eu;unsubscribed",
        "Bo Lind;b@x.eu;no",
        "Bo Lind;b@x.eu;yes",
        "Cy Dahl;c@x.eu;yes",
        "Cy Dahl;c@x.eu;no",
        head="Name;E-mail;Newsletter",
        answers=proved,
    )
    assert [current(name) for name in ("Anna", "Bo", "Cy")] == ["withdrawn", "refused", "refused"]


def test_an_answer_from_before_a_later_one_stays_outside_and_one_of_the_same_day_counts(
    brought,
    proved,
):
    for name, day in (("Anna", 1), ("Bo", 31)):
        person = PersonFactory(given=name, family="Berg", address=f"{name}@x.eu")
        at = datetime(2023, 2 if day == 1 else 1, day, 18, 0, tzinfo=UTC)
        ConsentRecordFactory(person=person, purpose="newsletter", at=at)
    batch, _faults = brought(
        "Anna Berg;anna@x.eu;no",
        "Bo Berg;bo@x.eu;no",
        head="Name;E-mail;Newsletter",
        answers=proved,
    )
    assert [current(name) for name in ("Anna", "Bo")] == ["granted", "refused"]
    assert ConsentRecord.objects.filter(person__given="Anna").count() == 1
    assert "They answered later; that counts." in remarks(batch)


def test_the_trial_shows_the_answers_and_writes_nothing(brought, proved):
    shown: list[ImportRow] = []
    before = dump()
    brought(
        "Anna Berg;a@x.eu;yes",
        head="Name;E-mail;Newsletter",
        answers=proved,
        is_trial=True,
        on_rows=shown.extend,
    )
    assert dump() == before
    assert shown[0].changes["newsletter"] == ["", "granted"]
    assert "in the words en v1; proof: signed list, folder 3, line 2" in shown[0].remark


def test_the_same_list_twice_writes_no_answer_twice_and_undo_leaves_the_ledger_as_it_was(
    brought,
    proved,
):
    known = PersonFactory(given="Dea", family="Holm", address="d@x.eu")
    _said("granted")(known)
    PersonFactory(given="Eli", family="Vik", address="e@x.eu")
    before = dump()
    lines = ("Anna Berg;a@x.eu;yes", "Dea Holm;d@x.eu;no", "Eli Vik;e@x.eu;yes")
    first, _faults = brought(*lines, head="Name;E-mail;Newsletter", answers=proved)
    assert ConsentRecord.objects.count() == 4
    again, _faults = brought(*lines, head="Name;E-mail;Newsletter", answers=proved)
    assert verbs(again) == ["skip", "skip", "skip"]
    assert ConsentRecord.objects.count() == 4
    undo_import(again, at=CLOCK, by=None)
    assert undo_import(first, at=CLOCK, by=None).kept == []
    assert dump() == before


def test_an_answer_on_which_something_rests_stays_when_the_import_is_undone(
    brought,
    proved,
    coordinator,
):
    for name in ("Anna Berg", "Bo Lind", "Cy Dahl"):
        given, family = name.split()
        PersonFactory(given=given, family=family, address=f"{given[0].lower()}@x.eu")
    batch, _faults = brought(
        *(f"{name};{name[0].lower()}@x.eu;yes" for name in ("Anna Berg", "Bo Lind", "Cy Dahl")),
        head="Name;E-mail;Newsletter",
        answers=proved,
        event=None,
    )
    record_answer(
        Person.objects.get(given="Anna"),
        purpose="newsletter",
        status="withdrawn",
        channel="phone",
        evidence="rang",
        at=CLOCK,
        by=coordinator,
    )
    mailing = MailingFactory(kind="newsletter", state="released", released_at=CLOCK)
    MailingRecipientFactory(
        mailing=mailing, person=Person.objects.get(given="Bo"), mail=OutgoingMailFactory()
    )
    undone = undo_import(batch, at=CLOCK, by=None)
    assert [row.name for row in undone.kept] == ["Anna Berg", "Bo Lind"]
    assert reasons_of(undone.kept[0]) == [
        "the answer about the newsletter, on which something rests by now"
    ]
    assert [current(name) for name in ("Anna", "Bo", "Cy")] == ["withdrawn", "granted", ""]


def test_our_own_list_is_no_proof_of_an_answer(brought):
    anna = PersonFactory(given="Anna", family="Berg", address="a@x.eu")
    _said("granted")(anna)
    batch, _faults = brought(
        f"{anna.pk};Anna Berg;a@x.eu;refused", head="CRM number;Name;Mail;Newsletter", event=None
    )
    assert (verbs(batch), current("Anna")) == (["skip"], "granted")
    assert "the answer is left out" in remarks(batch)


def test_a_file_without_answers_asks_nothing_about_them(brought, django_assert_max_num_queries):
    PersonFactory(given="Anna", family="Berg", address="a@x.eu")
    with django_assert_max_num_queries(60) as asked:
        brought("Anna Berg;a@x.eu", head="Name;E-mail", event=None)
    assert not [each for each in asked.captured_queries if "crm_consentrecord" in each["sql"]]


def test_answers_are_read_anew_when_words_day_and_proof_are_said(words, settings, tmp_path):
    settings.IMPORT_DIR = tmp_path / "imports"
    content = b"Name;E-mail;Newsletter\nAnna Berg;a@x.eu;yes\n"
    batch = batches.receive_file(
        BytesIO(content), "l.csv", event=None, basis="b", source="s", by=None
    )
    batches.work_off()
    assert batch.entries.get().differs["newsletter"] == ["", "granted"]
    batches.change_reading(
        batch,
        {"newsletter_text": words, "newsletter_on": date(2023, 1, 31), "newsletter_proof": "p"},
    )
    batches.work_off()
    assert batch.entries.get().changes["newsletter"] == ["", "granted"]
    batch.refresh_from_db()
    batches.ask_to_import(batch)
    batches.work_off()
    assert current("Anna") == "granted"
    assert ConsentText.objects.count() == 1
