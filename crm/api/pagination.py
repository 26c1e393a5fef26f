"""Pages of an API list: 50 rows unless asked, never more than 200."""

from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import LimitOffsetPagination

MOST = 200


class CappedPagination(LimitOffsetPagination):
    """`limit` up to 200 and `offset`; anything else is refused by name."""

    default_limit = 50
    max_limit = MOST

    def get_limit(self, request):
        return self._number(request, "limit", self.default_limit, low=1, high=MOST)

    def get_offset(self, request):
        return self._number(request, "offset", 0, low=0, high=1_000_000)

    def _number(self, request, name: str, default: int, *, low: int, high: int) -> int:
        raw = request.query_params.get(name)
        if raw is None:
            return default
        if (
            not raw.isascii()
            or not raw.isdigit()
            or not low <= int(raw[:8]) <= high
            or len(raw) > 7
        ):
            raise ValidationError(
                {name: [_("Give a number from %(low)s to %(high)s.") % {"low": low, "high": high}]}
            )
        return int(raw)
