"""Which visits a disruption touches, and which disruptions touch a visit."""

from datetime import datetime, timedelta

from visits.models import Disruption, Visit
from visits.models.requests import Mode

# A journey to or from a visit can fall on the day before or after it.
AROUND = timedelta(hours=18)


def disruptions_touching(visit: Visit) -> list[Disruption]:
    """Active disruptions of the visit's country around its time; none for online visits."""
    if visit.mode == Mode.ONLINE or not visit.is_live:
        return []
    found = Disruption.objects.active().filter(
        starts_at__lt=visit.ends_at + AROUND, ends_at__gt=visit.starts_at - AROUND
    )
    return [row for row in found if touches(row, visit)]


def visits_touched(disruption: Disruption) -> list[Visit]:
    """Live on-site visits whose country and days the disruption touches."""
    near = Visit.objects.live().exclude(mode=Mode.ONLINE)
    near = near.filter(
        starts_at__lt=disruption.ends_at + AROUND, ends_at__gt=disruption.starts_at - AROUND
    )
    return [visit for visit in near.order_by("starts_at") if touches(disruption, visit)]


def touches(disruption: Disruption, visit: Visit) -> bool:
    """Whether the disruption's area holds the visit's place; a named city wins over its country."""
    if disruption.places:
        return visit.city in disruption.places
    return visit.country in disruption.countries


def refresh_risks(*, at: datetime) -> list[Visit]:
    """Set and clear `at_risk` of live visits still ahead; the visits that changed."""
    changed = []
    for visit in Visit.objects.upcoming(at):
        now_at_risk = bool(disruptions_touching(visit))
        if now_at_risk != visit.at_risk:
            visit.at_risk = now_at_risk
            visit.save(update_fields=["at_risk"])
            changed.append(visit)
    return changed
