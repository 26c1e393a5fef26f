"""Publishing a plan version: what it changes, visit by visit, and making it the plan that holds."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm import wording
from crm.domain.audit import record
from crm.models import Message, Place, User
from visits.domain.booking import hold_until, lock_resources
from visits.domain.busy_feeds import feeds_of, unknown_time
from visits.domain.letters import draft_letter
from visits.domain.plan_rules import refuse_against_decisions
from visits.domain.planning_runs import give_up_replans
from visits.domain.plans import how_held, refuse_unseen
from visits.domain.proposals import offer_letter, propose_dates, take_back_proposal
from visits.domain.travel_legs import Aftermath, aftermath_of, store_legs
from visits.domain.visits import put_off, replace_visit
from visits.models import Host, Placement, PlanVersion, Visit, VisitRequest
from visits.models.visits import Side
from visits.states import OPEN_REQUESTS, VisitState

KINDS = {
    "kept": gettext_lazy("stays"),
    "new": gettext_lazy("new"),
    "moved": gettext_lazy("moves"),
    "dropped": gettext_lazy("loses its offer"),
}


@dataclass(frozen=True)
class Change:
    """What publishing a version does for one visit: kept, new, moved, or dropped; with the strikes
    and storms it is moved into, where they were asked about, as sentences (see `plan_dangers`)."""

    kind: str
    placement: Placement | None
    visit: Visit | None
    requests: tuple[VisitRequest, ...]
    dangers: tuple[str, ...] = ()

    @property
    def needs_approval(self) -> bool:
        """Whether a date settled with a city moves: each of these is approved by itself."""
        return self.kind == "moved" and self.visit is not None and self.visit.is_promised

    @property
    def kind_words(self) -> str:
        """What happens to the visit, in a word or two."""
        return str(KINDS[self.kind])

    @property
    def words(self) -> str:
        """The change as a line: what happens to whom, where it stood, and where it goes."""
        old = self.visit if self.kind in ("moved", "dropped") else None
        places = [
            wording.time_range(row.starts_at, row.ends_at, row.zone) + f", {row.host}"
            for row in (old, self.placement)
            if row is not None
        ]
        if self.placement is not None:
            places[-1] += f", {self.placement.get_mode_display()}"
        return _("%(kind)s: %(names)s, %(places)s") % {
            "kind": self.kind_words,
            "names": ", ".join(map(str, self.requests)),
            "places": " → ".join(places),
        }


def changes_of(version: PlanVersion) -> list[Change]:
    """The difference between the calendar as it stands and the version, visit by visit.

    An agreed visit is among the moved ones only when the version was made to place it anew; one it
    found no place for is not mentioned: it stays, and is decided on its own page.
    """
    changes: list[Change] = []
    rows = list(
        version.placements.select_related("visit__host", "host").prefetch_related("requests")
    )
    placed = {request.pk for placement in rows for request in placement.requests.all()}
    offered = _live_visits(rows)
    live = {visit.pk for visit in offered.values()}
    # An offer whose time is not held any more is made anew, also where it was.
    standing = set(Visit.objects.standing().filter(pk__in=live).values_list("pk", flat=True))
    for placement in rows:
        requests = tuple(placement.requests.all())
        if placement.visit is not None:
            changes.append(Change("kept", placement, placement.visit, requests))
            continue
        visit = next((offered[row.pk] for row in requests if row.pk in offered), None)
        if visit is not None and visit.pk in standing and _is_there(placement, visit):
            changes.append(Change("kept", placement, visit, requests))
            continue
        changes.append(Change("moved" if visit else "new", placement, visit, requests))
    left = (
        Visit.objects.offered()
        .filter(campaign=version.plan.campaign, holds__accepted_at=None)
        .exclude(requests__in=placed)
        .select_related("host")
        .prefetch_related("requests")
        .distinct()
    )
    changes += [Change("dropped", None, visit, tuple(visit.requests.all())) for visit in left]
    return changes


def aftermath_of_publishing(
    version: PlanVersion, changes: Iterable[Change], *, at: datetime
) -> Aftermath:
    """What publishing a version, which makes these `changes`, does to hosts and their briefs."""
    changes = [change for change in changes if change.kind != "kept"]
    gone = [change.visit for change in changes if change.visit is not None]
    places = Place.objects.in_bulk({change.requests[0].place_id for change in changes} - {None})
    made = (_as_visit(version, change, places) for change in changes)
    come = [visit for visit in made if visit is not None]
    return aftermath_of(version, gone=gone, come=come, at=at)


def _as_visit(version: PlanVersion, change: Change, places: Mapping[int, Place]) -> Visit | None:
    """The visit that publishing would make, not saved; it goes by the reference of its request."""
    row, request = change.placement, change.requests[0]
    if row is None:
        return None
    stays = change.visit if change.needs_approval else None
    return Visit(
        ref=request.ref,
        campaign=version.plan.campaign,
        host=row.host,
        mode=stays.mode if stays else row.mode,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        zone=row.zone,
        city=request.city,
        municipality_id=request.municipality_id,
        place=places.get(request.place_id or 0),
        state=VisitState.TENTATIVE,
    )


def _live_visits(placements: Iterable[Placement]) -> dict[int, Visit]:
    """The visit each newly placed request has on offer now, by the request's key."""
    new = [row for row in placements if row.visit is None]
    wanted = {request.pk for row in new for request in row.requests.all()}
    rows = Visit.objects.live().filter(requests__in=wanted).select_related("host")
    return {
        request.pk: visit
        for visit in rows.prefetch_related("requests", "holds").order_by("-pk").distinct()
        for request in visit.requests.all()
    }


