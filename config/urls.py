"""The site's table of contents."""

from django.contrib import admin
from django.urls import include, path

from crm.views import health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("", include("visits.urls")),
    path("", include("crm.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("api/", include("visits.api.urls")),
]
