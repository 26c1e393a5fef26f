"""The family name of an erased person, standing alone in notes about others."""

import pytest
from django.core.management import call_command

from tests.factories.crm import (
    CLOCK,
    FollowUpFactory,
    ImportBatchFactory,
    IncomingMailFactory,
    InteractionFactory,
    MessageFactory,
    NoticeDueFactory,
    OrganisationFactory,
    ParticipationFactory,
    PersonFactory,
    SavedViewFactory,
    TagFactory,
)
from tests.factories.visits import VisitFactory, VisitRequestFactory
from visits.domain.dossiers import dossier_of
from visits.domain.erasure import erase_person
from visits.domain.mentions import mentions_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def platane():
    return PersonFactory(given="Maximilian-Alexander", family="Sample-Platane")


@pytest.fixture
def ann():
    return PersonFactory(given="Ann", family="Other", notes="Knows Sample-Platane well.")


def found(person) -> list[tuple[str, str, str]]:
    return [(each.kind, str(each.about), each.words) for each in mentions_of(dossier_of(person))]


def test_a_family_name_alone_is_found_in_notes_about_others(platane, ann):
    InteractionFactory(person=ann, text="sample-platane asked again.")
    FollowUpFactory(person=ann, text="Ring Sample-Platane up")
    ParticipationFactory(person=ann, note="came with Sample-Platane")
    house = OrganisationFactory(name="House", notes="Sample-Platane has the key.")
    visit = VisitFactory(ref="V77", notes="x " * 100 + "Sample-Platane, then" + " y" * 100)

    assert sorted(found(platane)) == sorted(
        [
            ("notes", "Ann Other", "Knows Sample-Platane well."),
            ("call, meeting or note", "Ann Other", "sample-platane asked again."),
            ("promise", "Ann Other", "Ring Sample-Platane up"),
            ("part in an event", "Ann Other", "came with Sample-Platane"),
            ("notes", str(house), "Sample-Platane has the key."),
            ("visit", str(visit), f"… {'x ' * 18}Sample-Platane, then{' y' * 22} …"),
        ]
    )


def test_the_source_of_an_import_is_found_and_the_name_goes_out_of_it(platane, ann):
    ann.notes = ""
    ann.save()
    source = "list by Sample-Platane office"
    batch = ImportBatchFactory(source=source, file_name="list.csv")
    theirs = NoticeDueFactory(person=ann, batch=batch, source=source)
    NoticeDueFactory(person=platane, batch=batch, source=source)
    assert found(platane) == [("import", "None", source), ("notice due", "Ann Other", source)]

    erase_person(platane, at=CLOCK)

    for row in (batch, theirs):
        row.refresh_from_db()
        assert row.source == "list by █ office"


def test_what_is_no_such_name_is_not_found(platane, ann):
    ann.notes = ""
    ann.save()
    cousin = PersonFactory(given="Eva", family="Sample-Platane", notes="Sample-Platane is busy.")
    InteractionFactory(person=ann, text="Sample-Platanes and Sample-PlataneX, Eva Sample-Platane.")
    InteractionFactory(person=ann, text="Maximilian-Alexander Sample-Platane was there.")
    InteractionFactory(person=cousin, text="Sample-Platane rang.")
    InteractionFactory(person=platane, text="Sample-Platane rang.")
    asked = VisitRequestFactory(person=platane, raw_text="Sample-Platane asks.")
    VisitFactory(requests=[asked], notes="Sample-Platane has the key.")

    assert found(platane) == []
    assert found(PersonFactory(given="Noor", family="")) == []


def test_a_family_name_alone_is_found_in_tags_views_and_mails_of_others(platane, ann):
    ann.notes = ""
    ann.save()
    TagFactory(name="friend of Sample-Platane")
    SavedViewFactory(name="Of the family", query={"q": ["Sample-Platane"], "country": ["NL"]})
    mail = IncomingMailFactory(subject="Ask Sample-Platane", text="Yours", raw=b"Sample-Platane")
    MessageFactory(incoming=True, person=ann, body="Ask Sample-Platane about it")
    MessageFactory(person=ann, body="As Sample-Platane said")
    IncomingMailFactory(sender_name="Eva Sample-Platane", text="Sample-Platane, my family")
    IncomingMailFactory(recipients=["sample-platane@city.example"])

    assert sorted(found(platane)) == [
        ("incoming mail", str(mail), "Ask Sample-Platane"),
        ("mail", "Ann Other", "Ask Sample-Platane about it"),
        ("saved view", "None", "Sample-Platane"),
        ("tag", "None", "friend of Sample-Platane"),
    ]


