"""Tokens for programs: shown once, kept as digests, with the roles of their owner."""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from knox.models import AuthToken
from rest_framework import serializers
from rest_framework.exceptions import Throttled
from rest_framework.response import Response

from crm.api.fields import Whole
from crm.api.resources import Listed
from crm.api.serializers import Input
from crm.domain.limits import allow
from crm.domain.tokens import LONGEST_DAYS, make_token, revoke_token
from crm.roles import Role

USUAL_DAYS = 90
MOST_PER_HOUR = 20


class TokenSerializer(serializers.Serializer):
    """A token without its text; `key` is its beginning, by which it is told apart."""

    key = serializers.CharField(source="token_key", read_only=True)
    made_at = serializers.DateTimeField(source="created", read_only=True)
    expires_at = serializers.DateTimeField(source="expiry", allow_null=True, read_only=True)


class NewTokenSerializer(TokenSerializer):
    token = serializers.CharField(
        read_only=True,
        allow_null=True,
        help_text=_("Shown this once; null when the same request is answered again."),
    )


class TokenInput(Input):
    days = Whole(min_value=1, max_value=LONGEST_DAYS, default=USUAL_DAYS)


class TokenViewSet(Listed):
    """Your own tokens. Send one as `Authorization: Token …`; it may do what you may."""

    queryset = AuthToken.objects.none()
    serializer_class = TokenSerializer
    read_roles = write_roles = tuple(Role)
    lookup_field = "token_key"
    lookup_url_kwarg = "token_key"
    lookup_value_converter = "slug"

    def get_queryset(self):
        own = AuthToken.objects.filter(user=self.request.user, expiry__gt=timezone.now())
        return own.order_by("-created")

    @extend_schema(request=TokenInput, responses={201: NewTokenSerializer})
    def create(self, request):
        """Make a token; its text is in this answer and nowhere else."""
        days = self.read(TokenInput)["days"]
        hour = timedelta(hours=1)
        if not allow("make_token", str(request.user.pk), most=MOST_PER_HOUR, within=hour):
            raise Throttled(wait=hour.total_seconds())
        secret = make_token(request.user, days=days, at=self.now)
        row = AuthToken.objects.get(user=request.user, token_key=secret[:15])
        data = TokenSerializer(row).data | {"token": secret}
        return Response(data, status=201, headers={"Location": self.address_of(row)})

    @extend_schema(responses={204: None})
    def destroy(self, request, token_key):
        """End a token at once."""
        revoke_token(self.get_object(), **self.act)
        return Response(status=204)

    @staticmethod
    def fit_to_keep(data):
        """What is kept to answer a repeated request: never the token itself."""
        return {**data, "token": None}
