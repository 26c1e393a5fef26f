"""Erasing a person: who it was goes from everywhere, what happened stays countable."""

import json
import sqlite3
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import models

from crm.domain.merges import obstacles
from crm.domain.people import add_person
from crm.models import (
    AuditEntry,
    AuditNote,
    ConsentRecord,
    ContactPoint,
    DataRequest,
    FollowUp,
    IdempotencyKey,
    IncomingMail,
    Lookalike,
    Message,
    OutgoingMail,
    Person,
    Suppression,
)
from tests.factories.crm import (
    CLOCK,
    ConsentRecordFactory,
    ContactPointFactory,
    CoordinatorFactory,
    DataRequestFactory,
    FollowUpFactory,
    IgnoredSenderFactory,
    ImportBatchFactory,
    ImportRowFactory,
    IncomingMailFactory,
    InteractionFactory,
    LookalikeFactory,
    MergeFactory,
    NoticeDueFactory,
    OrganisationFactory,
    ParticipationFactory,
    PersonFactory,
    PostFactory,
)
from tests.factories.visits import (
    AgendaItemFactory,
    HostFactory,
    PackRunFactory,
    PendingRequestFactory,
    VisitFactory,
    VisitRequestFactory,
)
from visits.domain import erasure, pack_runs
from visits.domain.briefs import build_edition
from visits.domain.dossiers import dossier_of
from visits.domain.free_texts import FREE_TEXTS, GONE
from visits.domain.person_export import export_person
from visits.domain.reporting import all_figures
from visits.models import Campaign, PackRun, PendingRequest, PrivateLink, Visit, VisitRequest

pytestmark = pytest.mark.django_db

ADDRESS = "zelda.marker@city.example"


@pytest.fixture
def zelda():
    """A person with a row of every kind, and a stranger beside her in the same texts."""
    person = PersonFactory(
        given="Zelda",
        family="Marker",
        script_variant="Зельда Маркер",
        role="Head of Marking",
        notes="Zelda likes tea.",
        organisation=OrganisationFactory(notes="Zelda Marker knows the mayor, so does Ann Other."),
    )
    ContactPointFactory(person=person, value=ADDRESS)
    ContactPointFactory(person=person, kind=ContactPoint.Kind.PHONE, value="+32 499 12 34 56")
    ContactPointFactory(person=PersonFactory(given="Ann", family="Other"), value="ann@city.example")
    ConsentRecordFactory(person=person, address=ADDRESS, evidence="Zelda Marker ticked the box.")
    ParticipationFactory(person=person, part="Zelda spoke", note="met Zelda", source="list, row 7")
    listed = ImportBatchFactory(source="list of Zelda Marker", file_name="Zelda Marker.csv")
    ImportRowFactory(
        batch=listed,
        person=person,
        name="Zelda Marker",
        changes={"family": ["", "Marker"], "email": ["", [ADDRESS]]},
        remark="“Márker” was read as “Marker”.",
    )
    NoticeDueFactory(person=person, told_at=CLOCK, told_how="Zelda Marker was rung up.")
    PostFactory(person=person, role="Marker of yore")
    InteractionFactory(person=person, text="Zelda called about Ann Other (ann@city.example).")
    FollowUpFactory(person=person, text="Send Zelda the guide")
    DataRequestFactory(person=person, address=ADDRESS, text="Please erase me. Zelda")
    asked = VisitRequestFactory(
        ref="R91",
        person=person,
        requester_name="Zelda Marker",
        requester_role="Head of Marking",
        address=ADDRESS,
        raw_text="I, Zelda, would like a visit.",
        questions=["May Zelda ask?"],
        reason="Zelda asked late.",
    )
    PendingRequestFactory(address_key=ADDRESS, answers={"requester_name": "Zelda Marker"})
    PrivateLink.objects.create(request=asked)
    visit = VisitFactory(
        ref="V91",
        requests=[asked],
        local_contact_name="Zelda Marker",
        local_contact_address=ADDRESS,
        agreement="Zelda Marker accepted on the private page of R91.",
        notes="Ask Zelda about parking.",
        host=HostFactory(ref="H9", name="Joe Example"),
    )
    said = {"key": uuid4(), "written_at": CLOCK, "arrived_at": CLOCK}
    visit.host_notes.create(text="Zelda Marker wants cameras.", **said)
    AgendaItemFactory(visit=visit, title="Welcome by Zelda", speaker="Zelda Marker")
    for kind in ("internal", "public"):
        build_edition(visit, kind, at=CLOCK)
    for number, state in enumerate(("queued", "sent", "held")):
        message = Message.objects.create(
            direction="out",
            status="queued",
            person=person,
            address=ADDRESS,
            address_name="Zelda Marker",
            subject="Zelda: dates",
            body="Hello Zelda, Joe Example and Ann Other come.",
            at=CLOCK + timedelta(minutes=number),
        )
        asked.messages.add(message)
        OutgoingMail.objects.create(
            message=message,
            recipient=ADDRESS,
            recipient_name="Zelda Marker",
            state=state,
            mail_id=f"<{number}@outreach.example>",
            subject="Zelda: dates",
            text="Hello Zelda",
            html="<p>Hello Zelda</p>",
            next_try_at=CLOCK,
            queued_at=CLOCK,
        )
    IncomingMailFactory(
        sender=ADDRESS, sender_name="Zelda Marker", raw=b"From: Zelda Marker", text="Zelda writes"
    )
    IncomingMailFactory(
        sender="staff@desk.example",
        sender_name="Joe Example",
        recipients=[["Zelda Marker", ADDRESS]],
        text="Dear Zelda",
        attachments=[{"number": 1, "name": "Zelda Marker.pdf", "type": "a/b", "size": 1}],
    )
    IncomingMailFactory(
        sender="ann@city.example",
        sender_name="Ann Other",
        text="I met Zelda Marker.",
        raw=b"I met Zelda Marker.",
    )
    IgnoredSenderFactory(address=ADDRESS)
    entry = AuditEntry.objects.create(
        at=CLOCK, verb="request_step", model="visits.visitrequest", row_id=str(asked.pk)
    )
    AuditNote.objects.create(entry=entry, why="Zelda asked late.")
    IdempotencyKey.objects.create(
        key="1", route="POST /api/v1/people/", body_hash="0", status=201, answer='{"a":"Marker"}'
    )
    return person


