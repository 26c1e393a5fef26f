"""kill -9 of the process that imports a list: the file is wholly outside, and goes in when it is
taken up again.

The full number of faults.md B2, 50 kills in 5,000 rows, runs with `pytest -m full tests/kill`.
"""

import json
import random
import subprocess
import sys

import pytest

from tests.support.installation import ROOT, Installation

QUEUE = """
import django; django.setup()
import io
from crm.domain.imports import batches
from crm.models import ImportBatch
from tests.factories.crm import OrganisationFactory
lines = [
    f"Anna{{n}} Berg{file};f{file}-{{n}}@city.example;Club {file}-{{n % 7}}" for n in range({rows})
]
content = "\\n".join(["Name;E-mail;Organisation", *lines]).encode()
batch = batches.receive_file(
    io.BytesIO(content), "list.csv", event=None, basis="b", source="s", by=None)
batches.work_off()
batches.ask_to_import(ImportBatch.objects.get(pk=batch.pk))
"""
# Ends itself as `kill -9` does right before it writes for the so-many-th time.
IMPORT = """
import django; django.setup()
import os, signal
from django.db import connection
from crm.domain.imports import batches
written = 0
def count(execute, sql, *more):
    global written
    if sql.startswith(("INSERT", "UPDATE", "DELETE")):
        written += 1
        if written == {last}:
            os.kill(os.getpid(), signal.SIGKILL)
    return execute(sql, *more)
with connection.execute_wrapper(count):
    batches.work_off()
print(written)
"""
STANDS = """
import django; django.setup()
import json
from crm.models import ContactPoint, ImportBatch, ImportRow, NoticeDue, Organisation, Person
batch = ImportBatch.objects.latest("pk")
print(json.dumps([
    batch.state, batch.created, Person.objects.filter(family="Berg{file}").count(),
    ContactPoint.objects.filter(value__startswith="f{file}-").count(),
    Organisation.objects.filter(name__startswith="Club {file}-").count(),
    NoticeDue.objects.filter(batch=batch).count(),
    ImportRow.objects.filter(batch=batch).exclude(made={{}}).count(),
]))
"""
# As after some minutes without a sign of life.
FORGET_BEAT = """
import django; django.setup()
import os
from crm.domain.imports import batches
from crm.models import ImportBatch
ImportBatch.objects.filter(state="running").update(beat_at="2020-01-01T00:00Z")
for path in batches.folder().glob("*.progress"):
    os.utime(path, (0, 0))
"""


def run(installation: Installation, code: str, *, status: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=installation.environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == status, done.stderr
    return done.stdout


def stands(installation: Installation, file: int) -> list:
    return json.loads(run(installation, STANDS.format(file=file)))


@pytest.mark.parametrize(
    ("kills", "rows"), [(4, 1_100), pytest.param(50, 5_000, marks=pytest.mark.full)]
)
def test_a_list_is_wholly_in_or_wholly_out_whenever_the_worker_is_killed(installation, kills, rows):
    whole = ["done", rows, rows, rows, 7, rows, rows]
    run(installation, QUEUE.format(file=0, rows=rows))
    writes = int(run(installation, IMPORT.format(last=0)))
    assert stands(installation, 0) == whole
    chance = random.Random(2023)
    # Right after the file is taken up, right before the end, and anywhere between.
    points = [2, writes, *(chance.randrange(3, writes) for _n in range(kills - 2))]

    for file, last in enumerate(points, 1):
        run(installation, QUEUE.format(file=file, rows=rows))
        run(installation, IMPORT.format(last=last), status=-9)
        # What the trial counted stands in the batch already.
        state, _tried, *rows_in = stands(installation, file)
        assert state in ("queued", "running"), last
        assert rows_in == [0] * 5, last

        run(installation, FORGET_BEAT)
        run(installation, IMPORT.format(last=0))
        assert stands(installation, file) == whole, last
