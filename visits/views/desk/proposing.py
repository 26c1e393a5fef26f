"""Proposing dates: what the host can reach is ticked, other dates are typed and weighed alike."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from crm import clock
from crm.models import Message
from crm.permissions import require
from crm.roles import Role
from visits.domain.booking import hold_until
from visits.domain.busy_feeds import unknown_calendars
from visits.domain.letters import draft_letter, send_draft
from visits.domain.proposals import (
    MOST_SLOTS,
    check_may_propose,
    offer_letter,
    propose_dates,
)
from visits.domain.reach import (
    ONLINE_MINUTES,
    Reach,
    ReachableSlot,
    best_of_half_days,
    journey_words,
)
from visits.domain.requests import default_duration
from visits.domain.slots import SlotVerdict, weigh_slot
from visits.domain.wishes import calendar_strip, weigh_wishes
from visits.forms.requests import ProposalForm
from visits.models import Host, VisitRequest
from visits.models.requests import Mode
from visits.views.desk.access import get_request, try_verb

# How many reachable half days stand open on the page, and how many behind "more".
SHOWN, MORE = 8, 40

Weighed = list[tuple[datetime, SlotVerdict]]


@dataclass(frozen=True)
class Tick:
    """One line of the list: a slot, whether it is ticked, and the words beside it."""

    slot: ReachableSlot
    is_ticked: bool

    @property
    def journey(self) -> str:
        return journey_words(self.slot.extra_minutes)


class Question:
    """Who would come, how and for how long, as the address or the form says it."""

    def __init__(self, row: VisitRequest, hosts: list[Host], data: QueryDict, at: datetime):
        self.row, self.at = row, at
        self.mode = data.get("mode", "")
        if self.mode not in (Mode.ON_SITE, Mode.ONLINE):
            self.mode = Mode.ONLINE if row.mode == Mode.ONLINE else Mode.ON_SITE
        self.minutes = _minutes(data.get("minutes", "")) or self.usual_minutes()
        self.reach = Reach(row, at=at, mode=self.mode, minutes=self.minutes)
        named = next((host for host in hosts if host.ref == data.get("host")), None)
        self.every = self.reach.slots(named)
        best = self.every[0].host if self.every else None
        self.host = named or best or (hosts[0] if hosts else None)
        own = [slot for slot in self.every if slot.host == self.host]
        self.slots = best_of_half_days(own)

    def usual_minutes(self) -> int:
        """How long a visit of this mode takes when nobody says otherwise."""
        usual = self.row.duration_minutes or default_duration(self.row)
        if self.mode == Mode.ONLINE and self.row.mode != Mode.ONLINE:
            return min(usual, ONLINE_MINUTES)
        return usual

    def asked_slot(self, start: datetime | None) -> ReachableSlot | None:
        """What can be reached of a day somebody came for: the very start, else the day's best."""
        if start is None:
            return None
        own = [slot for slot in self.every if slot.host == self.host]
        exact = [slot for slot in own if slot.starts_at == start]
        on = start.astimezone(ZoneInfo(self.row.zone)).date()
        same_day = [slot for slot in self.slots if slot.day == on]
        return next(iter(exact or same_day), None)

    def wished(self) -> list[ReachableSlot]:
        """The best slot of each wished date that can be reached, at most four."""
        days: dict = {}
        for slot in self.slots:
            if slot.wish is not None:
                days.setdefault(slot.day, slot)
        return sorted(days.values(), key=lambda slot: slot.wish)[:MOST_SLOTS]


