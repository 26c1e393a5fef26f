"""Every form tells of an empty field what it is called; Django's bare sentence names nothing."""

import importlib
import pkgutil

import pytest
from django import forms

import crm
import visits
from crm.forms.fields import SaysWhatIsMissing

BARE = str(forms.Field.default_error_messages["required"])


def own_forms() -> list[type[forms.BaseForm]]:
    """The form classes of both apps, wherever they stand."""
    for package in (crm, visits):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" not in module.name and ".management" not in module.name:
                importlib.import_module(module.name)
    found, waiting = set(), [forms.BaseForm]
    while waiting:
        below = waiting.pop().__subclasses__()
        found |= set(below)
        waiting += below
    named = {form for form in found if form.__module__.split(".")[0] in ("crm", "visits")}
    return sorted(named, key=lambda form: (form.__module__, form.__qualname__))


@pytest.mark.parametrize("form", own_forms(), ids=lambda form: form.__qualname__)
def test_form_says_which_field_is_missing(form):
    if issubclass(form, SaysWhatIsMissing):
        return
    bare = [
        name
        for name, field in form.base_fields.items()
        if field.required and str(field.error_messages["required"]) == BARE
    ]
    assert bare == []


def test_sentence_names_the_field_and_what_to_do():
    class Sample(SaysWhatIsMissing, forms.Form):
        name = forms.CharField(label="Name of the organisation")
        kind = forms.ChoiceField(label="Kind", choices=[("a", "A")])
        sure = forms.BooleanField(label="I am sure")
        list = forms.FileField(label="List")
        own = forms.CharField(error_messages={"required": "Give your name."})

    assert [faults[0] for faults in Sample({}).errors.values()] == [
        "Fill in “Name of the organisation”.",
        "Choose something for “Kind”.",
        "Tick “I am sure” to go on.",
        "Choose a file for “List”.",
        "Give your name.",
    ]
