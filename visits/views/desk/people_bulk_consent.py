"""One answer about consent for the ticked people: chosen, looked at, written down, taken back."""

from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from crm import clock
from crm.consent_words import why_no_answer
from crm.domain import consents as verbs
from crm.forms.privacy import ConsentForm
from crm.models import ConsentRecord, ConsentText, Person
from crm.permissions import require
from crm.roles import Role
from crm.validators import row_numbers
from visits.views.desk.access import back_to, own_next
from visits.views.desk.people import ticked
from visits.views.desk.toasts import add_errors, done


@require_POST
@require(Role.COORDINATOR)
def person_bulk_consent(request: HttpRequest) -> HttpResponse:
    """`step` is empty on the way in, "preview" to see what would be written, "do" to write it."""
    fallback = reverse("visits:person-list")
    people = ticked(request, Person.objects.visible_to(request.user).live())
    if people is None:
        return back_to(request, fallback)
    step = request.POST.get("step", "")
    first = {"purpose": "newsletter", "status": "granted", "channel": "list"}
    form = ConsentForm(request.POST if step else None, initial=first)
    # Looking at it is doing it and taking it back: what is refused then is refused now.
    if step and form.is_valid():
        said = _values(request, form)
        plan = verbs.plan_answers(people, said["purpose"], said["status"], said_at=said["said_at"])
        made = _written(request, people, form, is_trial=step != "do")
        if made is not None and step == "do":
            _tell(request, made)
            return back_to(request, fallback)
    else:
        plan = []
    context = {
        "people": people,
        "form": form,
        "answers": [] if form.errors else [_shown(answer) for answer in plan],
        "fresh": sum(answer.is_new for answer in plan),
        "status": ConsentRecord.Status(form.cleaned_data["status"]).label if plan else "",
        "texts": ConsentText.objects.order_by("purpose", "language", "-version"),
        "next": own_next(request) or fallback,
    }
    status = 422 if form.errors else 200
    return render(request, "visits/person_bulk_consent.html", context, status=status)


def _shown(answer: verbs.Answer) -> dict[str, Any]:
    before = answer.before
    return {
        "person": answer.person,
        "before": ConsentRecord.Status(before).label if before else _("never asked"),
        "is_new": answer.is_new,
        "why": why_no_answer(answer.why) if answer.why else "",
    }


def _values(request: HttpRequest, form: ConsentForm) -> dict[str, Any]:
    """What was typed, with the moment on the clock of who typed it."""
    values = dict(form.cleaned_data)
    if values["said_at"] is not None:
        values["said_at"] = values["said_at"].replace(tzinfo=ZoneInfo(request.user.time_zone))
    return values


def _written(
    request: HttpRequest, people: list[Person], form: ConsentForm, *, is_trial: bool
) -> list[ConsentRecord] | None:
    """The entries made; None, with the reasons at the form, when the ledger refuses them."""
    now = {"at": clock.now(), "by": request.user}
    try:
        with transaction.atomic():
            made = verbs.record_answers(people, **_values(request, form), **now)
            transaction.set_rollback(is_trial)
            return made
    except ValidationError as error:
        add_errors(form, error)
        return None


def _tell(request: HttpRequest, made: list[ConsentRecord]) -> None:
    words = ngettext("%(n)d answer is written down.", "%(n)d answers are written down.", len(made))
    query = urlencode([("rows", row.pk) for row in made])
    undo = f"{reverse('visits:person-bulk-consent-undo')}?{query}" if made else ""
    done(request, words % {"n": len(made)}, undo=undo)


@require_POST
@require(Role.COORDINATOR)
def person_bulk_consent_undo(request: HttpRequest) -> HttpResponse:
    """Answers on which nothing rests yet leave the ledger again."""
    asked = ConsentRecord.objects.visible_to(request.user)
    rows = asked.filter(pk__in=row_numbers(request.GET.getlist("rows")))
    numbers = list(rows.values_list("pk", flat=True))
    gone = verbs.take_back_answers(numbers, at=clock.now(), by=request.user)
    if not gone:
        messages.error(request, _("There is nothing to take back."))
        return back_to(request, reverse("visits:person-list"))
    words = ngettext("%(n)d answer is taken out again.", "%(n)d answers are taken out again.", gone)
    told = words % {"n": gone}
    if kept := len(numbers) - gone:
        left = ngettext(
            "%(n)d stays: something rests on it by now.",
            "%(n)d stay: something rests on them by now.",
            kept,
        )
        told = f"{told} {left % {'n': kept}}"
    done(request, told)
    return back_to(request, reverse("visits:person-list"))
