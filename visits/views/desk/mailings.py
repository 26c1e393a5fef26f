"""Mailings: choose people and a wording, look at every letter, release, watch, stop."""

from typing import Any
from urllib.parse import urlencode

from csp.decorators import csp
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import clock, wording
from crm.audiences import found_by, people_of
from crm.domain import mailings as verbs
from crm.domain.letters_of_mailings import LINK, Letter, Writer
from crm.domain.outbox import mail_html
from crm.domain.saved_views import query_kept
from crm.forms.mailings import MailingForm
from crm.mailing_words import block_of
from crm.models import (
    Event,
    Mailing,
    MailingRecipient,
    OutboxStanding,
    OutgoingMail,
    Person,
    SavedView,
)
from crm.permissions import require
from crm.roles import Role
from visits.domain.mailing_values import usual_event, usual_values
from visits.forms.moments import moment_at
from visits.views.desk.access import back_to, current_campaign, try_verb
from visits.views.desk.mail import PREVIEW_POLICY
from visits.views.desk.toasts import add_errors, done
from visits.views.desk.wordings import wording_choices, wording_title

PER_PAGE = 50
Standing = MailingRecipient.Standing
MailState = OutgoingMail.State
# Mails that will not change by themselves any more.
SETTLED = (
    MailState.SENT,
    MailState.HELD_SAMPLE,
    MailState.CANCELLED,
    MailState.BOUNCED,
    MailState.FAILED,
    MailState.UNKNOWN,
)
FROM_LIST = "list"
# Whoever a draft goes to, real or sample: what is read one by one before a release.
GOING = "going"
SAID = {
    "stop": gettext_lazy("Stopped; the next mail does not leave."),
    "resume": gettext_lazy("It goes on."),
    "cancel": gettext_lazy("What had not left is given up."),
}


@require_safe
@require(Role.COORDINATOR)
def mailing_list(request: HttpRequest) -> HttpResponse:
    rows = Mailing.objects.visible_to(request.user).select_related("event", "created_by")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    views = SavedView.objects.kept().visible_to(request.user).of_list(SavedView.List.PEOPLE)
    context = {"page_obj": page, "views": views}
    return render(request, "visits/mailing_list.html", context)


# --- Writing one ---


@require_http_methods(["GET", "HEAD", "POST"])
@require(Role.COORDINATOR)
def mailing_new(request: HttpRequest) -> HttpResponse:
    """A mailing to the people named in the address: ticked, of a view, or of the list's filter."""
    chosen = chosen_people(request)
    if chosen is None:
        return redirect("visits:mailing-list")
    people, query, words = chosen
    campaign = current_campaign(request)
    event = usual_event(campaign)
    initial = usual_values(campaign) | {"event": event.slug if event else None}
    if request.GET.get("kind") == Mailing.Kind.NOTICE:
        initial |= {"template_key": "data_notice", "event": None}
    form = _form(request, initial)
    if request.method == "POST" and form.is_valid():
        try:
            made = verbs.start_mailing(
                form.values, people, query=query, at=clock.now(), by=request.user
            )
        except ValidationError as error:
            add_errors(form, error)
        else:
            return redirect("visits:mailing-detail", made.pk)
    context = {"form": form, "count": people.count(), "words": words}
    status = 422 if form.errors else 200
    return render(request, "visits/mailing_form.html", context, status=status)


def chosen_people(
    request: HttpRequest,
) -> tuple[QuerySet[Person], dict[str, list[str]] | None, str] | None:
    """Who the address speaks of, the query that finds them anew, and what they are called.

    None, with a sentence for the next page, when it speaks of nobody.
    """
    numbers = [pk for pk in request.GET.getlist("person") if pk.isdecimal() and len(pk) < 19]
    if numbers:
        ticked = Person.objects.visible_to(request.user).filter(pk__in=numbers)
        return ticked, None, _("The people you ticked")
    if number := request.GET.get("view", ""):
        views = SavedView.objects.kept().visible_to(request.user).of_list(SavedView.List.PEOPLE)
        view = views.numbered(number)
        if view is None:
            raise Http404
        query, words = view.query, view.name
    elif request.GET.get("from") == FROM_LIST:
        query = query_kept(dict(request.GET.lists()))
        query.pop("from", None)
        words = _("Those the list shows") if query else _("Everybody in the list")
    else:
        messages.info(request, _("Choose the people first: tick them, filter, or take a view."))
        return None
    found = try_verb(request, found_by, query, request.user)
    return None if found is None else (found, query, words)


def _form(request: HttpRequest, initial: dict[str, Any]) -> MailingForm:
    given = request.POST if request.method == "POST" else None
    events = Event.objects.visible_to(request.user)
    return MailingForm(given, initial=initial, events=events, wordings=wording_choices())


