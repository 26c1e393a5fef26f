"""One timeline of everything that happened with a person or an organisation, newest first."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Prefetch, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.audit_words import actor_words, verb_words
from crm.models import (
    AuditEntry,
    ConsentRecord,
    FollowUp,
    IncomingMail,
    Interaction,
    Message,
    Organisation,
    Participation,
    Person,
    Post,
)
from visits.models import BriefEdition, Visit, VisitRequest

KINDS = {
    "event": gettext_lazy("Events"),
    "mail": gettext_lazy("Mail"),
    "call": gettext_lazy("Calls"),
    "meeting": gettext_lazy("Meetings"),
    "note": gettext_lazy("Notes"),
    "promise": gettext_lazy("Promises"),
    "request": gettext_lazy("Requests"),
    "visit": gettext_lazy("Visits"),
    "document": gettext_lazy("Documents"),
    "consent": gettext_lazy("Consent"),
    "post": gettext_lazy("Posts"),
    "audit": gettext_lazy("Changes to the record"),
}
# Changes of the record itself are rarely what somebody looks for.
USUAL = frozenset(KINDS) - {"audit"}
# Calls, meetings and notes are one kind of row, asked for together.
SAID = frozenset(Interaction.Kind.values)
AUDIT_WITHOUT_OWN_ENTRY = ("log_interaction", "open_follow_up", "complete_follow_up")


@dataclass(frozen=True)
class Entry:
    """One thing that happened, or will; `at` orders it, `on` is shown for days without a time."""

    kind: str
    icon: str
    title: str
    moment: datetime
    zone: str
    body: str = ""
    who: str = ""
    href: str = ""
    state: str = ""
    state_kind: str = ""
    is_future: bool = False
    on: date | None = None
    id: str = ""
    # Mails of one exchange bear one name; the newest shows the others.
    thread: str = ""
    earlier: tuple["Entry", ...] = ()
    earlier_page: str = "visits/_timeline_earlier.html"

    @property
    def at(self) -> datetime | None:
        """The moment to show; None when only the day is known."""
        return None if self.on else self.moment


@dataclass(frozen=True)
class Scope:
    """Which rows belong to a timeline, one condition per kind."""

    people: Q
    events: Q
    posts: Q
    mail: Q
    notes: Q
    promises: Q
    requests: Q
    visits: Q
    audit: Q
    zone: str = "UTC"
    now: datetime = field(default_factory=lambda: datetime.now(UTC))


def of_person(person: Person, *, zone: str, now: datetime) -> Scope:
    """Everything about a person, and about the records merged into this one."""
    people = [person.pk, *Person.objects.filter(merged_into=person).values_list("pk", flat=True)]
    mine = Q(person__in=people)
    return Scope(
        people=mine,
        events=mine,
        posts=mine,
        mail=mine | Q(visit_requests__person__in=people),
        notes=mine,
        promises=mine | Q(visit_requests__person__in=people),
        requests=mine,
        visits=Q(requests__person__in=people),
        audit=Q(model="crm.person", row_id__in=[str(pk) for pk in people]),
        zone=zone,
        now=now,
    )


def of_organisation(organisation: Organisation, *, zone: str, now: datetime) -> Scope:
    """Everything about an organisation and its people; for a city its requests and visits too."""
    city = getattr(organisation, "municipality", None)
    now_here = Q(person__organisation=organisation)
    # What somebody did while they were here stays here when they move on.
    people = now_here | _former(organisation, "at__date")
    audit = Q(model="crm.organisation", row_id=str(organisation.pk))
    if city is None:
        asked = now_here | _former(organisation, "received_at__date")
        visited = Q(requests__person__organisation=organisation)
        written = people
    else:
        asked = Q(municipality=city) | now_here | _former(organisation, "received_at__date")
        visited = Q(municipality=city) | Q(requests__municipality=city)
        written = people | Q(visit_requests__municipality=city)
        audit |= Q(model="crm.municipality", row_id=str(city.pk))
    promised = now_here if city is None else now_here | Q(visit_requests__municipality=city)
    return Scope(
        people=people,
        events=now_here | _former(organisation, "event__starts_on"),
        posts=Q(organisation=organisation),
        mail=written | Q(incoming__organisation=organisation),
        notes=Q(organisation=organisation) | people,
        promises=Q(organisation=organisation) | promised,
        requests=asked,
        visits=visited,
        audit=audit,
        zone=zone,
        now=now,
    )


def _former(organisation: Organisation, day: str) -> Q:
    """Rows of people who had a post here on the row's day, named by its lookup `day`."""
    posts = Post.objects.filter(
        person=OuterRef("person"), organisation=organisation, to_on__gte=OuterRef(day)
    )
    return Q(Exists(posts))


