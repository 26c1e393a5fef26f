"""One's own data: correct it, hand the request over, see all of it, stop or erase it."""

import json

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import clock
from crm.domain import limits
from crm.models import DataRequest
from visits.domain import own_request
from visits.models import VisitRequest
from visits.public import own_data as own
from visits.public.correction import CorrectionForm
from visits.public.fields import AddressField, LineField
from visits.public.views.private import form_page, private_page


class ColleagueForm(forms.Form):
    """Who takes the request over."""

    name = LineField(
        max_length=200,
        label=gettext_lazy("Name of your colleague"),
        error_messages={"required": gettext_lazy("Give the name of your colleague.")},
    )
    role = LineField(max_length=200, required=False, label=gettext_lazy("Role"))
    address = AddressField(
        label=gettext_lazy("Mail address of your colleague"),
        help_text=gettext_lazy("They get a mail and decide there. Until then nothing changes."),
        error_messages={"required": gettext_lazy("Give the mail address of your colleague.")},
    )


class DataForm(forms.Form):
    """A wish about one's own data."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What shall we do?"),
        choices=[
            (DataRequest.Kind.STOP, gettext_lazy("Stop using my data for anything but this visit")),
            (DataRequest.Kind.CORRECT, gettext_lazy("Correct something I cannot change here")),
            (DataRequest.Kind.ERASE, gettext_lazy("Erase what you keep about me")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what we shall do.")},
    )
    text = LineField(
        max_length=1_000,
        required=False,
        label=gettext_lazy("Anything to add?"),
    )


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, language: str, asked: VisitRequest) -> HttpResponse:
    """Correct one's own part of the request."""
    if not asked.is_open:
        return redirect("public:mine", language=language)
    given = request.POST if request.method == "POST" else None
    form = CorrectionForm(given, asked=asked, today=clock.now().date())
    if form.is_valid():
        try:
            changed = own_request.correct(asked, at=clock.now(), **form.corrections())
        except ValidationError as error:
            form.add_error(None, error)
        else:
            words = _("Your changes are kept.") if changed else _("Nothing was changed.")
            if "mode" in changed and not form.may_wish:
                words = _("Your changes are kept. A person answers your wish about how we meet.")
            messages.success(request, words)
            return redirect("public:mine", language=language)
    return form_page(request, language, asked, "correct.html", form)


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request: HttpRequest, language: str, asked: VisitRequest) -> HttpResponse:
    """Hand the request over to a colleague, whose address has to answer first."""
    if not asked.is_open:
        return redirect("public:mine", language=language)
    form = ColleagueForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        network = limits.network_of(request.META)
        try:
            own_request.ask_hand_over(
                asked, language=language, at=clock.now(), network=network, **form.cleaned_data
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            words = _(
                "We wrote to your colleague. Your own link works until they take the request over."
            )
            messages.success(request, words)
            return redirect("public:mine", language=language)
    return form_page(request, language, asked, "hand_over.html", form)


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
def own_data(request: HttpRequest, language: str, asked: VisitRequest) -> HttpResponse:
    """Everything kept about this request, and what may be asked about it."""
    form = DataForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        wish = own_request.ask_about_data(
            asked, form.cleaned_data["kind"], text=form.cleaned_data["text"], at=clock.now()
        )
        messages.success(request, _own_words(wish))
        return redirect("public:mine", language=language)
    return form_page(
        request,
        language,
        asked,
        "own_data.html",
        form,
        data=own.in_words(asked),
        consents=own.granted(asked),
    )


@private_page
@require_POST
def take_back(request: HttpRequest, language: str, asked: VisitRequest) -> HttpResponse:
    """Take back the consents that were ticked."""
    purposes = set(request.POST.getlist("purpose"))
    given = [each["purpose"] for each in own.granted(asked) if each["purpose"] in purposes]
    if given:
        own_request.take_back_consents(asked, given, language=language, at=clock.now())
        messages.success(request, _("It is taken back; we act on it from now on."))
    else:
        messages.info(request, _("Nothing was changed."))
    return redirect("public:own-data", language=language)


def _own_words(wish: DataRequest) -> str:
    from crm import wording

    return _("We have your wish and answer it in full by %(day)s.") % {
        "day": wording.day(wish.due_on)
    }


@private_page
@require_safe
def own_data_file(request: HttpRequest, language: str, asked: VisitRequest) -> HttpResponse:
    """The same data as JSON, to keep or to take elsewhere."""
    text = json.dumps(own.as_plain_values(asked), ensure_ascii=False, indent=1)
    response = HttpResponse(text, content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{asked.ref}.json"'
    return response
