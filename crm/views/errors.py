"""Pages for what went wrong: one sentence that says what happened, one that says how to go on."""

import logging
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils import formats, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import requires_csrf_token

log = logging.getLogger(__name__)

TITLES = {
    400: gettext_lazy("This request was not understood"),
    403: gettext_lazy("This is not open to you"),
    404: gettext_lazy("There is no page here"),
    409: gettext_lazy("Somebody else was faster"),
    410: gettext_lazy("This link has ended"),
    413: gettext_lazy("This is too large"),
    429: gettext_lazy("Too many attempts"),
    500: gettext_lazy("Something broke on our side"),
    503: gettext_lazy("Back in a moment"),
}


def language_of(request: HttpRequest) -> str:
    """The language a public address begins with, also where the rest of it leads nowhere."""
    begun = re.match(r"/(\w\w)/", request.path_info)
    return begun[1] if begun and begun[1] in settings.COMPLETE_LANGUAGES else ""


def in_its_language(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Speak the language of the address."""

    @wraps(view)
    def spoken(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with translation.override(language_of(request) or translation.get_language()):
            return view(request, *args, **kwargs)

    return spoken


def problem(request: HttpRequest, status: int, sentence: str) -> HttpResponse:
    """`sentence` with `status` in the form the caller reads: problem details, fragment or page.

    Never touches the database, so that it also works when the database does not.
    """
    title = TITLES.get(status, TITLES[400])
    if request.path_info.startswith("/api/"):
        body = {
            "type": "about:blank",
            "title": str(title),
            "status": status,
            "detail": sentence,
        }
        return JsonResponse(body, status=status, content_type="application/problem+json")
    is_fragment = bool(getattr(request, "htmx", False))
    name = "components/_problem.html" if is_fragment else f"{status}.html"
    context = {
        "status": status,
        "problem_title": title,
        "sentence": sentence,
        "request_path": request.path_info,
        "public_language": language_of(request),
        "theme": request.COOKIES.get("theme", ""),
    }
    response = HttpResponse(render_to_string([name, "problem.html"], context), status=status)
    if is_fragment:
        # A refused htmx request shows its sentence as a toast and leaves the page as it was.
        response["HX-Retarget"] = "#toasts"
        response["HX-Reswap"] = "beforeend"
    return response


@login_not_required
@in_its_language
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        most = formats.number_format(settings.DATA_UPLOAD_MAX_MEMORY_SIZE / 1_000_000)
        words = _(
            "What you sent is larger than %(most)s MB, so it was not read: go back, your browser "
            "still holds what you typed, shorten it and send it again."
        )
        return problem(request, 413, words % {"most": most})
    return problem(request, 400, _("Something in it was not as expected. Go back and try again."))


@login_not_required
@requires_csrf_token
@in_its_language
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    log.warning("CSRF check failed: %s", reason)
    return problem(
        request,
        403,
        _(
            "This form was open too long or came from another site, so nothing was changed. "
            "Go back, reload the page and send it again."
        ),
    )


@login_not_required
@in_its_language
def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem(
        request,
        403,
        _("Your role does not include this. If you need it, ask an administrator."),
    )


@login_not_required
@in_its_language
def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem(
        request,
        404,
        _("The address may be mistyped, or what was here has been moved or removed."),
    )


@login_not_required
@in_its_language
def server_error(request: HttpRequest) -> HttpResponse:
    return problem(
        request,
        500,
        _("The fault is in our log. Go back, what you typed is still there, and try once more."),
    )


def conflict(request: HttpRequest, sentence: str) -> HttpResponse:
    """409: the record changed while the page was open."""
    return problem(request, 409, sentence)


def unavailable(request: HttpRequest) -> HttpResponse:
    """503: the database is busy or being restored; the browser may try again soon."""
    response = problem(request, 503, _("We are working on the system. Please try again shortly."))
    response["Retry-After"] = "60"
    return response
