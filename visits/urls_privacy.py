"""Consent, notices, requests about own data, retention and exports."""

from django.urls import path

from visits.views.desk import data_requests, privacy, retention

urlpatterns = [
    path("consents/", privacy.consent_list, name="consent-list"),
    path("notices/", privacy.notice_list, name="notice-list"),
    path("notices/told/", privacy.notice_told, name="notice-told"),
    path("notices/told/undo/", privacy.notice_untold, name="notice-untold"),
    path("requests/", data_requests.data_request_list, name="data-request-list"),
    path("requests/new/", data_requests.data_request_new, name="data-request-new"),
    path("requests/<int:pk>/", data_requests.data_request_detail, name="data-request-detail"),
    path(
        "requests/<int:pk>/reopen/", data_requests.data_request_reopen, name="data-request-reopen"
    ),
    path("retention/", retention.retention, name="retention"),
    path("retention/rule/", retention.retention_rule, name="retention-rule"),
    path("exports/", privacy.export_log, name="export-log"),
]
