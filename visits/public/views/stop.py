"""The way out of mailings: a page with one button, and the one press of a mail program (RFC 8058).

Mail scanners open every link, so looking changes nothing. A post needs neither cookie nor form
token: the secret in the address is the proof, and all it can do is stop mails.
"""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from crm import clock
from crm.domain import limits, stop_links
from crm.models import Mailing, StopLink
from visits.public.pages import language_links, public_page, show
from visits.public.views.link import GUESSES_WITHIN, MOST_GUESSES, no_link


@csrf_exempt
@public_page
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, language: str, *, token: str) -> HttpResponse:
    """GET asks, POST stops; asking or pressing again says that it is done."""
    link = stop_links.find_link(token)
    if link is None:
        network = limits.network_of(request.META)
        is_few = limits.allow("link-guess", network, most=MOST_GUESSES, within=GUESSES_WITHIN)
        return no_link(request, language, status=404 if is_few else 429)
    if request.method == "POST":
        is_one_click = request.POST.get("List-Unsubscribe") == "One-Click"
        way = stop_links.ONE_CLICK if is_one_click else stop_links.BY_PAGE
        stop_links.stop(link, way=way, at=clock.now())
    return _page(request, language, link, token)


def _page(request: HttpRequest, language: str, link: StopLink, token: str) -> HttpResponse:
    links = [
        each | {"path": reverse("public:stop", kwargs={"language": each["code"], "token": token})}
        for each in language_links("public:form")
    ]
    response = show(
        request,
        language,
        "stop.html",
        language_links=links,
        is_done=stop_links.has_stopped(link),
        stops_all=link.kind not in Mailing.CONSENT,
        is_newsletter=link.kind == Mailing.Kind.NEWSLETTER,
    )
    response["Referrer-Policy"] = "no-referrer"
    return response
