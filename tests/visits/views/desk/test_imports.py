"""The page of a file of people: upload, look, import, undo; and who may see it."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from openpyxl import Workbook

from crm.domain.imports import batches
from crm.domain.merges import merge_people, unmerge_people
from crm.domain.people import archive_person, edit_person, restore_person
from crm.models import (
    AuditEntry,
    ClockSetting,
    ConsentRecord,
    ImportBatch,
    ImportRow,
    OutgoingMail,
    Person,
)
from tests.factories.crm import (
    CLOCK,
    ConsentTextFactory,
    CoordinatorFactory,
    EventFactory,
    FollowUpFactory,
    ImportBatchFactory,
    ImportRowFactory,
    MailingFactory,
    MailingRecipientFactory,
    MunicipalityFactory,
    OrganisationFactory,
    ParticipationFactory,
    PersonFactory,
    PlaceFactory,
)
from tests.visits.views.desk.front_door import do, go, refused, said
from visits.domain.erasure import erase_person
from visits.domain.rounds import one_round

pytestmark = pytest.mark.django_db

WORDS = {"basis": "legitimate interest", "source": "signed list"}


@pytest.fixture
def desk(client, coordinator, settings, tmp_path):
    settings.IMPORT_DIR = tmp_path / "imports"
    client.force_login(coordinator)
    return client


def upload(desk, content: bytes, name: str = "list.csv", **fields) -> ImportBatch:
    do(desk, "import-list", file=SimpleUploadedFile(name, content), **WORDS | fields)
    batches.work_off()
    return ImportBatch.objects.latest("pk")


def test_a_list_is_shown_imported_and_undone(desk):
    event = EventFactory(slug="rotterdam")
    PersonFactory(given="Bo", family="Dahl", role="Chief", address="bo@x.eu")
    content = b"Name;E-mail;Role\nAnna Berg;anna@x.eu;Leader\nBo Dahl;bo@x.eu;Clerk\nBad;bad;\n"

    batch = upload(desk, content, event="rotterdam")
    page = go(desk, "import-detail", batch.pk)
    assert "3 = 2 taken + 1 with a fault" in page.text
    assert "Import 2 rows" in page.text
    assert "stays Chief; the file says Clerk" in page.text
    assert "“bad” is not a mail address" in page.text
    assert not Person.objects.filter(given="Anna").exists()
    assert "Anna" not in go(desk, "import-detail", batch.pk, show="error").text

    do(desk, "import-apply", batch.pk)
    assert 'hx-trigger="every 2s"' in go(desk, "import-detail", batch.pk).text
    batches.work_off()
    page = go(desk, "import-detail", batch.pk)
    assert "Undo this import" in page.text
    assert event.participations.count() == 2

    assert "People removed" in go(desk, "import-undo", batch.pk).text
    answer = do(desk, "import-undo", batch.pk)
    assert said(answer)[0].startswith("The import is undone")
    assert not Person.objects.filter(given="Anna").exists()
    assert event.participations.count() == 0


def test_an_undo_says_what_stayed_and_why_and_is_offered_again(desk):
    batch = upload(desk, b"Name;E-mail\nAnna Berg;anna@x.eu\nBo Dahl;bo@x.eu\n")
    do(desk, "import-apply", batch.pk)
    batches.work_off()
    promises = [FollowUpFactory(person=person) for person in Person.objects.order_by("given")]

    assert "something promised to them" in go(desk, "import-undo", batch.pk).text
    answer = do(desk, "import-undo", batch.pk)
    assert said(answer) == ["Nothing was taken back: what came in was edited or used since."]
    page = go(desk, "import-detail", batch.pk).text
    assert "Nothing of it could be taken back" in page
    assert "This was imported and taken back." not in page

    promises[0].delete()
    answer = do(desk, "import-undo", batch.pk)
    assert said(answer) == ["1 person taken back; 1 row stays, edited or used since."]
    page = go(desk, "import-detail", batch.pk).text
    assert "rows taken back: 1, rows that stay because they were edited or used since: 1" in page
    assert "because of what came since: something promised to them" in page

    promises[1].delete()
    assert "Undo what stayed" in page
    do(desk, "import-undo", batch.pk)
    page = go(desk, "import-detail", batch.pk).text
    assert "This was imported and taken back." in page
    assert "Undo what stayed" not in page
    assert not Person.objects.exists()


def test_an_undo_tells_what_became_of_each_since(desk, coordinator):
    rows = [b"Name;E-mail;Role", *(b"%b;%b@x.eu;" % (name, name) for name in NAMES)]
    batch = upload(desk, b"\n".join(rows))
    do(desk, "import-apply", batch.pk)
    batches.work_off()
    later = upload(desk, b"Name;E-mail;Role\nDan;Dan@x.eu;Clerk")
    do(desk, "import-apply", later.pk)
    batches.work_off()
    people = {person.given: person for person in Person.objects.all()}
    merge = merge_people(people["Anna"], people["Bo"], at=CLOCK, by=coordinator)
    archive_person(people["Cy"], at=CLOCK, by=coordinator)
    edit_person(people["Eve"], {"role": "Chief"}, at=CLOCK, by=coordinator)
    erase_person(people["Flo"], at=CLOCK, by=coordinator)

    page = go(desk, "import-undo", batch.pk).text
    assert dict(re.findall(r"(\w+)</a> \(([^)]*)\)", page)) == BECAME
    assert "Erased since" in page
    answer = do(desk, "import-undo", batch.pk)
    assert said(answer) == [
        "1 person taken back; 5 rows stay, edited or used since. "
        "1 person was erased since and stays erased."
    ]

    do(desk, "import-undo", later.pk)
    unmerge_people(merge, at=CLOCK, by=coordinator)
    restore_person(people["Cy"], at=CLOCK, by=coordinator)
    answer = do(desk, "import-undo", batch.pk)
    assert said(answer)[0].startswith("4 people taken back; 1 row stays")
    assert set(Person.objects.values_list("given", flat=True)) == {"Eve", ""}


def test_edits_that_were_taken_back_do_not_hold_up_an_undo(desk):
    OrganisationFactory(name="Elsewhere")
    batch = upload(
        desk, b"Name;E-mail;Organisation\nAnna Berg;anna@x.eu;City\nBo Dahl;bo@x.eu;City\n"
    )
    do(desk, "import-apply", batch.pk)
    batches.work_off()
    anna, bo = Person.objects.order_by("given")
    change = {"rows": [anna.pk, bo.pk], "field": "organisation", "organisation": "Elsewhere"}
    do(desk, "person-bulk-edit", **change, step="do")
    assert "edited since" in go(desk, "import-undo", batch.pk).text
    do(desk, "undo-last")
    edit_person(bo, {"notes": "Rings back"}, at=CLOCK, by=None)

    answer = do(desk, "import-undo", batch.pk)

    assert said(answer) == ["1 person taken back; 1 row stays, edited or used since."]
    assert list(Person.objects.values_list("given", "notes")) == [("Bo", "Rings back")]


def test_who_was_on_the_list_of_a_mailing_and_got_no_letter_is_taken_back(desk):
    batch = upload(desk, b"Name;E-mail\nAnna Berg;anna@x.eu\nBo Dahl;bo@x.eu\nCy Elm;cy@x.eu\n")
    do(desk, "import-apply", batch.pk)
    batches.work_off()
    mailing = MailingFactory(released_at=CLOCK)
    standings = ("blocked", "left_out", "goes")
    for person, standing in zip(Person.objects.order_by("given"), standings, strict=True):
        MailingRecipientFactory(mailing=mailing, person=person, standing=standing)

    answer = do(desk, "import-undo", batch.pk)

    assert said(answer) == ["2 people taken back; 1 row stays, edited or used since."]
    assert Person.objects.get().given == "Cy"
    assert "letters to or from them" in go(desk, "import-detail", batch.pk).text


def test_a_title_that_is_left_out_of_a_name_is_told_before_anything_is_imported(desk):
    batch = upload(desk, b"Name;E-mail\nDr. Hans-Peter Sample-Platane;a@x.eu\nAnna Berg;b@x.eu\n")
    page = go(desk, "import-detail", batch.pk).text
    assert page.count("Left out of the name") == 1
    assert "Left out of the name: Dr." in page
    assert not Person.objects.exists()


def test_the_name_of_a_card_that_does_not_part_it_is_parted_as_in_a_list(desk):
    cards = (b"FN:Jan de Vries", b"N:;;;;\nFN:Dr. Anna Berg", b"N:Lind;Bo;;;\nFN:Bo E. Lind")
    lines = b"\n".join(b"BEGIN:VCARD\nVERSION:3.0\n%b\nEND:VCARD" % card for card in cards)
    batch = upload(desk, lines, "people.vcf")
    assert "Left out of the name: Dr." in go(desk, "import-detail", batch.pk).text
    do(desk, "import-apply", batch.pk)
    batches.work_off()
    names = Person.objects.order_by("pk").values_list("given", "family")
    assert list(names) == [("Jan", "de Vries"), ("Anna", "Berg"), ("Bo", "Lind")]


def test_short_headings_of_the_newsletter_are_known(desk):
    rows = b"Name;E-mail;Newsletter;Newsletter date;Newsletter words;Newsletter proof\n"
    batch = upload(desk, rows + b"Anna Berg;a@x.eu;no;2023-02-01;;list\n")
    assert batch.mapping[2:] == [
        *("newsletter", "newsletter_on", "newsletter_words", "newsletter_proof"),
    ]


def test_the_rows_of_an_undone_import_are_forgotten_when_asked(desk):
    batch = upload(desk, b"Name;E-mail\nAnna Berg;anna@x.eu\nBo Dahl;bo@x.eu\nBad;bad\n")
    do(desk, "import-apply", batch.pk)
    batches.work_off()
    assert "Forget these rows" not in go(desk, "import-detail", batch.pk).text
    assert "undo it first" in said(do(desk, "import-forget", batch.pk))[0]
    FollowUpFactory(person=Person.objects.get(given="Bo"))
    assert "stays to be read on its page until" in go(desk, "import-undo", batch.pk).text

    do(desk, "import-undo", batch.pk)
    page = go(desk, "import-detail", batch.pk).text
    assert "Anna Berg" in page
    assert "Forget these rows" in page
    do(desk, "import-forget", batch.pk)
    page = go(desk, "import-detail", batch.pk).text
    assert "Forget these rows" not in page
    assert not any(word in page for word in ("Anna", "anna@x.eu", "“bad”"))
    assert "Undo what stayed" in page
    rows = batch.entries.order_by("line").values_list("verb", "name")
    assert list(rows) == [("create", ""), ("create", "Bo Dahl"), ("error", "")]
    entry = AuditEntry.objects.get(verb="forget_import_rows")
    assert entry.fields == ["2 rows"]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_our_own_list_as_a_file_brings_nothing_new(desk, kind):
    club = OrganisationFactory(name="Club")
    PersonFactory(given="Noor", family="")
    PersonFactory(given="Noor", family="")
    PersonFactory(given="Anna Maria", family="Berg", role="Clerk", organisation=club)
    PersonFactory(given="Bo", family="Dahl", address="info@x.eu")
    PersonFactory(given="Bo", family="Eng", address="info@x.eu")
    PersonFactory(given="JP", family="Martin")
    PersonFactory(given="Berg, Anna", family="van")
    merged = PersonFactory(given="Cy", family="Flo")
    file = desk.get("/people/", {"as": kind}).getvalue()
    Person.objects.filter(pk=merged.pk).update(merged_into=PersonFactory(given="Cyd", family="Flo"))

    batch = upload(desk, file, f"people.{kind}")
    told = list(batch.entries.values_list("verb", "message"))
    assert told == [("skip", "")] * 8
    # Only who became another since is told to differ.
    differing = batch.entries.exclude(differs={}).values_list("name", "differs")
    assert [(name, [*differs]) for name, differs in differing] == [
        ("Cy Flo", ["given", "organisation"])
    ]


def test_a_number_that_is_not_ours_is_a_fault_and_nobody_new(desk):
    anna = PersonFactory(given="Anna", family="Berg", address="anna@x.eu")
    rows = [f"Karl Holm;{anna.pk}", f"Bo Dahl;{anna.pk + 70}", "Cy Eng;x7", f"A. Berg;{anna.pk}"]
    rows.append(f"Dan Flo;{'9' * 40}")
    batch = upload(desk, "\n".join(["Name;CRM number", *rows]).encode())

    told = list(batch.entries.order_by("line").values_list("verb", "field", "message"))
    assert [each[:2] for each in told] == [("error", "number")] * 3 + [
        ("skip", ""),
        ("error", "number"),
    ]
    assert told[0][2].startswith(f"{anna.pk} is the number of Anna Berg.")
    assert told[1][2].startswith(f"We know nobody by the number {anna.pk + 70}.")


NAMES = [b"Anna", b"Bo", b"Cy", b"Dan", b"Eve", b"Flo", b"Gil"]
BECAME = {
    "Anna": "another record was merged into theirs",
    "Bo": "merged into another record",
    "Cy": "archived since",
    "Dan": "changed by a later import; undo that one first",
    "Eve": "edited since",
}


def test_a_file_that_would_change_nothing_says_so_and_offers_no_import(desk):
    PersonFactory(given="Bo", family="Dahl", role="Chief", address="bo@x.eu")
    known = b"Name;E-mail;Role\nBo Dahl;bo@x.eu;Clerk\n"
    page = go(desk, "import-detail", upload(desk, known).pk).text
    assert "Nothing would change" in page
    assert "Import 1 row" not in page
    assert "Read it another way" in page
    page = go(desk, "import-detail", upload(desk, b"Name;E-mail\nBad;bad;\n").pk).text
    assert "No line of this file can be taken." in page
    event = EventFactory(slug="rotterdam")
    page = go(desk, "import-detail", upload(desk, known, event=event.slug).pk).text
    assert "Nothing would change" not in page
    assert "Import 1 row" in page


def sheet(*rows: list[str]) -> bytes:
    book, buffer = Workbook(), BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(buffer)
    return buffer.getvalue()


BARE = [["Name", "Organisation", "Role"], ["Noor"], ["Bo Dahl", "Club"], ["Cy Eng", "", "Clerk"]]
CARDS = [
    *("N:;Noor;;;", "N:Dahl;Bo;;;\r\nORG:Club", "N:Eng;Cy;;;\r\nTITLE:Clerk"),
]


@pytest.mark.parametrize(
    "content",
    [
        "\n".join(";".join([*row, "", ""][:3]) for row in BARE).encode(),
        sheet(*BARE),
        "".join(f"BEGIN:VCARD\r\n{card}\r\nEND:VCARD\r\n" for card in CARDS).encode(),
    ],
    ids=["csv", "xlsx", "vcard"],
)
def test_a_list_of_names_alone_would_change_nothing_the_second_time(desk, content):
    batch = upload(desk, content)
    do(desk, "import-apply", batch.pk)
    batches.work_off()
    assert Person.objects.count() == 3

    page = go(desk, "import-detail", upload(desk, content).pk).text

    assert "This very file was imported before" in page
    assert "Nothing would change" in page


FOLDED = re.compile(r"<li[^>]*><details><summary>(.*?)</summary>(.*?)</details>", re.S)


def test_five_hundred_changes_are_paged_by_what_they_do_and_long_ones_folded(desk):
    PersonFactory(given="Bo", family="Dahl", notes="Known. " * 90, address="bo@x.eu")
    people = [f"Anna Berg{n};anna{n}@x.eu;\n" for n in range(500)]
    content = f"Name;E-mail;Notes\nBo Dahl;bo@x.eu;{'Other. ' * 90}\nBad;bad;\n{''.join(people)}"
    batch = upload(desk, content.encode())

    page = go(desk, "import-detail", batch.pk, show="create", page=2).text
    assert "Anna Berg60" in page
    assert "Bo Dahl" not in page
    assert "?show=create&amp;page=3" in page
    page = go(desk, "import-detail", batch.pk, show="skip").text
    folded = FOLDED.search(page)
    assert len(folded[1]) < 400 < len(folded[2])
    assert "the file says Other. Other." in folded[1]
    page = go(desk, "import-detail", batch.pk, show="link").text
    assert "No row of the file does this." in page

    batches.change_reading(batch, {"overwrites": True})
    batches.work_off()
    page = go(desk, "import-detail", batch.pk, show="update").text
    folded = FOLDED.search(page)
    assert len(folded[1]) < 800 < len(folded[2])


def test_the_city_of_a_list_is_shown_before_and_after(desk):
    PlaceFactory(name="Oslo", region="Oslo", country="NO", alternate_names="")
    content = (
        b"Name;E-mail;Organisation;City\nAnna;anna@x.eu;Red Cross;Oslo\nBo;b@x.eu;Club;Atlantis\n"
    )

    batch = upload(desk, content)
    page = go(desk, "import-detail", batch.pk).text
    assert "Oslo, Oslo, Norway" in page
    assert "City left out: “Atlantis” is not in our list of places." in page

    do(desk, "import-apply", batch.pk)
    batches.work_off()
    organisation = Person.objects.get(given="Anna").organisation
    assert "Oslo, Oslo" in go(desk, "organisation-detail", organisation.pk).text


def test_people_that_left_as_a_file_come_back_as_they_were(desk):
    """Two bodies of one name in two cities, a municipality, and somebody of no body."""
    norway = {"country": "NO", "alternate_names": ""}
    oslo = PlaceFactory(name="Oslo", region="Oslo", **norway)
    bergen = PlaceFactory(name="Bergen", region="Vestland", **norway)
    for name, place in (("Anna", oslo), ("Bo", bergen)):
        club = OrganisationFactory(name="Club", country="NO", place=place)
        PersonFactory(given=name, family="Berg", address=f"{name}@x.eu", organisation=club)
    city = MunicipalityFactory(name="Lier", country="NO")
    PersonFactory(given="Cat", family="Dahl", organisation=city.organisation)
    PersonFactory(given="Eva", family="", address="eva@x.eu")
    PersonFactory(given="=1+1", family="+cmd|calc", address="calc@x.eu", role="-2+3")
    content = b"".join(go(desk, "person-list", **{"as": "csv"}).streaming_content)

    batch = upload(desk, content)

    assert "city" in batch.mapping
    rows = batch.entries.exclude(verb="skip")
    assert [(row.name, row.changes, row.message) for row in rows] == []
    assert batch.skipped == 5


def reading_data(page) -> dict[str, str]:
    """What the page's form about reading the file would send as it stands."""
    form = page.context["reading"]
    values = {name: form[name].value() for name in form.fields}
    return {name: str(value) for name, value in values.items() if value not in (None, "", False)}