def everything() -> str:
    """Every value of every row of both apps."""
    found = []
    for app in ("crm", "visits"):
        for model in apps.get_app_config(app).get_models():
            found += [repr(list(row.values())) for row in model._default_manager.values()]
    return "\n".join(found).casefold()


def test_an_erased_person_is_named_nowhere(zelda):
    erasure.erase_person(zelda, at=CLOCK)

    left = everything()
    for word in ("zelda", "marker", "зельда", "маркер", "499 12", "marking", "row 7"):
        assert word not in left, word
    assert "ann other" in left
    assert "joe example" in left


def test_facts_and_states_stay(zelda):
    ParticipationFactory(person=zelda, status="attended")
    before = counts()

    erasure.erase_person(zelda, at=CLOCK)

    assert counts() == before
    request, visit = VisitRequest.objects.get(), Visit.objects.get()
    assert (request.city, request.state, visit.state) == ("Ghent", "received", "confirmed")
    assert visit.notes == "Ask █ about parking."
    assert visit.agreement == "█ accepted on the private page of R91."


def counts() -> list[int]:
    kept = ("Participation", "Message", "Interaction", "VisitRequest", "Visit", "OutgoingMail")
    return [
        model._default_manager.count()
        for app in ("crm", "visits")
        for model in apps.get_app_config(app).get_models()
        if model.__name__ in kept
    ]


def test_waiting_mail_is_cancelled_and_sent_mail_stays_sent_without_words(zelda):
    erasure.erase_person(zelda, at=CLOCK)

    rows = OutgoingMail.objects.order_by("mail_id").values_list("state", "text", "recipient")
    assert list(rows) == [("cancelled", "", ""), ("sent", "", ""), ("cancelled", "", "")]


def test_what_is_only_personal_is_gone(zelda):
    erasure.erase_person(zelda, at=CLOCK)

    assert not ContactPoint.objects.filter(person=zelda).exists()
    assert not ConsentRecord.objects.filter(person=zelda).exists()
    assert (PendingRequest.objects.count(), PrivateLink.objects.count()) == (0, 0)
    assert IdempotencyKey.objects.count() == 0
    # Nobody is left to keep the promise to.
    assert not FollowUp.objects.open().exists()
    assert DataRequest.objects.get().done_at == CLOCK


