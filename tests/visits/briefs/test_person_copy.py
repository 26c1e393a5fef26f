"""The printed copy of a person's data: in their language, by their clock, no name of a column."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils.translation import override

from crm.domain import consents, merges, stop_links
from crm.domain.audit import record
from crm.fixture_files import document
from crm.models import (
    ConsentRecord,
    ContactPoint,
    FollowUp,
    ImportRow,
    IncomingMail,
    Interaction,
    MailingRecipient,
    Message,
    OutgoingMail,
    Participation,
)
from tests.factories.crm import (
    CLOCK,
    MailingRecipientFactory,
    OutgoingMailFactory,
    PersonFactory,
)
from visits.briefs.copy_words import CODES, NAMES, SECTIONS
from visits.briefs.person_copy import _Spot
from visits.domain import person_export
from visits.domain.dossiers import dossier_of
from visits.domain.person_export import Reader, gather_export
from visits.domain.verification import CONSENT_CHANNEL
from visits.states import RequestState

ENUMS = {
    "contact_points.kind": ContactPoint.Kind,
    "contact_points.status": ContactPoint.Status,
    "participations.status": Participation.Status,
    "interactions.kind": Interaction.Kind,
    "promises.owner": FollowUp.Owner,
    "messages.direction": Message.Direction,
    "messages.status": Message.Status,
    "messages.deliveries.state": OutgoingMail.State,
    "mails_received.state": IncomingMail.State,
    "mailings.standing": MailingRecipient.Standing,
    "mailings.reason": MailingRecipient.Reason,
    "imported.verb": ImportRow.Verb,
}


@pytest.mark.parametrize("where", ENUMS)
def test_every_code_that_is_kept_has_words(where):
    codes = set(ENUMS[where].values)
    # These are told by the state of their mail.
    if where in ("messages.status", "mailings.standing"):
        codes |= set(OutgoingMail.State.values)
    assert set(CODES[where]) == codes


def test_every_way_an_answer_came_has_words():
    ways = {*consents.CHANNELS, consents.CORRECTION, merges.CHANNEL, CONSENT_CHANNEL}
    ways |= {stop_links.ONE_CLICK, stop_links.BY_PAGE, stop_links.BY_MAIL, "private page", "visit"}
    ways |= {row["channel"] for row in document("sample/consents.json")}
    assert ways <= set(CODES["consents.channel"])


def test_every_state_that_is_logged_of_a_person_or_a_request_has_words():
    states = {*ConsentRecord.Status, *ContactPoint.Status, *RequestState}
    assert states <= set(CODES["changes.to_state"])


LANGUAGES = [code for code in settings.COMPLETE_LANGUAGES if code != "en"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_of_the_log_and_of_lists_stays_english(language):
    rows = [
        entry("record_consent", "newsletter", to_state="granted"),
        entry("mark_contact_point", "email", to_state="verified"),
        entry("link_person", "municipality", "person", "assigned_to"),
        entry("import_person", "participation", "merged_into", "data_requests"),
    ]
    lists = [
        {
            "changes": {"part.status": ["registered", "attended"], "part.day_1": [None, True]},
            "differs": {"newsletter": ["", "granted"], "part.part": ["", "1"]},
        }
    ]
    answers = [{"purpose": "newsletter", "status": "withdrawn", "channel": "in_person"}]

    def words(code: str) -> list[str]:
        found = []
        with override(code):
            reader = Reader(code, "Europe/Oslo", {})
            for where, told in (("changes", rows), ("imported", lists), ("consents", answers)):
                for facts in _Spot(where, reader).blocks(told):
                    labels = [] if where == "changes" else [fact.label for fact in facts.rows]
                    found += labels + [fact.value for fact in facts.rows]
        return [word for told in found for word in re.findall(r"[^:,;()→_ ]{4,}|_", told)]

    same = {word.casefold() for word in words("en")} & {word.casefold() for word in words(language)}
    # The same word in both languages.
    assert same <= {"newsletter", "record"}
    assert "_" not in words(language)


def entry(verb: str, *fields: str, **states: str) -> dict:
    row = {"at": CLOCK, "verb": verb, "fields": [*fields], "from_state": "", "to_state": ""}
    return row | states


def test_the_log_is_one_list_with_a_line_for_each_entry_and_what_it_was_about():
    rows = [
        entry("add_person", "given", "family"),
        entry("log_interaction", "text"),
        entry("complete_follow_up"),
        entry("take_tag", "tags"),
        entry("take_back_consents"),
        entry("mark_contact_point", "status"),
        entry("request_step", from_state="received", to_state="under_review"),
        entry("not_the_same"),
    ]
    (facts,) = _Spot("changes", Reader("en", "Europe/Oslo", {})).blocks(rows)
    assert {fact.label for fact in facts.rows} == {"Wed 15 Feb 2023, 10:00 Oslo (CET)"}
    assert [fact.value for fact in facts.rows] == [
        "written down: given name, family name",
        "written down: calls, meetings and notes, text",
        "done: promises",
        "taken out: tags",
        "taken back: what you agreed to or refused",
        "changed: address or number, state",
        "changed: state (received → under review)",
        "changed",
    ]


@pytest.mark.django_db
def test_the_record_last_changed_by_the_clock_of_its_log():
    person = PersonFactory(created_at=CLOCK - timedelta(days=3))
    (row,) = gather_export(dossier_of(person), at=CLOCK)["people"]
    assert row["updated_at"] == CLOCK - timedelta(days=3)
    record(person, "edit_person", at=CLOCK - timedelta(days=1), by=None, fields=["role"])
    record(person, "export_person", at=CLOCK, by=None)
    (row,) = gather_export(dossier_of(person), at=CLOCK)["people"]
    assert row["updated_at"] == CLOCK - timedelta(days=1)


@pytest.mark.django_db
def test_a_letter_that_was_called_off_is_said_to_be():
    person = PersonFactory()
    mail = OutgoingMailFactory(message__person=person, message__status="queued", state="cancelled")
    (letter,) = gather_export(dossier_of(person), at=CLOCK)["messages"]
    assert letter["status"] == "cancelled"
    OutgoingMailFactory(message=mail.message, state="sent")
    (letter,) = gather_export(dossier_of(person), at=CLOCK)["messages"]
    assert letter["status"] == "sent"


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["queued", "sent", "bounced"])
def test_a_letter_and_a_mailing_stand_as_their_mail_does(state):
    person = PersonFactory()
    mail = OutgoingMailFactory(message__person=person, message__status="queued", state=state)
    MailingRecipientFactory(person=person, mail=mail, standing="queued")
    told = gather_export(dossier_of(person), at=CLOCK)
    assert told["messages"][0]["status"] == state
    assert told["mailings"][0]["standing"] == state


@pytest.mark.django_db
def test_every_section_and_every_name_that_is_gathered_has_words():
    told = gather_export(dossier_of(PersonFactory()), at=CLOCK)
    assert set(SECTIONS) == set(told) - {"exported_at"}
    lists = [value for name, value in vars(person_export).items() if name.isupper()]
    names = {name for value in lists if isinstance(value, tuple) for name in value}
    assert names | set(told["people"][0]) <= set(NAMES)
