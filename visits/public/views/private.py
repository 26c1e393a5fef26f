"""What the pages behind a private link share: the request they speak of, and their frame."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from visits.models import VisitRequest
from visits.public import session
from visits.public.pages import language_links, public_page, show
from visits.public.views.link import no_link
from visits.public.views.status import status_page

PrivateView = Callable[..., HttpResponse]


def private_page(view: PrivateView) -> PrivateView:
    """A page of the request this browser has open, which the view gets as `asked`.

    Without one it opens nothing. A form that was shown for another request, opened in this browser
    meanwhile, changes nothing.
    """

    @wraps(view)
    def opened(request: HttpRequest, language: str, **kwargs: Any) -> HttpResponse:
        asked = session.request_of(request)
        if asked is None:
            return no_link(request, language)
        if request.method == "POST" and request.POST.get("ref") != asked.ref:
            fault = _(
                "Another request was opened in this browser meanwhile, so nothing was changed. "
                "This is %(ref)s."
            ) % {"ref": asked.ref}
            return status_page(request, language, asked, status=409, fault=fault)
        return view(request, language, asked, **kwargs)

    return public_page(opened)


def form_page(
    request: HttpRequest,
    language: str,
    asked: VisitRequest,
    name: str,
    form: forms.Form,
    **context: Any,
) -> HttpResponse:
    """A page with a form about the request; 400 once it was sent and refused."""
    return show(
        request,
        language,
        name,
        status=400 if form.is_bound and form.errors else 200,
        campaign=asked.campaign,
        is_sample=asked.is_sample,
        language_links=language_links("public:mine"),
        asked=asked,
        form=form,
        **context,
    )
