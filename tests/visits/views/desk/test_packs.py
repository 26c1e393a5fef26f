"""Trip packs and sheets: one click asks, the worker makes, and only whole files are served."""

import errno
import os
from datetime import timedelta
from io import BytesIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pypdf import PdfReader

from crm.models import User
from tests.factories.crm import CLOCK, FollowUpFactory
from tests.factories.visits import PackRunFactory, VisitReportFactory
from tests.visits.views.desk.front_door import do, go, refused, said
from visits.domain import pack_runs
from visits.models import PackRun, Visit, VisitReport

pytestmark = pytest.mark.django_db
WEEK = {"host": "H1", "first": "2023-02-20", "last": "2023-02-26"}


@pytest.fixture
def phone(client, sample, settings, tmp_path):
    settings.PACK_DIR = tmp_path
    client.force_login(User.objects.get(email="host@example.org"))
    return client


def words_of(content: bytes) -> str:
    return " ".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)


def fetched(client) -> str:
    """The words of the newest file, once the worker has been round."""
    pack_runs.work_off()
    run = PackRun.objects.latest("pk")
    assert run.state == "done", run.error
    answer = go(client, "pack-file", run.pk)
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Length"] == str(len(answer.content))
    return words_of(answer.content)


def test_one_click_on_my_week_makes_the_pack_of_the_week(phone):
    assert 'name="first" value="2023-02-20"' in go(phone, "my-week", week="2023-W08").text
    answer = do(phone, "pack-list", **WEEK)
    assert said(answer) == ["It is being made; the file appears here."]
    assert "waiting" in answer.text
    run = PackRun.objects.get()
    assert (run.state, go(phone, "pack-file", run.pk).status_code) == ("queued", 404)
    told = fetched(phone)
    assert "V09" in told
    run.refresh_from_db()
    assert run.done == run.total > 2
    assert f"/packs/{run.pk}/pack.pdf" in go(phone, "pack-status").text


def test_asking_twice_makes_one(phone):
    do(phone, "pack-list", **WEEK)
    do(phone, "pack-list", **WEEK)
    assert PackRun.objects.count() == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"first": "soon"},
        {"last": "2023-02-19"},
        {"last": "2023-12-31"},
        {"first": "0001-01-01"},
        {"first": "2023-03-01", "last": "2023-03-02"},
        {"host": "H9"},
    ],
)
def test_span_that_cannot_be_gets_one_sentence(phone, fields):
    answer = do(phone, "pack-list", **WEEK | fields)
    assert (answer.status_code, len(refused(answer))) == (422, 1)
    assert not PackRun.objects.exists()


def test_pack_is_given_up(phone):
    do(phone, "pack-list", **WEEK)
    run = PackRun.objects.get()
    assert said(do(phone, "pack-stop", run.pk)) == ["It is given up."]
    assert pack_runs.work_off() == 0
    run.refresh_from_db()
    assert run.state == "stopped"


def test_pack_that_is_being_made_is_given_up_between_two_briefs(phone, monkeypatch):
    do(phone, "pack-list", **WEEK)
    make = pack_runs.make_pack

    def asked_to_stop_meanwhile(*args, **options):
        pack_runs.ask_to_stop(PackRun.objects.get())
        return make(*args, **options)

    monkeypatch.setattr(pack_runs, "make_pack", asked_to_stop_meanwhile)
    pack_runs.work_off()
    assert PackRun.objects.get().state == "stopped"


