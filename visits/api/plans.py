"""Campaigns, plans and the twelve figures as resources."""

from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from crm.api.resources import Listed, Resource, verb
from crm.roles import Role
from visits.api import filtersets, reading_plans, writing_plans
from visits.api.calendar import whole
from visits.api.refusals import refusals_as_problems
from visits.domain import campaigns
from visits.domain.figures.figure import Figure
from visits.domain.plan_edits import work_out_reasons
from visits.domain.publishing import aftermath_of_publishing, changes_of, publish_version
from visits.domain.reporting import FIGURES, all_figures, figure
from visits.domain.travel_legs import Aftermath
from visits.models import Campaign, Placement, Plan, PlanVersion, Unplaced

OFFICE = (Role.COORDINATOR, Role.ADMINISTRATOR)
OTHERS = (Role.HOST, Role.EXPERT, Role.REPORTER)


class CampaignViewSet(Listed):
    """Offers of visits; other roles read what the public reads."""

    queryset = Campaign.objects.none()
    serializer_class = reading_plans.CampaignSerializer
    serializers = dict.fromkeys(OTHERS, reading_plans.CampaignForOthersSerializer)
    filterset_class = filtersets.CampaignFilter
    read_roles, write_roles = (*OFFICE, *OTHERS), OFFICE
    lookup_field = "slug"
    lookup_value_converter = "slug"
    has_versions, editable = True, campaigns.EDITABLE

    def get_queryset(self):
        rows = Campaign.objects.visible_to(self.request.user)
        return rows.select_related("event", "initiative")

    @extend_schema(request=writing_plans.CampaignInput)
    def partial_update(self, request, slug):
        return self.edit(_edit_campaign, writing_plans.CampaignInput)


def _edit_campaign(row, values, **act):
    campaigns.edit_campaign(row, whole(row, campaigns.EDITABLE, values), **act)


class PlanViewSet(Listed):
    """Plan versions with what they place; a published one never changes."""

    queryset = PlanVersion.objects.none()
    serializer_class = reading_plans.PlanSerializer
    serializers = {Role.HOST: reading_plans.PlanForHostSerializer}
    filterset_class = filtersets.PlanFilter
    read_roles, write_roles = (Role.COORDINATOR, Role.HOST), (Role.COORDINATOR,)

    def get_queryset(self):
        rows = PlanVersion.objects.filter(plan__in=Plan.objects.visible_to(self.request.user))
        rows = rows.select_related("plan__campaign")
        placements = Placement.objects.select_related("visit", "host").prefetch_related("requests")
        if self.seen_as() != Role.COORDINATOR:
            own = placements.filter(host__user=self.request.user)
            return rows.prefetch_related(Prefetch("placements", own))
        unplaced = Unplaced.objects.select_related("request")
        return rows.prefetch_related(
            Prefetch("placements", placements), Prefetch("unplaced", unplaced)
        )

    def retrieve(self, request, pk):
        """One version; of a draft, what an edit left open about requests without a place is told.

        Ten of these reasons are worked out at a time; the others have the code `left_open` until
        the version is read again.
        """
        version = self.get_object()
        if self.seen_as() == Role.COORDINATOR:
            work_out_reasons(version, version.left_open, at=self.now)
        return self.answer(version)

    @extend_schema(responses=reading_plans.HostJourneysSerializer(many=True))
    @action(detail=True, pagination_class=None, filterset_class=None)
    def journeys(self, request, pk):
        """How publishing this draft changes the journeys of each host; empty once published."""
        aftermath = self._aftermath()
        found = aftermath.journeys if aftermath else []
        return Response(reading_plans.HostJourneysSerializer(found, many=True).data)

    @extend_schema(responses=reading_plans.OutdatedBriefSerializer(many=True))
    @action(detail=True, url_path="outdated-briefs", pagination_class=None, filterset_class=None)
    def outdated_briefs(self, request, pk):
        """The visits whose sent brief publishing this draft makes out of date; none once published.

        Until it is sent anew such a visit is confirmed, not briefed.
        """
        aftermath = self._aftermath()
        found = aftermath.outdated if aftermath else []
        return Response(reading_plans.OutdatedBriefSerializer(found, many=True).data)

    def _aftermath(self) -> Aftermath | None:
        """What publishing this version does; None where it cannot be published."""
        if self.seen_as() != Role.COORDINATOR:
            raise PermissionDenied
        version = self.get_object()
        if not version.may_be_edited:
            return None
        return aftermath_of_publishing(version, changes_of(version), at=self.now)

    @verb("publish", takes=writing_plans.PublishInput)
    def publish(self, row, *, override_reason=""):
        """Make it the plan that holds: tentative visits, holds, draft letters; nothing is sent.

        Where a host's own calendar cannot be read it needs an override_reason.
        """
        with refusals_as_problems():
            publish_version(row, override_reason=override_reason, **self.act)


CAMPAIGN = OpenApiParameter("campaign", str, required=True, description="Slug of the campaign.")


class FigureViewSet(Resource):
    """The twelve numbers as they stand now, each with the rows behind it; nothing is stored."""

    queryset = Campaign.objects.none()
    serializer_class = reading_plans.FigureSerializer
    filterset_class = None
    filter_backends = ()
    pagination_class = None
    read_roles = (Role.COORDINATOR, Role.REPORTER)
    lookup_field = "key"
    lookup_value_converter = "slug"

    def own_parameters(self):
        return ("campaign",)

    @property
    def campaign(self) -> Campaign:
        slug = self.request.query_params.get("campaign", "")
        found = Campaign.objects.visible_to(self.request.user).filter(slug=slug[:60]).first()
        if found is None:
            sentence = _("Name a campaign, as ?campaign=february-2023.")
            raise ValidationError({"campaign": [sentence]})
        return found

    @extend_schema(
        operation_id="figures_all", parameters=[CAMPAIGN], responses=reading_plans.FiguresSerializer
    )
    def list(self, request):
        """All twelve."""
        campaign = self.campaign
        data = {
            "campaign": campaign.slug,
            "clock": self.now,
            "figures": [_plain(each) for each in all_figures(campaign, at=self.now)],
        }
        return Response(reading_plans.FiguresSerializer(data).data)

    @extend_schema(parameters=[CAMPAIGN])
    def retrieve(self, request, key):
        """One of them, K1 to K12."""
        if key not in FIGURES:
            raise Http404
        found = _plain(figure(self.campaign, key, at=self.now))
        return Response(reading_plans.FigureSerializer(found).data)


def _plain(number: Figure) -> dict:
    rows = [
        {"ref": row.ref, "words": row.words, "group": row.group, "amount": row.amount}
        for row in number.rows
    ]
    return {
        "key": number.key,
        "label": str(number.label),
        "value": number.value,
        "unit": str(number.unit),
        "detail": number.detail,
        "rows": rows,
    }
