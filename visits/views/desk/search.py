"""One search over everything somebody may see, pages too: for the palette and as a page."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import resolve, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from crm import wording
from crm.models import (
    Event,
    FollowUp,
    ImportBatch,
    IncomingMail,
    Interaction,
    Mailing,
    Message,
    Organisation,
    OutgoingMail,
    Person,
    SavedView,
    Tag,
)
from crm.permissions import has_role, require
from crm.roles import Role
from crm.search import likeness, search_key, words_around, words_of
from visits.models import Visit, VisitRequest
from visits.views.desk.privacy import PAGES as PRIVACY_PAGES
from visits.views.desk.saved_views import PAGES as VIEW_PAGES
from visits.views.desk.settings.overview import SECTIONS
from visits.views.frame import PLACES

PER_KIND, FEW = 8, 4
# How many rows of a small table are read for the few that are named so.
LOOKED_AT = 500
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
    # Of a longer text, the words around what was looked for.
    words: str = ""


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
    if user.is_coordinator:
        yield from _said(user, words)
        yield from _mails(user, words)
    yield from _kept(user, words)
    yield from _pages(user, words)


def _said(user: Any, words: str) -> Iterator[Result]:
    """Calls, meetings and notes by their words, the newest first; each leads to its place in the
    timeline of the person or the organisation it is about."""
    about = Q(person__isnull=False, person__erased_at=None)
    about |= Q(person=None, organisation__isnull=False)
    rows = Interaction.objects.visible_to(user).filter(about).search(words)
    for row in rows.select_related("person", "organisation").order_by("-at", "-pk")[:PER_KIND]:
        label = f"{row.get_kind_display()}, {row.person or row.organisation}"
        label += f" · {wording.day(row.at.date())}"
        if row.person_id:
            path = reverse("visits:person-detail", args=[row.person_id])
        else:
            path = reverse("visits:organisation-detail", args=[row.organisation_id])
        # Of the kind alone and all of them, so that the entry is there however old it is.
        path += f"?all=1&show={row.kind}#said-{row.pk}"
        yield Result(label, row.get_kind_display().lower(), path, words_around(row.text, words))


def _mails(user: Any, words: str) -> Iterator[Result]:
    """Letters in and out by their words, subject or address, the newest first."""
    rows = Message.objects.visible_to(user).search(words)
    rows = rows.prefetch_related(
        Prefetch("deliveries", OutgoingMail.objects.only("message")),
        Prefetch("incoming", IncomingMail.objects.only("pk")),
        Prefetch("visit_requests", VisitRequest.objects.only("ref")),
    )
    for row in rows.order_by("-at", "-pk")[:PER_KIND]:
        if path := _page_of_mail(row):
            arrow = "←" if row.direction == Message.Direction.IN else "→"
            label = f"{row.subject or row.body[:60]} {arrow} {row.address}"
            yield Result(label, _("mail"), path, words_around(row.body, words))
    for mail in _among(IncomingMail.objects.visible_to(user).to_review(), words, said=_of_incoming):
        path = reverse("visits:inbox-detail", args=[mail.pk])
        label = f"{mail.subject} ← {mail.sender}"
        yield Result(label, _("incoming mail"), path, words_around(mail.text, words))


def _page_of_mail(row: Message) -> str:
    """Where a letter is read: on its own page, else in the timeline or at its request."""
    if delivery := next(iter(row.deliveries.all()), None):
        return reverse("visits:mail-detail", args=[delivery.pk])
    if came := next(iter(row.incoming.all()), None):
        return reverse("visits:inbox-detail", args=[came.pk])
    if row.person_id:
        path = reverse("visits:person-detail", args=[row.person_id])
        return f"{path}?all=1&show=mail#mail-{row.pk}"
    request = next(iter(row.visit_requests.all()), None)
    return f"/requests/{request.ref}/" if request else ""


def _of_incoming(mail: IncomingMail) -> tuple[str, ...]:
    return mail.subject, mail.sender_name, mail.sender, mail.text


def _kept(user: Any, words: str) -> Iterator[Result]:
    """What the desk gave a name: tags, mailings, imports and saved views."""
    if user.is_coordinator:
        people = reverse("visits:person-list")
        for tag in _among(Tag.objects.order_by("key"), words, said=lambda row: [row.name]):
            yield Result(tag.name, _("tag"), f"{people}?{urlencode({'tag': tag.key})}")
    for mailing in _among(
        Mailing.objects.visible_to(user), words, said=lambda row: [row.ref, row.title]
    ):
        path = reverse("visits:mailing-detail", args=[mailing.pk])
        yield Result(mailing.title, _("mailing"), path)
    for batch in _among(
        ImportBatch.objects.visible_to(user).only("file_name", "source"),
        words,
        said=lambda row: [row.file_name, row.source],
    ):
        path = reverse("visits:import-detail", args=[batch.pk])
        yield Result(f"{batch.source} · {batch.file_name}", _("import"), path)
    for view in _among(
        SavedView.objects.kept().visible_to(user).order_by("-pk"),
        words,
        said=lambda row: [row.name],
    ):
        path = reverse(VIEW_PAGES[view.list])
        if _opens(user, path):
            yield Result(view.name, _("saved view"), f"{path}{view.address}")


def _opens(user: Any, path: str) -> bool:
    """Whether the list at this path is one of the user's pages."""
    return has_role(user, *getattr(resolve(path).func, "roles", ()))


def _among(rows: QuerySet, words: str, *, said: Callable[[Any], Iterable[str]]) -> list[Any]:
    """The first few of these rows, the newest of a small table, that say every word."""
    wanted, found = words_of(words), []
    for row in rows[:LOOKED_AT]:
        key = search_key(*said(row))
        if all(word in key for word in wanted):
            found.append(row)
    return found[:FEW]


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
