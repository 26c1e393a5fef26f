"""Saved views of the lists: kept from what is shown, taken away, brought back."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm import clock
from crm.domain import saved_views as verbs
from crm.models import SavedView
from crm.permissions import require
from crm.roles import Role
from visits.views.desk.access import back_to, try_verb
from visits.views.desk.toasts import done

STAFF = (Role.COORDINATOR, Role.HOST, Role.EXPERT)
# The page of each list that keeps views.
PAGES: dict[str, str] = {
    SavedView.List.PEOPLE: "visits:person-list",
    SavedView.List.ORGANISATIONS: "visits:organisation-list",
    SavedView.List.EVENTS: "visits:event-list",
    SavedView.List.FOLLOW_UPS: "visits:follow-up-list",
    SavedView.List.MAIL: "visits:mail-list",
    SavedView.List.REQUESTS: "visits:request-list",
    SavedView.List.VISITS: "visits:visit-list",
    SavedView.List.CONSENTS: "visits:consent-list",
    SavedView.List.NOTICES: "visits:notice-list",
    SavedView.List.DATA_REQUESTS: "visits:data-request-list",
}
LISTS = {page: name for name, page in PAGES.items()}


class Views(NamedTuple):
    """What a list's menu of views shows; `list` is empty on a page that keeps none."""

    list: str
    views: Sequence[SavedView]
    current: SavedView | None
    query: str


def views_of(request: HttpRequest) -> Views:
    """The views of the list that this page shows, and the one that is being looked at."""
    match = request.resolver_match
    name = LISTS.get(match.view_name) if match else None
    if name is None:
        return Views("", [], None, "")
    rows = _seen(request, name)
    views = [*rows.select_related("owner")]
    shown = verbs.query_kept(dict(request.GET.lists()))
    current = next((view for view in views if view.query == shown), None)
    return Views(name, views, current, request.GET.urlencode())


def obey_view(request: HttpRequest) -> None:
    """Let `?view=7` stand for the filters kept under it, on the page, its map and its files."""
    match, number = request.resolver_match, request.GET.get("view", "")
    name = LISTS.get(match.view_name) if match and number else None
    if name is None:
        return
    view = _seen(request, name).numbered(number)
    if view is None:
        raise Http404(_("There is no such view of this list."))
    request.GET = view.under(request.GET)


def _seen(request: HttpRequest, name: str) -> Any:
    return SavedView.objects.kept().visible_to(request.user).of_list(name)


@require_POST
@require(*STAFF)
def saved_view_new(request: HttpRequest) -> HttpResponse:
    """Keep what the list shows under a name."""
    name = request.POST.get("list", "")
    page = reverse(PAGES.get(name, "visits:today"))
    if name in PAGES:
        view = try_verb(
            request,
            verbs.save_view,
            name,
            request.POST.get("name", ""),
            dict(QueryDict(request.POST.get("query", "")[:4_000]).lists()),
            is_shared=bool(request.POST.get("is_shared")),
            at=clock.now(),
            by=request.user,
        )
        if isinstance(view, SavedView):
            undo = reverse("visits:saved-view-remove", args=[view.pk])
            done(request, _("“%(name)s” is kept under Views.") % {"name": view.name}, undo=undo)
    return back_to(request, page)


@require_POST
@require(*STAFF)
def saved_view_remove(request: HttpRequest, pk: int) -> HttpResponse:
    view = get_object_or_404(SavedView.objects.visible_to(request.user), pk=pk)
    if try_verb(request, verbs.remove_view, view, at=clock.now(), by=request.user):
        undo = reverse("visits:saved-view-restore", args=[pk])
        done(request, _("“%(name)s” is removed.") % {"name": view.name}, undo=undo)
    return back_to(request, reverse(PAGES[view.list]))


@require_POST
@require(*STAFF)
def saved_view_restore(request: HttpRequest, pk: int) -> HttpResponse:
    view = get_object_or_404(SavedView.objects.visible_to(request.user), pk=pk)
    if try_verb(request, verbs.restore_view, view, at=clock.now(), by=request.user):
        done(request, _("“%(name)s” is back.") % {"name": view.name})
    return back_to(request, reverse(PAGES[view.list]))