def gather(
    scope: Scope, *, kinds: Iterable[str] = USUAL, limit: int = 100, names_people: bool = False
) -> list[Entry]:
    """The newest `limit` entries of these kinds; one query or two per kind, whatever the number.

    `names_people` adds whom an entry is about, for an organisation's timeline.
    """
    wanted = frozenset(kinds)
    found: list[Entry] = []
    if said := wanted & SAID:
        found.extend(_notes(scope, limit, names_people, said))
    for kind, gatherer in GATHERERS.items():
        if kind in wanted:
            found.extend(gatherer(scope, limit, names_people))
    return sorted(found, key=lambda entry: entry.moment, reverse=True)[:limit]


def _events(scope: Scope, limit: int, names: bool) -> list[Entry]:
    rows = Participation.objects.filter(scope.events).select_related("event", "person")
    return [
        Entry(
            kind="event",
            icon="star",
            title=row.event.name,
            href=reverse("visits:event-detail", args=[row.event.slug]),
            moment=_noon(row.event.starts_on, scope.zone),
            on=row.event.starts_on,
            zone=scope.zone,
            state=row.status,
            state_kind="participation",
            who=row.person.name if names or row.person.merged_into_id else "",
            body=" · ".join(filter(None, (days_in_words(row), row.part, row.note))),
        )
        for row in rows.order_by("-event__starts_on", "-pk")[:limit]
    ]


def days_in_words(part: Participation) -> str:
    """On which days somebody was there: "day 1 and day 2"."""
    named = {"day_1": _("day 1"), "day_2": _("day 2"), "walk": _("walk-and-talk")}
    return ", ".join(words for name, words in named.items() if getattr(part, name))


def _mail(scope: Scope, limit: int, names: bool) -> list[Entry]:
    rows = Message.objects.filter(scope.mail).distinct()
    came_in = IncomingMail.objects.only("thread")
    rows = rows.select_related("written_by", "person").prefetch_related(
        "deliveries", Prefetch("incoming", came_in)
    )
    return by_exchange([_mail_entry(row, scope) for row in rows.order_by("-at", "-pk")[:limit]])


def by_exchange(entries: list[Entry]) -> list[Entry]:
    """Newest first, as given; mails that answer each other stand under the newest of them."""
    exchanges: dict[str, list[Entry]] = {}
    for number, entry in enumerate(entries):
        exchanges.setdefault(entry.thread or f"alone {number}", []).append(entry)
    return [replace(newest, earlier=tuple(rest)) for newest, *rest in exchanges.values()]


def _mail_entry(row: Message, scope: Scope) -> Entry:
    delivery = next(iter(row.deliveries.all()), None)
    came = next(iter(row.incoming.all()), None)
    href = reverse("visits:mail-detail", args=[delivery.pk]) if delivery else ""
    if came is not None:
        href = reverse("visits:inbox-detail", args=[came.pk])
    state = delivery.state if delivery else row.status
    is_in = row.direction == Message.Direction.IN
    title = _("From %(address)s: %(subject)s") if is_in else _("To %(address)s: %(subject)s")
    return Entry(
        kind="mail",
        icon="mail" if is_in else "send",
        title=title % {"address": row.address, "subject": row.subject or row.body[:60]},
        href=href,
        moment=row.at,
        zone=scope.zone,
        body=row.body,
        who=str(row.written_by) if row.written_by_id else "",
        state=Message.AUTOMATIC if row.channel == Message.AUTOMATIC else state,
        state_kind="mail",
        id=f"mail-{row.pk}",
        thread=came.thread if came else delivery.mail_id if delivery else "",
    )


def _notes(scope: Scope, limit: int, names: bool, kinds: frozenset[str]) -> list[Entry]:
    rows = Interaction.objects.filter(scope.notes, kind__in=kinds).select_related("by", "person")
    icons: dict[str, str] = {Interaction.Kind.CALL: "phone", Interaction.Kind.MEETING: "people"}
    return [
        Entry(
            kind=row.kind,
            icon=icons.get(row.kind, "note"),
            title=row.get_kind_display()
            if not (names and row.person)
            else _("%(kind)s with %(name)s")
            % {"kind": row.get_kind_display(), "name": row.person.name},
            moment=row.at,
            zone=scope.zone,
            body=row.text,
            who=str(row.by) if row.by_id else "",
            id=f"said-{row.pk}",
        )
        for row in rows.order_by("-at", "-pk")[:limit]
    ]


def _promises(scope: Scope, limit: int, names: bool) -> list[Entry]:
    rows = FollowUp.objects.filter(scope.promises).distinct()
    rows = rows.select_related("assigned_to", "person")
    return [_promise(row, scope) for row in rows.order_by("-due_on", "-pk")[:limit]]


