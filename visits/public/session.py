"""Who is at the page: the private link is kept in a short session instead of in the address."""

from datetime import datetime, timedelta

from django.http import HttpRequest
from django.utils import timezone

from visits.models import PendingRequest, PrivateLink, VisitRequest

KEY = "private_page"
LIFE = timedelta(hours=2)


def open_link(request: HttpRequest, link: PrivateLink) -> None:
    """Remember a private link for two hours."""
    _remember(request, link=link.pk)


def open_pending(request: HttpRequest, pending: PendingRequest) -> None:
    """Remember a form that waits for its address to answer."""
    _remember(request, pending=pending.pk)


def _remember(request: HttpRequest, **what: int) -> None:
    if not request.user.is_authenticated:
        request.session.cycle_key()
    until = (timezone.now() + LIFE).isoformat()
    request.session[KEY] = {**what, "until": until}


def close(request: HttpRequest) -> None:
    """Forget the private page in this browser."""
    request.session.pop(KEY, None)


def _kept(request: HttpRequest) -> dict:
    kept = request.session.get(KEY)
    if not kept or datetime.fromisoformat(kept["until"]) <= timezone.now():
        return {}
    return kept


def request_of(request: HttpRequest) -> VisitRequest | None:
    """The request behind the link that was opened here, while that link is still good."""
    link = (
        PrivateLink.objects.usable(timezone.now())
        .select_related("request__campaign", "request__place")
        .filter(pk=_kept(request).get("link", 0))
        .first()
    )
    return link.request if link else None


def pending_of(request: HttpRequest) -> PendingRequest | None:
    """The waiting form whose mail was opened here, verified meanwhile or not."""
    return (
        PendingRequest.objects.select_related("campaign", "request")
        .filter(pk=_kept(request).get("pending", 0), expires_at__gt=timezone.now())
        .first()
    )
