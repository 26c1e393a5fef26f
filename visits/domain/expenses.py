"""Money spent on a visit: written down, put right, taken out and brought back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.domain.audit import record
from crm.domain.edits import save_changes
from crm.models import User
from crm.validators import sensible_date
from visits.models import Expense, Visit

EDITABLE = ("spent_on", "what", "amount", "currency", "category", "eligible", "why", "receipt")
# What hosts pay with on their way; the funder's own currency first.
CURRENCIES = (
    *("EUR", "BGN", "CHF", "CZK", "DKK", "GBP", "HUF", "ISK", "NOK", "PLN", "RON", "SEK"),
    *("TRY", "UAH", "USD"),
)
MOST = Decimal("999999.99")


def check_expense(values: Mapping[str, Any]) -> None:
    """Raise ValidationError with every fault of the values, beside their fields."""
    faults: dict[str, Any] = {}
    if not 0 < values["amount"] <= MOST:
        faults["amount"] = _("Write an amount between 0.01 and 999999.99.")
    if values["currency"] not in CURRENCIES:
        faults["currency"] = _("Choose one of the currencies.")
    if values["eligible"] == Expense.Eligible.NO and not values["why"]:
        faults["why"] = _("Say why it is not eligible.")
    try:
        sensible_date(values["spent_on"])
    except ValidationError as error:
        faults["spent_on"] = error.messages
    if faults:
        raise ValidationError(faults)


@transaction.atomic
def add_expense(
    visit: Visit, values: Mapping[str, Any], *, at: datetime, by: User | None
) -> Expense:
    """Write down money spent on the visit (names in EDITABLE); refuses as `check_expense`."""
    check_expense(values)
    expense = Expense.objects.create(
        visit=visit, host=visit.host, is_sample=visit.is_sample, **values
    )
    record(visit, "add_expense", at=at, by=by, fields=values)
    return expense


@transaction.atomic
def edit_expense(
    expense: Expense,
    values: Mapping[str, Any],
    *,
    seen: str | None = None,
    at: datetime,
    by: User | None,
) -> list[str]:
    """Put an expense right (names in EDITABLE); refuses as `check_expense`.

    Raises ChangedMeanwhile when `seen` is not true now.
    """
    check_expense(values)
    changed = save_changes(expense, values, seen=seen, at=at, by=by, verb="edit_expense")
    if changed:
        record(expense.visit, "edit_expense", at=at, by=by, fields=changed)
    return changed


@transaction.atomic
def remove_expense(expense: Expense, *, at: datetime, by: User | None) -> None:
    """Take an expense out; it is kept for an undo. Refuses one that is out already."""
    if not Expense.objects.kept().filter(pk=expense.pk).update(removed_at=at):
        raise ValidationError(_("This expense was taken out already."), code="removed")
    expense.removed_at = at
    record(expense.visit, "remove_expense", at=at, by=by)


@transaction.atomic
def restore_expense(expense: Expense, *, at: datetime, by: User | None) -> None:
    """Bring an expense back that was taken out."""
    out = Expense.objects.exclude(removed_at=None)
    if not out.filter(pk=expense.pk).update(removed_at=None):
        raise ValidationError(_("This expense is not taken out."), code="kept")
    expense.removed_at = None
    record(expense.visit, "restore_expense", at=at, by=by)


@dataclass(frozen=True)
class Total:
    """What was spent in one currency, and how much of it is eligible for sure."""

    currency: str
    spent: Decimal
    eligible: Decimal


def totals(expenses: Iterable[Expense]) -> list[Total]:
    """The sums per currency; different currencies are never added up."""
    sums: dict[str, list[Decimal]] = {}
    for row in expenses:
        both = sums.setdefault(row.currency, [Decimal(0), Decimal(0)])
        both[0] += row.amount
        if row.eligible == Expense.Eligible.YES:
            both[1] += row.amount
    return [Total(currency, *both) for currency, both in sorted(sums.items())]