def test_finished_packs_that_may_name_the_person_are_gone(
    zelda, settings, tmp_path, django_capture_on_commit_callbacks
):
    settings.PACK_DIR = tmp_path
    run = PackRunFactory(state="done", file="pack.pdf", host=Visit.objects.get(ref="V91").host)
    (tmp_path / run.file).write_bytes(b"Zelda Marker")
    with django_capture_on_commit_callbacks(execute=True):
        erasure.erase_person(zelda, at=CLOCK)
    assert not PackRun.objects.exists()
    assert list(tmp_path.iterdir()) == []


def test_a_pack_being_made_during_an_erasure_is_not_kept(zelda, settings, tmp_path, monkeypatch):
    settings.PACK_DIR = tmp_path
    PackRunFactory(host=Visit.objects.get(ref="V91").host)

    def erase_meanwhile(*_args, **_options):
        erasure.erase_person(zelda, at=CLOCK)
        return b"Zelda Marker", "pack.pdf"

    monkeypatch.setattr(pack_runs, "make_pack", erase_meanwhile)
    pack_runs.work_off()
    assert not PackRun.objects.exists()
    assert list(tmp_path.iterdir()) == []


def test_the_address_is_remembered_as_a_hash_and_not_taken_up_again(zelda):
    erasure.erase_person(zelda, at=CLOCK)

    assert Suppression.objects.holds(f"  {ADDRESS.upper()} ")
    assert not Suppression.objects.holds("ann@city.example")
    again = add_person({"given": "Zelda"}, address=ADDRESS, at=CLOCK, by=None)
    assert again.contact_points.get().status == ContactPoint.Status.SUPPRESSED


def test_an_address_shared_with_a_colleague_stays_usable(zelda):
    ContactPointFactory(person=PersonFactory(given="Bo", family="Colleague"), value=ADDRESS)

    erasure.erase_person(zelda, at=CLOCK)

    assert not Suppression.objects.holds(ADDRESS)
    assert ContactPoint.objects.filter(value=ADDRESS).count() == 1


def test_records_merged_into_one_are_erased_together(zelda):
    twin = PersonFactory(given="Zelda", family="Marker-Twin", merged_into=zelda)

    erasure.erase_person(twin, at=CLOCK)

    assert set(Person.objects.exclude(erased_at=None)) == {zelda, twin}


def test_a_merge_forgets_what_it_was_made_of(zelda):
    twin = PersonFactory(given="Zelda", family="Marker-Twin", notes="Zelda likes maps.")
    merge = MergeFactory(kept=zelda, merged=twin)
    LookalikeFactory(one=zelda, other=PersonFactory())
    stranger = MergeFactory(
        kept=PersonFactory(notes=""), merged=PersonFactory(notes="Met Zelda Marker.")
    )
    assert "Zelda" in json.dumps(merge.journal)

    erasure.erase_person(Person.objects.get(pk=zelda.pk), at=CLOCK)

    merge.refresh_from_db()
    stranger.refresh_from_db()
    assert (merge.journal, Lookalike.objects.count()) == (None, 0)
    assert "Zelda" not in json.dumps(stranger.journal)
    assert "Zelda" not in stranger.kept.notes
    assert obstacles(stranger) == []


def test_a_namesake_keeps_the_name(zelda):
    namesake = PersonFactory(given="Zelda", family="Marker")
    other = VisitRequestFactory(requester_name="Zelda Marker", address="z@other.example")

    erasure.erase_person(zelda, at=CLOCK)

    namesake.refresh_from_db()
    other.refresh_from_db()
    assert (namesake.name, other.requester_name) == ("Zelda Marker", "Zelda Marker")


def test_the_log_says_that_and_what_but_no_value(zelda):
    by = CoordinatorFactory()
    erasure.erase_person(zelda, at=CLOCK, by=by)

    entry = AuditEntry.objects.get(verb="erase_person")
    assert (entry.by, entry.row_id, "given" in entry.fields) == (by, str(zelda.pk), True)


def test_nobody_is_erased_twice_and_no_host(zelda):
    host = HostFactory(person=PersonFactory(given="Hanne", family="Host"), name="Hanne Host")
    with pytest.raises(ValidationError, match="visits under this name; give the host another"):
        erasure.erase_person(host.person, at=CLOCK)
    host.name = "Visit host"
    host.save()
    erasure.erase_person(host.person, at=CLOCK)
    host.refresh_from_db()
    assert host.person is None
    erasure.erase_person(zelda, at=CLOCK)
    zelda.refresh_from_db()
    with pytest.raises(ValidationError, match="erased already"):
        erasure.erase_person(zelda, at=CLOCK)


