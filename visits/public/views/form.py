"""The request form and what helps to fill it in."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from crm import clock, wording
from crm.domain import limits, places
from crm.models import Person
from crm.views.errors import csrf_failure
from visits.domain.verification import submit_form
from visits.models import Campaign
from visits.public import proof_of_work, time_trap
from visits.public.forms import HONEYPOT, RANKS, RequestForm
from visits.public.framing import embeddable, is_from_another_site
from visits.public.pages import (
    campaign_query,
    language_links,
    offered_campaign,
    public_page,
    show,
)

# Per network and hour. A town hall is one network; its browsers do the work for the larger share.
MOST_FORMS, MOST_FORMS_WITH_WORK = 20, 200
FORMS_WITHIN = timedelta(hours=1)
LONGEST_QUERY = 2_000
# What the field is called on the pages that ask for suggestions.
CITY_FIELDS = ("city", "q", "home", "origin", "destination")


@public_page
@embeddable
# The signed mark stands for the cookie that a frame does not get: docs/decisions/0009.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def request_form(request: HttpRequest, language: str) -> HttpResponse:
    """Ask for a visit. A good form is kept until its address has answered."""
    campaign = offered_campaign(request)
    if campaign is None:
        links = language_links("public:form")
        return show(request, language, "no_offer.html", status=404, language_links=links)
    today = clock.now().date()
    if request.method != "POST":
        form = RequestForm(
            campaign=campaign,
            page_language=language,
            today=today,
            initial={"language": language, "mark": time_trap.issue(timezone.now())},
        )
        return _form_page(request, language, campaign, form)
    if is_from_another_site(request):
        return csrf_failure(request, "the public form was posted by another site's page")
    if request.POST.get(HONEYPOT):
        # A program must not learn that it was noticed.
        return _thanks(request, language, campaign)
    common = {"campaign": campaign, "page_language": language, "today": today}
    if refusal := _refusal(request):
        # A flood must stay cheap: no look into the register of places.
        form = RequestForm(request.POST, **common, looks_up=False)
        return _form_page(request, language, campaign, form, refusal=refusal, status=429)
    form = RequestForm(request.POST, **common)
    if not form.is_valid():
        return _form_page(request, language, campaign, form, status=400)
    try:
        submit_form(campaign, form.answers(), language=language, at=clock.now())
    except ValidationError as error:
        return _form_page(
            request, language, campaign, form, refusal=" ".join(error.messages), status=400
        )
    return _thanks(request, language, campaign)


def _thanks(request: HttpRequest, language: str, campaign: Campaign) -> HttpResponse:
    path = reverse("public:sent", kwargs={"language": language})
    return redirect(path + campaign_query(request, campaign))


def _refusal(request: HttpRequest) -> str:
    """Why this post is not taken now, in a sentence; empty when it is."""
    now = timezone.now()
    mark = request.POST.get("mark", "")
    has_worked = time_trap.is_fresh(mark, now) and proof_of_work.is_new_proof(
        request.POST.get("work", ""), mark, at=now
    )
    if not has_worked and not time_trap.is_human_pace(mark, now):
        return _(
            "The form was sent faster than a person can read it, or was open for more than a day. "
            "Nothing is lost: look through it once more and send it again."
        )
    # Counted apart, so that a neighbour's script cannot use up the share of those who worked.
    scope, most = ("form-worked", MOST_FORMS_WITH_WORK) if has_worked else ("form", MOST_FORMS)
    network = limits.network_of(request.META)
    if not limits.allow(scope, network, most=most, within=FORMS_WITHIN, at=now):
        return _(
            "Many forms came from your network in the last hour. What you typed is still here: "
            "please wait an hour and send it again."
        )
    day = time_trap.LONGEST
    if not limits.allow("form-mark", mark, most=time_trap.MOST_POSTS, within=day, at=now):
        return _("This form was sent too often. Open the page anew and fill it in again.")
    return ""


def _form_page(
    request: HttpRequest,
    language: str,
    campaign: Campaign,
    form: RequestForm,
    *,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    mark = form.data.get("mark", "") if form.is_bound else form.initial["mark"]
    if time_trap.opened_at(mark) is None or status == 429:
        mark = time_trap.issue(timezone.now())
    return show(
        request,
        language,
        "form.html",
        status=status,
        campaign=campaign,
        language_links=language_links("public:form", request.GET.urlencode()),
        form=form,
        refusal=refusal,
        mark=mark,
        task=proof_of_work.task_for(mark),
        honeypot=HONEYPOT,
        window=wording.day_range(campaign.window_start, campaign.window_end),
        is_sample=_is_demo(),
    )


def _is_demo() -> bool:
    return clock.is_demo() and Person.objects.filter(is_sample=True).exists()


@public_page
@embeddable
@require_safe
def sent(request: HttpRequest, language: str) -> HttpResponse:
    """What happens next; the same page whoever asked, and whether or not we know the address."""
    return show(
        request,
        language,
        "sent.html",
        campaign=offered_campaign(request),
        language_links=language_links("public:sent"),
    )


@public_page
@require_safe
def offer(request: HttpRequest, language: str) -> HttpResponse:
    """What a visit is and what it is not."""
    campaign = offered_campaign(request)
    return show(
        request,
        language,
        "offer.html",
        campaign=campaign,
        language_links=language_links("public:offer", request.GET.urlencode()),
        window=wording.day_range(campaign.window_start, campaign.window_end) if campaign else "",
    )


@public_page
@embeddable
@require_safe
def place_suggestions(request: HttpRequest, language: str) -> HttpResponse:
    """Options for the list under the city field."""
    typed = next(filter(None, map(request.GET.get, CITY_FIELDS)), "")[:100]
    found = places.suggest_cities(typed) if _may_look_up(request) else []
    # Browsers hide an option that does not hold the letters typed: "lodz" would hide "Łódź".
    suggestions = [
        (words, "" if typed.casefold() in words.casefold() else f"{words} – {typed}")
        for words in found
    ]
    return show(request, language, "_places.html", suggestions=suggestions)


@public_page
@embeddable
@require_safe
def date_notes(request: HttpRequest, language: str) -> HttpResponse:
    """What speaks against one wished date, as the part of the form under that date."""
    campaign = offered_campaign(request)
    rank = next((n for n in RANKS if f"date_{n}" in request.GET), 0)
    if campaign is None or not rank or not _may_look_up(request):
        return show(request, language, "_date_notes.html", wish=None)
    form = RequestForm(
        request.GET, campaign=campaign, page_language=language, today=clock.now().date()
    )
    return show(request, language, "_date_notes.html", wish=form.wishes[rank - 1])


def _may_look_up(request: HttpRequest) -> bool:
    return len(request.META.get("QUERY_STRING", "")) < LONGEST_QUERY
