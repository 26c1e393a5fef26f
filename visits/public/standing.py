"""Where a request stands, told to the municipality: built up from the fields it may see."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import wording
from crm.domain.audit import MUNICIPALITY
from crm.models import AuditEntry, Message
from visits.domain.booking import UNDO_WITHIN
from visits.domain.date_wishes import days_in_words, may_ask, open_wish
from visits.domain.letters import is_date_alone
from visits.domain.municipality import kept_for_undo, may_undo
from visits.domain.own_request import WISH_STATES
from visits.domain.proposals import may_ask_again
from visits.models import ChecklistItem, DateWish, Hold, Visit, VisitRequest
from visits.public.report import ShownReport, report_entries, shown_report
from visits.states import RequestState, VisitState

R, V = RequestState, VisitState

STEPS = (
    ("received", gettext_lazy("Request received")),
    ("looked_at", gettext_lazy("We look at it")),
    ("offered", gettext_lazy("Dates offered")),
    ("agreed", gettext_lazy("Date agreed")),
    ("held", gettext_lazy("The visit")),
    ("report", gettext_lazy("Report and next steps")),
)
STEP_OF_STATE = {
    R.RECEIVED: "looked_at",
    R.NEEDS_INFO: "looked_at",
    R.UNDER_REVIEW: "looked_at",
    R.WAITLISTED: "looked_at",
    R.PROPOSED: "offered",
    R.SCHEDULED: "held",
    R.FULFILLED: "report",
}
ENDED = frozenset({R.DECLINED, R.EXPIRED, R.WITHDRAWN, R.REFERRED, R.MERGED, R.REJECTED})
HAPPENED = {
    R.RECEIVED: gettext_lazy("Your request arrived"),
    R.NEEDS_INFO: gettext_lazy("We asked you for more information"),
    R.UNDER_REVIEW: gettext_lazy("We are looking at your request"),
    R.PROPOSED: gettext_lazy("We offered you dates"),
    R.SCHEDULED: gettext_lazy("You accepted a date"),
    R.FULFILLED: gettext_lazy("The visit took place"),
    R.WAITLISTED: gettext_lazy("Your request went on the waiting list"),
    R.DECLINED: gettext_lazy("We had to decline"),
    R.EXPIRED: gettext_lazy("The time to answer ran out"),
    R.WITHDRAWN: gettext_lazy("You withdrew your request"),
    R.REFERRED: gettext_lazy("We passed your request on, with your leave"),
    R.MERGED: gettext_lazy("We joined it with another request of your city"),
    R.REJECTED: gettext_lazy("We closed the request"),
}


@dataclass(frozen=True)
class Step:
    """One step of the way; `state` is done, now or later."""

    key: str
    title: str | Promise
    state: str


@dataclass
class Standing:
    """Everything the status page says; plain values and rows whose shown fields are allowed."""

    request: VisitRequest
    steps: list[Step]
    headline: str
    why: str
    next_step: str
    by_when: str
    who_answers: str
    visit: Visit | None
    report: ShownReport | None
    holds: list[Hold]
    checklist: list[ChecklistItem]
    timeline: list[dict[str, Any]]
    missing: list[str] = field(default_factory=list)
    can_withdraw: bool = False
    can_undo: bool = False
    undo_until: str = ""
    kept: Hold | None = None
    can_correct: bool = False
    can_wish: bool = False
    may_ask_again: bool = False
    needs_address: bool = False
    date_wish: DateWish | None = None
    can_ask_for_date: bool = False

    @property
    def is_ended(self) -> bool:
        return self.request.state in ENDED

    @property
    def kept_until(self) -> str:
        """When the date kept for an undo is given away."""
        kept = self.kept
        return wording.local_time(kept.expires_at, kept.visit.zone) if kept else ""

    @property
    def days_wished(self) -> list[str]:
        """The days asked for in place of the agreed one, in words."""
        return days_in_words(self.date_wish) if self.date_wish else []

    @property
    def is_agreed(self) -> bool:
        return self.visit is not None and not self.holds

    @property
    def is_moved(self) -> bool:
        return awaits_answer(self.request, self.visit)

    @property
    def is_date_alone(self) -> bool:
        """Whether only the date of a moved visit is another one than its city agreed to."""
        return self.visit is not None and is_date_alone(self.visit)


def standing_of(request: VisitRequest, *, at: datetime) -> Standing:
    """Where the request stands at the moment `at`, in the active language."""
    visit = current_visit(request)
    holds = open_holds(request, visit, at=at)
    kept = kept_for_undo(request, at=at)
    report = shown_report(visit) if request.state == R.FULFILLED else None
    can_ask = may_ask(request, visit, at=at)
    wish = open_wish(request) if can_ask else None
    words = _Words(request, visit, holds, at, kept, report, wish)
    is_live = visit is not None and visit.is_live
    is_agreed = is_live and not holds and request.state == R.SCHEDULED
    return Standing(
        request=request,
        steps=_steps(request, visit, report),
        headline=words.headline,
        why=words.why,
        next_step=words.next_step,
        by_when=words.by_when,
        who_answers=request.campaign.answers_from or request.campaign.name,
        visit=visit,
        report=report,
        holds=holds,
        checklist=_checklist(visit) if is_agreed and visit else [],
        timeline=_timeline(request, report),
        missing=words.missing if request.state == R.NEEDS_INFO else [],
        can_withdraw=request.is_open,
        can_undo=may_undo(request, at=at),
        undo_until=wording.local_time(request.state_since + UNDO_WITHIN, request.zone),
        kept=kept,
        can_correct=request.is_open,
        can_wish=request.state in WISH_STATES,
        may_ask_again=may_ask_again(request, at=at),
        needs_address=words.needs_address,
        date_wish=wish,
        can_ask_for_date=can_ask,
    )


def awaits_answer(request: VisitRequest, visit: Visit | None) -> bool:
    """Whether the city has to say if a date we moved suits it."""
    return request.state == R.SCHEDULED and visit is not None and visit.awaits_city


def current_visit(request: VisitRequest) -> Visit | None:
    """The visit that counts now: a live one, else one that took place; cancelled ones do not."""
    known = request.visits.select_related("host", "campaign").prefetch_related("topics")
    live = known.live().order_by("-pk").first()
    return live or known.delivered().order_by("-starts_at").first()


def open_holds(request: VisitRequest, visit: Visit | None, *, at: datetime) -> list[Hold]:
    """The dates that can be accepted now."""
    if visit is None or request.state != R.PROPOSED or visit.state != V.TENTATIVE:
        return []
    return list(visit.holds.offered(at))


def _steps(request: VisitRequest, visit: Visit | None, report: ShownReport | None) -> list[Step]:
    now = STEP_OF_STATE.get(RequestState(request.state))
    keys = [key for key, _title in STEPS]
    here = keys.index(now) if now else -1
    if awaits_answer(request, visit):
        here = keys.index("agreed")
    is_over = visit is not None and visit.state == V.CLOSED
    if is_over or (report is not None and report.is_approved):
        here = len(keys)
    return [
        Step(key, title, "done" if place < here else "now" if place == here else "later")
        for place, (key, title) in enumerate(STEPS)
    ]


def _checklist(visit: Visit) -> list[ChecklistItem]:
    return list(visit.checklist.filter(owner=ChecklistItem.Owner.THEIRS))


def _timeline(request: VisitRequest, report: ShownReport | None) -> list[dict[str, Any]]:
    """What happened, newest first: states in words, and the subjects of our mails to them."""
    told = [*_state_entries(request), *_mail_entries(request)]
    if report is not None:
        told += report_entries(report)
    entries = sorted(told, key=lambda entry: entry["at"])
    return entries[::-1]


def _state_entries(request: VisitRequest) -> Iterator[dict[str, Any]]:
    verbs = ["receive_request", "request_step", "take_back_step"]
    steps = AuditEntry.objects.about(request).filter(verb__in=verbs)
    icons = {R.SCHEDULED: "check", R.PROPOSED: "calendar", R.WITHDRAWN: "close"}
    told: list[dict[str, Any]] = []
    has_arrival = is_back = False
    columns = ("at", "verb", "from_state", "to_state", "actor")
    for at, verb, before, state, actor in steps.order_by("pk").values_list(*columns):
        if verb == "take_back_step":
            # Nobody was told of what was taken back at the desk: it never happened.
            if before in HAPPENED:
                told.pop()
            continue
        if state == R.PROPOSED and actor == MUNICIPALITY:
            # Only an undo passes here on the city's word: the steps on its way tell nothing.
            is_back = True
            told.pop()
            continue
        if state in HAPPENED:
            has_arrival = has_arrival or state == R.RECEIVED
            title: str | Promise = HAPPENED[RequestState(state)]
            if is_back and state == R.SCHEDULED:
                title, is_back = _("You took your withdrawal back; the date is agreed again"), False
            icon = icons.get(RequestState(state), "note")
            told.append({"at": at, "zone": request.zone, "title": title, "icon": icon})
    if not has_arrival:
        yield {
            "at": request.received_at,
            "zone": request.zone,
            "title": HAPPENED[R.RECEIVED],
            "icon": "note",
        }
    yield from told


def _mail_entries(request: VisitRequest) -> Iterator[dict[str, Any]]:
    sent = request.messages.filter(
        direction=Message.Direction.OUT,
        status=Message.Status.QUEUED,
        address__iexact=request.address,
    )
    for at, subject in sent.order_by("at", "pk").values_list("at", "subject"):
        title = _("Mail to you: %(subject)s") % {"subject": subject}
        yield {"at": at, "zone": request.zone, "title": title, "icon": "mail"}


class _Words:
    """The sentences of one standing."""

    def __init__(
        self,
        request: VisitRequest,
        visit: Visit | None,
        holds: list[Hold],
        at: datetime,
        kept: Hold | None,
        report: ShownReport | None,
        wish: DateWish | None,
    ) -> None:
        self.request, self.visit, self.holds, self.at, self.kept = request, visit, holds, at, kept
        self.report, self.wish = report, wish
        self.is_moved = awaits_answer(request, visit)
        # Moved, and more than its date is new to the city.
        self.is_changed = self.is_moved and visit is not None and not is_date_alone(visit)
        self.may_ask_again = may_ask_again(request, at=at)

    @property
    def is_asked(self) -> bool:
        """Whether the visit was moved because its city asked for another date."""
        visit = self.visit
        if not self.is_moved or visit is None or visit.replaces is None:
            return False
        return self.request.date_wishes.unsettled().filter(visit=visit.replaces).exists()

    @property
    def needs_address(self) -> bool:
        """Whether an agreed visit on site waits for the city to say where to meet."""
        visit = self.visit
        is_agreed = self.request.state == R.SCHEDULED and not self.holds and not self.is_moved
        return bool(
            is_agreed and visit and visit.is_live and not visit.is_online and not visit.address
        )

    @property
    def is_single(self) -> bool:
        return len(self.holds) == 1

    @property
    def headline(self) -> str:
        if self.request.state == R.PROPOSED and not self.holds:
            return _("We prepare new dates for you")
        return {
            R.RECEIVED: _("Your request is with us"),
            R.NEEDS_INFO: _("We need a little more from you"),
            R.UNDER_REVIEW: _("We are looking for a date"),
            R.PROPOSED: _("Does this date suit you?")
            if self.is_single
            else _("Please choose a date"),
            R.SCHEDULED: _("The visit has changed: does it suit you?")
            if self.is_changed
            else _("The date has changed: does it suit you?")
            if self.is_moved
            else _("Your date is agreed"),
            R.FULFILLED: _("Please check our report")
            if self.report and self.report.may_check and not self.report.is_corrected
            else _("The visit took place"),
            R.WAITLISTED: _("You are on the waiting list"),
            R.DECLINED: _("We cannot offer a visit"),
            R.EXPIRED: _("The time to answer ran out"),
            R.WITHDRAWN: _("You withdrew your request"),
            R.REFERRED: _("We passed your request on"),
            R.MERGED: _("Joined with another request of your city"),
            R.REJECTED: _("The request is closed"),
        }[RequestState(self.request.state)]

    @property
    def why(self) -> str:
        return {
            R.RECEIVED: _("Every request is read by a person; none is answered by a machine."),
            R.NEEDS_INFO: _("Without it we cannot plan a visit that is worth your time."),
            R.UNDER_REVIEW: _(
                "We fit your wishes, the holidays of your city and the journeys between the "
                "cities together."
            ),
            R.PROPOSED: _("This date fits our journeys; we hold it for you.")
            if self.is_single
            else _("These dates fit your wishes and our journeys; we hold them for you.")
            if self.holds
            else _("The dates offered before are no longer held."),
            R.SCHEDULED: _("We had to change your visit. The time below is kept until you answer.")
            if self.is_changed
            else _("You asked for another date. The new one is kept until you answer.")
            if self.is_asked
            else _("We had to move your visit. The new date is kept until you answer.")
            if self.is_moved
            else _("You accepted this date."),
            R.FULFILLED: _("Thank you for the conversation."),
            R.WAITLISTED: _(
                "More cities asked than there are days; we come back to you as soon as one is free."
            ),
            R.DECLINED: _("Our last mail to you says why."),
            R.EXPIRED: _("We had no answer before the deadline, so the dates are free again."),
            R.WITHDRAWN: _("Nothing more happens with it; your date is kept only for an undo.")
            if self.kept
            else _("Nothing more happens with it, and no date is held."),
            R.REFERRED: _("They answer you directly; you gave us leave to pass your address on."),
            R.MERGED: _("One visit serves both; you find its date with the other request."),
            R.REJECTED: _(
                "We take requests of municipalities only. If this is a mistake, answer our mail."
            ),
        }[RequestState(self.request.state)]

    @property
    def next_step(self) -> str:
        state = RequestState(self.request.state)
        if state == R.PROPOSED:
            if self.is_single:
                return _("You accept the date, or tell us that it does not suit you.")
            if self.holds:
                return _("You choose one of the dates, or tell us that none suits.")
            return _("We write to you with new dates.")
        if self.is_changed:
            return _("You tell us whether the visit suits you as it is now.")
        if self.is_moved:
            return _("You tell us whether the new date suits you.")
        if self.needs_address:
            return _("You tell us where we meet; then we send you the confirmation.")
        if self.wish is not None:
            return _("A person looks for another date and answers you; until then this one stays.")
        if state == R.SCHEDULED and self.visit is not None:
            if self.visit.state == V.TENTATIVE:
                return _("We complete the details and send you the confirmation.")
            if self.visit.state == V.BRIEFED:
                return _("You have the programme; we meet at the time below.")
            return _("You get the programme by mail; until then you can prepare the room.")
        if self.report is not None:
            return self.report.next_step
        return {
            R.RECEIVED: _("We answer with dates, or with a question."),
            R.NEEDS_INFO: _("You add what is missing; then we look for a date."),
            R.UNDER_REVIEW: _("We offer you dates, or say why there is none."),
            R.WAITLISTED: _("We write to you when a date comes free. You need not do anything."),
            R.FULFILLED: _("You get a short report to check, within three days of the visit."),
            R.EXPIRED: _("If you still want a visit, you tell us which dates would suit you.")
            if self.may_ask_again
            else _("Our offer is over. When there is a new one, you can ask for a visit anew."),
        }.get(state, "")

    @property
    def by_when(self) -> str:
        request = self.request
        if self.report is not None:
            return self.report.by_when(self.at)
        if self.holds:
            return wording.local_time(self.holds[0].expires_at, request.zone)
        if self.wish is not None and self.wish.due_at > self.at:
            return wording.local_time(self.wish.due_at, request.zone)
        if request.state == R.SCHEDULED and self.visit is not None:
            return wording.local_time(self.visit.starts_at, self.visit.zone)
        if request.due_at is not None and request.due_at > self.at and self._awaits_us:
            return wording.local_time(request.due_at, request.zone)
        if request.state == R.WAITLISTED:
            return wording.day(request.campaign.window_end)
        if self.may_ask_again:
            return wording.day(request.campaign.last_day_to_ask)
        return ""

    @property
    def _awaits_us(self) -> bool:
        """Whether the city waits for an answer, to its request or to what it said since."""
        request = self.request
        is_ours = request.state in (R.RECEIVED, R.UNDER_REVIEW, R.PROPOSED) and not self.holds
        replied_at = request.first_reply_at
        return is_ours and (replied_at is None or replied_at <= request.state_since)

    @property
    def missing(self) -> list[str]:
        request = self.request
        gaps = (
            (not request.topics.exists(), _("the topics you would like to talk about")),
            (not request.preferred_dates.exists(), _("one to three dates that would suit you")),
            (request.people is None, _("how many people will take part, about")),
        )
        return [words for is_missing, words in gaps if is_missing]
