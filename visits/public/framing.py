"""Which of our pages other sites may show in a frame: the request form and what belongs to it.

Every other page forbids it in the settings. See "Show the form on another site" in
docs/operations.md, and docs/decisions/0009 on what guards a form without cookies.
"""

from collections.abc import Callable
from typing import Any

from csp.decorators import csp_replace
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.views.decorators.clickjacking import xframe_options_exempt

View = Callable[..., HttpResponse]
OWN_SITE = {"same-origin", "none"}


def embeddable(view: View) -> View:
    """Marks a page that the sites of EMBEDDING_SITES may frame."""
    view.is_embeddable = True
    return view


class FramingMiddleware:
    """Names the allowed sites on embeddable pages, their error pages included."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        sites = settings.EMBEDDING_SITES
        if not sites or not _is_embeddable(request.path_info):
            return self.get_response(request)
        framed: Any = csp_replace({"frame-ancestors": sites})(self.get_response)
        return xframe_options_exempt(framed)(request)


def _is_embeddable(path: str) -> bool:
    try:
        return getattr(resolve(path).func, "is_embeddable", False)
    except Resolver404:
        return False


def is_framed(request: HttpRequest) -> bool:
    """Whether the browser says that it shows this page in a frame."""
    return request.headers.get("Sec-Fetch-Dest") in {"iframe", "frame"}


def is_from_another_site(request: HttpRequest) -> bool:
    """Whether the browser says that another site's page made this request."""
    return request.headers.get("Sec-Fetch-Site", "none") not in OWN_SITE
