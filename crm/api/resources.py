"""What all resources of the API share: who may see what, one transaction per write, one answer."""

from collections.abc import Callable
from datetime import datetime
from functools import cached_property, partial
from typing import Any

from django.db import OperationalError, transaction
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import MethodNotAllowed, ValidationError
from rest_framework.response import Response

from crm import clock
from crm.api.filters import PAGING
from crm.api.idempotency import answer_once
from crm.api.problems import Problem
from crm.api.versions import etag, locked, refuse_other_version, refuse_stale
from crm.domain.edits import ChangedMeanwhile
from crm.permissions import has_role
from crm.roles import Role

RETRY_SECONDS = "3"


class Resource(viewsets.GenericViewSet):
    """A noun of the API. Its rows come from `visible_to`, its fields from a serializer per role.

    `read_roles` goes from the role that sees most to the one that sees least; `serializer_class`
    is what the first sees, `serializers` names what others see instead.
    `hidden_parameters` are query parameters that would tell a role what it may not read.
    """

    read_roles: tuple[str, ...] = (Role.COORDINATOR,)
    write_roles: tuple[str, ...] = ()
    serializers: dict[str, type] = {}
    hidden_parameters: dict[str, frozenset[str]] = {}
    editable: tuple[str, ...] = ()
    has_versions = False
    # The list whose saved views `?view=` names, as crm.models.SavedView calls it.
    saved_list = ""
    lookup_value_converter = "int"

    def __init_subclass__(cls, **kwargs) -> None:
        super().__init_subclass__(**kwargs)
        cls.action_roles = {
            name: function.roles
            for each in reversed(cls.__mro__)
            for name, function in vars(each).items()
            if hasattr(function, "roles")
        }

    # --- One write, one transaction, one answer ---

    def dispatch(self, request, *args, **kwargs):
        handler = getattr(self, "post", None)
        if request.method == "POST" and handler is not None:
            self.post = partial(self._once, handler)
        elif request.method in ("PATCH", "DELETE") and hasattr(self, request.method.lower()):
            name = request.method.lower()
            setattr(self, name, transaction.atomic(getattr(self, name)))
        response = super().dispatch(request, *args, **kwargs)
        response.setdefault("Cache-Control", "no-store")
        return response

    def _once(self, handler: Callable[..., Response], request, *args, **kwargs) -> Response:
        return answer_once(self, request, partial(handler, request, *args, **kwargs))

    def handle_exception(self, exc):
        if isinstance(exc, OperationalError) and "lock" in str(exc).lower():
            exc = Problem(503, _("The database is busy; nothing was written. Try again."))
        if isinstance(exc, ChangedMeanwhile):
            exc = Problem(412, " ".join(exc.messages))
        response = super().handle_exception(exc)
        if response.status_code == 503:
            response["Retry-After"] = RETRY_SECONDS
        return response

    # --- Who asks for what ---

    def check_permissions(self, request) -> None:
        if request.user.is_authenticated and self.action is None:
            raise MethodNotAllowed(request.method)
        super().check_permissions(request)

    def initial(self, request, *args, **kwargs) -> None:
        super().initial(request, *args, **kwargs)
        given = set(request.query_params) - (PAGING if self.action == "list" else {"format"})
        filters = getattr(self, "filterset_class", None) if self.action == "list" else None
        known = set(filters.base_filters) if filters else set()
        if unknown := sorted(given - known - set(self.own_parameters()) | self._hidden(given)):
            sentence = _("There is no such parameter here; see /api/docs/.")
            raise ValidationError({name[:60]: [sentence] for name in unknown})

    def own_parameters(self) -> tuple[str, ...]:
        """Query parameters this action reads by itself."""
        return ("view",) if self.saved_list and self.action == "list" else ()

    def _hidden(self, given: set[str]) -> set[str]:
        return given & self.hidden_parameters.get(self.seen_as(), frozenset())

    def seen_as(self) -> str:
        """The role whose view of the rows the caller gets: the first of `read_roles` held."""
        return next((role for role in self.read_roles if has_role(self.request.user, role)), "")

    def get_serializer_class(self):
        if getattr(self, "swagger_fake_view", False):
            return self.serializer_class
        return self.serializers.get(self.seen_as(), self.serializer_class)

    def get_object(self):
        """The row of this address among those the caller may see; filters do not apply to it."""
        rows = self.get_queryset()
        row = rows.filter(**{self.lookup_field: self.kwargs[self.lookup_field]}).first()
        if row is None:
            raise Http404
        self.check_object_permissions(self.request, row)
        return row

    def filter_queryset(self, queryset):
        found = super().filter_queryset(queryset)
        # A list whose order leaves ties would shuffle rows between two pages.
        order = found.query.order_by or found.model._meta.ordering
        return found.order_by(*order, "pk")

    # --- Reading and answering ---

    @property
    def act(self) -> dict[str, Any]:
        """When and by whom, for the verbs."""
        return {"at": self.now, "by": self.request.user}

    @cached_property
    def warnings(self) -> list[str]:
        """What a step that was done could not do besides; in its answer when there is any."""
        return []

    @property
    def now(self) -> datetime:
        if not hasattr(self, "_now"):
            self._now = clock.now()
        return self._now

    def read(self, serializer_class, *, partial: bool = False) -> dict[str, Any]:
        """The body as the serializer understands it; every fault at once as a 400."""
        taken = serializer_class(
            data=self.request.data, partial=partial, context=self.get_serializer_context()
        )
        taken.is_valid(raise_exception=True)
        return dict(taken.validated_data)

    def answer(self, row, *, status: int = 200) -> Response:
        """One row as the caller may see it now, with its ETag."""
        fresh = self.get_queryset().filter(pk=row.pk).first() or row
        data = self.get_serializer(fresh).data
        if self.warnings:
            data = {**data, "warnings": self.warnings}
        response = Response(data, status=status)
        if self.has_versions:
            response["ETag"] = etag(fresh, self.editable)
        if status == 201:
            response["Location"] = self.address_of(fresh)
        return response

    def address_of(self, row) -> str:
        key = getattr(row, self.lookup_field)
        return self.reverse_action("detail", args=[key])

    def edit(self, verb: Callable, takes: type, **extra: Any) -> Response:
        """PATCH: the named fields change, provided that `If-Match` names the present version."""
        row = self.get_object()
        values = self.read(takes, partial=True)
        refuse_other_version(self.request, row, values, fields=self.editable)
        verb(locked(row), values, **extra, **self.act)
        return self.answer(row)


class Listed(mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource):
    """A resource with a list and one address per row."""

    def retrieve(self, request, *args, **kwargs):
        return self.answer(self.get_object())


def verb(name: str, *, takes: type | None = None, roles: tuple[str, ...] | None = None):
    """A step of a row as a sub-resource, `POST …/{ref}/{name}/`: reads, acts, answers the row.

    The function gets the row and what `takes` read, by keyword. `If-Match` is honoured when sent.
    """
    from crm.api.serializers import NothingSerializer

    def decorate(function: Callable) -> Callable:
        def step(self, request, *args, **kwargs):
            row = self.get_object()
            values = self.read(takes or NothingSerializer)
            if self.has_versions:
                refuse_stale(request, row, values, fields=self.editable)
            function(self, row, **values)
            return self.answer(row)

        step.__name__ = function.__name__
        step.__doc__ = function.__doc__
        described = extend_schema(request=takes)(step)
        made = action(detail=True, methods=["post"], url_path=name, url_name=name)(described)
        if roles is not None:
            made.roles = roles
        return made

    return decorate
