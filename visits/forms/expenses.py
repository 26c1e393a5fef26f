from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crm.forms.fields import DayField, EditForm, LineField
from visits.domain import expenses
from visits.models import Expense


class ExpenseForm(EditForm):
    """Money spent on a visit."""

    fields_edited = expenses.EDITABLE

    spent_on = DayField(label=_("On"))
    what = LineField(label=_("For what"), max_length=200)
    amount = forms.DecimalField(
        label=_("Amount"),
        max_digits=8,
        decimal_places=2,
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "0.01"}),
    )
    currency = forms.ChoiceField(
        label=_("Currency"), choices=[(code, code) for code in expenses.CURRENCIES]
    )
    category = forms.ChoiceField(label=_("Category"), choices=Expense.Category)
    eligible = forms.ChoiceField(label=_("Does the funder pay it?"), choices=Expense.Eligible)
    why = LineField(
        label=_("Why"),
        max_length=300,
        required=False,
        help_text=_("Needed when it is not eligible."),
    )
    receipt = LineField(
        label=_("Receipt"),
        max_length=200,
        required=False,
        help_text=_("Its number, or where it is kept."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if set(expenses.EDITABLE) <= set(cleaned):
            try:
                expenses.check_expense(cleaned)
            except ValidationError as error:
                self.add_error(None, error)
        return cleaned
