"""Tags put on people and organisations, and taken off; one at a time here, many on the lists."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from crm import clock
from crm.domain import tags as verbs
from crm.models import Organisation, Person
from crm.permissions import require
from crm.roles import Role
from crm.validators import row_numbers
from visits.views.desk.access import back_to, try_verb
from visits.views.desk.toasts import done

# What a tag can be put on: the path's word, its rows, and the page to go back to.
TAGGED: dict[str, tuple[Any, str]] = {
    "people": (Person, "visits:person-list"),
    "organisations": (Organisation, "visits:organisation-list"),
}


@require_POST
@require(Role.COORDINATOR)
def tag_put(request: HttpRequest, noun: str) -> HttpResponse:
    """`rows` get the tag that was typed."""
    model, page = _place(noun)
    rows = _named(request, model)
    if rows:
        put_on(request, noun, rows)
    return back_to(request, page)


@require_POST
@require(Role.COORDINATOR)
def tag_take(request: HttpRequest, noun: str) -> HttpResponse:
    """`rows` lose the tag that was named."""
    model, page = _place(noun)
    rows = _named(request, model)
    if rows:
        take_off(request, noun, rows)
    return back_to(request, page)


def _place(noun: str) -> tuple[Any, str]:
    if noun not in TAGGED:
        raise Http404
    return TAGGED[noun]


def _named(request: HttpRequest, model: Any) -> QuerySet:
    """The rows that the form or, for an undo, the address names."""
    named = request.POST.getlist("rows") or request.GET.getlist("rows")
    wanted = row_numbers(named)
    rows = model.objects.visible_to(request.user).filter(pk__in=wanted)
    if model is Person:
        # What was erased or merged away changes no more.
        rows = rows.filter(merged_into=None, erased_at=None)
    return rows.prefetch_related("tags")


def put_on(request: HttpRequest, noun: str, rows: Sequence[Any] | QuerySet) -> None:
    """Put the tag of the form on the rows and say so, with an undo for those that had it not."""
    fresh = _act(request, verbs.put_tag, rows)
    if fresh is not None:
        words = ngettext("Tagged %(n)d record.", "Tagged %(n)d records.", len(fresh))
        _tell(request, words % {"n": len(fresh)}, noun, "tag-take", fresh)


def take_off(request: HttpRequest, noun: str, rows: Sequence[Any] | QuerySet) -> None:
    """Take the tag of the form off the rows and say so, with an undo for those that had it."""
    had = _act(request, verbs.take_tag, rows)
    if had is not None:
        words = ngettext("Took it off %(n)d record.", "Took it off %(n)d records.", len(had))
        _tell(request, words % {"n": len(had)}, noun, "tag-put", had)


@transaction.atomic
def _act(request: HttpRequest, verb: Any, rows: Any) -> list[Any] | None:
    tag = try_verb(request, verbs.tag_named, _typed(request))
    if tag is None:
        return None
    return try_verb(request, verb, list(rows), tag, at=clock.now(), by=request.user)


def _typed(request: HttpRequest) -> str:
    return request.POST.get("tag") or request.GET.get("tag", "")


def _tell(request: HttpRequest, words: str, noun: str, back: str, rows: Sequence[Any]) -> None:
    query = urlencode([("tag", _typed(request)), *(("rows", row.pk) for row in rows)])
    undo = f"{reverse(f'visits:{back}', args=[noun])}?{query}" if rows else ""
    done(request, words, undo=undo)
