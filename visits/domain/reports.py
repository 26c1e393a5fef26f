"""The report of a visit as we write it: told, sent to the city to check, agreed on."""

from collections.abc import Sequence
from datetime import datetime
from types import EllipsisType

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.domain.audit import record
from crm.models import Message, User
from crm.models.messages import MessageQuerySet
from crm.validators import clean_line, clean_text
from visits.domain.notices import draft_notices
from visits.domain.report_check import CHECKABLE
from visits.domain.steps import set_visit_state
from visits.models import Topic, Visit, VisitReport
from visits.models.reports import Outcome
from visits.states import VisitState

LETTER = "report_for_check"


def check_evidence(outcome: str, evidence: str) -> None:
    """Raise ValidationError when a step of the ladder is claimed and nothing shows it."""
    if outcome != Outcome.OPEN and not clean_line(evidence):
        raise ValidationError(
            {
                "evidence": _("Say what shows “%(outcome)s”: a quote, a mail, a decision.")
                % {"outcome": Outcome(outcome).label}
            },
            code="evidence",
        )


@transaction.atomic
def report_visit(
    visit: Visit,
    *,
    summary: str,
    notes: str,
    outcome: str,
    evidence: str,
    expected: int | None | EllipsisType = ...,
    topics_covered: Sequence[Topic] | None = None,
    at: datetime,
    by: User,
) -> VisitReport:
    """Write the report of a completed visit; it may be changed until the visit is closed.

    New words for the city make a draft that asks it to check them, and end an approval of older
    ones. Raises ValidationError when the visit is closed or an outcome has no evidence.
    """
    report = visit.report
    if visit.state not in CHECKABLE:
        raise ValidationError(
            _("%(ref)s is closed; its report stays as it is."),
            code="closed",
            params={"ref": visit.ref},
        )
    check_evidence(outcome, evidence)
    words = clean_text(summary).strip()
    is_new = words != report.summary or report.written_at is None
    report.summary, report.notes = words, clean_text(notes)
    report.outcome, report.evidence = outcome, clean_line(evidence)
    if not isinstance(expected, EllipsisType):
        report.expected = expected
    if is_new:
        report.written_at, report.validated_at, report.corrected_at = at, None, None
    report.written_by = by
    report.save()
    if topics_covered is not None:
        report.topics_covered.set(topics_covered)
    record(visit, "report_visit", at=at, by=by, fields=["summary", "notes", "outcome"])
    if visit.state == VisitState.COMPLETED:
        set_visit_state(visit, VisitState.REPORTED, at=at, by=by)
    if report.awaits_city and (is_new or not _asked(visit).exists()):
        _ask_city(visit, at=at, by=by)
    return report


def _asked(visit: Visit) -> MessageQuerySet:
    """The letters that ask the city to check, dropped ones left out."""
    letters = visit.messages.filter(template__key=LETTER)
    return letters.exclude(status=Message.Status.CANCELLED)


def _ask_city(visit: Visit, *, at: datetime, by: User) -> None:
    """A draft of the letter for each request, in place of one that still waits with older words."""
    _asked(visit).drafts().update(status=Message.Status.CANCELLED)
    draft_notices(visit, LETTER, at=at, by=by)


@transaction.atomic
def accept_correction(report: VisitReport, *, at: datetime, by: User) -> VisitReport:
    """Take the city's words over: the report is agreed, and what we had written is kept beside.

    Raises ValidationError when no correction waits.
    """
    rows = VisitReport.objects.corrected().filter(pk=report.pk, correction=report.correction)
    agreed = rows.update(
        host_summary=report.summary, summary=report.correction, validated_at=at, corrected_at=None
    )
    report.refresh_from_db()
    if not agreed:
        raise ValidationError(
            _("No correction of %(ref)s waits, or the city has sent another one."),
            code="no_correction",
            params={"ref": report.visit.ref},
        )
    record(
        report.visit,
        "accept_correction",
        at=at,
        by=by,
        fields=["summary", "host_summary", "validated_at"],
    )
    return report
