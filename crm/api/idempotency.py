"""The same write sent twice has one effect: `Idempotency-Key`, kept with the effect itself."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from crm.api.problems import Problem
from crm.domain.limits import one_at_a_time
from crm.models import IdempotencyKey

LONGEST_KEY = 100
KEPT_HEADERS = ("ETag", "Location")


def answer_once(view, request, handler: Callable[[], Response]) -> Response:
    """Run `handler` inside one transaction, or repeat the answer it gave to this key before.

    A key belongs to one user and to one route with one body; with another body it is refused
    (422). Only answers that had an effect are kept: a refused write leaves no trace and may be
    sent again. Two requests with one key wait for each other, and the second gets the answer.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        with transaction.atomic():
            return handler()
    _check(key)
    route = f"{request.method} {request.path_info}"[:200]
    digest = hashlib.sha256(_body(request)).hexdigest()
    with transaction.atomic():
        one_at_a_time(f"key:{request.user.pk}:{key}")
        kept = IdempotencyKey.objects.filter(user=request.user, key=key).first()
        if kept is not None:
            return _repeat(kept, route, digest)
        response = handler()
        if response.status_code < 300:
            _keep(view, request.user, key, route, digest, response)
        return response


def _body(request) -> bytes:
    # Parsed rather than raw: blanks and the order of names do not make another request.
    return json.dumps(request.data, sort_keys=True, default=str).encode()


def _check(key: str) -> None:
    if not 1 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise Problem(400, _("An Idempotency-Key is one to 100 printable ASCII characters."))


def _repeat(kept: IdempotencyKey, route: str, digest: str) -> Response:
    if (kept.route, kept.body_hash) != (route, digest):
        raise Problem(
            422, _("This Idempotency-Key was used for another request; choose a new one.")
        )
    answer = json.loads(kept.answer) if kept.answer is not None else None
    return Response(
        answer, status=kept.status, headers={**kept.headers, "Idempotent-Replayed": "true"}
    )


def _keep(view, user, key: str, route: str, digest: str, response: Response) -> None:
    data: Any = response.data
    hide = getattr(view, "fit_to_keep", None)
    if hide is not None:
        data = hide(data)
    IdempotencyKey.objects.create(
        user=user,
        key=key,
        route=route,
        body_hash=digest,
        status=response.status_code,
        answer=JSONRenderer().render(data).decode() if data is not None else None,
        headers={name: response[name] for name in KEPT_HEADERS if response.has_header(name)},
    )
