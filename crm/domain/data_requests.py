"""What people ask about their own data: written down with its day, and answered within a month."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.domain.audit import record
from crm.domain.consents import withdraw_all
from crm.domain.notice_clock import a_month_after
from crm.models import DataRequest, Person, User
from crm.models.consent import Purpose
from crm.validators import clean_line, clean_text, mail_address


@transaction.atomic
def open_data_request(
    kind: str,
    *,
    person: Person | None = None,
    address: str = "",
    text: str = "",
    at: datetime,
    by: User,
) -> DataRequest:
    """Write down a wish that came by phone, paper or mail; due the same day of the next month.

    Who asks to be left alone is left alone at once: every yes but that to a visit ends. Raises
    ValidationError when it says neither who asks nor what.
    """
    if kind not in DataRequest.Kind.values:
        raise ValidationError({"kind": _("Choose what the person asks for.")})
    if person is None and not address:
        raise ValidationError({"person": _("Say who asks: a person we know, or an address.")})
    wish = DataRequest.objects.create(
        kind=kind,
        person=person,
        address=mail_address(address) if address else "",
        text=clean_text(text).strip(),
        received_at=at,
        due_on=a_month_after(at.date()),
        is_sample=bool(person and person.is_sample),
    )
    record(wish, "open_data_request", at=at, by=by, fields=["kind", "due_on"])
    if kind == DataRequest.Kind.STOP and person is not None:
        only_visit = frozenset({Purpose.VISIT_CONTACT.value})
        said = "Asked us to stop; written down with the request about data."
        withdraw_all(person, but=only_visit, evidence=said, at=at, by=by)
    return wish


@transaction.atomic
def answer_data_request(
    wish: DataRequest, *, answer: str, is_refused: bool = False, at: datetime, by: User
) -> DataRequest:
    """The wish is fulfilled, or refused; `answer` says what was done or why not.

    Raises ValidationError without an answer, when it was answered already, and when somebody who
    asked to be erased still stands in the lists.
    """
    words = clean_line(answer)
    if not words:
        raise ValidationError({"answer": _("Say in a sentence what was done.")}, code="answer")
    if wish.kind == DataRequest.Kind.ERASE and not is_refused and _stands(wish.person):
        raise ValidationError(
            {
                "answer": _(
                    "%(name)s is not erased yet. Erase the record first, or tick that the wish is "
                    "refused and say why."
                )
                % {"name": wish.person}
            },
            code="not_erased",
        )
    values = {"done_at": at, "done_by": by, "answer": words[:500]}
    if not DataRequest.objects.open().filter(pk=wish.pk).update(**values):
        raise ValidationError(_("This was answered already."), code="done")
    wish.done_at, wish.done_by, wish.answer = at, by, words[:500]
    record(wish, "answer_data_request", at=at, by=by, fields=["answer", "done_at"])
    return wish


@transaction.atomic
def reopen_data_request(wish: DataRequest, *, at: datetime, by: User) -> DataRequest:
    """Take back that it was answered; the day it is due stays."""
    done = DataRequest.objects.filter(pk=wish.pk).exclude(done_at=None)
    if not done.update(done_at=None, done_by=None):
        raise ValidationError(_("This waits for its answer."), code="open")
    wish.done_at = wish.done_by = None
    record(wish, "reopen_data_request", at=at, by=by, fields=["done_at"])
    return wish


def _stands(person: Person | None) -> bool:
    return person is not None and person.erased_at is None
