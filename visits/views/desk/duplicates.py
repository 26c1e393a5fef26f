"""People recorded twice: the suggestions, the two records side by side, and taking them apart."""

from typing import Any, NamedTuple

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import clock, wording
from crm.domain import duplicates, merges
from crm.domain.merges import BOTH, CHOSEN, FIRST, JOINED, KEPT, MERGED, POST
from crm.duplicate_words import suggestion_of
from crm.models import ConsentRecord, ContactPoint, DuplicateScan, Lookalike, Merge, Person, Post
from crm.models.consent import Purpose
from crm.permissions import require
from crm.roles import Role
from visits.views.desk.access import back_to, own_next, try_verb
from visits.views.desk.people import find_person, leave_closed, lookalikes_of
from visits.views.desk.toasts import done

PER_PAGE = 25
FOUND_SHOWN = 12
LONGEST_SEARCH = 200


@require_safe
@require(Role.COORDINATOR)
def duplicate_list(request: HttpRequest) -> HttpResponse:
    """Pairs that may be one human, the likeliest first."""
    rows = duplicates.open_lookalikes(request.user)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page_obj": page,
        "suggestions": [suggestion_of(row) for row in page.object_list],
        **_scan(),
    }
    return render(request, "visits/duplicate_list.html", context)


def _scan() -> dict[str, Any]:
    scan = DuplicateScan.objects.defer("weights").first()
    return {"scan": scan, "active": bool(scan and scan.is_waiting)}


@require_POST
@require(Role.COORDINATOR)
def duplicate_scan(request: HttpRequest) -> HttpResponse:
    """Ask the worker to look through everybody."""
    duplicates.ask_for_scan(by=request.user)
    done(request, _("Everybody is being looked at; new pairs appear here."))
    return redirect("visits:duplicate-list")


@require_safe
@require(Role.COORDINATOR)
def duplicate_status(request: HttpRequest) -> HttpResponse:
    """How far the look through everybody is; the page asks for this meanwhile."""
    return render(request, "visits/_duplicate_scan.html", _scan())


