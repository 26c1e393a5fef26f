"""Pages of an API list: 50 rows unless asked, never more than 200; who reads on is written down."""

from datetime import timedelta

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import LimitOffsetPagination

from crm import clock
from crm.domain import limits
from crm.domain.export_log import note_export

MOST = 200
LOGGED_ONCE_IN = timedelta(days=1)


class CappedPagination(LimitOffsetPagination):
    """`limit` up to 200 and `offset`; anything else is refused by name.

    Who reads past the first LARGE_EXPORT_ROWS rows of a list takes it away as much as by a file:
    the log of exports says so, and the administrators hear of it, once a day for each list.
    """

    default_limit = 50
    max_limit = MOST

    def paginate_queryset(self, queryset, request, view=None):
        page = super().paginate_queryset(queryset, request, view)
        if page and self.offset + len(page) > settings.LARGE_EXPORT_ROWS:
            self._note_reading(request)
        return page

    def _note_reading(self, request) -> None:
        name = request.path.strip("/").rpartition("/")[2]
        about = f"{request.user.pk}:{name}"
        if limits.allow("api-export", about, most=1, within=LOGGED_ONCE_IN):
            note_export(f"API {name}", self.count, at=clock.now(), by=request.user)

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