def test_the_page_asks_for_words_day_and_proof_of_answers_and_then_shows_them(desk):
    text = ConsentTextFactory(purpose="newsletter", language="en", version=1)
    batch = upload(desk, b"Name;E-mail;Newsletter\nAnna Berg;a@x.eu;yes\nBo Lind;b@x.eu;no\n")
    page = go(desk, "import-detail", batch.pk)
    assert "One answer about the newsletter stays outside" in page.text
    assert "stays never asked; the file says granted" in page.text
    data = reading_data(page) | {
        "newsletter_text": text.pk,
        "newsletter_on": "2023-01-31",
        "newsletter_proof": "signed list",
    }
    do(desk, "import-reading", batch.pk, **data)
    batches.work_off()
    page = go(desk, "import-detail", batch.pk)
    assert "stays outside" not in page.text
    assert "Newsletter: answered on Tue 31 Jan 2023, in the words en v1" in page.text
    do(desk, "import-apply", batch.pk)
    batches.work_off()
    assert ConsentRecord.objects.get(person__given="Anna").text == text
    assert ConsentRecord.objects.get(person__given="Bo").status == "refused"


def test_words_of_a_list_need_a_language_and_stay_typed(desk):
    batch = upload(desk, b"Name;E-mail;Newsletter\nAnna Berg;a@x.eu;yes\n")
    data = reading_data(go(desk, "import-detail", batch.pk))
    answer = do(desk, "import-reading", batch.pk, **data | {"newsletter_words": "Send me news."})
    assert answer.status_code == 422
    assert "Say which language these words are in." in answer.text
    assert "Send me news." in answer.text


