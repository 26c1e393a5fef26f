"""Every page of the product that shows requests, visits or plans."""

from django.urls import include, path

from visits.views.desk import (
    answers,
    components,
    figures,
    my_week,
    plan,
    request_steps,
    requests,
    today,
    visit_steps,
    visits,
)

app_name = "visits"
urlpatterns = [
    path("", today.today, name="today"),
    path("my-week/", my_week.my_week, name="my-week"),
    path("my-week/calendar/", my_week.feed_renew, name="feed-renew"),
    path("calendar/<str:token>.ics", my_week.calendar_feed, name="calendar-feed"),
    path("plan/", plan.plan, name="plan"),
    path("plan/start/", plan.plan_start, name="plan-start"),
    path("plan/run/", plan.plan_run_status, name="plan-run-status"),
    path("plan/run/<int:pk>/stop/", plan.plan_stop, name="plan-stop"),
    path("plan/v<int:number>/", plan.plan_version, name="plan-version"),
    path("plan/v<int:number>/publish/", plan.plan_publish, name="plan-publish"),
    path("visits/", visits.visit_list, name="visit-list"),
    path("visits/<str:ref>/", visits.visit_detail, name="visit-detail"),
    path("visits/<str:ref>/edit/", visits.visit_edit, name="visit-edit"),
    path("visits/<str:ref>/visit.ics", visits.visit_ics, name="visit-ics"),
    path("visits/<str:ref>/confirm/", visit_steps.visit_confirm, name="visit-confirm"),
    path("visits/<str:ref>/move/", visit_steps.visit_postpone, name="visit-postpone"),
    path("visits/<str:ref>/complete/", visit_steps.visit_complete, name="visit-complete"),
    path("visits/<str:ref>/report/", visit_steps.visit_report, name="visit-report"),
    path("visits/<str:ref>/close/", visit_steps.visit_close, name="visit-close"),
    path("visits/<str:ref>/promise/", visit_steps.visit_promise, name="visit-promise"),
    path("visits/<str:ref>/checklist/<int:pk>/", visit_steps.visit_tick, name="visit-tick"),
    path("visits/<str:ref>/step/<slug:step>/", visit_steps.visit_step, name="visit-step"),
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
