"""The way into the settings, the audit list, the site's health, the demo clock, the sample."""

from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from crm import clock, wording
from crm.audit_words import actor_words, record_words, step_words, verb_words
from crm.domain.audit import record
from crm.domain.inbox.folder import folder_name
from crm.exports import Column
from crm.filters import AuditFilter
from crm.models import (
    AuditEntry,
    ClockSetting,
    IncomingMail,
    MailFolder,
    OutboxStanding,
    OutgoingMail,
    WorkerBeat,
)
from crm.permissions import has_role, require
from crm.roles import Role
from crm.views import health as checks
from visits.domain import busy_feeds
from visits.domain.first_steps import first_steps, form_address
from visits.domain.roads import road_health
from visits.domain.sample import SampleRefused, demo_clock
from visits.domain.sample_removal import find_sample, remove_sample, words_of
from visits.forms.settings import ClockForm
from visits.models import BusyFeed
from visits.views.desk.access import current_campaign
from visits.views.desk.lists import as_file, list_page, render_list
from visits.views.desk.toasts import done

EVERYBODY = tuple(Role)
KEEPERS = (Role.COORDINATOR, Role.ADMINISTRATOR)


class Section(NamedTuple):
    """One part of the settings, and who may open it."""

    label: str | Promise
    sentence: str | Promise
    url: str
    icon: str
    roles: tuple[str, ...]


SECTIONS = (
    Section(
        gettext_lazy("Users and roles"),
        gettext_lazy("Who may sign in, and what they may do."),
        "visits:user-list",
        "people",
        (Role.ADMINISTRATOR,),
    ),
    Section(
        gettext_lazy("Hosts and availability"),
        gettext_lazy("Who leads visits, from where, and when they can."),
        "visits:host-list",
        "person",
        (Role.COORDINATOR, Role.HOST, Role.ADMINISTRATOR),
    ),
    Section(
        gettext_lazy("Campaigns"),
        gettext_lazy("The offer, its window, office hours and promises."),
        "visits:campaign-list",
        "flag",
        KEEPERS,
    ),
    Section(
        gettext_lazy("Topics"),
        gettext_lazy("What a visit can be about, and what not to promise."),
        "visits:topic-list",
        "list",
        KEEPERS,
    ),
    Section(
        gettext_lazy("Calendar days"),
        gettext_lazy("Holidays, carnival and school breaks of every place."),
        "visits:calendar-day-list",
        "calendar",
        KEEPERS,
    ),
    Section(
        gettext_lazy("Disruptions"),
        gettext_lazy("Strikes, storms and outages, and the visits they touch."),
        "visits:disruption-list",
        "alert",
        KEEPERS,
    ),
    Section(
        gettext_lazy("Known journeys"),
        gettext_lazy("Between two places, where you know better than the estimate."),
        "visits:journey-list",
        "train",
        KEEPERS,
    ),
    Section(
        gettext_lazy("Travel factors"),
        gettext_lazy("Speeds, waits, costs and CO2 that every estimate is made with."),
        "visits:factor-list",
        "plane",
        KEEPERS,
    ),
    Section(
        gettext_lazy("Privacy"),
        gettext_lazy("How long data is kept, what left the program, and what people agreed to."),
        "visits:retention",
        "lock",
        KEEPERS,
    ),
    Section(
        gettext_lazy("Audit list"),
        gettext_lazy("Who did what, when, and why."),
        "visits:audit-list",
        "list",
        KEEPERS,
    ),
    Section(
        gettext_lazy("API tokens"),
        gettext_lazy("Let another program act in your name."),
        "visits:token-list",
        "lock",
        EVERYBODY,
    ),
    Section(
        gettext_lazy("Clock"),
        gettext_lazy("Let the demo stand at another moment."),
        "visits:clock",
        "clock",
        KEEPERS,
    ),
    Section(
        gettext_lazy("Health"),
        gettext_lazy("Database, worker, outbox and disk."),
        "visits:health",
        "info",
        KEEPERS,
    ),
    Section(
        gettext_lazy("Sample data"),
        gettext_lazy("Take the whole demonstration away in one action."),
        "visits:sample",
        "trash",
        KEEPERS,
    ),
)


@require_safe
@require(*EVERYBODY)
def settings_index(request: HttpRequest) -> HttpResponse:
    sections = [section for section in SECTIONS if has_role(request.user, *section.roles)]
    campaign = current_campaign(request)
    context = {
        "sections": sections,
        "steps": first_steps(request.user),
        "address": form_address(campaign) if campaign else "",
    }
    return render(request, "visits/settings.html", context)