def test_the_page_offers_which_city_a_name_means(desk):
    ghent = OrganisationFactory(name="Ghent (municipality)", type="municipality", country="BE")
    PlaceFactory(name="Gent", alternate_names="Ghent|Gand", country="BE")
    batch = upload(desk, b"Name;Organisation\nAnna Berg;Gent\n")
    page = go(desk, "import-detail", batch.pk)
    assert "“Gent” is known to us as “Ghent (municipality)”." in page.text
    data = reading_data(page)
    assert data["organisation_0"] == str(ghent.pk)
    do(desk, "import-reading", batch.pk, **data | {"organisation_0": "0"})
    batches.work_off()
    do(desk, "import-apply", batch.pk)
    batches.work_off()
    assert Person.objects.get().organisation.name == "Gent"


def test_a_column_is_sent_elsewhere_and_the_file_read_again(desk):
    batch = upload(desk, b"Wer;Wo;Was\nAnna Berg;anna@x.eu;Chefin\n")
    assert (batch.mapping, batch.state) == (["name", "email", ""], "ready")
    fields = {"encoding": "utf-8", "delimiter": ";", "overwrites": "on"}
    columns = {"column_0": "name", "column_1": "email", "column_2": "role"}

    do(desk, "import-reading", batch.pk, **fields, **columns)
    batches.work_off()

    row = ImportRow.objects.get()
    assert row.changes["role"] == ["", "Chefin"]
    assert ImportBatch.objects.get().overwrites is True

    twice = do(desk, "import-reading", batch.pk, **fields, **columns | {"column_2": "name"})
    assert (twice.status_code, "Two columns go to" in twice.text) == (422, True)


