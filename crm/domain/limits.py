"""How often something may be tried: counted in the database, in real time, without third parties.

Keys are stored as keyed hashes, so that the table names neither a person nor a network.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from crm.models import RateHit


def network_of(meta: Mapping[str, Any]) -> str:
    """The network a request came from: an IPv4 address, or the /64 of an IPv6 address.

    `meta` is `request.META`. X-Forwarded-For counts only for as many hops, from the right, as the
    site has proxies of its own (TRUSTED_PROXY_COUNT, 0 on a bare install); the rest of that header
    is whatever the client wrote. An unreadable address is the network "unknown".
    """
    seen = str(meta.get("REMOTE_ADDR", ""))
    if settings.TRUSTED_PROXY_COUNT > 0:
        hops = [hop.strip() for hop in str(meta.get("HTTP_X_FORWARDED_FOR", "")).split(",")]
        if len(hops) >= settings.TRUSTED_PROXY_COUNT:
            seen = hops[-settings.TRUSTED_PROXY_COUNT]
    try:
        address: IPv4Address | IPv6Address = ip_address(seen.partition("%")[0].strip("[]"))
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return str(IPv6Network((address, 64), strict=False))
        address = address.ipv4_mapped
    return str(address)


def key_of(text: str) -> str:
    """What is stored of a key: 64 letters that cannot be turned back without the site's secret."""
    return hmac.new(settings.SECRET_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


def is_within(scope: str, text: str, *, most: int, within: timedelta, at: datetime) -> bool:
    """Whether fewer than `most` attempts were counted in the time `within` before `at`."""
    return RateHit.objects.count_since(scope, key_of(text), at - within) < most


def allow(
    scope: str, text: str, *, most: int, within: timedelta, at: datetime | None = None
) -> bool:
    """Count one attempt and say whether it is among the first `most` of the time `within`.

    A refused attempt is not counted: who waits is let in again. Exact even when many come at once.
    """
    moment = at or timezone.now()
    with transaction.atomic():
        one_at_a_time(f"{scope}:{key_of(text)}")
        if not is_within(scope, text, most=most, within=within, at=moment):
            return False
        RateHit.objects.create(scope=scope, key=key_of(text), at=moment)
        return True


def one_at_a_time(name: str) -> None:
    """Let nobody else pass here under this name until the transaction ends."""
    # On SQLite the transaction itself (BEGIN IMMEDIATE) is the lock.
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
