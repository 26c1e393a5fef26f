from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.domain.edits import stamp
from crm.domain.users import EDITABLE
from crm.forms.fields import EditForm, Form, LineField, ZoneField
from crm.models import User
from crm.roles import Role
from crm.validators import mail_address


class UserForm(EditForm):
    """An account of staff with its roles."""

    fields_edited = ("email", "name", "roles", "time_zone", "is_active")

    email = LineField(label=_("Mail address"), max_length=254)
    name = LineField(label=_("Name"), max_length=200)
    roles = forms.MultipleChoiceField(
        label=_("Roles"),
        choices=Role.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Without a role an account can sign in and sees nothing."),
    )
    time_zone = ZoneField(label=_("Time zone"), initial="Europe/Oslo")
    is_active = forms.BooleanField(label=_("May sign in"), required=False, initial=True)

    def values_of(self, row: User) -> dict[str, Any]:
        return {
            "email": row.email,
            "name": row.name,
            "roles": sorted(row.groups.values_list("name", flat=True)),
            "time_zone": row.time_zone,
            "is_active": row.is_active,
            "seen": stamp(row, EDITABLE),
        }

    def clean_email(self) -> str:
        return mail_address(self.cleaned_data["email"]).lower()


class TokenForm(Form):
    """An API token for one's own account."""

    days = forms.TypedChoiceField(
        label=_("Valid for"),
        coerce=int,
        choices=[(30, _("30 days")), (90, _("90 days")), (365, _("one year"))],
        initial=90,
    )