def test_an_erasure_that_fails_half_way_changes_nothing(zelda, monkeypatch):
    def fail(*_args, **_more):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(erasure, "record", fail)
    with pytest.raises(RuntimeError):
        erasure.erase_person(zelda, at=CLOCK)

    zelda.refresh_from_db()
    assert (zelda.name, zelda.contact_points.count()) == ("Zelda Marker", 2)


# --- The registry --------------------------------------------------------------------------------

# Texts that name no person known to us, or that are not ours to change.
IMPERSONAL = {
    # The log of consents is deleted as a whole; nobody else's evidence names this person.
    "crm.consentrecord",
    # Rows that are deleted, or that hold hashes, keys of machines and choices alone.
    "crm.contactpoint crm.suppression crm.idempotencykey crm.ratehit crm.workerbeat",
    "visits.pendingrequest visits.privatelink visits.calendarfeed visits.reservation",
    "visits.feedentry",
    "visits.hold visits.briefedition visits.planrun visits.packrun visits.plan",
    "visits.placement",
    "crm.auditentry",
    # The mailbox we read; senders put aside, whose rows are deleted.
    "crm.mailfolder crm.ignoredsender",
    # Levels and weights by field; frequent values that no single person stands behind.
    "crm.lookalike crm.duplicatescan",
    # Days and choices alone.
    "crm.followupmove crm.retentionrule",
    # Names of placeholders and codes of reasons; secrets whose rows are deleted; the outbox's own.
    "crm.mailingrecipient crm.stoplink crm.outboxstanding",
    # Reference data, the programme of the event and the offer, as published.
    "crm.place crm.placename crm.consenttext crm.mailtemplate crm.initiative crm.municipality",
    "crm.event crm.session visits.campaign visits.topic visits.calendarday visits.roadsourcestate",
    # Staff, who are no contacts: administrators remove their accounts.
    "crm.user visits.host visits.busyfeed",
}
PARTS = {
    "crm.person": {"search_key"},
    "crm.organisation": {"key", "name", "type", "country", "website", "search_key"},
    "visits.traveloverride": {"mode"},
    "visits.travelfactor": {"key"},
    "crm.mailing": {"kind", "template_key", "state", "digest"},
    "crm.message": {"direction", "channel", "status", "language", "search_key"},
    "crm.tag": {"key"},
    "crm.outgoingmail": {"state", "mail_id", "calendar_method"},
    "crm.interaction": {"kind", "search_key"},
    "crm.incomingmail": {"raw_hash", "state", "kind", "why", "faults", "bounce"},
    "crm.followup": {"owner", "search_key"},
    "crm.participation": {"status"},
    "crm.importbatch": set(
        "state file checksum kind encoding delimiter sheet sheets heading_key mapping ignored "
        "formulas organisations".split()
    ),
    "crm.importrow": {"verb", "field"},
    "crm.datarequest": {"kind"},
    "crm.savedview": {"list"},
    "visits.figuresnapshot": {"figures"},
    "visits.visitrequest": set(
        "ref channel raw_language city country region zone address_key language mode interpreter "
        "state on_site_ruled_out search_key".split()
    ),
    "visits.visit": set(
        "ref city country mode mode_history zone meeting_link state cancel_side ics_uid "
        "search_key".split()
    ),
    "visits.checklistitem": {"key", "owner"},
    "visits.datewish": {"days", "outcome"},
    "visits.visitreport": {"outcome"},
    "visits.attendancecount": {"audience"},
    "visits.expense": {"eligible", "currency", "category"},
    "visits.hostanswer": {"answer"},
    "visits.travelleg": {"mode", "status"},
    "visits.hostavailability": {"kind"},
    "visits.disruption": set("key kind name countries airports places modes status".split()),
    "visits.unplaced": {"reason_code"},
    "visits.planversion": {"state", "totals", "result"},
    "visits.plandecision": {"kind", "kept"},
    "visits.disseminationactivity": {"type", "counts"},
    "visits.preferreddate": {"part"},
}