@require_http_methods(["GET", "HEAD", "POST"])
@require(Role.COORDINATOR)
def mailing_edit(request: HttpRequest, pk: int) -> HttpResponse:
    mailing = _find(request, pk)
    initial = {
        "title": mailing.title,
        "event": mailing.event.slug if mailing.event else None,
        "template_key": mailing.template_key,
        "with_english": mailing.with_english,
        "again": mailing.again,
        **mailing.values,
    }
    form = _form(request, initial)
    if request.method == "POST" and form.is_valid():
        try:
            people = people_of(mailing, request.user)
            verbs.edit_mailing(mailing, form.values, people, at=clock.now(), by=request.user)
        except ValidationError as error:
            add_errors(form, error)
        else:
            return redirect("visits:mailing-detail", pk)
    context = {"form": form, "mailing": mailing, "count": mailing.recipients.count()}
    status = 422 if form.errors else 200
    return render(request, "visits/mailing_form.html", context, status=status)


# --- Looking at it ---


@require_safe
@require(Role.COORDINATOR)
def mailing_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _find(request, pk))


def _page(request: HttpRequest, mailing: Mailing, **more: Any) -> HttpResponse:
    counts = verbs.counts_of(mailing)
    chosen = request.GET.get("show", "")
    rows = _rows(mailing, chosen).select_related("person__organisation", "mail")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    for row in page:
        row.block = block_of(row.reason, row.detail) if row.reason else None
    progress = _progress(mailing)
    is_to_leave = mailing.is_draft or progress["settled"] < progress["total"]
    context = {
        "wording": wording_title(mailing.template_key),
        "mailing": mailing,
        "passed_deadline": Writer(mailing).passed_deadline(clock.now()) if is_to_leave else None,
        "stopped": OutboxStanding.objects.stopped().first(),
        "counts": counts,
        "going": counts[Standing.GOES] + counts[Standing.SAMPLE],
        "pills": _pills(counts, chosen),
        "reasons": [
            {"block": block_of(reason), "reason": reason, "count": count}
            for reason, count in sorted(counts["reasons"].items(), key=lambda each: -each[1])
            if reason
        ],
        "first": _rows(mailing, GOING).first(),
        "page_obj": page,
        "chosen": chosen,
        "query": urlencode({"show": chosen}) if chosen else "",
        "zone": wording.zone_city(request.user.time_zone),
        **progress,
    }
    return render(
        request, "visits/mailing_detail.html", context | more, status=more.get("status", 200)
    )


def _rows(mailing: Mailing, chosen: str) -> QuerySet[MailingRecipient]:
    """The recipients of one standing, or blocked for one reason; all in the order of the people."""
    rows = mailing.recipients.order_by("person__family", "person__given", "pk")
    if chosen == GOING:
        return rows.filter(standing__in=MailingRecipient.SENDABLE)
    if chosen in Standing.values:
        return rows.filter(standing=chosen)
    if chosen in MailingRecipient.Reason.values:
        return rows.filter(standing=Standing.BLOCKED, reason=chosen)
    return rows


def _pills(counts: dict[str, Any], chosen: str) -> list[dict[str, Any]]:
    pills = [{"show": "", "label": _("All"), "count": counts["all"]}]
    pills += [
        {"show": standing, "label": label, "count": counts[standing]}
        for standing, label in Standing.choices
        if counts[standing]
    ]
    return [pill | {"current": pill["show"] == chosen} for pill in pills]


def _progress(mailing: Mailing) -> dict[str, Any]:
    states = verbs.progress_of(mailing)
    total, settled = sum(states.values()), sum(states.get(state, 0) for state in SETTLED)
    is_moving = mailing.state == Mailing.State.RELEASED and settled < total
    listed = [(state, states[state]) for state in MailState.values if states.get(state)]
    return {"states": listed, "total": total, "settled": settled, "is_moving": is_moving}


@require_safe
@require(Role.COORDINATOR)
def mailing_status(request: HttpRequest, pk: int) -> HttpResponse:
    """How far it is; the page asks for this while mails wait."""
    mailing = _find(request, pk)
    context = {"mailing": mailing, **_progress(mailing)}
    return render(request, "visits/_mailing_progress.html", context)


@require_safe
@require(Role.COORDINATOR)
def mailing_letter(request: HttpRequest, pk: int, person: int) -> HttpResponse:
    """One person's letter as it would go, or why it does not, with the next and the one before."""
    mailing = _find(request, pk)
    row = _recipient(mailing, person)
    chosen = request.GET.get("show", "")
    numbers = list(_rows(mailing, chosen).values_list("person", flat=True))
    here = numbers.index(person) if person in numbers else -1
    context = {
        "mailing": mailing,
        "row": row,
        "letter": letter_to(row),
        "passed_deadline": Writer(mailing).passed_deadline(clock.now())
        if mailing.is_draft
        else None,
        "wording": wording_title(mailing.template_key),
        "link": LINK,
        "hurdle": block_of(row.reason, row.detail) if row.reason else None,
        "place": here + 1,
        "total": len(numbers),
        "before": numbers[here - 1] if here > 0 else None,
        "after": numbers[here + 1] if 0 <= here < len(numbers) - 1 else None,
        "query": urlencode({"show": chosen}) if chosen else "",
    }
    return render(request, "visits/mailing_letter.html", context)


def letter_to(row: MailingRecipient) -> Letter:
    """What was written to somebody, or would be written now."""
    if row.mail is not None:
        message = row.mail.message
        return Letter(message.language, message.subject, message.body, message.template)
    return Writer(row.mailing).letter_to(row.person)