def test_the_trial_shows_the_part_in_the_event_each_row_gets(desk):
    event = EventFactory(slug="fair", name="The fair")
    PersonFactory(given="Bo", family="Dahl", address="bo@x.eu")
    cy = PersonFactory(given="Cy", family="Eng", address="cy@x.eu")
    di = PersonFactory(given="Di", family="Fox", address="di@x.eu")
    ParticipationFactory(person=cy, event=event, status="cancelled")
    ParticipationFactory(person=di, event=event, status="registered")
    head = b"Name;E-mail;Status;Day 1;Day 2\n"
    rows = [
        b"Anna Berg;anna@x.eu;;yes;no",
        b"Bo Dahl;bo@x.eu;did not come;;",
        b"Cy Eng;cy@x.eu;attended;;",
        b"Di Fox;di@x.eu;;yes;",
        b"Ed Gul;ed@x.eu;;;",
    ]
    batch = upload(desk, head + b"\n".join(rows), event="fair")

    page = go(desk, "import-detail", batch.pk)
    assert [row.seat for row in page.context["page_obj"]] == [
        "attended; Day 1: yes; Day 2: no",
        "did not come",
        "",
        "",
        "registered",
    ]
    assert page.text.count("On the roster of The fair:") == 3
    assert "Came to the event? stays cancelled; the file says attended" in page.text
    assert "1 line; what is recorded stays" in page.text

    do(desk, "import-apply", batch.pk)
    batches.work_off()
    statuses = {part.person.given: part.status for part in event.participations.all()}
    assert statuses == {
        "Anna": "attended",
        "Bo": "no_show",
        "Cy": "cancelled",
        "Di": "attended",
        "Ed": "registered",
    }
    assert go(desk, "import-detail", batch.pk).text.count("On the roster of The fair:") == 3


