"""What a plan from an empty calendar leaves out of account, in words."""

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm import wording
from visits.models import Campaign, Visit, VisitRequest
from visits.states import HELD_VISITS, REOPENED_FROM, RequestState


def left_out_when_fresh(campaign: Campaign) -> list[str]:
    """Sentences, each about one thing that such a plan does not look at.

    Absences of hosts, days closed at a place, decisions, strikes and storms do count.
    """
    standing = Visit.objects.standing().filter(campaign=campaign).count()
    held = Visit.objects.filter(campaign=campaign, state__in=HELD_VISITS).count()
    words = [
        ngettext(
            "%(n)d visit that stands or took place.",
            "%(n)d visits that stand or took place.",
            standing + held,
        )
        % {"n": standing + held},
        _("Where the hosts are now, and the notice a new date gives."),
    ]
    requests = VisitRequest.objects.filter(campaign=campaign).order_by("ref")
    words += _named(
        requests.filter(state__in=REOPENED_FROM),
        _("That these ended without a visit, as if they wanted one still: %(refs)s."),
    )
    others = (RequestState.MERGED, RequestState.REJECTED, RequestState.REFERRED)
    words += _named(
        requests.filter(state__in=others),
        _("Requests that were merged, rejected or referred: %(refs)s."),
    )
    return words


def _named(rows: QuerySet[VisitRequest], words: str) -> list[str]:
    refs = list(rows.values_list("ref", flat=True))
    return [words % {"refs": wording.listed(refs)}] if refs else []
