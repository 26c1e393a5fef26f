"""The twelve numbers as a page, and each with the rows behind it; for coordinators and reporters.

A reporter reads figures only: rows without names of persons and without links to them.
"""

from typing import NamedTuple

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from crm import clock
from crm.domain.audit import record
from crm.exports import FORMATS, Column, export
from crm.permissions import require
from crm.roles import Role
from visits.domain.reporting import FIGURES, Figure, Row, all_figures, figure
from visits.models import Campaign
from visits.views.desk import figure_words as words
from visits.views.desk.access import current_campaign

READERS = (Role.COORDINATOR, Role.REPORTER)


class Shown(NamedTuple):
    """A number as a page shows it."""

    figure: Figure
    definition: str
    value: str
    unit: str
    sentence: str
    charts: list[words.Chart]


class Line(NamedTuple):
    """A row behind a number as this reader may see it."""

    ref: str
    words: str
    group: str
    amount: float | int | None
    path: str


def shown(computed: Figure) -> Shown:
    return Shown(
        computed,
        str(words.DEFINITIONS[computed.key]),
        words.value_words(computed),
        words.unit_words(computed),
        words.detail_words(computed),
        words.charts(computed),
    )


def line(row: Row, *, with_names: bool) -> Line:
    """The row for a coordinator, or without names and links for a reporter."""
    path = reverse(row.link[0], args=[row.link[1]]) if with_names and row.link else ""
    said = row.name if with_names and row.name else row.words
    return Line(row.ref, said, row.group, row.amount, path)


def chosen_campaign(request: HttpRequest) -> Campaign | None:
    """The campaign named in the address, else the one the desk works on."""
    seen = Campaign.objects.visible_to(request.user).select_related("event")
    if slug := request.GET.get("campaign"):
        return get_object_or_404(seen, slug=slug)
    current = current_campaign(request)
    return seen.get(pk=current.pk) if current else None


@require_safe
@require(*READERS)
def figure_list(request: HttpRequest) -> HttpResponse:
    campaign = chosen_campaign(request)
    found = all_figures(campaign, at=clock.now()) if campaign else []
    context = {
        "campaign": campaign,
        "shown": [shown(each) for each in found],
        "snapshots": list(campaign.figure_snapshots.all()) if campaign else [],
        "at": clock.now(),
    }
    return render(request, "visits/figure_list.html", context)


@require_safe
@require(*READERS)
def figure_detail(request: HttpRequest, key: str) -> HttpResponse:
    campaign = chosen_campaign(request)
    if campaign is None or key not in FIGURES:
        raise Http404
    computed = figure(campaign, key, at=clock.now())
    lines = [line(row, with_names=request.user.is_coordinator) for row in computed.rows]
    wanted = request.GET.get("as", "")
    if wanted in FORMATS:
        return _as_file(request, campaign, key, lines, wanted)
    context = {
        "campaign": campaign,
        "one": shown(computed),
        "lines": lines,
        "has_groups": any(each.group for each in lines),
        "has_amounts": any(each.amount is not None for each in lines),
        "amount_word": _("working hours") if key == "K6" else _("people"),
        "trail": [(_("Figures"), reverse("visits:figure-list")), (key, "")],
        "exports": [(name.upper(), f"?as={name}&campaign={campaign.slug}") for name in FORMATS],
        "at": clock.now(),
    }
    return render(request, "visits/figure_detail.html", context)


COLUMNS = (
    Column(gettext_lazy("Reference"), lambda row: row.ref),
    Column(gettext_lazy("What it is"), lambda row: row.words),
    Column(gettext_lazy("Group"), lambda row: row.group),
    Column(gettext_lazy("Amount"), lambda row: row.amount, is_number=True),
)


def _as_file(
    request: HttpRequest, campaign: Campaign, key: str, lines: list[Line], file_format: str
) -> HttpResponse:
    at = clock.now()
    record(
        request.user,
        "export_list",
        at=at,
        by=request.user,
        fields=[f"figure {key}", file_format, str(len(lines))],
    )
    return export(
        f"{campaign.slug}-{key}-{at:%Y-%m-%d}",
        COLUMNS,
        lines,
        file_format=file_format,
        zone=request.user.time_zone,
    )