def test_an_undo_says_how_many_lines_and_how_many_people_it_leaves_alone(desk, coordinator):
    lines = b"Name;E-mail;Role\nAnna Berg;anna@x.eu;\nAnna Berg;anna@x.eu;Clerk\n"
    batch = upload(desk, lines)
    do(desk, "import-apply", batch.pk)
    batches.work_off()
    edit_person(Person.objects.get(), {"given": "Ann", "role": "Chief"}, at=CLOCK, by=coordinator)
    page = go(desk, "import-undo", batch.pk)
    assert "2 lines of the file, about 1 person" in " ".join(page.text.split())


def test_a_guessed_encoding_shows_its_words_and_asks(desk):
    batch = upload(desk, "Name;E-mail\nAna Nuñez;a@x.eu\n".encode("cp1252"))
    assert "Nuñez" in go(desk, "import-detail", batch.pk).text
    assert "Nuńez" in go(desk, "import-detail", batch.pk).text
    (sentence,) = said(do(desk, "import-apply", batch.pk))
    assert sentence.startswith(
        "The encoding is a guess: look at the names, then confirm it or choose another. "
        "It may be cp1252 (Nuñez); cp1250 (Nuńez)"
    )
    do(desk, "import-apply", batch.pk, is_read_right="on")
    batches.work_off()
    assert Person.objects.get().family == "Nuñez"


