"""Up to three wished days with the part of the day, as fields of a form."""

from collections.abc import Collection, Sequence
from datetime import date

from django import forms
from django.utils.translation import gettext as _

from visits.domain.local_days import wish_fault
from visits.domain.requests import MOST_DATES, Wish
from visits.models import Campaign
from visits.models.requests import PartOfDay
from visits.public.fields import WishedDateField

RANKS = range(1, MOST_DATES + 1)


def add_days(form: forms.Form, wished: Sequence[Wish]) -> None:
    """Give the form its fields, filled in with the days that are `wished` now."""
    for rank in RANKS:
        wish = wished[rank - 1] if rank <= len(wished) else None
        form.fields[f"date_{rank}"] = WishedDateField(
            required=False,
            label=_("Wished date %(number)d") % {"number": rank},
            initial=wish.on if wish else None,
        )
        form.fields[f"part_{rank}"] = forms.ChoiceField(
            required=False,
            label=_("Part of the day %(number)d") % {"number": rank},
            choices=PartOfDay.choices,
            initial=wish.part if wish else PartOfDay.ANY,
        )


def day_rows(form: forms.Form) -> list[tuple[forms.BoundField, forms.BoundField]]:
    """The fields as the page shows them: each day beside its part."""
    return [(form[f"date_{rank}"], form[f"part_{rank}"]) for rank in RANKS]


def check_days(
    form: forms.Form, campaign: Campaign, *, today: date, kept: Collection[date] = ()
) -> None:
    """Put beside each day why it cannot be wished for; those `kept` from before stay."""
    for rank in RANKS:
        day = form.cleaned_data.get(f"date_{rank}")
        if day is None or day in kept:
            continue
        if fault := wish_fault(campaign, day, today):
            form.add_error(f"date_{rank}", fault)


def wished_in(form: forms.Form) -> list[Wish]:
    """The days of a valid form, best first."""
    given = form.cleaned_data
    return [
        Wish(on=given[f"date_{rank}"], part=given[f"part_{rank}"] or PartOfDay.ANY)
        for rank in RANKS
        if given[f"date_{rank}"]
    ]
