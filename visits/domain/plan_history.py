"""What happened to a plan: who made, edited, published, brought back or decided what, and when."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.models import AuditEntry
from visits.models import Plan, PlanDecision, PlanVersion

VERBS = {
    "store_version": gettext_lazy("%(version)s found by a search"),
    "edit_version": gettext_lazy("%(version)s edited"),
    "publish_version": gettext_lazy("%(version)s published"),
    "bring_back": gettext_lazy("%(version)s made from an earlier version"),
    "decide": gettext_lazy("Decided"),
    "take_back_decision": gettext_lazy("Decision taken back"),
    "renew_decision": gettext_lazy("Decided again"),
}
ICONS = {"publish_version": "send", "bring_back": "undo", "edit_version": "edit"}


def plan_timeline(plan: Plan, *, limit: int | None = None) -> list[dict[str, Any]]:
    """The plan's changelog from the audit, newest first."""
    zone = plan.campaign.zone
    told = plan.versions.values_list("pk", "number", "result__changed")
    versions = {str(pk): (number, changed or []) for pk, number, changed in told}
    return [_entry(row, versions, zone) for row in _entries(plan)[:limit]]


def _entries(plan: Plan) -> QuerySet[AuditEntry]:
    versions = [str(pk) for pk in plan.versions.values_list("pk", flat=True)]
    decisions = [str(pk) for pk in plan.decisions.values_list("pk", flat=True)]
    about = Q(model=PlanVersion._meta.label_lower, row_id__in=versions)
    about |= Q(model=PlanDecision._meta.label_lower, row_id__in=decisions)
    told = AuditEntry.objects.filter(about, verb__in=VERBS)
    return told.select_related("by", "note")


def _entry(
    row: AuditEntry, versions: dict[str, tuple[int, list[str]]], zone: str
) -> dict[str, Any]:
    is_version = row.model == PlanVersion._meta.label_lower
    number, changed = versions[row.row_id] if is_version else (0, [])
    version = f"v{number}" if is_version else ""
    return {
        "at": row.at,
        "zone": zone,
        "icon": ICONS.get(row.verb, "note"),
        "title": str(VERBS[row.verb]) % {"version": version},
        "who": str(row.by) if row.by else row.actor or _("the planner"),
        "body": row.note.why if hasattr(row, "note") else "",
        "earlier": changed if row.verb == "publish_version" else [],
        "earlier_page": "visits/_plan_published.html",
    }