@pytest.mark.parametrize("missing", ["basis", "source"])
def test_basis_and_source_are_required_and_what_was_typed_stays(desk, missing):
    file = SimpleUploadedFile("list.csv", b"Name\nAnna\n")
    answer = do(desk, "import-list", file=file, **WORDS | {missing: " "})
    assert answer.status_code == 422
    assert len(refused(answer)) == 1
    kept = "source" if missing == "basis" else "basis"
    assert WORDS[kept] in answer.text
    assert not ImportBatch.objects.exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file holds nothing."),
        (b"%PDF-1.7", "This is no table"),
        (b'Name,E-mail,Org\n"Anna,a@x.eu,b\nBo,b@x.eu,c\n', "A quotation mark"),
        (b"PK\x03\x04 broken", "The workbook is damaged"),
    ],
)
def test_a_file_that_cannot_be_read_gets_a_sentence(desk, content, sentence):
    batch = upload(desk, content)
    assert batch.state == "failed"
    assert sentence in go(desk, "import-detail", batch.pk).text


def test_markup_in_headings_cells_and_the_name_of_the_file_is_text(desk):
    evil = "<img src=x onerror=alert(1)>"
    batch = upload(desk, f"Name;E-mail;{evil}\n{evil} Berg;a@x.eu;{evil}\n".encode(), f"{evil}.csv")
    pages = go(desk, "import-detail", batch.pk).text + go(desk, "import-list").text
    assert evil not in pages
    assert "&lt;img" in pages