AUDIT_COLUMNS = (
    Column(gettext_lazy("When"), lambda row: row.at, "when"),
    Column(gettext_lazy("Who"), actor_words),
    Column(gettext_lazy("What"), verb_words, "what"),
    Column(gettext_lazy("Record"), record_words, "kind"),
    Column(gettext_lazy("Step"), step_words),
    Column(gettext_lazy("Why"), lambda row: row.note.why if hasattr(row, "note") else ""),
)


@require_safe
@require(*KEEPERS)
def audit_list(request: HttpRequest) -> HttpResponse:
    rows = AuditEntry.objects.visible_to(request.user).select_related("by", "note")
    # A reason is content, in a person's words: an administrator sees that something was done.
    sees_why = request.user.is_coordinator
    columns = AUDIT_COLUMNS if sees_why else AUDIT_COLUMNS[:-1]
    page = list_page(request, AuditFilter, rows, columns)
    if file := as_file(page, "audit"):
        return file
    entries = [
        {
            "row": row,
            "who": actor_words(row),
            "what": verb_words(row),
            "record": record_words(row),
            "step": step_words(row),
            "why": row.note.why if sees_why and hasattr(row, "note") else "",
        }
        for row in page.page_obj
    ]
    context = {"entries": entries, "sees_why": sees_why}
    return render_list(page, "settings_audit", "_audit_rows", context)


@require_http_methods(["GET", "POST"])
@require(*KEEPERS)
def move_clock(request: HttpRequest) -> HttpResponse:
    campaign = current_campaign(request)
    zone = campaign.zone if campaign else request.user.time_zone
    now = clock.now()
    local = now.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    form = ClockForm(request.POST or None, zone=zone, initial={"at": local})
    if request.method == "POST" and request.POST.get("run") == "1":
        _set_clock(request, None)
        done(request, _("The clock runs again."))
        return redirect("visits:clock")
    if request.method == "POST" and form.is_valid():
        moment = form.cleaned_data["at"]
        _set_clock(request, moment)
        done(request, _("It is %(moment)s now.") % {"moment": wording.local_time(moment, zone)})
        return redirect("visits:clock")
    context = {"form": form, "zone": zone, "now": now, "is_demo": clock.is_demo()}
    return render(request, "visits/settings_clock.html", context)


def _set_clock(request: HttpRequest, moment: Any) -> None:
    ClockSetting.objects.fix(moment)
    row = ClockSetting.objects.get(pk=1)
    # Real time, because the domain's own clock is what moves here.
    record(row, "move_clock", at=timezone.now(), by=request.user, fields=["fixed_at"])


@require_safe
@require(*KEEPERS)
def health(request: HttpRequest) -> HttpResponse:
    """The same questions as /readyz, in words and with what to do."""
    by_state = OutgoingMail.objects.order_by().values_list("state", flat=True)
    waiting = by_state.filter(state=OutgoingMail.State.QUEUED).count()
    context = {
        "parts": checks.parts(),
        "beats": WorkerBeat.objects.order_by("-at")[:5],
        "calendars": busy_feeds.states_of(BusyFeed.objects.all(), at=clock.now()),
        "waiting": waiting,
        "outbox": OutboxStanding.objects.filter(pk=1).first(),
        "needing": OutgoingMail.objects.needing_a_person().count(),
        "roads": road_health(),
        "is_mailbox_set": bool(settings.IMAP_HOST),
        "is_sender_checked": bool(settings.IMAP_TRUSTED_SERVER),
        "mailbox": MailFolder.objects.filter(name=folder_name()).first(),
        "incoming": IncomingMail.objects.to_review().count(),
        "vendor": settings.DATABASES["default"]["ENGINE"].rpartition(".")[2],
        "now": timezone.now(),
    }
    return render(request, "visits/settings_health.html", context)


@require_http_methods(["GET", "POST"])
@require(*KEEPERS)
def sample(request: HttpRequest) -> HttpResponse:
    """What the sample holds; a post takes all of it away."""
    if request.method == "POST":
        return _remove_sample(request)
    found = find_sample()
    counts = sorted(
        (str(model._meta.verbose_name_plural), len(keys)) for model, keys in found.doomed.items()
    )
    context = {
        "counts": counts,
        "total": sum(count for _name, count in counts),
        "hanging": [
            (row._meta.verbose_name, words_of(row) if request.user.is_coordinator else f"#{row.pk}")
            for row in found.hanging[:50]
        ],
        "hanging_count": len(found.hanging),
        "demo_clock": demo_clock(),
    }
    return render(request, "visits/settings_sample.html", context)


def _remove_sample(request: HttpRequest) -> HttpResponse:
    try:
        removed = remove_sample(force=request.POST.get("force") == "1")
    except SampleRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("visits:sample")
    total = sum(removed.values())
    words = ngettext(
        "The sample is gone: %(n)d row removed.", "The sample is gone: %(n)d rows removed.", total
    )
    done(request, words % {"n": total})
    return redirect(reverse("visits:settings"))
