"""What surrounds every desk page: where one can go, what waits, which campaign, what time it is."""

from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, IntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from crm import clock, wording
from crm.models import IncomingMail, Message, OutgoingMail, Person
from crm.roles import Role
from visits.models import Campaign, VisitRequest
from visits.models.campaigns import CampaignQuerySet
from visits.views.desk.toasts import last_action

BAR = 5
# The name in the session under which the chosen campaign is kept.
CHOSEN = "campaign"
MOST_CAMPAIGNS = 8
COORDINATOR = frozenset({Role.COORDINATOR})
VISITING = frozenset({Role.COORDINATOR, Role.HOST, Role.EXPERT})


class Place(NamedTuple):
    """One part of the site: `key` follows "g" on the keyboard, `roles` may go there."""

    word: str | Promise
    path: str
    icon: str
    key: str
    roles: frozenset[str]


class Item(NamedTuple):
    """A place as one person sees it, with what waits there."""

    word: str | Promise
    path: str
    icon: str
    key: str
    count: int
    count_words: str
    is_first_five: bool


PLACES = (
    Place(gettext_lazy("Today"), "/", "home", "t", VISITING),
    Place(gettext_lazy("My week"), "/my-week/", "calendar", "w", frozenset({Role.HOST})),
    Place(gettext_lazy("Requests"), "/requests/", "list", "r", VISITING),
    Place(gettext_lazy("Plan"), "/plan/", "board", "p", COORDINATOR | {Role.HOST}),
    Place(gettext_lazy("Visits"), "/visits/", "pin", "v", VISITING),
    Place(gettext_lazy("People"), "/people/", "people", "e", COORDINATOR),
    Place(gettext_lazy("Organisations"), "/organisations/", "organisation", "o", VISITING),
    Place(
        pgettext_lazy("navigation", "Events"), "/events/", "star", "n", COORDINATOR | {Role.HOST}
    ),
    Place(gettext_lazy("Mail"), "/mail/", "mail", "m", COORDINATOR),
    Place(gettext_lazy("Figures"), "/figures/", "sort", "f", COORDINATOR | {Role.REPORTER}),
    Place(gettext_lazy("Settings"), "/settings/", "settings", "s", frozenset({Role.ADMINISTRATOR})),
)


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `frame` for signed-in people, nothing for anybody else.

    Lazy, so that a fragment or a public page that does not show the frame pays no query; a page
    that does pays one, beside the one that reads the person's roles.
    """
    return {"frame": SimpleLazyObject(lambda: _frame_of(request))}


def _frame_of(request: HttpRequest) -> dict[str, Any]:
    user: Any = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    roles = user.roles | ({Role.ADMINISTRATOR} if user.is_administrator else frozenset())
    campaign = current_campaign(chosen_slug(request))
    waiting = _waiting(campaign) if Role.COORDINATOR in roles else {}
    return {
        "navigation": navigation(roles, waiting),
        "role_words": ", ".join(str(Role(role).label) for role in sorted(roles & set(Role))),
        "campaign": campaign,
        "campaign_links": _campaign_links(roles, campaign),
        "other_campaigns": _others(campaign),
        "incoming": campaign.incoming if campaign and Role.COORDINATOR in roles else 0,
        "window": wording.day_range(campaign.window_start, campaign.window_end) if campaign else "",
        "clock": _clock(campaign, user.time_zone),
        "is_demo_clock": bool(campaign and clock.is_demo()),
        "has_sample": bool(campaign and campaign.has_sample),
        "remove_sample_path": (
            "/settings/sample/" if roles & {Role.COORDINATOR, Role.ADMINISTRATOR} else ""
        ),
        "settings_path": ("/settings/" if roles & {Role.COORDINATOR, Role.ADMINISTRATOR} else ""),
        "my_account_path": "/settings/my-account/" if Role.COORDINATOR in roles else "",
        "last_action": last_action(request),
        "search_path": "/search/" if roles & VISITING else "",
    }


def chosen_slug(request: HttpRequest) -> str:
    """The campaign somebody chose to work on, until they sign out; empty when none."""
    session = getattr(request, "session", {})
    return str(session.get(CHOSEN, ""))


def current_campaign(chosen: str = "") -> Campaign | None:
    """The chosen or the newest campaign, carrying what the frame says, in one query."""
    return _campaigns_with_counts().chosen_first(chosen).first()


@cache
def _campaigns_with_counts() -> CampaignQuerySet:
    """The question of every page; put together once, as that takes longer than asking it."""
    return Campaign.objects.annotate(
        requests_waiting=_count(VisitRequest.objects.to_answer()),
        drafts=_count(Message.objects.drafts()),
        mail_waiting=_count(OutgoingMail.objects.needing_a_person()),
        incoming=_count(IncomingMail.objects.to_review()),
        has_sample=Exists(Person.objects.filter(is_sample=True)),
        has_others=Exists(Campaign.objects.exclude(pk=OuterRef("pk"))),
    )


def _others(campaign: Any) -> list[Campaign]:
    """The campaigns one can turn to; asked for only where there are several."""
    if campaign is None or not campaign.has_others:
        return []
    return list(Campaign.objects.exclude(pk=campaign.pk).only("slug", "name")[:MOST_CAMPAIGNS])


def navigation(roles: frozenset[str], waiting: dict[str, tuple[int, str]]) -> list[Item]:
    """The places open to these roles; the first four, or all five, fit the bar of a phone."""
    places = [place for place in PLACES if place.roles & roles]
    in_bar = BAR if len(places) <= BAR else BAR - 1
    return [
        Item(
            place.word,
            place.path,
            place.icon,
            place.key,
            *waiting.get(place.path, (0, "")),
            is_first_five=number < in_bar,
        )
        for number, place in enumerate(places)
    ]


def _waiting(campaign: Any) -> dict[str, tuple[int, str]]:
    """What waits where, as a number and in words."""
    if campaign is None:
        return {}
    requests = campaign.requests_waiting
    return {
        "/requests/": (
            requests,
            ngettext("%(n)d request waits", "%(n)d requests wait", requests) % {"n": requests},
        ),
        "/mail/": _mail_waiting(campaign.drafts, campaign.mail_waiting, campaign.incoming),
    }


def _mail_waiting(drafts: int, stuck: int, incoming: int) -> tuple[int, str]:
    """The three lists of the mail page that wait for somebody: their sum, and each by name."""
    words = (
        (drafts, ngettext("%(n)d draft", "%(n)d drafts", drafts)),
        (stuck, ngettext("%(n)d mail needs you", "%(n)d mails need you", stuck)),
        (incoming, ngettext("%(n)d mail came in", "%(n)d mails came in", incoming)),
    )
    named = ", ".join(sentence % {"n": n} for n, sentence in words if n)
    return drafts + stuck + incoming, named


def _campaign_links(roles: frozenset[str], campaign: Campaign | None) -> list[dict[str, Any]]:
    links = []
    if roles & {Role.COORDINATOR, Role.ADMINISTRATOR}:
        path = f"/settings/campaign/{campaign.slug}/" if campaign else "/settings/campaign/"
        links.append({"path": path, "icon": "edit", "word": _("Window and offer…")})
        links.append({"path": "/settings/campaigns/", "icon": "list", "word": _("All campaigns")})
    if roles & {Role.COORDINATOR, Role.REPORTER}:
        links.append({"path": "/figures/", "icon": "sort", "word": _("Figures of this campaign")})
    return links


def _clock(campaign: Any, own_zone: str) -> str:
    zone = campaign.zone if campaign else own_zone
    return wording.local_time(clock.now().astimezone(ZoneInfo(zone)), zone)


def _count(rows: QuerySet) -> Coalesce:
    """How many rows there are, as a column of another query."""
    grouped = rows.order_by().annotate(one=Value(1)).values("one")
    counted = grouped.annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
