"""Mail: every rendered letter with its state, and what a person may decide about it."""

from typing import Any

from csp.decorators import csp
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from crm import clock
from crm.domain.outbox import (
    PERSON_STEPS,
    decide_mail,
    html_of,
    link_marker,
    start_outbox,
    stop_outbox,
    with_link,
)
from crm.exports import Column
from crm.filters import OutgoingMailFilter
from crm.models import Message, OutboxStanding, OutgoingMail
from crm.models.messages import mail_is_caught
from crm.permissions import require
from crm.roles import Role
from visits.domain.briefing import briefed_visit
from visits.views.desk.access import back_to, try_verb
from visits.views.desk.lists import as_file, list_page, render_list
from visits.views.desk.people import ticked
from visits.views.desk.toasts import done
from visits.views.desk.wordings import wording_title

State = OutgoingMail.State
DRAFTS_SHOWN = 30

COLUMNS = (
    Column(gettext_lazy("To"), lambda row: row.recipient, "recipient"),
    Column(gettext_lazy("Subject"), lambda row: row.subject, "subject"),
    Column(gettext_lazy("About"), lambda row: request_refs(row)),
    Column(gettext_lazy("State"), lambda row: row.get_state_display(), "state"),
    Column(gettext_lazy("Written"), lambda row: row.queued_at, "queued"),
    Column(gettext_lazy("Sent"), lambda row: row.sent_at),
    Column(gettext_lazy("Answer"), lambda row: row.error),
)
# What each decision is called on its button, and what the toast says afterwards.
STEPS = {
    "hold": (gettext_lazy("Hold"), gettext_lazy("Held; it leaves only when you release it.")),
    "release": (
        gettext_lazy("Release"),
        gettext_lazy("Released; it leaves within a minute, or from its moment on."),
    ),
    "cancel": (gettext_lazy("Cancel"), gettext_lazy("Cancelled; it will not be sent.")),
    "arrived": (gettext_lazy("It arrived"), gettext_lazy("Marked as arrived.")),
    "send_again": (gettext_lazy("Send again"), gettext_lazy("It is sent once more.")),
}
UNDO = {"hold": "release", "release": "hold"}


def request_refs(mail: OutgoingMail) -> str:
    return ", ".join(request.ref for request in mail.message.visit_requests.all())


@require_safe
@require(Role.COORDINATOR)
def mail_list(request: HttpRequest) -> HttpResponse:
    seen = OutgoingMail.objects.visible_to(request.user)
    rows = seen.defer("text", "html", "calendar").select_related("message__template")
    page = list_page(
        request, OutgoingMailFilter, rows.prefetch_related("message__visit_requests"), COLUMNS
    )
    if file := as_file(page, "mail"):
        return file
    context = {
        "tabs": state_pills(request, seen),
        "outbox": OutboxStanding.objects.filter(pk=1).select_related("stopped_by").first(),
        **drafts(request),
    }
    return render_list(page, "mail_list", "_mail_rows", context)


@require_POST
@require(Role.COORDINATOR)
def outbox_step(request: HttpRequest, step: str) -> HttpResponse:
    """Stop everything before the next mail leaves, or let it go on."""
    verbs = {"stop": stop_outbox, "start": start_outbox}
    if step not in verbs:
        raise Http404
    if try_verb(request, verbs[step], at=clock.now(), by=request.user) is not None:
        words = _("Stopped: nothing leaves until you start it again.")
        done(request, words if step == "stop" else _("Mail leaves again."))
    return back_to(request, reverse("visits:mail-list"))


def state_pills(request: HttpRequest, rows: QuerySet) -> list[dict[str, Any]]:
    """All, those that need a person, and each state in use, with numbers."""
    stuck = Q(pk__in=OutgoingMail.objects.needing_a_person().values("pk"))
    numbers = (
        rows.order_by()
        .values_list("state")
        .annotate(n=Count("pk"), needing=Count("pk", filter=stuck))
    )
    counts = {state: n for state, n, _needing in numbers}
    needing = sum(each for _state, _n, each in numbers)
    chosen, asked = request.GET.getlist("state"), request.GET.get("needs", "")
    pills = [
        _pill(_("All"), request.path, sum(counts.values()), not chosen and not asked),
        _pill(_("Needs you"), f"{request.path}?needs=yes", needing, asked == "yes"),
    ]
    for state, label in State.choices:
        if counts.get(state):
            path = f"{request.path}?state={state}"
            pills.append(_pill(str(label).capitalize(), path, counts[state], chosen == [state]))
    return pills


def _pill(label: str, path: str, count: int, is_current: bool) -> dict[str, Any]:
    return {"label": label, "path": path, "count": count, "current": is_current}


def drafts(request: HttpRequest) -> dict[str, Any]:
    """Letters written and not sent yet; each opens at its request."""
    rows = Message.objects.visible_to(request.user).drafts()
    shown = rows.select_related("template").prefetch_related("visit_requests")[:DRAFTS_SHOWN]
    return {"drafts": shown, "draft_count": rows.count()}


