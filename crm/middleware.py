"""What every request and response passes: text a database can store, pages a cache must not."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, UnreadablePostError
from django.shortcuts import resolve_url
from django.urls import ResolverMatch
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from crm.models.clock import asked_once
from crm.views.errors import problem

# Tab, line feed, carriage return, and the soft line break that Word pastes (vertical tab,
# form feed) are text; forms fold the last two. Everything else here is a fault or an attack.
UNSTORABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")
GetResponse = Callable[[HttpRequest], HttpResponse]


class ClockMiddleware:
    """One request lives at one setting of the clock, read once."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with asked_once():
            return self.get_response(request)


class SafeInputMiddleware:
    """Lets nothing pass that a database cannot store.

    In a form such a character is invisible and came along with a copied text: it is left out, so
    that nothing typed is lost. In a path, query, name or JSON body it is answered with 400.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            _clean_form(request)
            is_safe = not any(UNSTORABLE.search(text) for text in _texts(request))
        except (UnreadablePostError, RecursionError):
            return problem(
                request,
                400,
                _("The request could not be read to its end. Send it again."),
            )
        if not is_safe:
            return problem(
                request,
                400,
                _(
                    "Your text contains an invisible control character that cannot be stored. "
                    "Go back, remove it (typing the text anew is surest) and send it again."
                ),
            )
        return self.get_response(request)


def _clean_form(request: HttpRequest) -> None:
    if request.method != "POST" or not any(map(UNSTORABLE.search, _query_texts(request.POST))):
        return
    cleaned = request.POST.copy()
    for name, values in request.POST.lists():
        cleaned.setlist(name, [UNSTORABLE.sub("", value) for value in values])
    cleaned._mutable = False
    request.POST = cleaned


def _texts(request: HttpRequest) -> Iterator[str]:
    """Every piece of text a client sent, names and values alike."""
    yield request.path_info
    yield from _query_texts(request.GET)
    if request.content_type == "application/json":
        yield from _json_texts(request.body)
    elif request.method == "POST":
        yield from _query_texts(request.POST)
        for name, files in request.FILES.lists():
            yield name
            yield from (file.name or "" for file in files)


def _query_texts(query: Any) -> Iterator[str]:
    for name, values in query.lists():
        yield name
        yield from values


def _json_texts(body: bytes) -> Iterator[str]:
    # Raw control characters are invalid JSON and refused by the parser later on; only an
    # escape can smuggle one in, so a body without escapes needs no second parse.
    if b"\\u" not in body:
        return
    try:
        yield from _leaves(json.loads(body))
    except ValueError:
        return


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)


class PrivatePagesMiddleware:
    """Keeps personal pages out of caches and other people's browsers.

    Signed-in pages and pages behind a private link are never stored; a private link is not told
    to where it leads (and by the site's policy never to another site); signing out clears what
    this browser kept. A click whose session has ended leads to the sign-in and from there back to
    the page it was made on, and `keep.js` saves what was typed.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        was_signed_in = _is_signed_in(request)
        response = self.get_response(request)
        by_private_link = _is_private_link(request.resolver_match)
        if by_private_link and 300 <= response.status_code < 400:
            # The address holds a secret, so the page it leads to need not know it. Not on pages
            # with a form: "no-referrer" makes browsers send "Origin: null", which CSRF refuses.
            response["Referrer-Policy"] = "no-referrer"
        if (was_signed_in or by_private_link) and not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        if was_signed_in and not request.user.is_authenticated:
            response["Clear-Site-Data"] = '"cache", "storage"'
        if _leads_to_sign_in(response) and not was_signed_in:
            return _sign_in_again(request, response)
        return response


def _is_signed_in(request: HttpRequest) -> bool:
    # Without a session cookie there is nobody to ask the database about.
    return settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated


def _is_private_link(match: ResolverMatch | None) -> bool:
    return match is not None and not {"token", "key"}.isdisjoint(match.kwargs)


def _leads_to_sign_in(response: HttpResponse) -> bool:
    target = response.get("Location", "")
    return response.status_code == 302 and target.split("?")[0] == resolve_url(settings.LOGIN_URL)


def _sign_in_again(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The whole page goes to the sign-in and comes back to where the click was made.

    An address that only takes posts would answer 405 there, so a post leads back to its page.
    """
    is_htmx = bool(getattr(request, "htmx", False))
    is_click = request.method not in ("GET", "HEAD", "OPTIONS")
    if not is_htmx and not is_click:
        return response
    if is_click:
        words = _("Your session had ended, so nothing was changed. Sign in and do it once more.")
        messages.warning(request, words)
    back = (request.htmx.current_url_abs_path if is_htmx else _page_of(request)) or "/"
    address = f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': back})}"
    return HttpResponseClientRedirect(address) if is_htmx else HttpResponseRedirect(address)


def _page_of(request: HttpRequest) -> str:
    """The path of the page a form was sent from; empty when it is none of ours."""
    referer = request.headers.get("Referer", "")
    host = {request.get_host()}
    if not url_has_allowed_host_and_scheme(referer, host, require_https=request.is_secure()):
        return ""
    parts = urlsplit(referer)
    return "/" + parts.path.lstrip("/") + (f"?{parts.query}" if parts.query else "")
