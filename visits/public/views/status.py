"""The private page: where the request stands and what can be done now."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from crm import clock
from visits.models import VisitRequest
from visits.public import session
from visits.public.files import available_files
from visits.public.pages import language_links, public_page, show
from visits.public.standing import standing_of
from visits.public.views.link import no_link, verify_page


@public_page
@require_safe
def mine(request: HttpRequest, language: str) -> HttpResponse:
    """The page behind the mailed link, whichever link it was."""
    asked = session.request_of(request)
    if asked is not None:
        return status_page(request, language, asked)
    pending = session.pending_of(request)
    if pending is not None and pending.verified_at is None:
        return verify_page(request, language, pending)
    return no_link(request, language)


def status_page(
    request: HttpRequest, language: str, asked: VisitRequest, *, status: int = 200, **more: Any
) -> HttpResponse:
    """The status page, also when an answer could not be taken: `fault` says why."""
    at = clock.now()
    return show(
        request,
        language,
        "status.html",
        status=status,
        campaign=asked.campaign,
        is_sample=asked.is_sample,
        language_links=language_links("public:mine"),
        standing=standing_of(asked, at=at),
        files=available_files(asked),
        **more,
    )
