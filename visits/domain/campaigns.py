"""The offer itself: its words, its window, its office hours and promises."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from crm.domain.audit import record
from crm.domain.edits import save_changes
from crm.domain.slugs import new_slug
from crm.domain.working_time import add_working_days
from crm.models import Organisation, User
from crm.validators import known_zone, sensible_date
from visits.models import Campaign
from visits.models.reports import Audience
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

LONGEST_WINDOW = 366
SATURDAY = 5
# What the desk edits besides: the event whose people the figures count, and whether reminders
# wait for a person.
DESK_EDITABLE = (*EDITABLE, "event", "sends_reminders")

# The funder's audience of each kind of organisation, until the project says otherwise.
Type = Organisation.Type
AUDIENCES: dict[str, str] = {
    Type.MUNICIPALITY: Audience.POLICY_MAKERS,
    Type.REGIONAL_AUTHORITY: Audience.POLICY_MAKERS,
    Type.NATIONAL_AUTHORITY: Audience.POLICY_MAKERS,
    Type.EU_INSTITUTION: Audience.POLICY_MAKERS,
    Type.RESEARCH: Audience.SCIENTIFIC,
    Type.NETWORK: Audience.CIVIL_SOCIETY,
    Type.CIVIL_SOCIETY: Audience.CIVIL_SOCIETY,
    Type.INDUSTRY: Audience.INDUSTRY,
    Type.LAW_ENFORCEMENT: Audience.OTHER,
    Type.MEDIA: Audience.MEDIAS,
    Type.OTHER: Audience.OTHER,
}


def first_day_for_new(campaign: Campaign, today: date) -> date:
    """The first day on which a new visit may begin: the shortest notice, in working days."""
    return add_working_days(today, campaign.lead_days)


@transaction.atomic
def add_campaign(
    values: Mapping[str, Any], *, slug: str = "", at: datetime, by: User | None
) -> Campaign:
    """A new offer (names in DESK_EDITABLE); its form is open to the public from now on.

    `slug` stands in the form's address and is made from the name when empty. Refused as
    `edit_campaign` is, and when the slug is taken.
    """
    campaign = Campaign(audience_map={str(kind): str(who) for kind, who in AUDIENCES.items()})
    check_campaign(campaign, values)
    campaign.slug = new_slug(Campaign, slug, name=values["name"])
    for name, value in values.items():
        setattr(campaign, name, value)
    campaign.save()
    record(campaign, "add_campaign", at=at, by=by, fields=["slug", *values])
    return campaign


def edit_campaign(
    campaign: Campaign,
    values: Mapping[str, Any],
    *,
    seen: str | None = None,
    at: datetime,
    by: User,
) -> list[str]:
    """Change the offer (names in DESK_EDITABLE); the names of the fields that changed.

    Refused when the days are out of order, when a live on-site visit would lie outside the
    window, or when the office would never be open. Raises ChangedMeanwhile when `seen` is given
    and no longer true.
    """
    check_campaign(campaign, values)
    return save_changes(campaign, values, seen=seen, at=at, by=by, verb="edit_campaign")


def check_campaign(campaign: Campaign, values: Mapping[str, Any]) -> None:
    """Raise ValidationError with every fault of the new values, beside their fields."""
    faults: dict[str, list[str]] = {}
    first, last, end = (values[name] for name in ("window_start", "window_end", "project_end"))
    for name in ("window_start", "window_end", "project_end"):
        try:
            sensible_date(values[name])
        except ValidationError as error:
            faults[name] = error.messages
    if last < first:
        faults["window_end"] = [_("The last day lies before the first.")]
    elif (last - first).days < 2 and first.weekday() >= SATURDAY and last.weekday() >= SATURDAY:
        faults["window_end"] = [_("The window holds no working day; choose a longer one.")]
    elif end < last:
        faults["project_end"] = [_("The project ends before the last day of visits.")]
    elif (last - first).days >= LONGEST_WINDOW:
        faults["window_end"] = [_("A window is one year long at most; make a second campaign.")]
    if "window_end" not in faults and (outside := _visits_outside(campaign, first, last)):
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
    if campaign.pk is None:
        return []
    live = campaign.visits.live().exclude(mode=Mode.ONLINE)
    return [visit.ref for visit in live if not first <= visit.local_date <= last]