def test_full_disk_is_told_and_serves_no_half_file(phone, monkeypatch, tmp_path):
    do(phone, "pack-list", **WEEK)

    def full(_handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("visits.briefs.files.os.fsync", full)
    pack_runs.work_off()
    run = PackRun.objects.get()
    assert (run.state, run.file) == ("failed", "")
    assert run.error == (
        "The file could not be written: No space left on device. Ask for it again later."
    )
    assert list(tmp_path.iterdir()) == []
    assert go(phone, "pack-file", run.pk).status_code == 404
    assert "No space left on device" in go(phone, "pack-list").text


def test_worker_that_stopped_leaves_a_pack_interrupted(phone):
    beat = timezone.now() - timedelta(minutes=6)
    run = PackRunFactory(state="running", beat_at=beat)
    pack_runs.work_off()
    run.refresh_from_db()
    assert run.state == "interrupted"


def test_old_files_are_cleaned_up(phone, tmp_path):
    do(phone, "pack-list", **WEEK)
    fetched(phone)
    (tmp_path / "left-behind.pdf").write_bytes(b"%PDF")
    os.utime(tmp_path / "left-behind.pdf", (0, 0))
    pack_runs.clean_up()
    assert len(list(tmp_path.iterdir())) == 1
    PackRun.objects.update(beat_at=timezone.now() - timedelta(days=8))
    for path in tmp_path.iterdir():
        os.utime(path, (0, 0))
    pack_runs.clean_up()
    assert (list(tmp_path.iterdir()), PackRun.objects.count()) == ([], 0)


def test_pack_of_another_host_is_not_found(phone, other_host, client):
    run = PackRunFactory(host=Visit.objects.get(ref="V09").host)
    client.force_login(other_host)
    assert go(client, "pack-file", run.pk).status_code == 404
    assert do(client, "pack-sheet", "V09", "attendance").status_code == 404
    assert refused(do(client, "pack-list", **WEEK))


def test_attendance_sheet_has_lines_to_sign(phone):
    do(phone, "pack-sheet", "V09", "attendance")
    told = fetched(phone)
    for words in ("Attendance sheet", "Signature", "Nobody has to sign."):
        assert words in told


def test_where_something_is_secret_people_are_counted_without_names(phone):
    Visit.objects.get(ref="V09").requests.update(secrecy="SECRET until March")
    do(phone, "pack-sheet", "V09", "attendance")
    told = fetched(phone)
    assert "No names are taken at this visit" in told
    assert "Policy Makers" in told
    assert "Signature" not in told
    assert "SECRET" not in told


def test_thank_you_report_says_what_was_shown_and_promised_and_nothing_of_ours(phone):
    VisitReport.objects.filter(visit__ref="V01").update(
        notes="SECRETnotes", evidence="SECRETevidence", host_summary="SECRETbefore"
    )
    Visit.objects.filter(ref="V01").update(notes="SECRETvisit", materials="SECRETmaterial")
    do(phone, "pack-sheet", "V01", "thanks")
    told = fetched(phone)
    for words in (
        "We spoke about the lessons of the two pilot cities",
        "Beleidsmakers",
        "verkennen",
        "Send the three Practitioners Guides",
    ):
        assert words in told
    assert "SECRET" not in told
    assert "Concept:" not in told
    assert PackRun.objects.get().name == "V01-thanks-nl.pdf"


def test_thank_you_report_nobody_has_approved_is_a_draft(phone):
    do(phone, "pack-sheet", "V02", "thanks")
    assert "Concept: u hebt dit verslag nog niet goedgekeurd." in fetched(phone)


def test_thank_you_report_needs_a_report(phone):
    assert said(do(phone, "pack-sheet", "V09", "thanks")) == ["V09 has no report yet."]
    assert do(phone, "pack-sheet", "V09", "secret").status_code == 404


@pytest.mark.parametrize("language", ["nb", "nl", "it", "fr", "de", "es", "pl", "el"])
def test_sheets_speak_the_language_of_the_city(db, language):
    report = VisitReportFactory(counts={"policy_makers": 2}, validated_at=CLOCK)
    report.visit.follow_ups.add(FollowUpFactory(owner="theirs"))
    for kind in ("attendance", "thanks"):
        told = words_of(
            pack_runs.make_pack(kind, visit=report.visit, language=language, at=CLOCK)[0]
        )
        for english in ("Attendance", "Signature", "Policy Makers", "interested", "By whom"):
            assert english not in told


def test_command_writes_each_kind(sample, tmp_path):
    path = tmp_path / "x.pdf"
    for arguments in (
        ("--kind", "attendance", "--visit", "V09"),
        ("--kind", "thanks", "--visit", "V01", "--language", "fr"),
        ("--host", "H1", "--from", "2023-02-20", "--to", "2023-02-26"),
    ):
        call_command("render_pack", *arguments, "--output", str(path))
        assert PdfReader(path).pages
        path.unlink()
    for arguments, status in (
        (("--kind", "thanks", "--visit", "V09"), 1),
        (("--kind", "thanks", "--visit", "V99"), 1),
        (("--kind", "thanks"), 2),
        (("--host", "H1"), 2),
    ):
        with pytest.raises(CommandError) as told:
            call_command("render_pack", *arguments, "--output", str(path))
        assert told.value.returncode == status
    assert not path.exists()


def test_list_asks_the_database_as_often_for_ten_packs_as_for_one(phone):
    def queries():
        with CaptureQueriesContext(connection) as found:
            assert go(phone, "pack-list").status_code == 200
        return len(found)

    visit = Visit.objects.select_related("host").get(ref="V09")
    PackRunFactory(host=visit.host)
    queries()
    before = queries()
    for _ in range(9):
        PackRunFactory(kind="attendance", host=visit.host, visit=visit)
    assert queries() == before