def _is_there(placement: Placement, visit: Visit) -> bool:
    """Whether a visit has the very place that is planned for its requests."""
    asked = {row.pk for row in placement.requests.all()}
    is_same = how_held(visit) == how_held(placement)
    return is_same and asked == {row.pk for row in visit.requests.all()}


@transaction.atomic
def publish_version(
    version: PlanVersion,
    *,
    at: datetime,
    by: User | None,
    seen: int | None = None,
    approved: Collection[str] = (),
    override_reason: str = "",
) -> list[Message]:
    """Make the draft the plan that holds: one tentative visit, hold and draft letter for each newly
    placed request, draft letters for those touched. Nothing is sent, nothing confirmed; an offer
    that moves or that the plan has no place for is taken back. What was worked out for visits that
    may move is given up: it spoke of the plan before. An agreed visit, or one moved before
    that waits for its city, moves only when it is `approved` by its reference. Where nobody knows
    whether a host is free, because the own calendar cannot be read, it needs an `override_reason`.

    `seen` is the number of edits whoever publishes has seen. Raises EditedMeanwhile when there are
    more, ValidationError when the version is published or stale, and SlotTaken when a host's time
    went to somebody else meanwhile; then nothing has changed.
    """
    hosts = Host.objects.who_lead()
    lock_resources([f"plan:{version.plan_id}", *(host.resource for host in hosts)])
    version.refresh_from_db()
    _refuse_unfit(version)
    refuse_unseen(version, seen)
    weighed = changes_of(version)
    changes = [change for change in weighed if change.kind != "kept"]
    _refuse_unapproved(version, changes, approved)
    aftermath = aftermath_of_publishing(version, changes, at=at)
    told = [change.words for change in changes]
    journeys = "; ".join(row.words for row in aftermath.journeys)
    unknown = unknown_times(changes)
    if unknown and not override_reason.strip():
        raise ValidationError(unknown, code="calendar_unknown")
    agreed = [change for change in changes if change.needs_approval]
    others = [change for change in changes if not change.needs_approval]
    drafts: list[Message] = []
    # First give back what the plan gives up, so that its time is free for what the plan adds.
    for change in agreed:
        assert change.visit is not None, "a moved visit has an old place"
        put_off(change.visit, side=Side.US, reason=_why(version), at=at, by=by)
    for change in others:
        if change.visit is not None:
            _take_back(change, at=at, by=by)
        if change.kind == "dropped":
            drafts.append(draft_letter(change.requests[0], "waitlist", at=at, by=by))
    for change in agreed:
        drafts += _move_agreed(change, at=at, by=by, override_reason=override_reason)
    for change in others:
        if change.placement is not None:
            drafts.append(_offer(change, at=at, by=by, override_reason=override_reason))
    for change in weighed:
        row = change.placement
        if change.kind == "kept" and row is not None and row.visit_id is None:
            Placement.objects.filter(pk=row.pk).update(visit=change.visit)
    store_legs(version, at=at, by=by)
    version.state = PlanVersion.State.PUBLISHED
    version.published_at = at
    version.result["changed"] = told
    version.save(update_fields=["state", "published_at", "result"])
    give_up_replans(version.plan)
    why = "\n".join(filter(None, [override_reason.strip() if unknown else "", journeys]))
    record(version, "publish_version", at=at, by=by, to_state=version.state, why=why)
    return drafts


