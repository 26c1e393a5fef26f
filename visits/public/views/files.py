"""Files of an agreed visit: the calendar entry and the public programme."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from crm import clock
from visits import ical
from visits.briefs import press
from visits.domain.briefs import brief_now
from visits.models import BriefEdition, VisitRequest
from visits.public.files import available_files, programme_of
from visits.public.pages import language_links, show
from visits.public.standing import current_visit
from visits.public.views.link import no_link
from visits.public.views.private import private_page


@private_page
@require_safe
def calendar_file(request: HttpRequest, language: str, asked: VisitRequest) -> HttpResponse:
    """The visit as an .ics file with its zone; the name carries the reference alone."""
    visit = current_visit(asked) if available_files(asked)["calendar"] else None
    if visit is None:
        return no_link(request, language)
    content = ical.visit_calendar(visit, method="PUBLISH")
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{visit.ref}.ics"'
    return response


@private_page
@require_safe
def programme(request: HttpRequest, language: str, asked: VisitRequest) -> HttpResponse:
    """The public edition of the brief as PDF, to show at home."""
    visit = current_visit(asked) if available_files(asked)["programme"] else None
    if visit is None:
        return no_link(request, language)
    response = HttpResponse(programme_of(visit, language), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{visit.ref}.pdf"'
    return response


@private_page
@require_safe
def programme_page(request: HttpRequest, language: str, asked: VisitRequest) -> HttpResponse:
    """The same programme as a page, to read on a phone or to print from the browser."""
    visit = current_visit(asked) if available_files(asked)["programme"] else None
    if visit is None:
        return no_link(request, language)
    found = brief_now(visit, BriefEdition.Kind.PUBLIC, at=clock.now(), language=language)
    return show(
        request,
        language,
        "programme.html",
        campaign=asked.campaign,
        is_sample=asked.is_sample,
        language_links=language_links("public:programme-page"),
        **press.brief_page(*found),
    )