def test_every_text_column_says_what_erasure_does_with_it():
    """A new column that may name a person belongs into EMPTIED or FREE_TEXTS."""
    impersonal = {name for line in IMPERSONAL for name in line.split()}
    missing = []
    for app in ("crm", "visits"):
        for model in apps.get_app_config(app).get_models():
            label = model._meta.label_lower
            if label in impersonal:
                continue
            known = set(erasure.EMPTIED.get(model, ())) | set(FREE_TEXTS.get(model, ()))
            known |= PARTS.get(label, set())
            missing += [
                f"{label}.{field.name}"
                for field in model._meta.concrete_fields
                if isinstance(field, models.CharField | models.TextField | models.JSONField)
                and field.name not in known
            ]
    assert missing == []


# --- Export --------------------------------------------------------------------------------------


def test_the_export_holds_all_and_nobody_else(zelda):
    told = json.dumps(
        export_person(zelda, at=CLOCK), ensure_ascii=False, default=str, sort_keys=True
    )

    for words in (
        "Zelda likes tea.",
        "Зельда Маркер",
        "+32 499 12 34 56",
        "Zelda Marker ticked the box.",
        "list, row 7",
        "Send Zelda the guide",
        "Please erase me.",
        "Marker of yore",
        "Zelda Marker was rung up.",
        "Zelda Marker wants cameras.",
        "I, Zelda, would like a visit.",
        "May Zelda ask?",
        "Zelda called about (another person) ((another person)).",
        "Hello Zelda, Joe Example and (another person) come.",
        '"local_contact_name": "Zelda Marker"',
    ):
        assert words in told, words
    assert "Ann Other" not in told
    assert "ann@city.example" not in told


def test_the_export_and_the_erasure_look_at_the_same_rows(zelda):
    """What a person is shown is what is taken away: afterwards an export shows no word of them."""
    erasure.erase_person(zelda, at=CLOCK)
    zelda.refresh_from_db()
    told = json.dumps(export_person(zelda, at=CLOCK), default=str).casefold()
    assert "zelda" not in told
    assert "marker" not in told


def test_a_look_at_everything_is_logged(zelda):
    by = CoordinatorFactory()
    export_person(zelda, at=CLOCK, by=by)
    assert AuditEntry.objects.get(verb="export_person").by == by


def test_a_visit_shared_with_another_city_office_shows_no_foreign_contact(zelda):
    visit = VisitFactory(
        requests=[VisitRequest.objects.get(), VisitRequestFactory(requester_name="Bo Colleague")],
        local_contact_name="Bo Colleague",
        local_contact_address="bo@city.example",
    )
    assert not dossier_of(zelda).is_contact_of(visit)
    told = json.dumps(export_person(zelda, at=CLOCK), default=str)
    assert visit.ref in told
    assert "Bo Colleague" not in told


# --- Commands ------------------------------------------------------------------------------------


def test_the_commands_export_and_erase(zelda, tmp_path, capsys):
    path = tmp_path / "zelda.json"
    call_command("export_person", str(zelda.pk), "--output", str(path))
    assert json.loads(path.read_text())["people"][0]["given"] == "Zelda"
    assert path.stat().st_mode & 0o777 == 0o600

    call_command("erase_person", str(zelda.pk))
    assert "Erased person" in capsys.readouterr().out
    assert "zelda" not in everything()


@pytest.mark.parametrize("number", ["999999", "nobody", "²", "9" * 40])
def test_a_number_that_is_nobody_s_is_refused_in_one_sentence(number, tmp_path):
    output = ("--output", str(tmp_path / "x.json"))
    for command in (("erase_person", number), ("export_person", number, *output)):
        with pytest.raises(CommandError, match=r"There is no person .*; take the number from"):
            call_command(*command)
    assert list(tmp_path.iterdir()) == []


# --- On the sample, and on disk ------------------------------------------------------------------


def test_the_twelve_numbers_stay_when_a_person_of_the_sample_is_erased(sample):
    campaign = Campaign.objects.get()
    before = numbers(campaign)
    for key in ("p050", "p028"):
        erasure.erase_person(Person.objects.get(key=key), at=CLOCK)
    after = numbers(campaign)

    # p028 wanted no news and p050 was unreachable already: not even K11 changes.
    assert after == before


def numbers(campaign: Campaign) -> dict[str, object]:
    return {figure.key: figure.value for figure in all_figures(campaign, at=CLOCK)}


