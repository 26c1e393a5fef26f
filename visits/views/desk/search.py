"""One search over everything somebody may see, pages too: for the palette and as a page."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from crm import wording
from crm.models import Event, FollowUp, Organisation, OutgoingMail, Person
from crm.permissions import has_role, require
from crm.roles import Role
from crm.search import likeness, search_key
from visits.models import Visit, VisitRequest
from visits.views.desk.privacy import PAGES as PRIVACY_PAGES
from visits.views.desk.settings.overview import SECTIONS
from visits.views.frame import PLACES

PER_KIND, FEW = 8, 4
COORDINATOR = (Role.COORDINATOR,)
# Pages that are no part of the main navigation, the settings or the privacy pages.
MORE_PAGES = (
    (gettext_lazy("New request by hand"), "visits:request-new", COORDINATOR),
    (gettext_lazy("Add a person"), "visits:person-new", COORDINATOR),
    (gettext_lazy("Mailings"), "visits:mailing-list", COORDINATOR),
    (gettext_lazy("Wordings"), "visits:wording-list", COORDINATOR),
    (gettext_lazy("Incoming mail"), "visits:inbox-list", COORDINATOR),
    (gettext_lazy("Follow-ups"), "visits:follow-up-list", (Role.COORDINATOR, Role.HOST)),
    (gettext_lazy("Import people"), "visits:import-list", COORDINATOR),
    (gettext_lazy("Recorded twice?"), "visits:duplicate-list", COORDINATOR),
    (gettext_lazy("Closing the campaign"), "visits:closing", COORDINATOR),
    (gettext_lazy("Printed packs"), "visits:pack-list", (Role.COORDINATOR, Role.HOST)),
    (gettext_lazy("My account and digest"), "visits:my-account", COORDINATOR),
)
# What else a page is called.
ALSO_CALLED = {
    "visits:request-new": gettext_lazy("add enter"),
    "visits:person-new": gettext_lazy("new contact"),
    "visits:import-list": gettext_lazy("imports upload list"),
    "visits:duplicate-list": gettext_lazy("duplicates twins merge same"),
    "visits:wording-list": gettext_lazy("templates texts"),
    "visits:mailing-list": gettext_lazy("newsletter write new"),
    "visits:inbox-list": gettext_lazy("inbox"),
    "visits:closing": gettext_lazy("close end freeze figures"),
}
# Words that say nothing of what is looked for.
ARTICLES = {"a", "an", "the"}
LONGEST = 100


class Result(NamedTuple):
    label: str
    kind: str
    path: str


@require_safe
@require(Role.COORDINATOR, Role.HOST, Role.EXPERT)
def search(request: HttpRequest) -> HttpResponse:
    words = request.GET.get("q", "").strip()[:LONGEST]
    results = list(find(request.user, words)) if len(words) > 1 else []
    results.sort(key=lambda result: likeness(result.label, words))
    if request.accepts("text/html") and not request.headers.get("X-Requested-With"):
        return render(request, "visits/search.html", {"words": words, "results": results})
    # The palette lists the main navigation by itself.
    listed = {place.path for place in PLACES}
    found = [result._asdict() for result in results if result.path not in listed]
    return JsonResponse({"results": found})


def find(user: Any, words: str) -> Iterator[Result]:
    """What the user may see of what is called like this; one query for each kind."""
    for row in VisitRequest.objects.visible_to(user).search(words).best_first(words)[:PER_KIND]:
        label = f"{row.ref} {row.city} · {row.department or row.requester_role}".rstrip(" ·")
        yield Result(label, _("request"), f"/requests/{row.ref}/")
    for row in Visit.objects.visible_to(user).search(words).best_first(words)[:PER_KIND]:
        yield Result(f"{row.ref} {row.city}", _("visit"), f"/visits/{row.ref}/")
    people = Person.objects.visible_to(user).live().search(words)
    for row in people.select_related("organisation").best_first(words)[:PER_KIND]:
        organisation = f" · {row.organisation.name}" if row.organisation else ""
        yield Result(
            row.name + organisation, _("person"), reverse("visits:person-detail", args=[row.pk])
        )
    for row in (
        Organisation.objects.visible_to(user).live().search(words).best_first(words)[:PER_KIND]
    ):
        path = reverse("visits:organisation-detail", args=[row.pk])
        yield Result(f"{row.name} ({row.country})", _("organisation"), path)
    for row in Event.objects.visible_to(user).search(words).best_first(words)[:3]:
        path = reverse("visits:event-detail", args=[row.slug])
        yield Result(row.name, _("event"), path)
    promises = FollowUp.objects.visible_to(user).search(words).order_by("done_on", "due_on", "pk")
    for row in promises[:FEW]:
        path = f"{reverse('visits:follow-up-list')}?{urlencode({'state': 'all', 'q': row.text})}"
        yield Result(f"{row.text} · {wording.day(row.due_on)}", _("follow-up"), path)
    yield from _mails(user, words)
    yield from _pages(user, words)


def _mails(user: Any, words: str) -> Iterator[Result]:
    """Mails by subject or recipient, the newest first."""
    if not user.is_coordinator:
        return
    rows = OutgoingMail.objects.visible_to(user)
    for word in words.split()[:4]:
        found = Q(subject__icontains=word) | Q(recipient__icontains=word)
        rows = rows.filter(found | Q(recipient_name__icontains=word))
    for row in rows.order_by("-queued_at", "-pk")[:FEW]:
        path = reverse("visits:mail-detail", args=[row.pk])
        yield Result(f"{row.subject} → {row.recipient}", _("mail"), path)


def _pages(user: Any, words: str) -> Iterator[Result]:
    """Pages by their name, or what else they are called: every wanted word begins a word of it."""
    typed = search_key(words).split()
    wanted = [word for word in typed if word not in ARTICLES] or typed
    also = {reverse(url): str(words) for url, words in ALSO_CALLED.items()}
    for label, path, roles in _known_pages():
        name = search_key(f"{label} {also.get(path, '')}").split()
        if has_role(user, *roles) and all(
            any(part.startswith(word) for part in name) for word in wanted
        ):
            yield Result(str(label), _("page"), path)


def _known_pages() -> Iterator[tuple[Any, str, Iterable[str]]]:
    for place in PLACES:
        yield place.word, place.path, place.roles
    for section in SECTIONS:
        yield section.label, reverse(section.url), section.roles
    for label, url, roles in (*PRIVACY_PAGES, *MORE_PAGES):
        yield label, reverse(url), roles
