"""Tags about journeys."""

from typing import Any

from django import template
from django.template.context import Context

from crm.permissions import has_role
from crm.roles import Role
from visits.domain.travel_legs import basis_of
from visits.models import PlanVersion

register = template.Library()


@register.inclusion_tag("visits/_travel_basis.html", takes_context=True)
def travel_basis(context: Context, version: PlanVersion) -> dict[str, Any]:
    """`{% travel_basis version %}`: how many journeys are estimates, and by which factors."""
    user = context["user"]
    may_edit = has_role(user, Role.COORDINATOR, Role.ADMINISTRATOR)
    return {"basis": basis_of(version), "may_edit": may_edit}