def test_nothing_of_the_name_stays_in_tags_views_and_mails(platane):
    whole = platane.name
    first, second = TagFactory(name="of Sample-Platane"), TagFactory(name="of  Sample-Platane!")
    full = TagFactory(name=f"by {whole}")
    view = SavedViewFactory(name=f"Of {whole}", query={"q": ["Sample-Platane"], "tag": [whole]})
    mail = IncomingMailFactory(
        subject="Sample-Platane", text=f"{whole} and Sample-Platane", raw=b"Sample-Platane"
    )
    erase_person(platane, at=CLOCK)
    for row in (first, second, full, view, mail):
        row.refresh_from_db()
    assert [row.name for row in (first, second, full)] == ["of █", "of  █!", "by █"]
    assert not any("platane" in row.key for row in (first, second, full))
    assert (view.name, view.query) == ("Of █", {"q": ["█"], "tag": ["█"]})
    assert (mail.subject, mail.text, mail.raw) == ("█", "█ and █", None)


def test_tags_that_read_the_same_after_an_erasure_stay_two(platane):
    one, other = TagFactory(name="Sample-Platane"), TagFactory(name=platane.name)
    erase_person(platane, at=CLOCK)
    for row in (one, other):
        row.refresh_from_db()
    assert [one.name, other.name] == ["█", "█"]


@pytest.mark.parametrize("said", ["Mörtelstübchen", "MÖRTELSTÜBCHEN", "mörtelstübchen"])
def test_a_name_with_marks_goes_out_of_notes_and_views_in_any_case(said):
    person = PersonFactory(given="Jo", family="Mörtelstübchen")
    view = SavedViewFactory(query={"q": [said]})
    whole = SavedViewFactory(query={"q": [f"Jo {said}"]})
    note = InteractionFactory(text=f"Jo {said} and {said}")
    erase_person(person, at=CLOCK)
    for row in (view, whole, note):
        row.refresh_from_db()
    assert [view.query, whole.query] == [{"q": ["█"]}, {"q": ["█"]}]
    assert note.text == "█ and █"


def test_an_erasure_takes_the_name_out_of_them_but_for_those_left_alone(platane, ann):
    PersonFactory(given="Eva", family="Sample-Platane")
    both = InteractionFactory(
        person=ann,
        text="Sample-Platane and Eva Sample-Platane asked again. Sample-Platane Sample-Platane?",
    )
    tree = FollowUpFactory(person=ann, text="Look at the Sample-Platane in the yard")
    mentions = mentions_of(dossier_of(platane))

    erase_person(platane, at=CLOCK, mentions=[row for row in mentions if row.row != tree])

    for row in (both, tree, ann):
        row.refresh_from_db()
    assert both.text == "█ and Eva Sample-Platane asked again. █ █?"
    assert tree.text == "Look at the Sample-Platane in the yard"
    assert ann.notes == "Knows █ well."


def test_who_says_nothing_has_it_taken_out_everywhere(platane, ann):
    erase_person(platane, at=CLOCK)
    ann.refresh_from_db()
    assert ann.notes == "Knows █ well."


def test_the_command_tells_and_may_leave_them(platane, ann, capsys):
    call_command("erase_person", str(platane.pk), "--leave-family-name")
    assert "by the family name alone stay as they are: 1" in capsys.readouterr().out
    ann.refresh_from_db()
    assert ann.notes == "Knows Sample-Platane well."

    other = PersonFactory(given="Bo", family="Well")
    call_command("erase_person", str(other.pk))
    assert "by the family name alone: 1" in capsys.readouterr().out
    ann.refresh_from_db()
    assert ann.notes == "Knows Sample-Platane █."
