"""Briefs as PDF and as pages, for those who may read them; keeping an edition is a POST."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm import clock
from crm.permissions import require
from crm.roles import Role
from visits.briefs import press
from visits.briefs.edition import Edition, Imprint
from visits.briefs.paper import Paper, paper_named
from visits.domain import briefs
from visits.domain.brief_changes import difference, difference_pdf
from visits.domain.brief_standing import standings, together
from visits.domain.briefing import keep_edition
from visits.models import BriefEdition, PackRun, Visit
from visits.views.desk.access import get_visit, try_verb
from visits.views.desk.on_the_road import files_mark

Kind = BriefEdition.Kind


def kept_briefs(request: HttpRequest, visit: Visit) -> dict:
    """The kept versions the user may read, and how they stand, each and together.

    A visit that is over needs no brief, so nothing warns of an old one.
    """
    rows = visit.editions.visible_to(request.user).without_content()
    editions = list(rows.select_related("built_by", "visit"))
    stands = standings(editions, at=clock.now())
    for edition in editions:
        edition.standing = stands[edition.pk]
    stand = together(stands.values()) if visit.is_live else ""
    return {"editions": editions, "brief_standing": stand}


def brief_cards(request: HttpRequest, visit: Visit, editions: list[BriefEdition]) -> list[dict]:
    """Each edition the user may read, in a language to be chosen."""
    kinds = [Kind.PUBLIC] if request.user.is_expert else [Kind.INTERNAL, Kind.PUBLIC]
    return [_edition_card(request, visit, kind, editions) for kind in kinds]


def _edition_card(
    request: HttpRequest, visit: Visit, kind: str, editions: list[BriefEdition]
) -> dict:
    """One edition: its languages as links, the chosen one, and how its newest version stands."""
    known = briefs.languages_of(kind)
    asked = request.GET.get(str(kind), "")
    chosen = asked if asked in known else briefs.language_for(visit, kind)
    newest = [each for each in editions if each.kind == kind and each.language == chosen]
    return {
        "kind": str(kind),
        "language": chosen,
        "languages": [
            {
                "code": code,
                "name": name,
                "is_chosen": code == chosen,
                "path": _path(request, kind, code),
            }
            for code, name in known.items()
        ],
        "newest": newest[0] if newest else None,
    }


def print_choice(request: HttpRequest) -> dict[str, Any]:
    """Paper and colours for every file of the tab: the choices as links, and what is chosen."""
    asked = request.GET.get("paper", "")
    paper = asked if asked in PackRun.Paper.values else PackRun.Paper.A4.value
    grey = "1" if request.GET.get("grey") else ""
    colours = (("", _("in colour")), ("1", _("without colours")))
    return {
        "paper": paper,
        "is_grey": grey,
        "query": f"&paper={paper}&grey={grey}",
        "choices": [
            *(_choice(request, "paper", *each, paper) for each in PackRun.Paper.choices),
            *(_choice(request, "grey", *each, grey) for each in colours),
        ],
    }


def _choice(request: HttpRequest, name: str, value: str, label: str, chosen: str) -> dict[str, Any]:
    return {"name": label, "path": _path(request, name, value), "is_chosen": value == chosen}


def _path(request: HttpRequest, name: str, value: str) -> str:
    query = request.GET.copy()
    query["tab"], query[str(name)] = "brief", value
    return f"?{query.urlencode()}"


@require_safe
@require(Role.COORDINATOR, Role.HOST, Role.EXPERT)
def brief_pdf(request: HttpRequest, ref: str, kind: str) -> HttpResponse:
    """The edition as it reads now; `?language=` chooses another language than the visit's,
    `?paper=letter` and `?grey=1` another print."""
    visit = _visit_for(request.user, ref, kind)
    edition, imprint = _now(request, visit, kind)
    try:
        paper = _paper(request)
    except ValidationError as error:
        raise Http404(" ".join(error.messages)) from error
    mark = f"{briefs.mark_of(edition, imprint)}-{paper.width:.0f}-{paper.is_grey}"

    def answer() -> HttpResponse:
        name = briefs.file_name(edition, imprint.version)
        return pdf_response(press.brief_pdf(edition, imprint, paper), name)

    return _unless_known(request, mark, answer)


@require_safe
@require(Role.COORDINATOR, Role.HOST, Role.EXPERT)
def brief_page(request: HttpRequest, ref: str, kind: str) -> HttpResponse:
    """The same edition as a page; it prints as well as the PDF."""
    visit = _visit_for(request.user, ref, kind)
    edition, imprint = _now(request, visit, kind)
    mark = f"{briefs.mark_of(edition, imprint)}-{files_mark()}-{get_language()}"

    def answer() -> HttpResponse:
        pdf = reverse("visits:brief-pdf", args=[ref, kind]) + f"?language={edition.language}"
        return render(
            request, "briefs/desk_page.html", press.brief_page(edition, imprint) | {"pdf": pdf}
        )

    return _unless_known(request, mark, answer)


def _now(request: HttpRequest, visit: Visit, kind: str) -> tuple[Edition, Imprint]:
    language = request.GET.get("language", "")
    try:
        return briefs.brief_now(visit, kind, at=clock.now(), language=language)
    except ValidationError as error:
        raise Http404(" ".join(error.messages)) from error


def _unless_known(
    request: HttpRequest, mark: str, answer: Callable[[], HttpResponse]
) -> HttpResponse:
    """The answer, or that a phone which kept the brief for the road has it as it is."""
    etag = quote_etag(mark)
    if request.headers.get("If-None-Match"):
        known = get_conditional_response(request, etag=etag)
        if known is not None:
            return known
    made = answer()
    made["ETag"] = etag
    return made


@require_safe
@require(Role.COORDINATOR, Role.HOST, Role.EXPERT)
def brief_changes(request: HttpRequest, ref: str, pk: int) -> HttpResponse:
    """Changed since printed: a kept version beside what the visit says now."""
    found = try_verb(request, difference, _kept(request.user, ref, pk), at=clock.now())
    if found is None:
        return redirect(reverse("visits:visit-detail", args=[ref]) + "?tab=brief")
    edition, imprint = found
    pdf = reverse("visits:brief-changes-pdf", args=[ref, pk])
    context = press.brief_page(edition, imprint) | {"pdf": pdf, "lead": edition.name}
    return render(request, "briefs/desk_page.html", context)


@require_safe
@require(Role.COORDINATOR, Role.HOST, Role.EXPERT)
def brief_changes_pdf(request: HttpRequest, ref: str, pk: int) -> HttpResponse:
    found = try_verb(request, difference_pdf, _kept(request.user, ref, pk), at=clock.now())
    if found is None:
        return redirect(reverse("visits:visit-detail", args=[ref]) + "?tab=brief")
    return pdf_response(*found)


def _kept(user, ref: str, pk: int) -> BriefEdition:
    """A kept version of the visit, when the user may read that edition."""
    visit = get_visit(user, ref)
    kept = get_object_or_404(visit.editions.select_related("visit__campaign"), pk=pk)
    _visit_for(user, ref, kept.kind)
    return kept


@require_POST
@require(Role.COORDINATOR, Role.HOST)
def brief_build(request: HttpRequest, ref: str, kind: str) -> HttpResponse:
    """Keep the edition as the visit's newest version."""
    visit = _visit_for(request.user, ref, kind)
    language = request.POST.get("language", "")
    act = {"at": clock.now(), "by": request.user, "language": language}
    built = try_verb(request, keep_edition, visit, kind, **act)
    if built:
        words = _("Version %(version)d of the brief is kept.") % {"version": built.version}
        messages.success(request, words)
    chosen = f"&{kind}={built.language}" if built else ""
    return redirect(reverse("visits:visit-detail", args=[ref]) + f"?tab=brief{chosen}")


def _paper(request: HttpRequest) -> Paper:
    return paper_named(request.GET.get("paper", ""), is_grey=bool(request.GET.get("grey")))


def pdf_response(pdf: bytes, name: str) -> HttpResponse:
    """A whole PDF to be shown in place; the name is always one of our own making."""
    headers = {
        "Content-Disposition": f'inline; filename="{name}"',
        "Content-Length": str(len(pdf)),
    }
    return HttpResponse(pdf, content_type="application/pdf", headers=headers)


def _visit_for(user, ref: str, kind: str) -> Visit:
    """The visit, when the user may read that edition of it. Experts read the public one only."""
    if kind not in Kind.values:
        raise Http404
    visit = get_visit(user, ref)
    leads = user.pk in {host.user_id for host in (visit.host, visit.backup) if host}
    if kind == Kind.INTERNAL and not (user.is_coordinator or leads):
        raise PermissionDenied(_("The internal edition is for the host and the coordinators."))
    return visit
