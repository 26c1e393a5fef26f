"""The mailed links: out of the address into a short session, then verified by a person."""

from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm import clock
from crm.domain import limits
from visits.domain import links, own_request, verification
from visits.models import PendingRequest, VisitRequest
from visits.public import session
from visits.public.pages import language_links, public_page, show

MOST_GUESSES, GUESSES_WITHIN = 100, timedelta(hours=1)
NOT_MINE = "none"


@public_page
@require_safe
def open_link(request: HttpRequest, language: str, *, token: str) -> HttpResponse:
    """Keep the link in a session and show a page without it in the address; changes nothing else.

    Unknown, expired, used and revoked links are answered alike.
    """
    if link := links.find_request_link(token):
        session.open_link(request, link)
        return _onward(language)
    if pending := verification.find_pending(token):
        session.open_pending(request, pending)
        return _onward(language)
    # A good link opens even when somebody else on the network guesses.
    network = limits.network_of(request.META)
    is_first_few = limits.allow("link-guess", network, most=MOST_GUESSES, within=GUESSES_WITHIN)
    return no_link(request, language, status=404 if is_first_few else 429)


def _onward(language: str) -> HttpResponse:
    response = redirect("public:mine", language=language)
    response["Referrer-Policy"] = "no-referrer"
    return response


def no_link(request: HttpRequest, language: str, *, status: int = 404) -> HttpResponse:
    """The one answer to every link that opens nothing."""
    links = language_links("public:form")
    response = show(request, language, "no_link.html", status=status, language_links=links)
    response["Referrer-Policy"] = "no-referrer"
    return response


def verify_page(
    request: HttpRequest, language: str, pending: PendingRequest, *, fault: str = ""
) -> HttpResponse:
    """What was received, and the question whether it is theirs; nothing is chosen yet."""
    choices = [_summary(row) for row in verification.waiting_with(pending)]
    return show(
        request,
        language,
        "verify.html",
        status=400 if fault else 200,
        campaign=pending.campaign,
        language_links=language_links("public:mine"),
        choices=choices,
        is_hand_over=all("who" in choice for choice in choices),
        fault=fault,
        not_mine=NOT_MINE,
    )


def _summary(pending: PendingRequest) -> dict:
    """What the address holder reads before saying "that is mine"."""
    answers = pending.answers
    if "change_address_of" in answers:
        row = VisitRequest.objects.get(ref=answers["change_address_of"])
        who = own_request.asked_by(row)
        return {"pk": pending.pk, "ref": row.ref, "who": who}
    read = verification.answers_of(answers)
    return {
        "pk": pending.pk,
        "sent_at": pending.sent_at,
        "zone": read.zone or pending.campaign.zone,
        "answers": read,
        "consents": list(answers.get("consents", {}).values()),
    }


@public_page
@require_POST
def verify(request: HttpRequest, language: str) -> HttpResponse:
    """The address holder says which form is theirs, or that none is."""
    pending = session.pending_of(request)
    if pending is None:
        # A second press of the button finds the first one's work done.
        is_done = session.request_of(request) is not None
        return redirect("public:mine", language=language) if is_done else no_link(request, language)
    chosen = request.POST.get("choice", "")
    if chosen == NOT_MINE:
        verification.forget(pending)
        session.close(request)
        return show(request, language, "forgotten.html", campaign=pending.campaign)
    mine = _chosen(pending, chosen)
    if mine is None:
        fault = _("Choose whether this request is yours, then press the button.")
        return verify_page(request, language, pending, fault=fault)
    try:
        asked = verification.verify(mine, at=clock.now())
    except ValidationError:
        return no_link(request, language)
    link = asked.links.usable(timezone.now()).latest("pk")
    session.open_link(request, link)
    messages.success(
        request,
        _("Thank you, your address is confirmed. Your request has the reference %(ref)s.")
        % {"ref": asked.ref},
    )
    return redirect("public:mine", language=language)


def _chosen(pending: PendingRequest, chosen: str) -> PendingRequest | None:
    if pending.verified_at is not None:
        return pending if chosen == str(pending.pk) else None
    waiting = verification.waiting_with(pending)
    return next((row for row in waiting if str(row.pk) == chosen), None)


@public_page
@require_POST
def leave(request: HttpRequest, language: str) -> HttpResponse:
    """Close the private page on a shared computer."""
    session.close(request)
    response = redirect("public:form", language=language)
    response["Clear-Site-Data"] = '"cache"'
    return response
