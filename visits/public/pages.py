"""What every public page has in common: open to all, in its own language, told to nobody else."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.cache import add_never_cache_headers

from crm import clock
from visits.models import Campaign
from visits.public.framing import is_framed

View = Callable[..., HttpResponse]


def public_page(view: View) -> View:
    """A page without sign-in, in the language of its address, kept by no cache."""

    @wraps(view)
    def shown(request: HttpRequest, language: str, **kwargs: Any) -> HttpResponse:
        with translation.override(language):
            response = view(request, language, **kwargs)
        response["Content-Language"] = language
        # With "no-referrer" browsers send posts with "Origin: null", which the CSRF check refuses.
        # These addresses hold no secret; the one that does (`open_link`) is stricter.
        response.headers.setdefault("Referrer-Policy", "same-origin")
        add_never_cache_headers(response)
        return response

    return login_not_required(shown)


def show(
    request: HttpRequest, language: str, name: str, *, status: int = 200, **context: Any
) -> HttpResponse:
    """Render `public/<name>` with what the frame needs."""
    context.setdefault("campaign", None)
    context.setdefault("language_links", [])
    context["campaign_query"] = campaign_query(request, context["campaign"])
    context["is_framed"] = is_framed(request)
    return render(request, f"public/{name}", {"language": language, **context}, status=status)


def language_links(route: str, query: str = "") -> list[dict[str, str]]:
    """The same page in the other complete languages."""
    names = dict(settings.LANGUAGES)
    return [
        {
            "code": code,
            "name": names[code],
            "path": reverse(route, kwargs={"language": code}) + (f"?{query}" if query else ""),
        }
        for code in settings.COMPLETE_LANGUAGES
    ]


def campaign_query(request: HttpRequest, campaign: Campaign | None) -> str:
    """What a link to the next public page carries on, when the address named the campaign."""
    is_named = campaign is not None and request.GET.get("campaign", "")[:60] == campaign.slug
    return "?" + urlencode({"campaign": campaign.slug}) if is_named else ""


def offered_campaign(request: HttpRequest) -> Campaign | None:
    """The campaign named in the address, else the one whose window comes first; None when over."""
    campaigns = Campaign.objects.open_on(clock.now().date()).order_by("window_start", "pk")
    if wanted := request.GET.get("campaign", "")[:60]:
        return campaigns.filter(slug=wanted).first()
    return campaigns.first()
