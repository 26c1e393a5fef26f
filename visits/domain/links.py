"""Private links: 256 bits derived from a row's secret and the site's key; only a hash is kept.

Deriving instead of storing lets a mail be shown and sent later without the database ever holding
a usable link.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation

from crm import languages
from crm.domain import stop_links
from crm.domain.private_tokens import derive_token, hash_of
from crm.models import StopLink
from visits.models import PrivateLink, VisitRequest

LIFE_AFTER_PROJECT = timedelta(days=180)


def make_link(request: VisitRequest) -> PrivateLink:
    """A new private link of the request, valid until half a year after the project's end."""
    link = PrivateLink.objects.create(
        request=request,
        expires_at=timezone.now() + _life(request),
        is_sample=request.is_sample,
    )
    link.token_hash = hash_of(token_of(link))
    link.save(update_fields=["token_hash"])
    return link


def _life(request: VisitRequest) -> timedelta:
    # Counted from the real day of making: a demo clock must not make links that are born expired.
    length = request.campaign.project_end - request.campaign.window_start
    return length + LIFE_AFTER_PROJECT


def token_of(link: PrivateLink) -> str:
    return derive_token("request", f"{link.pk}:{link.salt}")


def url_for(token: str, language: str) -> str:
    """The address to be mailed, on the site's own name, in the reader's language."""
    shown = languages.spoken(language)
    with translation.override(shown):
        path = reverse("public:link", kwargs={"language": shown, "token": token})
    return settings.SITE_URL + path


def stop_address(link: StopLink, language: str) -> str:
    """The address that stops mailings, in the language of the letter."""
    shown = languages.spoken(language)
    with translation.override(shown):
        kwargs = {"language": shown, "token": stop_links.token_of(stop_links.of_use(link))}
        path = reverse("public:stop", kwargs=kwargs)
    return settings.SITE_URL + path


def address_of(link_key: str) -> str:
    """The private address behind a mail's link key: `request:12`, `verify:7` or `stop:3:de`."""
    from visits.domain import verification

    kind, _, rest = link_key.partition(":")
    pk, _, language = rest.partition(":")
    if kind == "verify":
        return verification.address_of(int(pk))
    if kind == "stop":
        return stop_address(StopLink.objects.get(pk=int(pk)), language)
    link = PrivateLink.objects.select_related("request").get(pk=int(pk))
    return url_for(token_of(link), link.request.language)


def find_request_link(token: str) -> PrivateLink | None:
    """The usable link of a token; None alike for unknown, expired and revoked."""
    if len(token) > 100:
        return None
    return (
        PrivateLink.objects.usable(timezone.now())
        .select_related("request__campaign")
        .filter(token_hash=hash_of(token))
        .first()
    )


def revoke_links(request: VisitRequest, *, at: datetime) -> int:
    """End every link of the request, as when it is handed over to a colleague."""
    return PrivateLink.objects.filter(request=request, revoked_at=None).update(revoked_at=at)
