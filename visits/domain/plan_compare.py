"""Two plan versions side by side: their sums, and every request that they treat differently."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from visits.domain.publishing import changes_of
from visits.models import Placement, PlanVersion, VisitRequest


@dataclass(frozen=True)
class Sum:
    """One number of both versions; None where a version does not know it."""

    label: str
    left: float | None
    right: float | None
    unit: str = ""

    @property
    def difference(self) -> float | None:
        if self.left is None or self.right is None:
            return None
        return self.right - self.left


@dataclass(frozen=True)
class Treated:
    """Where a version has a request, or why it has no place for it."""

    placement: Placement | None
    reason: str = ""

    @property
    def spot(self) -> tuple[int, datetime] | None:
        row = self.placement
        return (row.host_id, row.starts_at) if row else None


@dataclass(frozen=True)
class Difference:
    """A request that two versions treat differently."""

    request: VisitRequest
    left: Treated
    right: Treated


def sums_of(left: PlanVersion, right: PlanVersion) -> list[Sum]:
    """The aims in their order, then what the plans cost and how much they change."""
    both = (left, right)
    rows = [
        (_("Priority"), [each.priority for each in both], ""),
        (_("Wishes"), [each.result.get("points") for each in both], _("points")),
        (_("Distance"), [each.totals.get("km") for each in both], "km"),
        (_("Nights away"), [each.totals.get("nights") for each in both], ""),
        (_("CO2"), [each.totals.get("co2") for each in both], "kg"),
        (_("Cost"), [each.totals.get("cost") for each in both], "EUR"),
        (_("Changes against the calendar"), [changes_against_calendar(each) for each in both], ""),
    ]
    return [Sum(str(label), one, other, str(unit)) for label, (one, other), unit in rows]


def changes_against_calendar(version: PlanVersion) -> int | None:
    """How many visits publishing would add, move or drop; None for a plan that cannot be."""
    if version.is_fresh or version.state == PlanVersion.State.PUBLISHED:
        return None
    return sum(change.kind != "kept" for change in changes_of(version))


def differences(left: PlanVersion, right: PlanVersion) -> list[Difference]:
    """Every request that is placed elsewhere, or only by one of the two, in order of reference."""
    one, other = _treated(left), _treated(right)
    requests = {row.ref: row for row in (*_requests(left), *_requests(right))}
    nothing = Treated(None, _("not in this plan"))
    return [
        Difference(requests[ref], one.get(ref, nothing), other.get(ref, nothing))
        for ref in sorted(requests)
        if one.get(ref, nothing).spot != other.get(ref, nothing).spot
    ]


def _treated(version: PlanVersion) -> dict[str, Treated]:
    found = {row.request.ref: Treated(None, row.reason) for row in version.unplaced.all()}
    for placement in version.placements.all():
        for request in placement.requests.all():
            found[request.ref] = Treated(placement)
    return found


def _requests(version: PlanVersion) -> Iterable[VisitRequest]:
    yield from (row.request for row in version.unplaced.all())
    for placement in version.placements.all():
        yield from placement.requests.all()