@require_POST
@require(Role.COORDINATOR)
def duplicate_decide(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Say that a pair is two humans, or take that back."""
    rows = Lookalike.objects.visible_to(request.user).select_related("one", "other")
    lookalike = get_object_or_404(rows, pk=pk)
    names = {"one": lookalike.one.name, "other": lookalike.other.name}
    if verb == "apart":
        duplicates.say_not_the_same(lookalike, at=clock.now(), by=request.user)
        undo = reverse("visits:duplicate-ask-again", args=[pk])
        done(request, _("%(one)s and %(other)s stay two.") % names, undo=undo)
    else:
        duplicates.ask_again(lookalike, at=clock.now(), by=request.user)
        done(request, _("%(one)s and %(other)s are asked about again.") % names)
    return back_to(request, reverse("visits:duplicate-list"))


# --- Side by side ---


@require_safe
@require(Role.COORDINATOR)
def person_twin(request: HttpRequest, pk: int) -> HttpResponse:
    """Which other record is of the same person: those that look like it, and a search."""
    person = find_person(request, pk)
    if away := leave_closed(request, person):
        return away
    words = request.GET.get("q", "").strip()[:LONGEST_SEARCH]
    found: list[Person] = []
    if words:
        rows = Person.objects.visible_to(request.user).live().filter(is_sample=person.is_sample)
        rows = rows.exclude(pk=pk).search(words)
        found = list(rows.select_related("organisation")[:FOUND_SHOWN])
    context = {
        "person": person,
        "lookalikes": lookalikes_of(request, person),
        "words": words,
        "found": found,
    }
    return render(request, "visits/person_twin.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@require(Role.COORDINATOR)
def person_merge(request: HttpRequest, pk: int, other: int) -> HttpResponse:
    """Two records side by side, what becomes of them, and the deed."""
    kept, merged = find_person(request, pk), find_person(request, other)
    asked = request.POST if request.method == "POST" else request.GET
    choices = {name: asked[name] for name in (*CHOSEN, *FIRST) if name in asked}
    if request.method == "POST":
        answer = try_verb(
            request,
            merges.merge_people,
            kept,
            merged,
            choices=choices,
            seen=request.POST.get("seen", ""),
            at=clock.now(),
            by=request.user,
        )
        if answer:
            undo = reverse("visits:person-unmerge", args=[answer.pk])
            done(request, _("%(name)s is one record now.") % {"name": kept.name}, undo=undo)
            return back_to(request, reverse("visits:person-detail", args=[pk]))
    plan = try_verb(request, merges.plan_merge, kept, merged, choices)
    if plan is None:
        # Wrong choices: the usual ones instead; records that cannot be merged: back to the first.
        plan = choices and try_verb(request, merges.plan_merge, kept, merged)
        if not plan:
            return redirect("visits:person-detail", pk)
        choices = {}
    return render(request, "visits/person_merge.html", _side_by_side(request, plan, choices))


class Line(NamedTuple):
    """One field of both records, and which side is taken."""

    name: str
    label: str
    ours: str
    theirs: str
    chosen: str
    may_join: bool

    @property
    def differs(self) -> bool:
        return self.ours != self.theirs

    @property
    def sides(self) -> list[tuple[str, str]]:
        """The two values to choose from, kept side first."""
        return [(KEPT, self.ours), (MERGED, self.theirs)]


def _side_by_side(
    request: HttpRequest, plan: merges.Plan, choices: dict[str, str]
) -> dict[str, Any]:
    kept, merged = plan.kept, plan.merged
    chosen = merges.usual_choices(kept, merged) | choices
    lines = [
        Line(
            name=name,
            label=_("post") if name == POST else str(Person._meta.get_field(name).verbose_name),
            ours=_shown(kept, name),
            theirs=_shown(merged, name),
            chosen=chosen[name],
            may_join=name in JOINED,
        )
        for name in CHOSEN
    ]
    kinds = {
        ContactPoint.Kind.EMAIL: _("mail address used first"),
        ContactPoint.Kind.PHONE: _("phone used first"),
    }
    lines += [
        Line(
            name=kind,
            label=str(kinds[ContactPoint.Kind(kind)]),
            ours=_addresses(kept, kind),
            theirs=_addresses(merged, kind),
            chosen=chosen[kind],
            may_join=False,
        )
        for kind in FIRST
    ]
    pair = Lookalike.objects.of(kept).of(merged).first()
    return {
        "plan": plan,
        "kept": kept,
        "merged": merged,
        "lines": [line for line in lines if line.ours or line.theirs],
        "consents": [_consent_words(outcome) for outcome in plan.consents],
        "moving": merges.moving_words(plan.moving),
        "staying": merges.moving_words(plan.staying),
        "seen": merges.seen_stamp(kept, merged),
        "suggestion": suggestion_of(pair) if pair else None,
        "next": own_next(request),
        "both": BOTH,
    }


def _shown(person: Person, name: str) -> str:
    if name == POST:
        post = Post(
            role=person.role, department=person.department, organisation=person.organisation
        )
        since = person.post_since and _("since %(day)s") % {"day": wording.day(person.post_since)}
        return ", ".join(filter(None, (str(post), since)))
    value = getattr(person, name)
    return ", ".join(value) if isinstance(value, list) else str(value or "")


def _addresses(person: Person, kind: str) -> str:
    points = sorted(
        (point for point in person.contact_points.all() if point.kind == kind),
        key=lambda point: (not point.is_preferred, point.pk),
    )
    return ", ".join(str(point) for point in points)


class ConsentWords(NamedTuple):
    purpose: str
    kept: str
    merged: str
    after: str
    warning: str


def _consent_words(outcome: merges.ConsentOutcome) -> ConsentWords:
    def word(status: str) -> str:
        return str(ConsentRecord.Status(status).label) if status else _("never asked")

    warning = ""
    if outcome.is_lost_grant:
        is_alone = not (outcome.kept and outcome.merged)
        warning = (
            _("A yes was given for another address, so it does not carry over; ask again.")
            if is_alone
            else _("The stricter answer counts.")
        )
    return ConsentWords(
        str(Purpose(outcome.purpose).label),
        word(outcome.kept),
        word(outcome.merged),
        word(outcome.after),
        warning,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@require(Role.COORDINATOR)
def person_unmerge(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a merge apart, or say what stands in the way."""
    rows = Merge.objects.visible_to(request.user).select_related("kept", "merged", "by")
    merge = get_object_or_404(rows, pk=pk)
    if request.method == "POST" and try_verb(
        request, merges.unmerge_people, merge, at=clock.now(), by=request.user
    ):
        names = {"one": merge.kept.name, "other": merge.merged.name}
        done(request, _("%(one)s and %(other)s are two records again.") % names)
        return back_to(request, reverse("visits:person-detail", args=[merge.kept_id]))
    context = {"merge": merge, "obstacles": merges.obstacles(merge)}
    return render(request, "visits/person_unmerge.html", context)
