"""What the city says to our report: that it is right, or what it should say instead."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.domain.audit import MUNICIPALITY, record
from crm.domain.edits import stamp
from crm.domain.working_time import add_working_hours
from crm.validators import clean_text
from visits.models import VisitReport
from visits.states import VisitState

# Three working days of eight hours.
CHECK_WITHIN_HOURS = 24
CHECKABLE = frozenset({VisitState.COMPLETED, VisitState.REPORTED})


def check_until(report: VisitReport) -> datetime:
    """By when the city is asked to answer; after that the report stands as it is."""
    written_at = report.written_at
    if written_at is None:
        raise ValueError("A report that is not written is not checked.")
    return add_working_hours(written_at, CHECK_WITHIN_HOURS, zone=report.visit.zone)


def may_check(report: VisitReport) -> bool:
    """Whether the city may still approve or correct it."""
    is_open = report.is_for_city and report.validated_at is None
    return is_open and report.visit.state in CHECKABLE


def words_seen(report: VisitReport) -> str:
    """A mark of the words the city reads, so that it never approves others."""
    return stamp(report, ["summary"])


@transaction.atomic
def approve_report(report: VisitReport, *, seen: str, at: datetime) -> VisitReport:
    """The city says that the report is right.

    Raises ValidationError when it can no longer be checked or says something else than was `seen`.
    """
    _take_up(report, seen)
    _write(report, validated_at=at, corrected_at=None)
    record(report.visit, "approve_report", at=at, actor=MUNICIPALITY, fields=["validated_at"])
    return report


@transaction.atomic
def correct_report(report: VisitReport, *, text: str, seen: str, at: datetime) -> VisitReport:
    """The city says what the report should say; one of us decides about it.

    Our own words stay as they are. Raises ValidationError when nothing was changed, and as
    `approve_report`.
    """
    _take_up(report, seen)
    words = clean_text(text).strip()
    if not words or words == report.summary:
        raise ValidationError(
            _("Change the text to what it should say, or approve it."), code="unchanged"
        )
    _write(report, correction=words, corrected_at=at)
    record(report.visit, "correct_report", at=at, actor=MUNICIPALITY, fields=["correction"])
    return report


def _take_up(report: VisitReport, seen: str) -> None:
    if not may_check(report):
        raise ValidationError(
            _("The report is agreed already; below you see how it reads."), code="agreed"
        )
    if seen != words_seen(report):
        raise ValidationError(
            _("We changed the report meanwhile. Please read it again below."), code="changed"
        )


def _write(report: VisitReport, **values: object) -> None:
    """Write the city's answer, unless one of us changed the report in this very moment."""
    rows = VisitReport.objects.filter(
        pk=report.pk, summary=report.summary, validated_at=None, written_at=report.written_at
    )
    if not rows.update(**values):
        raise ValidationError(
            _("We changed the report meanwhile. Please read it again below."), code="changed"
        )
    for name, value in values.items():
        setattr(report, name, value)
