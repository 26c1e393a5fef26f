"""The site's table of contents."""

from django.contrib import admin
from django.urls import include, path

from crm.accounts import route_admin_sign_in
from crm.views import health

route_admin_sign_in()

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("<language:language>/visit/", include("visits.public.urls")),
    path("", include("visits.urls")),
    path("", include("crm.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("api/", include("visits.api.urls")),
]

handler400 = "crm.views.errors.bad_request"
handler403 = "crm.views.errors.permission_denied"
handler404 = "crm.views.errors.page_not_found"
handler500 = "crm.views.errors.server_error"
