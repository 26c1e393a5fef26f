"""Times, days, spans and countries in words: the same on pages, PDFs, mails and in the API.

Every function takes aware datetimes (or dates) and answers in the active language.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext
from django.utils.translation import gettext as _

# Languages that write weekdays and months small within a sentence, whatever Django's lists do.
SMALL_DAYS = frozenset({"nb", "nl", "it", "fr", "es", "pl"})

# Zones whose last word is not the name a traveller knows, or has other names in our languages.
ZONE_CITIES = {
    "Atlantic/Canary": gettext_lazy("Canary Islands"),
    "Atlantic/Azores": gettext_lazy("Azores"),
    "Atlantic/Madeira": gettext_lazy("Madeira"),
    "Atlantic/Faroe": gettext_lazy("Faroe Islands"),
    "Asia/Nicosia": gettext_lazy("Nicosia"),
    "Europe/Kiev": gettext_lazy("Kyiv"),
    "Africa/Ceuta": gettext_lazy("Ceuta"),
    "Europe/Amsterdam": gettext_lazy("Amsterdam"),
    "Europe/Athens": gettext_lazy("Athens"),
    "Europe/Belgrade": gettext_lazy("Belgrade"),
    "Europe/Berlin": gettext_lazy("Berlin"),
    "Europe/Bratislava": gettext_lazy("Bratislava"),
    "Europe/Brussels": gettext_lazy("Brussels"),
    "Europe/Bucharest": gettext_lazy("Bucharest"),
    "Europe/Budapest": gettext_lazy("Budapest"),
    "Europe/Chisinau": gettext_lazy("Chișinău"),
    "Europe/Copenhagen": gettext_lazy("Copenhagen"),
    "Europe/Dublin": gettext_lazy("Dublin"),
    "Europe/Helsinki": gettext_lazy("Helsinki"),
    "Europe/Istanbul": gettext_lazy("Istanbul"),
    "Europe/Lisbon": gettext_lazy("Lisbon"),
    "Europe/Ljubljana": gettext_lazy("Ljubljana"),
    "Europe/London": gettext_lazy("London"),
    "Europe/Luxembourg": gettext_lazy("Luxembourg"),
    "Europe/Madrid": gettext_lazy("Madrid"),
    "Europe/Malta": gettext_lazy("Malta"),
    "Europe/Moscow": gettext_lazy("Moscow"),
    "Europe/Oslo": gettext_lazy("Oslo"),
    "Europe/Paris": gettext_lazy("Paris"),
    "Europe/Prague": gettext_lazy("Prague"),
    "Atlantic/Reykjavik": gettext_lazy("Reykjavík"),
    "Europe/Riga": gettext_lazy("Riga"),
    "Europe/Rome": gettext_lazy("Rome"),
    "Europe/Sarajevo": gettext_lazy("Sarajevo"),
    "Europe/Skopje": gettext_lazy("Skopje"),
    "Europe/Sofia": gettext_lazy("Sofia"),
    "Europe/Stockholm": gettext_lazy("Stockholm"),
    "Europe/Tallinn": gettext_lazy("Tallinn"),
    "Europe/Tirane": gettext_lazy("Tirana"),
    "Europe/Vienna": gettext_lazy("Vienna"),
    "Europe/Vilnius": gettext_lazy("Vilnius"),
    "Europe/Warsaw": gettext_lazy("Warsaw"),
    "Europe/Zagreb": gettext_lazy("Zagreb"),
    "Europe/Zurich": gettext_lazy("Zurich"),
}

COUNTRIES = {
    "AD": gettext_lazy("Andorra"),
    "AL": gettext_lazy("Albania"),
    "AM": gettext_lazy("Armenia"),
    "AT": gettext_lazy("Austria"),
    "AZ": gettext_lazy("Azerbaijan"),
    "BA": gettext_lazy("Bosnia and Herzegovina"),
    "BE": gettext_lazy("Belgium"),
    "BG": gettext_lazy("Bulgaria"),
    "BY": gettext_lazy("Belarus"),
    "CH": gettext_lazy("Switzerland"),
    "CY": gettext_lazy("Cyprus"),
    "CZ": gettext_lazy("Czechia"),
    "DE": gettext_lazy("Germany"),
    "DK": gettext_lazy("Denmark"),
    "EE": gettext_lazy("Estonia"),
    "ES": gettext_lazy("Spain"),
    "FI": gettext_lazy("Finland"),
    "FO": gettext_lazy("Faroe Islands"),
    "FR": gettext_lazy("France"),
    "GB": gettext_lazy("United Kingdom"),
    "GE": gettext_lazy("Georgia"),
    "GI": gettext_lazy("Gibraltar"),
    "GR": gettext_lazy("Greece"),
    "HR": gettext_lazy("Croatia"),
    "HU": gettext_lazy("Hungary"),
    "IE": gettext_lazy("Ireland"),
    "IL": gettext_lazy("Israel"),
    "IS": gettext_lazy("Iceland"),
    "IT": gettext_lazy("Italy"),
    "LI": gettext_lazy("Liechtenstein"),
    "LT": gettext_lazy("Lithuania"),
    "LU": gettext_lazy("Luxembourg"),
    "LV": gettext_lazy("Latvia"),
    "MC": gettext_lazy("Monaco"),
    "MD": gettext_lazy("Moldova"),
    "ME": gettext_lazy("Montenegro"),
    "MK": gettext_lazy("North Macedonia"),
    "MT": gettext_lazy("Malta"),
    "NL": gettext_lazy("Netherlands"),
    "NO": gettext_lazy("Norway"),
    "PL": gettext_lazy("Poland"),
    "PT": gettext_lazy("Portugal"),
    "RO": gettext_lazy("Romania"),
    "RS": gettext_lazy("Serbia"),
    "RU": gettext_lazy("Russia"),
    "SE": gettext_lazy("Sweden"),
    "SI": gettext_lazy("Slovenia"),
    "SK": gettext_lazy("Slovakia"),
    "SM": gettext_lazy("San Marino"),
    "TR": gettext_lazy("Türkiye"),
    "UA": gettext_lazy("Ukraine"),
    "UK": gettext_lazy("United Kingdom"),
    "VA": gettext_lazy("Vatican City"),
    "XK": gettext_lazy("Kosovo"),
}


def day(value: date) -> str:
    """A date with its weekday and year: "Thu 9 Feb 2023"."""
    return _date_words(value, pgettext("date format", "D j M Y"))


def short_day(value: date) -> str:
    """A date inside a window whose year is plain: "Thu 9 Feb"."""
    return _date_words(value, pgettext("date format", "D j M"))


def weekday(value: date) -> str:
    """The weekday alone: "Thu"."""
    return _date_words(value, "D")


def day_range(first: date, last: date) -> str:
    """Two dates as one span: "Wed 1 – Tue 28 Feb 2023"; one date when both are the same."""
    if first == last:
        return day(first)
    if (first.year, first.month) == (last.year, last.month):
        start = _date_words(first, pgettext("date format", "D j"))
    elif first.year == last.year:
        start = short_day(first)
    else:
        start = day(first)
    return _("%(first)s – %(last)s") % {"first": start, "last": day(last)}


def sentence(words: str) -> str:
    """`words` as a sentence that may begin with a weekday: its first letter large."""
    return words[:1].upper() + words[1:]


def _date_words(value: date, pattern: str) -> str:
    words = date_format(value, pattern)
    return words.lower() if get_language() in SMALL_DAYS else words


def clock_time(moment: datetime, zone: str) -> str:
    """The time of day in `zone`, 24 hours: "09:30"."""
    return _local(moment, zone).strftime("%H:%M")


def zoned_time(moment: datetime, zone: str) -> str:
    """The time of day with its zone: "09:30 Brussels (CET)"."""
    local = _local(moment, zone)
    return f"{local:%H:%M} {zone_city(zone)} ({zone_short(local)})"


def local_time(moment: datetime, zone: str) -> str:
    """A moment as read at a place: "Thu 9 Feb 2023, 09:30 Brussels (CET)"."""
    local = _local(moment, zone)
    return _("%(day)s, %(time)s %(city)s (%(zone)s)") % {
        "day": day(local),
        "time": local.strftime("%H:%M"),
        "city": zone_city(zone),
        "zone": zone_short(local),
    }


def time_range(start: datetime, end: datetime, zone: str) -> str:
    """A span at a place: "Thu 9 Feb 2023, 09:30–12:30 Brussels (CET)".

    A span that ends on another day, or after the clocks change, shows both sides in full.
    """
    first, last = _local(start, zone), _local(end, zone)
    if first.date() != last.date() or first.utcoffset() != last.utcoffset():
        return _("%(start)s – %(end)s") % {
            "start": local_time(start, zone),
            "end": local_time(end, zone),
        }
    return _("%(day)s, %(start)s–%(end)s %(city)s (%(zone)s)") % {
        "day": day(first),
        "start": first.strftime("%H:%M"),
        "end": last.strftime("%H:%M"),
        "city": zone_city(zone),
        "zone": zone_short(first),
    }


def zone_city(zone: str) -> str:
    """The city a zone is named after: "Europe/Brussels" reads "Brussels"."""
    known = ZONE_CITIES.get(zone)
    return str(known) if known else zone.rpartition("/")[2].replace("_", " ")


def zone_short(local: datetime) -> str:
    """The short name of a local datetime's zone: "CET", or "UTC+3" where none is in use."""
    name = local.tzname() or ""
    if name and name[0] not in "+-":
        return name
    minutes = int((local.utcoffset() or timedelta()).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    sign = "−" if minutes < 0 else "+"
    return f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")


def duration(minutes: int) -> str:
    """Minutes as hours and minutes: "6 h 25 min", "45 min", "3 h"; a minus sign when late."""
    sign = "−" if minutes < 0 else ""
    hours, rest = divmod(abs(minutes), 60)
    if not hours:
        return _("%(sign)s%(minutes)d min") % {"sign": sign, "minutes": rest}
    if not rest:
        return _("%(sign)s%(hours)d h") % {"sign": sign, "hours": hours}
    return _("%(sign)s%(hours)d h %(minutes)d min") % {
        "sign": sign,
        "hours": hours,
        "minutes": rest,
    }


def days_until(value: date, today: date) -> str:
    """How far a date is from today: "today", "tomorrow", "in 3 days", "2 days ago"."""
    distance = (value - today).days
    if distance == 0:
        return _("today")
    if distance == 1:
        return _("tomorrow")
    if distance == -1:
        return _("yesterday")
    if distance > 0:
        return ngettext("in %(n)d day", "in %(n)d days", distance) % {"n": distance}
    return ngettext("%(n)d day ago", "%(n)d days ago", -distance) % {"n": -distance}


def people(count: int) -> str:
    """How many people, in words: "1 person", "12 people"."""
    return ngettext("%(count)d person", "%(count)d people", count) % {"count": count}


def listed(parts: Iterable[str]) -> str:
    """The parts that say something, set apart by more than a comma: "Robin, adviser; Kim"."""
    return pgettext("between items that may hold commas", "; ").join(
        str(part) for part in parts if str(part).strip()
    )


def country_name(code: str) -> str:
    """The country behind an ISO 3166 code; the code itself when we do not know it."""
    return str(COUNTRIES.get(code.upper(), code))


def _local(moment: datetime, zone: str) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("A moment without a time zone cannot be shown at a place.")
    return moment.astimezone(ZoneInfo(zone))
