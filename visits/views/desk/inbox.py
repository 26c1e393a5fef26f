"""Incoming mail: what waits for a look, one mail read safely, where it belongs."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from crm import clock
from crm.domain.inbox.reading import read_attachment
from crm.domain.inbox.senders import hear_sender, ignore_sender
from crm.exports import Column
from crm.filters import IncomingMailFilter
from crm.inbox_words import fault_words, why_words
from crm.lookalikes import disguise_of
from crm.models import IgnoredSender, IncomingMail, MailFolder, Organisation, Person
from crm.permissions import require
from crm.roles import Role
from visits.domain.inbox.filing import file_mail, ignore_mail, take_back, unsubscribe_sender
from visits.domain.inbox.knowledge import asks_to_stop, concerned_by, outside, thread_ids
from visits.forms.inbox import FOUND, FilingForm
from visits.views.desk.access import back_to, try_verb
from visits.views.desk.lists import as_file, list_page, render_list
from visits.views.desk.people import ticked
from visits.views.desk.toasts import add_errors, done

State, Kind = IncomingMail.State, IncomingMail.Kind
LONGEST_SEARCH = 200
LARGE = ("raw", "text", "references", "journal")

COLUMNS = (
    Column(gettext_lazy("Subject"), lambda row: row.subject, "subject"),
    Column(gettext_lazy("From"), lambda row: row.sender, "sender"),
    Column(gettext_lazy("State"), lambda row: row.get_state_display(), "state"),
    Column(gettext_lazy("Why"), why_words),
    Column(gettext_lazy("Received"), lambda row: row.received_at, "received"),
)
# A file has room for more.
IN_FILES = (
    Column(gettext_lazy("Name"), lambda row: row.sender_name),
    Column(gettext_lazy("Kind"), lambda row: row.get_kind_display()),
)


@require_safe
@require(Role.COORDINATOR)
def inbox_list(request: HttpRequest) -> HttpResponse:
    """Every mail that came in; at first those that wait for a look."""
    seen = IncomingMail.objects.visible_to(request.user)
    columns = [*COLUMNS, *IN_FILES] if request.GET.get("as") else COLUMNS
    page = list_page(
        request, IncomingMailFilter, seen.defer(*LARGE), columns, tab="state", usual=State.REVIEW
    )
    if file := as_file(page, "inbox"):
        return file
    for mail in page.page_obj:
        mail.why_words, mail.disguise = why_words(mail), disguise_of(mail.sender)
    tabs = _pills(request, seen)
    context = {
        "tabs": tabs,
        "folder": MailFolder.objects.order_by("-pk").first(),
        "is_set_up": bool(settings.IMAP_HOST or tabs[0]["count"]),
        "ignored_count": IgnoredSender.objects.count(),
    }
    return render_list(page, "inbox_list", "_inbox_rows", context)


def _pills(request: HttpRequest, rows: QuerySet) -> list[dict[str, Any]]:
    counts = dict(rows.order_by().values_list("state").annotate(n=Count("pk")))
    chosen = request.GET.getlist("state") or [State.REVIEW]
    every = {
        "label": _("All"),
        "path": f"{request.path}?{urlencode({'state': State.values}, doseq=True)}",
        "count": sum(counts.values()),
        "current": len(chosen) == len(State.values),
    }
    return [
        every,
        *_state_pills(request, counts, chosen),
    ]


def _state_pills(
    request: HttpRequest, counts: dict[str, int], chosen: list[str]
) -> list[dict[str, Any]]:
    return [
        {
            "label": str(label).capitalize(),
            "path": f"{request.path}?state={state}",
            "count": counts.get(state, 0),
            "current": chosen == [state],
        }
        for state, label in State.choices
        if counts.get(state) or state == State.REVIEW
    ]


def find_incoming(request: HttpRequest, pk: int) -> IncomingMail:
    rows = IncomingMail.objects.visible_to(request.user).select_related(
        "outgoing", "organisation", "decided_by"
    )
    return get_object_or_404(rows, pk=pk)


@require_safe
@require(Role.COORDINATOR)
def inbox_detail(request: HttpRequest, pk: int) -> HttpResponse:
    mail = find_incoming(request, pk)
    return _page(request, mail, _filing_form(request, mail))


def _page(request: HttpRequest, mail: IncomingMail, form: FilingForm) -> HttpResponse:
    entries = mail.messages.select_related("person").prefetch_related("visit_requests")
    others = IncomingMail.objects.visible_to(request.user).in_thread_of(mail).exclude(pk=mail.pk)
    context = {
        "mail": mail,
        "why": why_words(mail),
        "faults": fault_words(mail),
        "disguise": disguise_of(mail.sender),
        "has_raw": mail.raw is not None,
        "entries": entries,
        "thread": others.defer(*LARGE).order_by("received_at", "pk")[:20],
        "form": form,
        "words": request.GET.get("q", ""),
        "is_open": mail.state in (State.REVIEW, State.IGNORED),
        "may_make_request": mail.kind == Kind.LETTER and mail.state == State.REVIEW,
        "may_unsubscribe": mail.state == State.REVIEW and asks_to_stop(mail),
        "next_mail": _next_to_look_at(request, mail),
    }
    return render(request, "visits/inbox_detail.html", context, status=422 if form.errors else 200)


def _next_to_look_at(request: HttpRequest, mail: IncomingMail) -> IncomingMail | None:
    waiting = IncomingMail.objects.visible_to(request.user).to_review().defer(*LARGE)
    return waiting.exclude(pk=mail.pk).first()


def _filing_form(request: HttpRequest, mail: IncomingMail) -> FilingForm:
    """Offers whom the mail seems to concern, ticked, and what the search finds."""
    is_copy = mail.kind == Kind.COPY
    addresses = outside(mail.recipients) if is_copy else [(mail.sender_name, mail.sender)]
    concerned = concerned_by(addresses, mail, thread_ids(mail))
    people = [person for each in concerned for person in each.people]
    asked = [row for each in concerned for row in each.requests]
    usual = {"people": [row.pk for row in people], "request": asked[0].ref if asked else ""}
    organisations = [row.organisation for row in people if row.organisation]
    if words := request.GET.get("q", "").strip()[:LONGEST_SEARCH]:
        live = Person.objects.visible_to(request.user).live()
        people += live.search(words).select_related("organisation")[:FOUND]
        bodies = Organisation.objects.visible_to(request.user)
        organisations += bodies.search(words)[:FOUND]
    return FilingForm(
        request.POST if request.method == "POST" else None,
        initial=usual,
        user=request.user,
        people=list(dict.fromkeys(people)),
        organisations=list(dict.fromkeys(organisations)),
    )


@require_POST
@require(Role.COORDINATOR)
def inbox_file(request: HttpRequest, pk: int) -> HttpResponse:
    mail = find_incoming(request, pk)
    form = _filing_form(request, mail)
    if form.is_valid():
        try:
            file_mail(mail, **form.values, at=clock.now(), by=request.user)
        except ValidationError as error:
            add_errors(form, error)
        else:
            done(request, _("Filed."), undo=reverse("visits:inbox-undo", args=[pk]))
            return back_to(request, reverse("visits:inbox-list"))
    return _page(request, mail, form)


@require_POST
@require(Role.COORDINATOR)
def inbox_ignore(request: HttpRequest, pk: int) -> HttpResponse:
    mail = find_incoming(request, pk)
    if try_verb(request, ignore_mail, mail, at=clock.now(), by=request.user):
        done(
            request,
            _("Put aside; nobody is told."),
            undo=reverse("visits:inbox-undo", args=[pk]),
        )
    return back_to(request, reverse("visits:inbox-list"))


@require_POST
@require(Role.COORDINATOR)
def inbox_unsubscribe(request: HttpRequest, pk: int) -> HttpResponse:
    """No more mailings to the sender of this mail."""
    mail = find_incoming(request, pk)
    if try_verb(request, unsubscribe_sender, mail, at=clock.now(), by=request.user):
        words = _("No more mailings go to %(sender)s; the wish is written down.")
        done(request, words % {"sender": mail.sender})
    return back_to(request, reverse("visits:inbox-list"))


@require_POST
@require(Role.COORDINATOR)
def inbox_undo(request: HttpRequest, pk: int) -> HttpResponse:
    mail = find_incoming(request, pk)
    if try_verb(request, take_back, mail, at=clock.now(), by=request.user):
        done(request, _("Taken back; the mail waits for a look again."))
    return back_to(request, reverse("visits:inbox-detail", args=[pk]))


@require_POST
@require(Role.COORDINATOR)
def inbox_ignore_sender(request: HttpRequest, pk: int) -> HttpResponse:
    """This mail and those to come from its sender."""
    mail = find_incoming(request, pk)
    if row := try_verb(request, _ignore_with_sender, mail, at=clock.now(), by=request.user):
        done(
            request,
            _("Letters of %(sender)s are put aside from now on.") % {"sender": row.address},
            undo=reverse("visits:inbox-hear", args=[row.pk]),
        )
    return back_to(request, reverse("visits:inbox-list"))


@transaction.atomic
def _ignore_with_sender(mail: IncomingMail, *, at, by) -> IgnoredSender:
    row = ignore_sender(mail.sender, at=at, by=by)
    if mail.state == State.REVIEW:
        ignore_mail(mail, at=at, by=by)
    return row


@require_safe
@require(Role.COORDINATOR)
def inbox_senders(request: HttpRequest) -> HttpResponse:
    """The senders whose letters are put aside, each to be heard again."""
    rows = IgnoredSender.objects.select_related("by")
    return render(request, "visits/inbox_senders.html", {"senders": rows})


@require_POST
@require(Role.COORDINATOR)
def inbox_hear(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(IgnoredSender, pk=pk)
    hear_sender(row, at=clock.now(), by=request.user)
    done(request, _("Letters of %(sender)s are looked at again.") % {"sender": row.address})
    return back_to(request, reverse("visits:inbox-senders"))


@require_POST
@require(Role.COORDINATOR)
def inbox_bulk(request: HttpRequest) -> HttpResponse:
    """Ignore, or take back, all ticked mails or none of them."""
    fallback = reverse("visits:inbox-list")
    verbs = {"ignore": ignore_mail, "take_back": take_back}
    verb = verbs.get(request.POST.get("verb", ""))
    rows = ticked(request, IncomingMail.objects.visible_to(request.user))
    if rows is None or verb is None:
        return back_to(request, fallback)
    try:
        with transaction.atomic():
            for mail in rows:
                verb(mail, at=clock.now(), by=request.user)
    except ValidationError as error:
        words = {"reason": " ".join(error.messages)}
        messages.error(request, _("Nothing was done: %(reason)s") % words)
    else:
        count = len(rows)
        sentence = (
            ngettext("%(n)d mail put aside.", "%(n)d mails put aside.", count)
            if verb is ignore_mail
            else ngettext("%(n)d mail to look at again.", "%(n)d mails to look at again.", count)
        )
        done(request, sentence % {"n": count})
    return back_to(request, fallback)


@require_safe
@require(Role.COORDINATOR)
def inbox_attachment(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """One attachment, to be kept and never opened by the browser."""
    mail = find_incoming(request, pk)
    listed = next((each for each in mail.attachments if each["number"] == number), None)
    content = read_attachment(bytes(mail.raw), number) if listed and mail.raw else None
    if listed is None or content is None:
        raise Http404
    return _as_download(content, listed["name"])


@require_safe
@require(Role.COORDINATOR)
def inbox_raw(request: HttpRequest, pk: int) -> HttpResponse:
    """The mail as it came, for a mail program."""
    mail = find_incoming(request, pk)
    if mail.raw is None:
        raise Http404
    return _as_download(bytes(mail.raw), f"mail-{pk}.eml")


def _as_download(content: bytes, name: str) -> HttpResponse:
    # Never the type the sender wrote: whatever it is, the browser only keeps it.
    answer = HttpResponse(content, content_type="application/octet-stream")
    answer["Content-Disposition"] = content_disposition_header(True, name)
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer
