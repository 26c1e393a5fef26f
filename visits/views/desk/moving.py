"""Changing an agreed visit: another host, another time or online, looked at before it is done."""

from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from crm import clock
from crm.domain.edits import ChangedMeanwhile
from crm.permissions import require
from crm.roles import Role
from visits.domain.booking import Busy, SlotTaken
from visits.domain.busy_feeds import unknown_calendars
from visits.domain.reach import Reach, best_of_half_days, journey_words
from visits.domain.slots import weigh_move
from visits.domain.steps import check_may_move
from visits.domain.visit_moves import look_at_move
from visits.domain.visits import postpone_visit
from visits.forms.visits import PostponeForm
from visits.models import Host, Visit
from visits.models.visits import Side
from visits.states import VisitState
from visits.views.desk.access import date_wishes_of, get_visit, try_verb
from visits.views.desk.toasts import add_errors, done

# What a link may propose; the rest of the form is typed by whoever says yes.
PROPOSED = ("host", "mode", "starts_at", "minutes")
# How many half days that could be reached are shown beside the form.
SHOWN = 8
TYPED_TIME = "%Y-%m-%dT%H:%M"


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def visit_postpone(request: HttpRequest, ref: str) -> HttpResponse:
    """Show what a change of the visit would mean, then do what was shown."""
    visit = get_visit(request.user, ref)
    is_open = "seen" in request.POST
    if not is_open and not try_verb(request, _check_stands, visit, at=clock.now()):
        return redirect("visits:visit-detail", ref)
    if request.method == "GET":
        proposed = {name: request.GET[name] for name in PROPOSED if request.GET.get(name)}
        asked = _filled(visit, proposed) or None
        form = PostponeForm(asked, initial=_as_it_is(visit), visit=visit, is_final=False)
        form.full_clean()
        return _page(request, visit, form)
    form = PostponeForm(request.POST, visit=visit, is_final="check" not in request.POST)
    if not form.is_valid() or "check" in request.POST:
        return _page(request, visit, form)
    moved = _move(request, visit, form)
    if moved is None:
        return _page(request, visit, form)
    words = _("%(new)s takes the place of %(old)s and waits for its city; nothing was sent.")
    undo = reverse("visits:visit-take-back", args=[moved.ref])
    done(request, words % {"new": moved.ref, "old": ref}, undo=undo)
    return redirect("visits:visit-detail", moved.ref)


def _filled(visit: Visit, proposed: dict[str, str]) -> QueryDict:
    """What a link proposes, the rest as it is now; empty when it proposes nothing."""
    asked = QueryDict(mutable=True)
    if proposed:
        asked.update(_as_it_is(visit) | proposed)
    return asked


def _as_it_is(visit: Visit) -> dict[str, str]:
    start = visit.local_start.strftime(TYPED_TIME)
    as_it_is = {"host": visit.host.ref, "mode": visit.mode, "starts_at": start}
    if visit.date_wishes.open().exists():
        as_it_is["side"] = Side.MUNICIPALITY
    return as_it_is


def _move(request: HttpRequest, visit: Visit, form: PostponeForm) -> Visit | None:
    """Do what the form asks for and has shown; None when it says why that was not done."""
    data, move, at = form.cleaned_data, form.move, clock.now()
    assert move is not None, "a valid form asks for a move"
    if data["looked"] != move.key:
        words = _("This is not what was shown. Look at what it means, then press again.")
        form.add_error(None, words)
        return None
    if not data["override_reason"]:
        for words in weigh_move(visit, **move.where, at=at).hard:
            form.add_error("starts_at", words)
    if form.errors:
        return None
    try:
        return postpone_visit(
            visit,
            **move.where,
            side=data["side"],
            reason=data["reason"],
            override_reason=data["override_reason"],
            seen=data["seen"],
            at=at,
            by=request.user,
        )
    except ChangedMeanwhile as change:
        form.change = change
        words = _("Somebody else changed %(ref)s meanwhile, so nothing was done.")
        form.add_error(None, words % {"ref": visit.ref})
    except ValidationError as error:
        add_errors(form, error)
    except (SlotTaken, Busy) as error:
        form.add_error(None, str(error))
    return None


def _page(request: HttpRequest, visit: Visit, form: PostponeForm) -> HttpResponse:
    """The form with what it asks for, weighed on the visit as it is now."""
    at = clock.now()
    visit, move = get_visit(request.user, visit.ref), form.move
    for name in ("side", "reason"):
        form.fields[name].required = True
    context = {
        "visit": visit,
        "form": form,
        "move": move,
        "stands": _stands(visit, at=at),
        "later": visit.replaced_by.first(),
        "date_wishes": date_wishes_of(request, visit),
        "unknown": unknown_calendars({visit.host, move.host if move else visit.host}),
    }
    row = visit.requests.select_related("campaign", "place").order_by("ref").first()
    if row is not None and not context["stands"]:
        host, mode = (move.host, move.mode) if move else (visit.host, visit.mode)
        length = move.ends_at - move.starts_at if move else visit.duration
        minutes = int(length.total_seconds() // 60)
        reach = Reach(row, at=at, mode=mode, minutes=minutes)
        context |= {"host": host, "is_known": reach.is_known, "offers": _offers(visit, reach, host)}
        if move is not None:
            context["outlook"] = look_at_move(visit, move, at=at, by=request.user, reach=reach)
    was_faster = form.change or context["stands"]
    status = 409 if was_faster else 422 if form.errors else 200
    return render(request, "visits/visit_move.html", context, status=status)


def _check_stands(visit: Visit, *, at: datetime) -> None:
    """Raise ValidationError when the visit cannot be changed any more."""
    if visit.state in (VisitState.POSTPONED, VisitState.CANCELLED):
        raise ValidationError(
            _("%(visit)s does not stand any more: it was %(state)s, so nothing was changed."),
            code="step",
            params={"visit": visit, "state": visit.get_state_display()},
        )
    check_may_move(visit, at=at)


def _stands(visit: Visit, *, at: datetime) -> str:
    """Why the visit cannot be changed any more; empty as long as it can."""
    try:
        _check_stands(visit, at=at)
    except ValidationError as error:
        return error.messages[0]
    return ""


def move_query(start: datetime, zone: str, host: str, mode: str, minutes: int) -> str:
    """What the page is asked so that it proposes this time, host (reference), mode and length."""
    typed = start.astimezone(ZoneInfo(zone)).strftime(TYPED_TIME)
    return "?" + urlencode({"host": host, "mode": mode, "starts_at": typed, "minutes": minutes})


def _offers(visit: Visit, reach: Reach, host: Host) -> list[dict]:
    """The best half days that the host can reach, each with the address that looks at it and with
    how much longer all travel than they do for the visit as it is."""
    slots = best_of_half_days(reach.slots(host))[:SHOWN]
    now = reach.travel_for(visit) if slots else 0
    offers = []
    for slot in slots:
        path = move_query(slot.starts_at, slot.zone, host.ref, reach.mode, reach.minutes)
        journey = journey_words(slot.extra_minutes - now)
        offers.append({"slot": slot, "path": path, "journey": journey})
    return offers