MARK = "Qxzvmarker"
PLANT = f"""
from datetime import UTC, datetime
from crm import clock
from crm.domain import messages, outbox, people
from crm.domain.follow_ups import open_follow_up
from crm.models import *
from visits.domain import briefs, briefing, letters, requests, steps, visits
from visits.models import *
at, m = clock.now(), "{MARK}"
by = User.objects.get(email__startswith="coordinator")
names = dict(given=m + "A", family=m + "B", script_variant=m + "C", role=m + "D",
             department=m + "E", notes=m + "F " * 900)
person = people.add_person(names, address=m + "@city.example", phone="+32 499 77 88 99",
                           at=at, by=by)
for turn in range(6):
    people.edit_person(person, dict(notes=(m + "edited ") * (900 - turn)), at=at, by=by)
messages.log_interaction(m + "note", at=at, by=by, person=person)
open_follow_up(text=m + "promise", due_on=at.date(), person=person, at=at, by=by)
Participation.objects.create(person=person, event=Event.objects.get(), status="attended",
                             note=m + "part")
request = VisitRequest.objects.get(ref="R14")
request.person, request.requester_name, request.address = person, person.name, m + "@city.example"
request.raw_text, request.questions, request.phone = m + "raw", [m + "?"], "+32 499 77 88 99"
request.save()
visit = request.visits.live().get()
visits.edit_visit(visit, values=dict(local_contact_name=person.name, notes=m + "A is kind",
                  local_contact_address=m + "@city.example"), at=at, by=by)
mail = letters.send_letter(request, "confirmation", at=at, by=by, visit=visit)
draft = letters.draft_letter(request, "declined", at=at, by=by, visit=visit)
for kind in ("internal", "public"):
    briefs.build_edition(visit, kind, at=at, by=by)
    briefs.brief_pdf(visit, kind, at=at)
steps.set_request_state(VisitRequest.objects.get(ref="R24"), "under_review", at=at, by=by,
                        why=person.name + " asks")
print(person.pk)
"""


def test_no_byte_of_an_erased_person_is_left_on_disk(sample_installation):
    if sample_installation.url:
        pytest.skip("reads SQLite's own files")
    data = sample_installation.data_dir
    number = sample_installation.manage("shell", "-v", "0", "-c", PLANT).stdout.split()[-1]
    assert hits(data)
    before = sample_installation.manage("figures", "february-2023", "--json").stdout

    sample_installation.manage("erase_person", number)

    assert hits(data) == []
    after = sample_installation.manage("figures", "february-2023", "--json").stdout
    values = [
        {k: v["value"] for k, v in json.loads(text).items() if k[0] == "K"}
        for text in (before, after)
    ]
    assert values[0] == values[1]
    assert "sound" in sample_installation.manage("verify").stdout
    with sqlite3.connect(data / "outreach.sqlite3") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_what_a_reader_keeps_in_the_log_is_wiped_by_the_worker_once_they_are_done(
    sample_installation,
):
    if sample_installation.url:
        pytest.skip("reads SQLite's own files")
    data = sample_installation.data_dir
    number = sample_installation.manage("shell", "-v", "0", "-c", PLANT).stdout.split()[-1]
    reader = sqlite3.connect(data / "outreach.sqlite3", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT COUNT(*) FROM crm_person").fetchone()

    sample_installation.manage("erase_person", number)
    assert hits(data), "the reader still sees the person, so must the files"

    reader.close()
    sample_installation.manage("worker", "--once")
    assert hits(data) == []
    assert not (data / "wipe-due").exists()


def hits(folder: Path) -> list[str]:
    """Files that hold the marker or the number in any spelling of a database or a text."""
    words = [MARK.encode(), MARK.lower().encode(), b"499 77 88"]
    return [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and any(word in path.read_bytes() for word in words)
    ]


def test_mails_that_came_in_are_exported_without_other_people(zelda):
    told = export_person(zelda, at=CLOCK)["mails_received"]

    assert {mail["text"] for mail in told} == {"Zelda writes", "Dear Zelda"}


def test_a_mail_to_look_at_is_put_aside_with_the_person(zelda):
    erasure.erase_person(zelda, at=CLOCK)

    rows = IncomingMail.objects.filter(why="erased")
    assert set(rows.values_list("state", "text", "raw")) == {("ignored", "", None)}
    named = IncomingMail.objects.get(sender="ann@city.example")
    assert (named.state, named.text, named.raw) == ("review", f"I met {GONE}.", None)