def _minutes(typed: str) -> int | None:
    return int(typed) if typed.isdecimal() and 30 <= int(typed[:4]) <= 480 else None


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def request_propose(request: HttpRequest, ref: str) -> HttpResponse:
    """Offer dates: each is weighed first, then all are held until the deadline."""
    row = get_request(request.user, ref)
    at = clock.now()
    if request.method == "GET" and not try_verb(request, check_may_propose, row):
        return redirect("visits:request-detail", ref)
    hosts = Host.objects.visible_to(request.user).who_lead()
    asked = Question(row, list(hosts), request.POST or request.GET, at)
    is_offer = request.method == "POST" and "look" not in request.POST
    came_for = _moment(request.GET.get("slot_1", ""), row.zone)
    ticked = _ticked_first(asked, came_for)
    form = ProposalForm(
        request.POST if is_offer else None,
        hosts=hosts,
        zone=row.zone,
        office_zone=row.campaign.zone,
        initial=_start(asked, ticked, request.POST),
    )
    weighed: Weighed = []
    if is_offer and form.is_valid():
        weighed = _weigh(row, form, at)
        broken = [words for _start, verdict in weighed for words in verdict.hard]
        form.judge_together(at, is_final="check" not in request.POST)
        if "check" in request.POST or (broken and not form.cleaned_data["override_reason"]):
            for words in broken:
                form.add_error(None, words)
        elif not form.errors and _propose(request, row, form, at):
            return redirect("visits:request-detail", ref)
    elif came_for and not is_offer and asked.host and not asked.asked_slot(came_for):
        weighed = [(came_for, _verdict(asked, came_for))]
    values = {slot.value for slot in ticked}
    if request.method == "POST":
        values = set(request.POST.getlist("ticked"))
    context = {
        "row": row,
        "form": form,
        "weighed": weighed,
        "ticks": _ticks(asked.slots, values),
        "shown": f":{SHOWN}",
        "more": f"{SHOWN}:",
        "has_more": len(asked.slots) > SHOWN,
        "host": asked.host,
        "unknown": unknown_calendars([asked.host] if asked.host else []),
        "is_known": asked.reach.is_known,
        "strip": calendar_strip(row, today=at),
        "wishes": weigh_wishes(row, today=at),
    }
    return render(
        request, "visits/request_propose.html", context, status=422 if form.errors else 200
    )


def _ticks(slots: list[ReachableSlot], values: set[str]) -> list[Tick]:
    """The ticked ones first, then the rest, each in order of rank."""
    ticks = [Tick(slot, slot.value in values) for slot in slots]
    return sorted(ticks, key=lambda tick: not tick.is_ticked)[:MORE]


def _ticked_first(asked: Question, came_for: datetime | None) -> list[ReachableSlot]:
    """What is ticked when the page opens: the day somebody came for, else the wishes."""
    if came_for is None:
        return asked.wished()
    found = asked.asked_slot(came_for)
    if found is not None and found not in asked.slots:
        asked.slots.insert(0, found)
    return [found] if found else []


def _start(asked: Question, ticked: list[ReachableSlot], typed: QueryDict) -> dict:
    """What the form begins with; what was typed before stays."""
    row, office = asked.row, ZoneInfo(asked.row.campaign.zone)
    first = min((slot.starts_at for slot in ticked), default=None)
    until = hold_until(row.campaign, asked.at, before=first)
    start = {
        "host": asked.host.ref if asked.host else None,
        "mode": asked.mode,
        "minutes": asked.minutes,
        "expires_at": until.astimezone(office).replace(tzinfo=None),
    }
    kept = (*ProposalForm.SLOTS, "only_one", "expires_at", "override_reason", "send_now")
    return start | {name: typed[name] for name in kept if typed.get(name)}


def _moment(typed: str, zone: str) -> datetime | None:
    """The date somebody came for, as a moment; None when the address names none."""
    try:
        found = datetime.fromisoformat(typed)
    except ValueError:
        return None
    if not 2000 <= found.year < 2100:
        return None
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))


def _verdict(asked: Question, start: datetime) -> SlotVerdict:
    return weigh_slot(
        asked.row,
        host=asked.host,
        mode=asked.mode,
        starts_at=start,
        ends_at=start + timedelta(minutes=asked.minutes),
        at=asked.at,
        reach=asked.reach,
    )


def _weigh(row: VisitRequest, form: ProposalForm, at: datetime) -> Weighed:
    data = form.cleaned_data
    reach = Reach(row, at=at, mode=data["mode"], minutes=data["minutes"])
    return [
        (
            start,
            weigh_slot(
                row,
                host=data["host"],
                mode=data["mode"],
                starts_at=start,
                ends_at=end,
                at=at,
                reach=reach,
            ),
        )
        for start, end in form.slots()
    ]


def _propose(request: HttpRequest, row: VisitRequest, form: ProposalForm, at: datetime):
    """Hold the dates and write the letter, in one transaction; send it when asked to."""
    data = form.cleaned_data

    @transaction.atomic
    def offer() -> Message:
        visit = propose_dates(
            row,
            host=data["host"],
            mode=data["mode"],
            slots=form.slots(),
            expires_at=data["expires_at"],
            at=at,
            by=request.user,
            override_reason=data["override_reason"],
        )
        draft = draft_letter(row, offer_letter(visit), at=at, by=request.user, visit=visit)
        if data["send_now"]:
            send_draft(draft, row, at=at, by=request.user)
        return draft

    done = _("The dates are held; the letter waits as a draft.")
    if data["send_now"]:
        done = _("The dates are held and the letter is in the outbox.")
    return try_verb(request, offer, done=done)
