"""Preparing a visit: who goes along, with which topics, and what is meant to be answered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm import wording
from crm.domain.audit import record
from crm.models import User
from crm.validators import clean_line, clean_text
from visits.domain.briefing import settle_briefed
from visits.domain.visits import FOR_THE_BRIEF, edit_visit
from visits.models import Host, Topic, Visit

LONGEST_ANSWER, LONGEST_OWNER = 2_000, 120


@dataclass(frozen=True, slots=True)
class Answer:
    """What is meant to be answered to one question of one request, and by whom."""

    request: str
    question: str
    answer: str = ""
    owner: str = ""


@transaction.atomic
def assign(
    visit: Visit,
    *,
    backup: Host | None,
    experts: Sequence[Host],
    topics: Sequence[Topic],
    at: datetime,
    by: User | None,
) -> list[str]:
    """Who can take over, which experts join, and the topics; the names of what changed.

    Raises ValidationError when the backup is the host, or does not hold a topic that no expert
    holds either.
    """
    _check_backup(visit, backup, experts, topics)
    changed = []
    if visit.backup != backup:
        visit.backup = backup
        visit.version += 1
        visit.save(update_fields=["backup", "version"])
        changed.append("backup")
    for name, rows in (("experts", experts), ("topics", topics)):
        if set(getattr(visit, name).all()) != set(rows):
            getattr(visit, name).set(rows)
            changed.append(name)
    if changed:
        record(visit, "assign", at=at, by=by, fields=changed)
        settle_briefed([visit], at=at, by=by)
    return changed


def _check_backup(
    visit: Visit, backup: Host | None, experts: Sequence[Host], topics: Sequence[Topic]
) -> None:
    if backup is None:
        return
    if backup == visit.host:
        raise ValidationError({"backup": _("The host leads; choose another who can take over.")})
    held = set(Topic.objects.filter(hosts__in=[backup, *experts]))
    if lacking := [topic for topic in topics if topic not in held]:
        words = _("%(host)s does not hold %(topics)s; choose another, or an expert who does.")
        names = {"host": backup.name, "topics": wording.listed(topic.name for topic in lacking)}
        raise ValidationError({"backup": words % names})


def answers_of(visit: Visit) -> list[Answer]:
    """Every question of the visit's requests, with what is planned for it."""
    found = []
    for request in sorted(visit.requests.all(), key=lambda row: (row.received_at, row.ref)):
        for question in map(str, request.questions):
            planned = request.planned_answers.get(question, {})
            found.append(
                Answer(request.ref, question, planned.get("answer", ""), planned.get("owner", ""))
            )
    return found


@transaction.atomic
def prepare(
    visit: Visit,
    *,
    values: Mapping[str, Any],
    answers: Iterable[Answer] = (),
    at: datetime,
    by: User | None,
) -> Visit:
    """Write down what only the brief tells, and the planned answers to the city's questions.

    An answer to a question that nobody asks any more is refused; one that is left out stays.
    """
    notes = {name: value for name, value in values.items() if name in FOR_THE_BRIEF}
    given = {(row.request, row.question): row for row in answers}
    for request in visit.requests.all():
        known = {
            str(question): request.planned_answers.get(str(question), {})
            for question in request.questions
        }
        for question in known:
            row = given.pop((request.ref, question), None)
            if row is not None:
                known[question] = _planned(row)
        planned = {question: words for question, words in known.items() if words}
        if planned != request.planned_answers:
            request.planned_answers = planned
            request.save(update_fields=["planned_answers"])
            record(request, "plan_answers", at=at, by=by, fields=["planned_answers"])
    if given:
        ref, question = next(iter(given))
        raise ValidationError(
            _("%(ref)s does not ask “%(question)s”."),
            code="question",
            params={"ref": ref, "question": question[:200]},
        )
    visit = edit_visit(visit, values=notes, at=at, by=by)
    settle_briefed([visit], at=at, by=by)
    return visit


def _planned(row: Answer) -> dict[str, str]:
    answer = clean_text(row.answer).strip()[:LONGEST_ANSWER]
    owner = clean_line(row.owner)[:LONGEST_OWNER]
    return {"answer": answer, "owner": owner} if answer or owner else {}