def test_files_of_somebody_else_are_unknown(desk):
    theirs = ImportBatchFactory(asked_by=CoordinatorFactory(), state="ready")
    for name in ("import-detail", "import-status", "import-undo"):
        assert go(desk, name, theirs.pk).status_code == 404
    for name in ("import-apply", "import-undo", "import-drop", "import-reading"):
        assert do(desk, name, theirs.pk).status_code == 404
    assert str(theirs.file_name) not in go(desk, "import-list").text


def test_a_file_is_forgotten_with_what_was_read(desk, tmp_path, django_capture_on_commit_callbacks):
    batch = upload(desk, b"Name,E-mail\nAnna,a@x.eu\n")
    with django_capture_on_commit_callbacks(execute=True):
        do(desk, "import-drop", batch.pk)
    assert not ImportBatch.objects.exists()
    assert list((tmp_path / "imports").glob("*.upload")) == []


@pytest.mark.parametrize("name", ["import-list", "import-detail"])
def test_the_page_asks_as_often_for_forty_rows_as_for_three(desk, coordinator, name):
    batch = ImportBatchFactory(asked_by=coordinator, event=EventFactory())

    def queries(count: int) -> int:
        for _number in range(count):
            ImportRowFactory(batch=batch, person=PersonFactory())
            ImportBatchFactory(asked_by=coordinator, event=EventFactory())
        with CaptureQueriesContext(connection) as seen:
            go(desk, name, *([batch.pk] if name == "import-detail" else []))
        return len(seen)

    queries(1)
    few = queries(2)
    assert queries(37) == few
    assert few <= 12


