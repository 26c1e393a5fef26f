"""Tags of the municipality's pages alone."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django import template
from django.utils.html import format_html
from django.utils.translation import gettext as _

from crm import wording
from visits.models import Visit
from visits.public.forms import WishRow

register = template.Library()


@register.simple_tag
def home_time(starts_at: datetime, ends_at: datetime, visit: Visit) -> str:
    """The same span on the host's clock, where that shows another time; else nothing."""
    home = visit.campaign.zone
    here = starts_at.astimezone(ZoneInfo(visit.zone)).utcoffset()
    if here == starts_at.astimezone(ZoneInfo(home)).utcoffset():
        return ""
    words = _("for the host: %(when)s") % {"when": wording.time_range(starts_at, ends_at, home)}
    return format_html('<span class="quiet home-time">{}</span>', words)


@register.simple_tag
def wished_date(wish: WishRow, notes_url: str) -> str:
    """A date field that asks for the notes about its day as soon as it changes."""
    described = [f"notes-{wish.rank}"] if wish.warnings else []
    attrs = {
        "hx-get": notes_url,
        "hx-trigger": "change",
        "hx-target": f"#notes-{wish.rank}",
        "hx-include": "#id_city, #id_country, [name=place]:checked",
    }
    if wish.date.errors:
        attrs["aria-invalid"] = "true"
        described.insert(0, f"id_date_{wish.rank}-error")
    if described:
        attrs["aria-describedby"] = " ".join(described)
    return wish.date.as_widget(attrs=attrs)
