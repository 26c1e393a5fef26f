"""The API's table of contents."""

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from crm.api.urls import RESOURCES, register
from visits.api import calendar, plans, requests, visits
from visits.api.docs import DocsView, SchemaView

router = SimpleRouter(use_regex_path=False)
register(router, RESOURCES)
register(
    router,
    {
        "campaigns": plans.CampaignViewSet,
        "requests": requests.RequestViewSet,
        "visits": visits.VisitViewSet,
        "reports": visits.ReportViewSet,
        "expenses": visits.ExpenseViewSet,
        "visit-notes": visits.VisitNoteViewSet,
        "packs": visits.PackViewSet,
        "briefs": visits.BriefViewSet,
        "hosts": calendar.HostViewSet,
        "availability": calendar.AvailabilityViewSet,
        "calendar-days": calendar.CalendarDayViewSet,
        "disruptions": calendar.DisruptionViewSet,
        "plans": plans.PlanViewSet,
        "figures": plans.FigureViewSet,
    },
)

app_name = "api"
urlpatterns = [
    path("v1/", include(router.urls)),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", DocsView.as_view(url_name="api:schema"), name="docs"),
]
