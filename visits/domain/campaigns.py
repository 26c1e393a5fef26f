"""The offer itself: its words, its window, its office hours and promises."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm.domain.edits import save_changes
from crm.models import User
from crm.validators import known_zone
from visits.models import Campaign
from visits.models.requests import Mode

EDITABLE = (
    "name",
    "offer",
    "window_start",
    "window_end",
    "project_end",
    "zone",
    "office_opens",
    "office_closes",
    "reply_target_hours",
    "lead_days",
    "hold_days",
    "funding_line",
    "answers_from",
)


def edit_campaign(
    campaign: Campaign,
    values: Mapping[str, Any],
    *,
    seen: str | None = None,
    at: datetime,
    by: User,
) -> list[str]:
    """Change the offer (names in EDITABLE); the names of the fields that changed.

    Refused when a live on-site visit would lie outside the window, or when the office would never
    be open. Raises ChangedMeanwhile when `seen` is given and no longer true.
    """
    check_campaign(campaign, values)
    return save_changes(campaign, values, seen=seen, at=at, by=by, verb="edit_campaign")


def check_campaign(campaign: Campaign, values: Mapping[str, Any]) -> None:
    """Raise ValidationError with every fault of the new values, beside their fields."""
    faults: dict[str, list[str]] = {}
    first, last = values["window_start"], values["window_end"]
    if last < first:
        faults["window_end"] = [_("The last day lies before the first.")]
    elif outside := _visits_outside(campaign, first, last):
        faults["window_end"] = [
            _("These visits would lie outside the window: %(refs)s. Move them first.")
            % {"refs": ", ".join(outside)}
        ]
    if values["office_closes"] <= values["office_opens"]:
        faults["office_closes"] = [_("The office closes before it opens.")]
    try:
        known_zone(values["zone"])
    except ValidationError as error:
        faults["zone"] = error.messages
    if faults:
        raise ValidationError(faults)


def _visits_outside(campaign: Campaign, first: Any, last: Any) -> list[str]:
    live = campaign.visits.live().exclude(mode=Mode.ONLINE)
    return [visit.ref for visit in live if not first <= visit.local_date <= last]
