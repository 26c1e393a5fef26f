"""Wordings of mails: what exists in which language, and writing the next version of one."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from crm import clock, languages
from crm.domain.letters_of_mailings import LINK, Letter, Writer, languages_of
from crm.domain.messages import render_template
from crm.domain.placeholders import (
    AFTER_KIND,
    MAILING_PREFIX,
    SHARED,
    allowed_in,
    is_for_mailings,
    is_notice,
    kind_of,
)
from crm.domain.wordings import check_wording, new_key, newest, save_wording
from crm.forms.mailings import NewWordingForm, WordingForm
from crm.models import Mailing, MailTemplate, NoticeDue, Person
from crm.permissions import require
from crm.roles import Role
from visits.domain.letters import letter_values
from visits.domain.mailing_values import usual_event, usual_values
from visits.letter_words import title_of
from visits.models import VisitRequest
from visits.views.desk.access import current_campaign
from visits.views.desk.toasts import add_errors, done

TITLES = {
    "event_thanks": gettext_lazy("Thank you for taking part in the event"),
    "speaker_thanks": gettext_lazy("Thank you for your contribution to the event"),
    "newsletter4_notice": gettext_lazy("Newsletter 4 is out"),
    "data_notice": gettext_lazy("We have your data, and where it comes from"),
}
PEOPLE_OFFERED = 40


def wording_title(key: str) -> str:
    """What a wording is called at the desk."""
    if key in TITLES:
        return str(TITLES[key])
    if not is_for_mailings(key):
        return title_of(key)
    own = key.removeprefix(MAILING_PREFIX)
    return (own.partition(AFTER_KIND)[2] or own).replace("-", " ").capitalize()


def wording_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """The wordings a mailing can go out with, under the kind that each goes out as."""
    keys = MailTemplate.objects.order_by().values_list("key", flat=True).distinct()
    titled = sorted((wording_title(key), key) for key in keys)
    groups = [
        (kind.label, [(key, title) for title, key in titled if kind_of(key) == kind])
        for kind in Mailing.Kind
    ]
    return [(str(label), rows) for label, rows in groups if rows]


@require_safe
@require(Role.COORDINATOR)
def wording_list(request: HttpRequest) -> HttpResponse:
    known: dict[str, dict[str, int]] = {}
    rows = MailTemplate.objects.order_by("version").values_list("key", "language", "version")
    for key, language, version in rows:
        known.setdefault(key, {})[language] = version
    listed = [
        {
            "key": key,
            "title": wording_title(key),
            "is_for_mailings": is_for_mailings(key),
            "kind": Mailing.Kind(kind_of(key)).label if is_for_mailings(key) else "",
            "languages": [
                {"code": code, "version": versions.get(code)}
                for code in settings.COMPLETE_LANGUAGES
            ],
            "count": len(versions),
        }
        for key, versions in known.items()
    ]
    listed.sort(key=lambda row: (not row["is_for_mailings"], row["title"]))
    context = {"rows": listed, "codes": settings.COMPLETE_LANGUAGES}
    return render(request, "visits/wording_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@require(Role.COORDINATOR)
def wording_new(request: HttpRequest) -> HttpResponse:
    """A wording of one's own for mailings."""
    choices = [(code, languages.name_of(code)) for code in settings.COMPLETE_LANGUAGES]
    initial = {
        "language": "en",
        "body": "{greeting}\n\n\n\n"
        + _("To receive no more of these mails:")
        + " {stop_link}\n\n{sender}",
    }
    given = request.POST if request.method == "POST" else None
    form = NewWordingForm(given, languages=choices, initial=initial)
    if form.is_valid():
        values = form.cleaned_data
        try:
            made = save_wording(
                new_key(values["title"], values["kind"]),
                values["language"],
                subject=values["subject"],
                body=values["body"],
                seen=0,
                at=clock.now(),
                by=request.user,
            )
        except ValidationError as error:
            add_errors(form, error)
        else:
            done(request, _("The wording is kept."))
            return redirect("visits:wording-edit", made.key, made.language)
    context = {"form": form, "allowed": allowed_in("mailing-")}
    status = 422 if form.errors else 200
    return render(request, "visits/wording_form.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@require(Role.COORDINATOR)
def wording_edit(request: HttpRequest, key: str, language: str) -> HttpResponse:
    """One wording in one language beside what a real recipient would read.

    "Look" shows what is typed and keeps nothing; "Keep" makes the next version.
    """
    known = newest(key)
    if not known or language not in settings.COMPLETE_LANGUAGES:
        raise Http404
    row = known.get(language)
    kept = row or known.get("en") or next(iter(known.values()))
    initial = {
        "subject": kept.subject,
        "body": kept.body.strip(),
        "seen": row.version if row else 0,
    }
    form = WordingForm(request.POST if request.method == "POST" else None, initial=initial)
    typed = initial
    if form.is_valid():
        typed = form.cleaned_data
        try:
            if request.POST.get("verb") == "look":
                check_wording(key, typed["subject"], typed["body"])
            else:
                save_wording(
                    key,
                    language,
                    subject=typed["subject"],
                    body=typed["body"],
                    seen=typed["seen"] or 0,
                    at=clock.now(),
                    by=request.user,
                )
                done(
                    request,
                    _("Kept as the next version; letters already written stay as they are."),
                )
                return redirect("visits:wording-edit", key, language)
        except ValidationError as error:
            add_errors(form, error)
    context = {
        "form": form,
        "key": key,
        "title": wording_title(key),
        "language": language,
        "language_name": languages.name_of(language),
        "row": row,
        "others": [
            {"code": code, "name": languages.name_of(code), "is_there": code in known}
            for code in settings.COMPLETE_LANGUAGES
        ],
        "versions": MailTemplate.objects.filter(key=key, language=language).order_by("-version"),
        "allowed": allowed_in(key),
        **_preview(request, key, language, typed if not form.errors else None),
    }
    status = 422 if form.errors else 200
    return render(request, "visits/wording_form.html", context, status=status)


def _preview(
    request: HttpRequest, key: str, language: str, typed: dict[str, Any] | None
) -> dict[str, Any]:
    """What somebody real would read: a person for a mailing, a request for an answer."""
    number = request.POST.get("for") or request.GET.get("for", "")
    if is_for_mailings(key):
        seen = Person.objects.visible_to(request.user).live()
        people = list(seen.select_related("organisation__municipality")[:PEOPLE_OFFERED])
        people.sort(key=lambda person: language not in languages_of(person))
        chosen: Any = next((row for row in people if str(row.pk) == number), None)
        chosen = chosen or next(iter(people), None)
        offered = [(row.pk, row.name) for row in people]
    else:
        asked = VisitRequest.objects.visible_to(request.user).select_related("campaign")
        requests = list(asked.order_by("-received_at")[:PEOPLE_OFFERED])
        requests.sort(key=lambda request: request.language != language)
        chosen = next((row for row in requests if str(row.pk) == number), None)
        chosen = chosen or next(iter(requests), None)
        offered = [(row.pk, f"{row.ref} {row.city}") for row in requests]
    shown = None
    if chosen is not None and typed is not None:
        template = MailTemplate(
            key=key, language=language, subject=typed["subject"], body=typed["body"]
        )
        write = _letter if is_for_mailings(key) else _answer
        shown = write(request, template, chosen)
    return {"offered": offered, "chosen": chosen, "letter": shown, "link": LINK}


def _letter(request: HttpRequest, template: MailTemplate, person: Person) -> Letter:
    campaign = current_campaign(request)
    # What a mailing fills in later is shown by its name.
    values = {name: f"[{name}]" for name in SHARED} | usual_values(campaign)
    person.languages = [template.language]
    if is_notice(template.key):
        mailing = Mailing(kind=Mailing.Kind.NOTICE, values=values)
        notices = [NoticeDue(person=person, source="[source]", basis="[basis]")]
        return Writer(mailing, {template.language: template}).write(person, notices=notices)
    mailing = Mailing(kind=Mailing.Kind.EVENT, event=usual_event(campaign), values=values)
    return Writer(mailing, {template.language: template}).write(person)


def _answer(request: HttpRequest, template: MailTemplate, asked: VisitRequest) -> Letter:
    visit = asked.visits.order_by("pk").last()
    with translation.override(template.language):
        values = letter_values(asked, at=clock.now(), visit=visit)
        subject, body = render_template(template, values, with_gaps=True)
    return Letter(template.language, subject, body, template)
