"""What a new mailing begins with: the facts of the campaign that are the same for everybody."""

from crm.models import Event
from visits.models import Campaign, Host


def usual_values(campaign: Campaign | None) -> dict[str, str]:
    """Values for the placeholders a campaign can fill; what it does not know stays empty."""
    if campaign is None:
        return {}
    host = Host.objects.filter(kind=Host.Kind.HOST).order_by("ref").first()
    values = {
        "campaign": campaign.name,
        "sender": campaign.answers_from or campaign.name,
        "deadline": campaign.window_end.isoformat(),
        "funding_line": campaign.funding_line,
        "host": host.name if host else "",
    }
    return {name: value for name, value in values.items() if value}


def usual_event(campaign: Campaign | None) -> Event | None:
    return campaign.event if campaign else None
