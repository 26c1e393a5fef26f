"""Every page of the product that shows requests, visits or plans."""

from django.urls import include, path

from visits.views.desk import answers, components, figures, request_steps, requests

app_name = "visits"
urlpatterns = [
    path("", include("visits.urls_people")),
    path("settings/components/", components.components, name="components"),
    path("settings/", include("visits.urls_settings")),
    path("requests/", requests.request_list, name="request-list"),
    path("requests/export/", requests.request_export, name="request-export"),
    path("requests/new/", requests.request_new, name="request-new"),
    path("requests/<str:ref>/", requests.request_detail, name="request-detail"),
    path("requests/<str:ref>/review/", request_steps.request_review, name="request-review"),
    path("requests/<str:ref>/triage/", request_steps.request_triage, name="request-triage"),
    path(
        "requests/<str:ref>/take-over/", request_steps.request_take_over, name="request-take-over"
    ),
    path("requests/<str:ref>/refer/", request_steps.request_refer, name="request-refer"),
    path("requests/<str:ref>/merge/", request_steps.request_merge, name="request-merge"),
    path("requests/<str:ref>/step/<slug:step>/", request_steps.request_step, name="request-step"),
    path("requests/<str:ref>/answer/", answers.request_answer, name="request-answer"),
    path("requests/<str:ref>/draft/<int:pk>/", answers.request_draft, name="request-draft"),
    path(
        "requests/<str:ref>/draft/<int:pk>/drop/",
        answers.request_draft_drop,
        name="request-draft-drop",
    ),
    path("requests/<str:ref>/propose/", answers.request_propose, name="request-propose"),
    path("requests/<str:ref>/take-back/", answers.request_take_back, name="request-take-back"),
    path("figures/", figures.figure_list, name="figure-list"),
    path("figures/<str:key>/", figures.figure_detail, name="figure-detail"),
]
