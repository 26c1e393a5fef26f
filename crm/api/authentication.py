"""Signing in to the API: a token that fails is counted, so that nobody can try many."""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed, Throttled

from crm.domain.limits import allow, is_within, network_of

SCOPE = "api_token"
MOST_FAILURES = 30
WITHIN = timedelta(minutes=5)


class CountedTokenAuthentication(TokenAuthentication):
    """Knox tokens; after 30 unknown ones in five minutes a network has to wait."""

    def authenticate(self, request):
        header = request.META.get("HTTP_AUTHORIZATION", "")
        if not header.lower().startswith(self.authenticate_header(request).lower()):
            return None
        at = timezone.now()
        network = network_of(request.META)
        if not is_within(SCOPE, network, most=MOST_FAILURES, within=WITHIN, at=at):
            raise Throttled(wait=WITHIN.total_seconds())
        try:
            return super().authenticate(request)
        except AuthenticationFailed:
            allow(SCOPE, network, most=MOST_FAILURES, within=WITHIN, at=at)
            raise

    def authenticate_credentials(self, token: bytes):
        if not token.isascii():
            raise AuthenticationFailed(_("Invalid token."))
        return super().authenticate_credentials(token)