def unknown_times(changes: Iterable[Change]) -> list[str]:
    """Why nobody knows whether a host is free where these changes put a visit, as sentences."""
    rows = [change.placement for change in changes if change.kind in ("new", "moved")]
    placed = [row for row in rows if row is not None]
    feeds = feeds_of({row.host for row in placed})
    found = (unknown_time(row.host, [(row.starts_at, row.ends_at)], feeds=feeds) for row in placed)
    return list(dict.fromkeys(chain.from_iterable(found)))


def _reason(placement: Placement, given: str) -> str:
    """The reason given, on the visits it was needed for and on no others."""
    slot = placement.starts_at, placement.ends_at
    return given.strip() if unknown_time(placement.host, [slot]) else ""


def _refuse_unfit(version: PlanVersion) -> None:
    if version.state == PlanVersion.State.PUBLISHED:
        raise ValidationError(_("This plan is published already."), code="published")
    if version.result.get("fresh"):
        raise ValidationError(
            _("A plan from an empty calendar is a comparison; it cannot be published."),
            code="fresh",
        )
    newer = version.plan.versions.filter(
        state=PlanVersion.State.PUBLISHED, number__gt=version.number
    )
    if newer.exists():
        raise ValidationError(_("A newer plan was published meanwhile; plan again."), code="stale")
    refuse_against_decisions(version)


def _refuse_unapproved(
    version: PlanVersion, changes: Iterable[Change], approved: Collection[str]
) -> None:
    moved = {row.visit.ref for row in changes if row.visit and row.needs_approval}
    if gone := sorted(moved - set(version.result.get("released", []))):
        raise ValidationError(
            _("%(refs)s was agreed or moved meanwhile; plan again."),
            code="stale",
            params={"refs": ", ".join(gone)},
        )
    if left := sorted(moved - set(approved)):
        raise ValidationError(
            ngettext(
                "%(refs)s has a date with its city: approve the new one, or move it back.",
                "%(refs)s have dates with their cities: approve the new ones, or move them back.",
                len(left),
            ),
            code="not_approved",
            params={"refs": ", ".join(left)},
        )


def _why(version: PlanVersion) -> str:
    return version.note or _("The plan changed.")


def _move_agreed(
    change: Change, *, at: datetime, by: User | None, override_reason: str
) -> list[Message]:
    placement, visit = change.placement, change.visit
    assert placement is not None, "a moved visit has a new place"
    assert visit is not None, "a moved visit has an old place"
    moved = replace_visit(
        visit,
        host=placement.host,
        starts_at=placement.starts_at,
        ends_at=placement.ends_at,
        at=at,
        by=by,
        override_reason=_reason(placement, override_reason),
    )
    Placement.objects.filter(pk=placement.pk).update(visit=moved)
    return list(moved.messages.drafts())


def _take_back(change: Change, *, at: datetime, by: User | None) -> None:
    assert change.visit is not None
    take_back_proposal(change.visit, reason=_("The plan changed."), at=at, by=by)
    for request in change.requests:
        request.refresh_from_db()


def _offer(change: Change, *, at: datetime, by: User | None, override_reason: str) -> Message:
    placement = change.placement
    assert placement is not None, "an offer has a place in the plan"
    request = change.requests[0]
    if request.state not in OPEN_REQUESTS:
        raise ValidationError(
            _("%(ref)s moved on meanwhile; plan again."),
            code="stale",
            params={"ref": request.ref},
        )
    visit = propose_dates(
        request,
        host=placement.host,
        mode=placement.mode,
        slots=[(placement.starts_at, placement.ends_at)],
        expires_at=hold_until(request.campaign, at, before=placement.starts_at),
        at=at,
        by=by,
        replaces=change.visit,
        override_reason=_reason(placement, override_reason),
    )
    visit.requests.set(change.requests)
    Placement.objects.filter(pk=placement.pk).update(visit=visit)
    return draft_letter(request, offer_letter(visit), at=at, by=by, visit=visit)