def _promise(row: FollowUp, scope: Scope) -> Entry:
    day = row.done_on or row.due_on
    today = scope.now.astimezone(ZoneInfo(scope.zone)).date()
    late = row.is_open and row.due_on < today
    if row.done_on:
        title = _("Promise kept: %(text)s")
    elif row.owner == FollowUp.Owner.THEIRS:
        title = _("They promised: %(text)s")
    else:
        title = _("We promised: %(text)s")
    return Entry(
        kind="promise",
        icon="check" if row.done_on else "flag",
        title=title % {"text": row.text},
        moment=_noon(day, scope.zone),
        on=day,
        zone=scope.zone,
        who=str(row.assigned_to) if row.assigned_to_id else "",
        state="overdue" if late else "",
        state_kind="flag",
        is_future=row.is_open and row.due_on >= today,
    )


def _requests(scope: Scope, limit: int, names: bool) -> list[Entry]:
    rows = VisitRequest.objects.filter(scope.requests).order_by("-received_at")[:limit]
    return [
        Entry(
            kind="request",
            icon="list",
            title=_("Request %(ref)s: %(who)s, %(city)s")
            % {
                "ref": row.ref,
                "who": row.department or row.requester_role or row.requester_name,
                "city": row.city,
            },
            href=f"/requests/{row.ref}/",
            moment=row.received_at,
            zone=scope.zone,
            state=row.state,
            state_kind="request",
            body=row.raw_text,
        )
        for row in rows
    ]


def _visits(scope: Scope, limit: int, names: bool) -> list[Entry]:
    rows = Visit.objects.filter(scope.visits).distinct().select_related("host")
    return [
        Entry(
            kind="visit",
            icon="video" if row.is_online else "pin",
            title=_("Visit %(ref)s in %(city)s, led by %(host)s")
            % {"ref": row.ref, "city": row.city, "host": row.host.name},
            href=f"/visits/{row.ref}/",
            moment=row.starts_at,
            zone=row.zone,
            state=row.state,
            state_kind="visit",
            is_future=row.is_live and row.starts_at > scope.now,
        )
        for row in rows.order_by("-starts_at")[:limit]
    ]


def _documents(scope: Scope, limit: int, names: bool) -> list[Entry]:
    """Editions of the briefs of these visits."""
    visits = Visit.objects.filter(scope.visits).values("pk")
    rows = BriefEdition.objects.filter(visit__in=visits).select_related("visit")
    return [
        Entry(
            kind="document",
            icon="document",
            title=_("Brief of %(ref)s, %(kind)s edition, version %(version)d")
            % {"ref": row.visit.ref, "kind": row.get_kind_display(), "version": row.version},
            href=reverse("visits:brief-page", args=[row.visit.ref, row.kind]),
            moment=row.built_at,
            zone=scope.zone,
        )
        for row in rows.defer("content").order_by("-built_at", "-pk")[:limit]
    ]


def _posts(scope: Scope, limit: int, names: bool) -> list[Entry]:
    """Posts that ended; with names, who left this organisation."""
    rows = Post.objects.filter(scope.posts).select_related("organisation", "person")
    return [
        Entry(
            kind="post",
            icon="organisation",
            title=_("Until then: %(post)s") % {"post": row},
            moment=_noon(row.to_on, scope.zone),
            on=row.to_on,
            zone=scope.zone,
            who=row.person.name if names else "",
            href=reverse("visits:person-detail", args=[row.person_id]) if names else "",
        )
        for row in rows.order_by("-to_on", "-pk")[:limit]
    ]


def _consents(scope: Scope, limit: int, names: bool) -> list[Entry]:
    rows = ConsentRecord.objects.filter(scope.people).select_related("person", "text")
    return [
        Entry(
            kind="consent",
            icon="lock",
            title=row.get_purpose_display(),
            moment=row.at,
            zone=scope.zone,
            state=row.status,
            state_kind="consent",
            who=row.person.name if row.person and (names or row.person.merged_into_id) else "",
            body=row.text.text if row.text else row.evidence,
        )
        for row in rows.order_by("-at", "-pk")[:limit]
    ]


def _audit(scope: Scope, limit: int, names: bool) -> list[Entry]:
    rows = AuditEntry.objects.filter(scope.audit).exclude(verb__in=AUDIT_WITHOUT_OWN_ENTRY)
    return [
        Entry(
            kind="audit",
            icon="edit",
            title=verb_words(row),
            moment=row.at,
            zone=scope.zone,
            who=actor_words(row),
            body=row.note.why if hasattr(row, "note") else "",
        )
        for row in rows.select_related("by", "note").order_by("-at", "-pk")[:limit]
    ]


GATHERERS: dict[str, Callable[[Scope, int, bool], list[Entry]]] = {
    "event": _events,
    "mail": _mail,
    "promise": _promises,
    "request": _requests,
    "visit": _visits,
    "document": _documents,
    "consent": _consents,
    "post": _posts,
    "audit": _audit,
}


def _noon(day: date, zone: str) -> datetime:
    """A day as a moment, to stand between what happened before and after it."""
    return datetime.combine(day, time(12), ZoneInfo(zone))