# --- The clock ---


def test_a_list_and_its_people_are_as_old_as_the_clock_says(desk):
    ClockSetting.objects.fix(CLOCK)
    batch = upload(desk, b"Name;E-mail\nAnna Berg;anna@x.eu\n")
    do(desk, "import-apply", batch.pk)
    batches.work_off()
    batch.refresh_from_db()
    anna = Person.objects.get()
    assert (batch.asked_at, batch.applied_at, anna.created_at) == (CLOCK, CLOCK, CLOCK)
    assert "15 Feb 2023" in go(desk, "import-list").text

    ClockSetting.objects.fix(CLOCK + timedelta(days=9))
    do(desk, "import-undo", batch.pk)
    batch.refresh_from_db()
    assert batch.undone_at == CLOCK + timedelta(days=9)


def test_a_file_waits_its_week_in_real_time_wherever_the_clock_stands(desk):
    ClockSetting.objects.fix(CLOCK)
    batch = upload(desk, b"Name;E-mail\nAnna Berg;anna@x.eu\n")
    ClockSetting.objects.fix(None)
    batches.clean_up()
    assert ImportBatch.objects.get() == batch


# --- After the browser is closed ---


def told(user) -> list[tuple[str, str, str]]:
    """Subject and text of what was written to one of us, and how the mail stands."""
    rows = OutgoingMail.objects.filter(recipient=user.email).order_by("pk")
    return [(row.message.subject, row.message.body, row.state) for row in rows]


def test_who_asked_for_an_import_gets_its_result_by_mail_after_signing_out(
    desk, coordinator, settings
):
    settings.SITE_URL = "https://crm.example"
    batch = upload(desk, b"Name;E-mail\nAnna Berg;anna@x.eu\nBad;bad\nWorse;worse\n")
    assert told(coordinator) == []
    do(desk, "import-apply", batch.pk)
    desk.logout()

    one_round(worker="w")

    ((subject, body, state),) = told(coordinator)
    assert (subject, state) == ("list.csv is imported", "sent")
    link = f"https://crm.example/people/imports/{batch.pk}/"
    assert body.splitlines() == [
        *("New: 1", "Changed: 0", "Nothing new: 0", "With a fault: 2", ""),
        *(f"2 lines have a fault and stayed outside: {link}?show=error", ""),
        f"Row by row, and the way to take it back: {link}",
    ]
    one_round(worker="w")
    assert len(told(coordinator)) == 1


def test_the_result_counts_everybody_who_went_on_the_roster(desk, coordinator):
    event = EventFactory(slug="rotterdam", name="Rotterdam")
    PersonFactory(given="Bo", family="Dahl", address="bo@x.eu")
    content = b"Name;E-mail\nAnna Berg;anna@x.eu\nBo Dahl;bo@x.eu\n"
    batch = upload(desk, content, event="rotterdam")
    do(desk, "import-apply", batch.pk)
    one_round(worker="w")

    ((_subject, body, _state),) = told(coordinator)
    assert event.participations.count() == 2
    assert body.splitlines()[:6] == [
        *("New: 1", "Changed: 0", "Nothing new: 0", "With a fault: 0", ""),
        "Put on the roster of Rotterdam, new people and known ones: 2",
    ]


def test_an_import_that_could_not_be_is_told_by_mail_too(desk, coordinator):
    batch = upload(desk, b"Name;E-mail\nAnna Berg;anna@x.eu\n")
    do(desk, "import-apply", batch.pk)
    (batches.folder() / batch.file).unlink()

    one_round(worker="w")

    ((subject, body, _state),) = told(coordinator)
    assert subject == "list.csv was not imported"
    assert "The file is not there any more" in body
    assert not Person.objects.exists()
