"""Secrets of mailed links: 256 bits from a row's salt and the site's key, kept as a hash."""

import base64
import hashlib
import hmac

from django.conf import settings


def hash_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def derive_token(kind: str, key: str) -> str:
    """43 letters for 256 bits, from the site's secret key."""
    digest = hmac.new(
        settings.SECRET_KEY.encode(), f"{kind}:{key}".encode(), hashlib.sha256
    ).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
