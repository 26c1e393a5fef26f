"""A form sent twice, as by a double click, has one effect: where it led is kept with its token."""

import hashlib
import secrets
from collections.abc import Callable

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from crm.domain.limits import one_at_a_time
from crm.models import IdempotencyKey

FIELD = "once"
LONGEST_TOKEN = 60
# Fields that do not tell one submit from another.
NOT_TYPED = frozenset({FIELD, "csrfmiddlewaretoken"})


def new_token() -> str:
    """What a form that creates carries, to be told from the next one."""
    return secrets.token_urlsafe(16)


class SentOnceMiddleware:
    """The second of the same submit changes nothing and leads to where the first one led.

    The same form sent again with other values, as after the back button, is another submit.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = request.POST.get(FIELD, "") if request.method == "POST" else ""
        if not 1 <= len(token) <= LONGEST_TOKEN or not request.user.is_authenticated:
            return self.get_response(request)
        key = f"form:{token}"
        with transaction.atomic():
            one_at_a_time(f"key:{request.user.pk}:{key}")
            rows = IdempotencyKey.objects.filter(user=request.user, key=key)
            kept, digest = rows.first(), _digest(request)
            if kept is not None and kept.body_hash == digest:
                messages.info(request, _("This was sent already; nothing was done twice."))
                return HttpResponseRedirect(kept.headers["Location"])
            response = self.get_response(request)
            if response.status_code == 302:
                rows.delete()
                _keep(request, key, digest, response)
            elif response.status_code >= 500:
                transaction.set_rollback(True)
        return response


def _digest(request: HttpRequest) -> str:
    typed = [(name, each) for name, each in request.POST.lists() if name not in NOT_TYPED]
    return hashlib.sha256(repr((request.path_info, sorted(typed))).encode()).hexdigest()


def _keep(request: HttpRequest, key: str, digest: str, response: HttpResponse) -> None:
    IdempotencyKey.objects.create(
        user_id=request.user.pk,
        key=key,
        route=f"POST {request.path_info}"[:200],
        body_hash=digest,
        status=response.status_code,
        headers={"Location": response["Location"]},
    )