def find_mail(request: HttpRequest, pk: int) -> OutgoingMail:
    rows = OutgoingMail.objects.visible_to(request.user).select_related(
        "mailing", "message__template", "message__written_by", "message__person"
    )
    return get_object_or_404(rows.prefetch_related("message__visit_requests"), pk=pk)


@require_safe
@require(Role.COORDINATOR)
def mail_detail(request: HttpRequest, pk: int) -> HttpResponse:
    mail = find_mail(request, pk)
    text, link = shown_text(mail)
    template = mail.message.template
    context = {
        "mail": mail,
        "wording": wording_title(template.key) if template else "",
        "text": text,
        "link": link,
        "is_caught": mail_is_caught() and not mail.is_sample,
        "steps": steps_for(mail),
        "requests": mail.message.visit_requests.all(),
        "visits": mail.message.visits.all(),
        "reports": mail.reports.defer("raw", "text")[:20],
        "briefed": briefed_visit(mail.message),
        "sender": f"{settings.MAIL_SENDER_NAME} <{settings.DEFAULT_FROM_EMAIL}>",
    }
    return render(request, "visits/mail_detail.html", context)


def steps_for(mail: OutgoingMail) -> list[dict[str, Any]]:
    """The decisions that this mail's state allows, as buttons."""
    return [
        {"step": step, "label": STEPS[step][0], "is_first": number == 0}
        for number, step in enumerate(
            step for step, (start, _end) in PERSON_STEPS.items() if mail.state in start
        )
    ]


def shown_text(mail: OutgoingMail) -> tuple[str, str]:
    """The letter's text, and its private link.

    The link is given for mail that reaches nobody: a sample, or in the demo. A real one belongs to
    the city and not to us, so its place is named instead.
    """
    if not mail.link_key:
        return mail.text, ""
    if not (mail.is_sample or mail_is_caught()):
        words = _("[the link that stops these mails]") if mail.mailing_id else ""
        words = words or _("[the city's private link]")
        return mail.text.replace(link_marker(mail.mail_id), words), ""
    try:
        return with_link(mail, mail.text), with_link(mail, link_marker(mail.mail_id))
    except ObjectDoesNotExist:
        return mail.text.replace(link_marker(mail.mail_id), _("[a link that has ended]")), ""


# The preview is a document of its own: it runs nothing, loads nothing, and only our page frames it.
# Mail carries its looks in style attributes, because mail programs drop everything else.
PREVIEW_POLICY = {
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    "frame-ancestors": ["'self'"],
    "base-uri": ["'none'"],
    "form-action": ["'none'"],
    "sandbox": ["allow-popups", "allow-popups-to-escape-sandbox"],
}


@require_safe
@require(Role.COORDINATOR)
@xframe_options_sameorigin
@csp(PREVIEW_POLICY)
def mail_preview(request: HttpRequest, pk: int) -> HttpResponse:
    """The letter as a mail program shows it, without any script or foreign picture."""
    mail = find_mail(request, pk)
    _text, link = shown_text(mail)
    html = html_of(mail).replace(link_marker(mail.mail_id), link or "#")
    return HttpResponse(html.replace("<head>", '<head><base target="_blank">', 1))


@require_safe
@require(Role.COORDINATOR)
def mail_calendar(request: HttpRequest, pk: int) -> HttpResponse:
    mail = find_mail(request, pk)
    if not mail.calendar:
        raise Http404
    answer = HttpResponse(mail.calendar, content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="visit.ics"'
    return answer


@require_POST
@require(Role.COORDINATOR)
def mail_step(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    if step not in PERSON_STEPS:
        raise Http404
    mail = find_mail(request, pk)
    try:
        decide_mail(mail, step, by=request.user, at=clock.now())
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        undo = reverse("visits:mail-step", args=[pk, UNDO[step]]) if step in UNDO else ""
        done(request, str(STEPS[step][1]), undo=undo)
    return back_to(request, reverse("visits:mail-detail", args=[pk]))


@require_POST
@require(Role.COORDINATOR)
def mail_bulk(request: HttpRequest) -> HttpResponse:
    """Hold, release or cancel all ticked mails, or none of them."""
    fallback = reverse("visits:mail-list")
    step = request.POST.get("verb", "")
    rows = ticked(request, OutgoingMail.objects.visible_to(request.user))
    if rows is None or step not in ("hold", "release", "cancel"):
        return back_to(request, fallback)
    try:
        with transaction.atomic():
            for mail in rows:
                decide_mail(mail, step, by=request.user, at=clock.now())
    except ValidationError as error:
        words = {"reason": " ".join(error.messages)}
        messages.error(request, _("Nothing was done: %(reason)s") % words)
    else:
        words = ngettext("%(n)d mail: %(what)s", "%(n)d mails: %(what)s", len(rows))
        done(request, words % {"n": len(rows), "what": STEPS[step][1]})
    return back_to(request, fallback)
