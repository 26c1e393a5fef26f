"""Strikes, storms and outages: entered, corrected, over; and which visits they put at risk."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.domain.audit import record
from crm.domain.edits import save_changes
from crm.models import User
from visits.domain.briefing import settle_upcoming
from visits.domain.disruption_reach import NO_WAYS, endangers, ways_of
from visits.domain.journeys import NEAR, Around
from visits.domain.travel import airports
from visits.models import Disruption, Visit
from visits.models.requests import Mode

EDITABLE = (
    "kind",
    "name",
    "countries",
    "airports",
    "places",
    "modes",
    "starts_at",
    "ends_at",
    "severity",
    "status",
    "source",
)


@transaction.atomic
def enter_disruption(
    values: Mapping[str, Any], *, at: datetime, by: User | None
) -> tuple[Disruption, list[Visit]]:
    """A new disruption and the visits it puts at risk, which are marked so."""
    check_disruption(values)
    row = Disruption.objects.create(**values)
    record(row, "enter_disruption", at=at, by=by, fields=values)
    at_risk = mark_visits(touched_visits(row), at=at, by=by)
    settle_upcoming(at=at, by=by)
    return row, at_risk


@transaction.atomic
def edit_disruption(
    row: Disruption,
    values: Mapping[str, Any],
    *,
    seen: str | None = None,
    at: datetime,
    by: User | None,
) -> list[Visit]:
    """Correct a disruption; visits it touched or touches now are weighed anew and returned."""
    check_disruption(values)
    before = touched_visits(row)
    save_changes(row, values, seen=seen, at=at, by=by, verb="edit_disruption")
    row.refresh_from_db()
    concerned = {visit.pk: visit for visit in [*before, *touched_visits(row)]}
    at_risk = mark_visits(concerned.values(), at=at, by=by)
    settle_upcoming(at=at, by=by)
    return at_risk


def check_disruption(values: Mapping[str, Any]) -> None:
    """Raise ValidationError with every fault, beside its field."""
    faults: dict[str, list] = {}
    if values["ends_at"] <= values["starts_at"]:
        faults["ends_at"] = [_("The end lies before the beginning.")]
    known = {airport.code for airport in airports()}
    if unknown := [code for code in values["airports"] if code not in known]:
        sentence = _("We know no airport called %(codes)s; use three letters like FRA.")
        faults["airports"] = [sentence % {"codes": ", ".join(unknown)}]
    if not (values["countries"] or values["airports"] or values["places"]):
        faults["countries"] = [_("Say where: countries, airports or cities.")]
    if faults:
        raise ValidationError(faults)


def touched_visits(row: Disruption) -> list[Visit]:
    """Live visits that the disruption touches, or a journey there or on from there."""
    if row.status == Disruption.Status.OVER:
        return []
    live = Visit.objects.live().exclude(mode=Mode.ONLINE).select_related("place", "host__home")
    near = list(live.within(row.starts_at - NEAR, row.ends_at + NEAR))
    ways = ways_of(near, among=[row])
    return [visit for visit in near if endangers(row, visit, ways.get(visit.pk, NO_WAYS))]


def mark_visits(visits: Iterable[Visit], *, at: datetime, by: User | None) -> list[Visit]:
    """Set the risk mark of each visit as the active disruptions say now; those at risk."""
    active, visits = list(Disruption.objects.active()), list(visits)
    ways, at_risk = ways_of(visits, among=active), []
    for visit in visits:
        is_hit = any(endangers(row, visit, ways.get(visit.pk, NO_WAYS)) for row in active)
        if is_hit:
            at_risk.append(visit)
        if is_hit != visit.at_risk:
            visit.at_risk = is_hit
            visit.save(update_fields=["at_risk"])
            verb = "mark_at_risk" if is_hit else "clear_risk"
            record(visit, verb, at=at, by=by, actor="" if by else "worker", fields=["at_risk"])
    return at_risk


def disruptions_touching(
    visit: Visit,
    *,
    among: Iterable[Disruption] | None = None,
    around: Around | None = None,
) -> list[Disruption]:
    """Active disruptions that touch a live visit or its journeys; `among` are those loaded,
    `around` its journeys where they are known."""
    if not visit.is_live or visit.mode == Mode.ONLINE:
        return []
    active = list(Disruption.objects.active() if among is None else among)
    if around is None:
        around = ways_of([visit], among=active).get(visit.pk, NO_WAYS)
    return [row for row in active if endangers(row, visit, around)]
