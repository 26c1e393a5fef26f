"""What one row of a page may be fetched for whom: 404 for what one may not know of."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from crm.permissions import has_role
from crm.roles import Role
from visits.domain.booking import Busy, SlotTaken
from visits.domain.replies import tell_newly_confirmed
from visits.models import Campaign, DateWish, Visit, VisitRequest
from visits.views.frame import chosen_slug


def get_request(user, ref: str) -> VisitRequest:
    return get_object_or_404(
        VisitRequest.objects.visible_to(user).select_related(
            "campaign", "place", "municipality", "person"
        ),
        ref=ref,
    )


def get_visit(user, ref: str) -> Visit:
    return get_object_or_404(
        Visit.objects.visible_to(user).select_related("campaign", "host", "place"), ref=ref
    )


def date_wishes_of(request: HttpRequest, row: Visit | VisitRequest) -> list[DateWish]:
    """What the cities ask for in place of the agreed date, for those who lead or plan the visit."""
    if not has_role(request.user, Role.COORDINATOR, Role.HOST):
        return []
    return list(row.date_wishes.open().select_related("request", "visit__campaign"))


def current_campaign(request: HttpRequest) -> Campaign | None:
    """The campaign the desk works on: the one chosen in the frame, else the newest."""
    seen = Campaign.objects.visible_to(request.user)
    return seen.chosen_first(chosen_slug(request)).first()


def try_verb(request: HttpRequest, verb, *args: Any, done: str = "", **kwargs: Any) -> Any:
    """Call a verb for a page: its refusal becomes one sentence on the next page.

    Returns the verb's answer (True when it has none), or None when it refused.
    """
    try:
        answer = verb(*args, **kwargs)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return None
    except (SlotTaken, Busy) as error:
        messages.error(request, str(error))
        return None
    if done:
        messages.success(request, done)
    return True if answer is None else answer


def tell_confirmed(request: HttpRequest, visit: Visit, *, before: str, at: datetime) -> bool:
    """Send the confirmation when a step has just confirmed the visit, and say so.

    Whether it did; `before` is the state the step began with.
    """
    is_told = tell_newly_confirmed(visit, before=before, at=at)
    if is_told:
        words = _("%(ref)s is confirmed; the confirmation is in the outbox.")
        messages.success(request, words % {"ref": visit.ref})
    elif is_told is not None:
        words = _("%(ref)s is confirmed, but no letter could be written; tell the city yourself.")
        messages.warning(request, words % {"ref": visit.ref})
    return is_told is not None


def asked_next(request: HttpRequest) -> str:
    """The address a form wants to lead to, to be handed on; `back_to` checks it."""
    return request.POST.get("next", "")


def own_next(request: HttpRequest) -> str:
    """The address in `next` when it is a page of ours, else nothing."""
    wanted = asked_next(request) or request.GET.get("next", "")
    is_own = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()})
    return wanted if is_own else ""


def back_to(request: HttpRequest, fallback: str, *args: Any) -> HttpResponse:
    """To the page named in `next` when it is ours, else to the fallback."""
    if wanted := own_next(request):
        return redirect(wanted)
    return redirect(fallback, *args)
