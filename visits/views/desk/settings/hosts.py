"""Hosts: what is known about them, and when they can or cannot."""

from functools import partial
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import clock
from crm.permissions import has_role, require
from crm.roles import Role
from visits import states
from visits.domain import busy_feeds
from visits.domain import hosts as verbs
from visits.forms.settings import AvailabilityForm, BusyFeedForm, HostForm
from visits.models import BusyFeed, Host, HostAvailability
from visits.views.desk.access import try_verb
from visits.views.desk.toasts import add_errors, done, try_form

MAY_SEE = (Role.COORDINATOR, Role.HOST, Role.ADMINISTRATOR)
MAY_EDIT = (Role.COORDINATOR, Role.ADMINISTRATOR)
MAY_PLAN = (Role.COORDINATOR, Role.HOST)


@require_safe
@require(*MAY_SEE)
def host_list(request: HttpRequest) -> HttpResponse:
    rows = Host.objects.visible_to(request.user).select_related("home", "user")
    live = Count("visits", filter=Q(visits__state__in=states.LIVE_VISITS), distinct=True)
    context = {
        "hosts": rows.annotate(live_visits=live).order_by("ref"),
        "may_edit": has_role(request.user, *MAY_EDIT),
        "may_print": has_role(request.user, *MAY_PLAN),
    }
    return render(request, "visits/settings_hosts.html", context)


@require_http_methods(["GET", "POST"])
@require(*MAY_EDIT)
def host_new(request: HttpRequest) -> HttpResponse:
    form = HostForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            host = verbs.add_host(form.values, at=clock.now(), by=request.user)
        except ValidationError as error:
            add_errors(form, error)
        else:
            done(request, _("%(name)s is %(ref)s.") % {"name": host.name, "ref": host.ref})
            return redirect("visits:host-detail", host.ref)
    return render(request, "visits/settings_host_form.html", {"form": form, "host": None})


def find_host(request: HttpRequest, ref: str) -> Host:
    return get_object_or_404(
        Host.objects.visible_to(request.user).select_related("home", "user"), ref=ref
    )


@require_safe
@require(*MAY_SEE)
def host_detail(request: HttpRequest, ref: str) -> HttpResponse:
    return _host_page(request, find_host(request, ref))


def _host_page(
    request: HttpRequest,
    host: Host,
    form: AvailabilityForm | None = None,
    feed_form: BusyFeedForm | None = None,
):
    rows = HostAvailability.objects.visible_to(request.user).filter(host=host).written_down()
    feeds = BusyFeed.objects.visible_to(request.user).filter(host=host)
    now = clock.now()
    start = now.astimezone(ZoneInfo(host.zone)).replace(
        hour=9, minute=0, second=0, microsecond=0, tzinfo=None
    )
    initial = {"starts_at": start, "ends_at": start.replace(hour=17)}
    context = {
        "host": host,
        "topics": host.topics.all(),
        "coming": rows.filter(ends_at__gt=now),
        "past": rows.filter(ends_at__lte=now).order_by("-starts_at")[:20],
        "feeds": busy_feeds.states_of(feeds, at=now),
        "feed_form": feed_form or BusyFeedForm(),
        "form": form or AvailabilityForm(zone=host.zone, initial=initial),
        "may_edit": request.user.is_coordinator or request.user.is_administrator,
        "may_plan": request.user.is_coordinator or request.user.is_host,
        "visits": host.visits.visible_to(request.user).upcoming(now)[:20],
    }
    return render(request, "visits/settings_host.html", context)


@require_http_methods(["GET", "POST"])
@require(*MAY_EDIT)
def host_edit(request: HttpRequest, ref: str) -> HttpResponse:
    host = find_host(request, ref)
    form = HostForm(request.POST or None, row=host)
    if try_form(request, form, partial(verbs.edit_host, host)) is not None:
        done(request, _("Saved."))
        return redirect("visits:host-detail", ref)
    context = {"form": form, "host": host}
    status = 409 if form.change else 200
    return render(request, "visits/settings_host_form.html", context, status=status)


@require_POST
@require(*MAY_PLAN)
def availability_new(request: HttpRequest, ref: str) -> HttpResponse:
    """Write down a host's time; visits it touches are named, and a person decides."""
    host = find_host(request, ref)
    form = AvailabilityForm(request.POST, zone=host.zone)
    if not form.is_valid():
        return _host_page(request, host, form)
    try:
        row = verbs.add_availability(host, **form.cleaned_data, at=clock.now(), by=request.user)
    except ValidationError as error:
        add_errors(form, error)
        return _host_page(request, host, form)
    done(request, _("Written down."))
    if refs := [visit.ref for visit in verbs.visits_hit(row)]:
        sentence = _("This touches %(refs)s. Move, hand over or keep them, each by itself.")
        messages.warning(request, sentence % {"refs": ", ".join(refs)})
    return redirect("visits:host-detail", ref)


@require_POST
@require(*MAY_PLAN)
def availability_remove(request: HttpRequest, ref: str, pk: int) -> HttpResponse:
    host = find_host(request, ref)
    rows = HostAvailability.objects.visible_to(request.user).filter(host=host)
    row = get_object_or_404(rows, pk=pk)
    try_verb(
        request,
        verbs.remove_availability,
        row,
        at=clock.now(),
        by=request.user,
        done=_("Removed."),
    )
    return redirect("visits:host-detail", ref)


@require_POST
@require(*MAY_PLAN)
def busy_feed_new(request: HttpRequest, ref: str) -> HttpResponse:
    """Connect the host's own calendar; the worker reads it at its next look."""
    host = find_host(request, ref)
    form = BusyFeedForm(request.POST)
    if form.is_valid():
        try:
            feed = busy_feeds.add_busy_feed(
                host, **form.cleaned_data, at=clock.now(), by=request.user
            )
        except ValidationError as error:
            add_errors(form, error)
        else:
            words = _("The calendar at %(site)s is connected; it is read in a moment.")
            done(request, words % {"site": feed.site})
            return redirect("visits:host-detail", ref)
    return _host_page(request, host, feed_form=form)


def _find_feed(request: HttpRequest, ref: str, pk: int) -> BusyFeed:
    feeds = BusyFeed.objects.visible_to(request.user).filter(host=find_host(request, ref))
    return get_object_or_404(feeds.select_related("host"), pk=pk)


@require_POST
@require(*MAY_PLAN)
def busy_feed_read(request: HttpRequest, ref: str, pk: int) -> HttpResponse:
    busy_feeds.ask_to_read(_find_feed(request, ref, pk))
    done(request, _("The calendar is read in a moment; look again then."))
    return redirect("visits:host-detail", ref)


@require_POST
@require(*MAY_PLAN)
def busy_feed_remove(request: HttpRequest, ref: str, pk: int) -> HttpResponse:
    feed = _find_feed(request, ref, pk)
    busy_feeds.remove_busy_feed(feed, at=clock.now(), by=request.user)
    done(request, _("The calendar is forgotten, and its busy times with it."))
    return redirect("visits:host-detail", ref)