@require_safe
@require(Role.COORDINATOR)
@xframe_options_sameorigin
@csp(PREVIEW_POLICY)
def mailing_preview(request: HttpRequest, pk: int, person: int) -> HttpResponse:
    """The letter as a mail program shows it; its link leads nowhere yet."""
    letter = letter_to(_recipient(_find(request, pk), person))
    if not letter.is_whole:
        raise Http404
    html = mail_html(letter.body, language=letter.language, link=LINK, is_stop=True)
    return HttpResponse(html.replace(f'href="{LINK}"', 'href="#"'))


# --- Acting on it ---


@require_POST
@require(Role.COORDINATOR)
def mailing_leave_out(request: HttpRequest, pk: int, person: int) -> HttpResponse:
    """Leave one person out, or take them in again."""
    mailing = _find(request, pk)
    row = _recipient(mailing, person)
    is_out = request.POST.get("in") != "1"
    people = try_verb(request, people_of, mailing, request.user)
    if people is not None and try_verb(
        request,
        verbs.leave_out,
        row,
        is_out=is_out,
        people=people,
        at=clock.now(),
        by=request.user,
    ):
        words = _("%(name)s is left out.") if is_out else _("%(name)s is on it again.")
        done(request, words % {"name": row.person.name})
    return back_to(request, reverse("visits:mailing-letter", args=[pk, person]))


@require_POST
@require(Role.COORDINATOR)
def mailing_check(request: HttpRequest, pk: int) -> HttpResponse:
    """Look again: at a draft's people from the beginning, later at those who were blocked."""
    mailing = _find(request, pk)
    if mailing.is_draft:
        people = try_verb(request, people_of, mailing, request.user)
        if people is not None and try_verb(
            request, verbs.check_mailing, mailing, people, at=clock.now()
        ):
            done(request, _("Everybody was looked at again."))
    else:
        count = try_verb(request, verbs.try_again, mailing, at=clock.now(), by=request.user)
        if count is not None:
            _say_written(request, count if count is not True else 0)
    return redirect("visits:mailing-detail", pk)


def _say_written(request: HttpRequest, count: int) -> None:
    if not count:
        messages.info(request, _("Nothing has changed: all of them are still blocked."))
        return
    words = ngettext("%(n)d letter is in the outbox.", "%(n)d letters are in the outbox.", count)
    done(request, words % {"n": count})


@require_POST
@require(Role.COORDINATOR)
def mailing_release(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand what was shown to the outbox, now or from a moment on; what was typed stays."""
    mailing = _find(request, pk)
    typed = request.POST.get("scheduled_at", "").strip()
    try:
        scheduled_at = _moment(typed, request.user.time_zone) if typed else None
        count = verbs.release_mailing(
            mailing,
            people_of(mailing, request.user),
            seen=request.POST.get("seen", ""),
            scheduled_at=scheduled_at,
            at=clock.now(),
            by=request.user,
        )
    except ValidationError as error:
        mailing = _find(request, pk)
        if not mailing.is_draft:
            messages.error(request, " ".join(error.messages))
            return redirect("visits:mailing-detail", pk)
        more = {"fault": " ".join(error.messages), "typed": typed, "status": 422}
        return _page(request, mailing, **more)
    _say_written(request, count)
    return redirect("visits:mailing-detail", pk)


def _moment(typed: str, zone: str) -> Any:
    try:
        moment = parse_datetime(typed)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is not None:
        raise ValidationError(_("Write day and time like 2023-02-15 09:00."))
    return moment_at(moment, zone)


STEPS = {
    "stop": verbs.stop_mailing,
    "resume": verbs.resume_mailing,
    "cancel": verbs.cancel_mailing,
}


@require_POST
@require(Role.COORDINATOR)
def mailing_step(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    if step not in STEPS:
        raise Http404
    mailing = _find(request, pk)
    told = try_verb(request, STEPS[step], mailing, at=clock.now(), by=request.user)
    if told is not None:
        undo = reverse("visits:mailing-step", args=[pk, "resume"]) if step == "stop" else ""
        done(request, str(SAID[step]), undo=undo)
    return back_to(request, reverse("visits:mailing-detail", args=[pk]))


@require_POST
@require(Role.COORDINATOR)
def mailing_drop(request: HttpRequest, pk: int) -> HttpResponse:
    mailing = _find(request, pk)
    if try_verb(request, verbs.drop_mailing, mailing, at=clock.now(), by=request.user):
        done(request, _("The draft is thrown away; nothing of it was sent."))
        return redirect("visits:mailing-list")
    return redirect("visits:mailing-detail", pk)


def _find(request: HttpRequest, pk: int) -> Mailing:
    rows = Mailing.objects.visible_to(request.user).select_related(
        "event", "created_by", "released_by"
    )
    return get_object_or_404(rows, pk=pk)


def _recipient(mailing: Mailing, person: int) -> MailingRecipient:
    rows = mailing.recipients.select_related(
        "mailing__event", "person__organisation__municipality", "point", "mail__message__template"
    )
    return get_object_or_404(rows, person=person)
