"""A person's posts: a new one, and one of the past."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.forms.fields import DayField, Form, LineField
from crm.forms.people import PersonForm, organisation_field
from crm.validators import sensible_date


class PostForm(Form):
    """What somebody is or was; the organisation is typed by its name."""

    role = LineField(label=_("Role"), max_length=200, required=False)
    department = LineField(label=_("Department"), max_length=200, required=False)
    organisation = organisation_field()

    clean_organisation = PersonForm.clean_organisation


class NewPostForm(PostForm):
    """The present post from a day on."""

    on = DayField(label=_("From"), validators=[sensible_date])


class FormerPostForm(PostForm):
    """A post of the past; the first day may be unknown."""

    from_on = DayField(label=_("From"), required=False, validators=[sensible_date])
    to_on = DayField(label=_("Until"), validators=[sensible_date])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, prefix="former", **kwargs)
