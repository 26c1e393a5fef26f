"""Two plan versions side by side: their sums, and every request that they treat differently."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from visits.domain.publishing import changes_of
from visits.models import Placement, PlanVersion, Unplaced, VisitRequest


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
    """Where a version has a request, or why it has no place for it, and the row that says so."""

    placement: Placement | None
    reason: str = ""
    unplaced: Unplaced | None = None
    is_over: bool = False

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

    @property
    def is_over(self) -> bool:
        """Whether only one of the two has it because its visit was over when the other was made."""
        return self.left.is_over or self.right.is_over


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
    found = []
    for ref in sorted(requests):
        here, there = one.get(ref), other.get(ref)
        here, there = here or _absent(left, there), there or _absent(right, here)
        if here.spot != there.spot:
            found.append(Difference(requests[ref], here, there))
    return found


def _absent(version: PlanVersion, elsewhere: Treated | None) -> Treated:
    """What a version says of a request it does not know: it plans no visit that is over."""
    placement = elsewhere.placement if elsewhere else None
    if placement and placement.ends_at <= version.made_at:
        return Treated(None, _("over when this plan was made"), is_over=True)
    return Treated(None, _("not in this plan"))


def _treated(version: PlanVersion) -> dict[str, Treated]:
    found = {row.request.ref: Treated(None, row.reason, row) for row in version.unplaced.all()}
    for placement in version.placements.all():
        for request in placement.requests.all():
            found[request.ref] = Treated(placement)
    return found


def _requests(version: PlanVersion) -> Iterable[VisitRequest]:
    yield from (row.request for row in version.unplaced.all())
    for placement in version.placements.all():
        yield from placement.requests.all()
