"""What a new mailing begins with: the facts of the campaign that are the same for everybody."""

from django.conf import settings

from crm.models import Event
from crm.validators import network_address
from visits.domain.retention import months_kept
from visits.models import Campaign, Host


def usual_values(campaign: Campaign | None) -> dict[str, str]:
    """Values for the placeholders a campaign can fill; what it does not know stays empty.

    What a notice says of us is known without a campaign.
    """
    kept = {
        "contact": network_address(settings.DEFAULT_FROM_EMAIL),
        "months": str(months_kept()["people"] or ""),
    }
    if campaign is None:
        return {name: value for name, value in kept.items() if value}
    host = Host.objects.filter(kind=Host.Kind.HOST).order_by("ref").first()
    values = kept | {
        "campaign": campaign.name,
        "sender": campaign.answers_from or campaign.name,
        "deadline": campaign.window_end.isoformat(),
        "funding_line": campaign.funding_line,
        "host": host.name if host else "",
    }
    return {name: value for name, value in values.items() if value}


def usual_event(campaign: Campaign | None) -> Event | None:
    return campaign.event if campaign else None
