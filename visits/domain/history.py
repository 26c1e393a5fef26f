"""What happened around a request or a visit, as entries of one timeline, newest first."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, Prefetch, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import wording
from crm.models import (
    AuditEntry,
    IncomingMail,
    Interaction,
    Message,
    OutgoingMail,
    Participation,
)
from visits.models import Visit, VisitRequest
from visits.states import RequestState, VisitState

VERBS = {
    "receive_request": gettext_lazy("Request received"),
    "triage_request": gettext_lazy("Priority and length set"),
    "take_over_request": gettext_lazy("Taken over into the address book"),
    "ask_for_date": gettext_lazy("The city asked for another date"),
    "take_back_date_wish": gettext_lazy("The city took its wish for another date back"),
    "keep_date": gettext_lazy("The agreed date was kept"),
    "ask_hand_over": gettext_lazy("The city asked a colleague to take the request over"),
    "hand_over_request": gettext_lazy("Handed over to a colleague"),
    "unlink_person": gettext_lazy("Link to a person taken back"),
    "send_letter": gettext_lazy("Letter handed to the outbox"),
    "make_visit": gettext_lazy("Visit made"),
    "edit_visit": gettext_lazy("Visit changed"),
    "undo_cancellation": gettext_lazy("Cancellation undone"),
    "free_slot": gettext_lazy("Time kept for an undo given back"),
    "publish_version": gettext_lazy("Plan published"),
    "report_visit": gettext_lazy("Report written"),
    "approve_report": gettext_lazy("The city approved the report"),
    "correct_report": gettext_lazy("The city corrected the report"),
    "accept_correction": gettext_lazy("The city’s correction taken over"),
    "add_expense": gettext_lazy("Expense written down"),
    "edit_expense": gettext_lazy("Expense changed"),
    "remove_expense": gettext_lazy("Expense taken out"),
    "restore_expense": gettext_lazy("Expense brought back"),
    "accept_visit": gettext_lazy("The host accepted the time"),
    "refuse_visit": gettext_lazy("The host refused the time"),
    "agree_to_photos": gettext_lazy("Leave for photos noted"),
}
# What the timeline shows as itself.
WITH_OWN_ENTRY = ("write_note",)


def request_timeline(request: VisitRequest, *, zone: str) -> list[dict[str, Any]]:
    """Steps, letters and notes of a request."""
    entries = [*_audit(request, zone), *_messages(request.messages.all(), zone)]
    if request.person_id or request.municipality_id:
        entries += _interactions(request, zone)
    return newest_first(entries)


def visit_timeline(visit: Visit, *, zone: str) -> list[dict[str, Any]]:
    """Steps, letters and notes of a visit."""
    return newest_first(
        [*_audit(visit, zone), *_messages(visit.messages.all(), zone), *_notes(visit, zone)]
    )


def newest_first(entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(entries, key=lambda entry: entry["at"], reverse=True)


def _audit(row: VisitRequest | Visit, zone: str) -> list[dict[str, Any]]:
    kind = "visit" if isinstance(row, Visit) else "request"
    labels = VisitState if kind == "visit" else RequestState
    entries = AuditEntry.objects.about(row).exclude(verb__in=WITH_OWN_ENTRY)
    return [
        {
            "at": entry.at,
            "zone": zone,
            "icon": "flag" if entry.to_state else "note",
            "title": _step_words(entry, labels),
            "state": entry.to_state,
            "state_kind": kind,
            "who": str(entry.by) if entry.by else entry.actor,
            "body": entry.note.why if hasattr(entry, "note") else "",
        }
        for entry in entries.select_related("by", "note")
    ]


def _step_words(entry: AuditEntry, labels: Any) -> str:
    if entry.verb in ("request_step", "visit_step", "take_back_step") and entry.from_state:
        return _("Was %(state)s, became") % {"state": labels(entry.from_state).label}
    return str(VERBS.get(entry.verb, entry.verb.replace("_", " ").capitalize()))


def _messages(rows: QuerySet[Message], zone: str) -> list[dict[str, Any]]:
    came_in = IncomingMail.objects.only("pk")
    mails = OutgoingMail.objects.filter(message=OuterRef("pk")).order_by("pk")
    fate = Subquery(mails.values("state")[:1])
    return [
        {
            "at": message.at,
            "zone": zone,
            "icon": "mail",
            "title": message.subject or message.get_direction_display(),
            "who": _fate(message),
            "body": message.body,
            "href": _page_of(message),
        }
        for message in rows.annotate(fate=fate).prefetch_related(Prefetch("incoming", came_in))
    ]


def _fate(message: Message) -> str:
    """Who wrote a letter and what became of it: of a sample's nobody got one."""
    state: str | None = message.fate  # type: ignore[attr-defined]
    if state:
        return _("our letter: %(state)s") % {"state": OutgoingMail.State(state).label}
    return f"{message.get_direction_display()}, {message.get_status_display()}"


def _page_of(message: Message) -> str:
    """Where a letter that came in can be read whole."""
    came = next(iter(message.incoming.all()), None)
    return reverse("visits:inbox-detail", args=[came.pk]) if came else ""


def _notes(visit: Visit, zone: str) -> list[dict[str, Any]]:
    """What the host wrote, at the time of writing; when it arrived is said where that differs."""
    return [
        {
            "at": note.written_at,
            "zone": zone,
            "icon": "note",
            "title": _("Note; the visit had changed by then")
            if note.visit_had_changed
            else _("Note"),
            "who": _("%(name)s, arrived %(when)s")
            % {
                "name": note.by or _("somebody"),
                "when": wording.local_time(note.arrived_at, zone),
            },
            "body": note.text,
        }
        for note in visit.host_notes.select_related("by")
    ]


def _interactions(request: VisitRequest, zone: str) -> list[dict[str, Any]]:
    about = Q(person=request.person_id) if request.person_id else Q(pk=None)
    if request.municipality:
        about |= Q(organisation=request.municipality.organisation_id)
    return [
        {
            "at": row.at,
            "zone": zone,
            "icon": "phone" if row.kind == Interaction.Kind.CALL else "note",
            "title": row.get_kind_display(),
            "who": str(row.by) if row.by else "",
            "body": row.text,
        }
        for row in Interaction.objects.filter(about).select_related("by")
    ]


@dataclass(frozen=True)
class PeopleMet:
    """Who was at the event, and whether they are of the city itself or only of its country."""

    people: list[Participation]
    of_city: bool

    def __bool__(self) -> bool:
        return bool(self.people)


def people_met(request: VisitRequest) -> PeopleMet:
    """Who of the requester's municipality, else of its country, was at the campaign's event."""
    rows = (
        Participation.objects.attended()
        .of_people_counted_once()
        .filter(event=request.campaign.event, person__erased_at=None)
        .select_related("person__organisation")
        .order_by("person__family", "person__given")
    )
    if request.municipality is not None:
        own = list(rows.filter(person__organisation=request.municipality.organisation_id))
        if own:
            return PeopleMet(own, of_city=True)
    near = rows.filter(person__organisation__country=request.country)
    return PeopleMet(list(near[:6]), of_city=False)


def same_city(request: VisitRequest) -> list[VisitRequest]:
    """Other requests of the same place: other departments, or the same wish twice."""
    if request.place_id is None:
        return []
    return list(
        VisitRequest.objects.filter(place=request.place_id, campaign=request.campaign_id)
        .exclude(pk=request.pk)
        .order_by("received_at")
    )
