"""`render_brief` and `render_pack`: whole files or none, one sentence when refused."""

import os
import subprocess
import sys
from io import BytesIO, StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from pypdf import PdfReader

from tests.factories.visits import HostFactory, VisitFactory
from visits.briefs.files import write_whole
from visits.models import BriefEdition
from visits.states import VisitState


@pytest.fixture
def visit(db):
    return VisitFactory(ref="V01", host=HostFactory(ref="H1"))


def run(*arguments) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize("edition", ["internal", "public"])
def test_a_brief_is_written_and_its_version_kept(visit, tmp_path, edition):
    path = tmp_path / "brief.pdf"
    run("render_brief", "V01", "--edition", edition, "--output", str(path))
    assert PdfReader(path).pages
    assert BriefEdition.objects.get().version == 1


def test_an_unchanged_visit_is_printed_in_the_same_bytes(visit, tmp_path):
    one, two = tmp_path / "1.pdf", tmp_path / "2.pdf"
    for path in (one, two):
        run("render_brief", "V01", "--edition", "public", "--output", str(path))
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("state", VisitState.values)
def test_a_brief_is_written_in_every_state(visit, tmp_path, state):
    visit.state = state
    visit.save()
    path = tmp_path / "brief.pdf"
    run("render_brief", "V01", "--edition", "internal", "--output", str(path))
    assert PdfReader(BytesIO(path.read_bytes())).pages


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("V99", "--edition", "public"), "There is no visit V99."),
        (("V01", "--edition", "public", "--language", "xx"), "There is no brief in “xx”"),
    ],
)
def test_a_refusal_is_one_sentence_and_leaves_no_file(visit, tmp_path, arguments, words):
    path = tmp_path / "brief.pdf"
    with pytest.raises(CommandError, match=words):
        run("render_brief", *arguments, "--output", str(path))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(visit, tmp_path):
    path = tmp_path / "missing" / "brief.pdf"
    with pytest.raises(CommandError, match="could not be written: No such file or directory"):
        run("render_brief", "V01", "--edition", "public", "--output", str(path))


def test_wrong_usage_ends_with_status_two():
    command = [sys.executable, "manage.py", "render_brief", "V01", "--edition", "secret"]
    done = subprocess.run(
        [*command, "--output", "x.pdf"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings_test"},
        capture_output=True,
    )
    assert done.returncode == 2


def test_a_pack_is_written(visit, tmp_path):
    path = tmp_path / "pack.pdf"
    span = ("--from", "2023-02-20", "--to", "2023-02-24")
    run("render_pack", "--host", "H1", *span, "--output", str(path))
    assert len(PdfReader(path).pages) > 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("H9", "2023-02-20", "2023-02-24"), "There is no host H9."),
        (("H1", "2023-02-24", "2023-02-20"), "The last day lies before the first."),
        (("H1", "2023-01-24", "2023-01-25"), "leads no visit"),
    ],
)
def test_a_pack_that_cannot_be_is_refused_with_a_sentence(visit, tmp_path, arguments, words):
    host, first, last = arguments
    path = tmp_path / "pack.pdf"
    span = ("--from", first, "--to", last)
    with pytest.raises(CommandError, match=words):
        run("render_pack", "--host", host, *span, "--output", str(path))
    assert not path.exists()


@pytest.mark.parametrize("command", ["brief", "pack"])
def test_letter_paper_and_grey_are_asked_for_by_options(visit, tmp_path, command):
    path = tmp_path / "print.pdf"
    asked = {
        "brief": ("render_brief", "V01", "--edition", "internal"),
        "pack": ("render_pack", "--host", "H1", "--from", "2023-02-20", "--to", "2023-02-24"),
    }
    run(*asked[command], "--paper", "letter", "--grey", "--output", str(path))
    page = PdfReader(path).pages[0]
    assert (page.mediabox.width, page.mediabox.height) == (612, 792)
    assert b" rg\n" not in page.get_contents().get_data().replace(b"0 0 0 rg", b"")


def test_what_was_there_stays_when_writing_fails(tmp_path, monkeypatch):
    path = tmp_path / "brief.pdf"
    path.write_bytes(b"old")

    def disk_full(_number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, b"new" * 1000)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("umask", [0, 0o022])
def test_a_brief_is_for_its_owner_alone_whatever_the_umask(tmp_path, umask):
    path = tmp_path / "brief.pdf"
    before = os.umask(umask)
    try:
        write_whole(path, b"whole")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("day", ["2023-02-30", "tomorrow", "0001-01-01"])
def test_a_day_that_is_none_is_refused_in_one_sentence(tmp_path, day):
    span = ("--from", day, "--to", "2023-02-28")
    with pytest.raises(CommandError) as refused:
        run("render_pack", "--host", "H1", *span, "--output", str(tmp_path / "pack.pdf"))
    assert refused.value.returncode == 2
    assert day in str(refused.value)
