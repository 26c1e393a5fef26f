"""Settings: accounts, hosts, campaign, calendars, disruptions, audit, tokens, clock, health."""

from django.urls import path

from visits.views.desk.settings import calendar, campaign, hosts, overview, topics, users

urlpatterns = [
    path("", overview.settings_index, name="settings"),
    path("users/", users.user_list, name="user-list"),
    path("users/new/", users.user_new, name="user-new"),
    path("users/<int:pk>/", users.user_edit, name="user-edit"),
    path("users/<int:pk>/password/", users.user_password, name="user-password"),
    path("hosts/", hosts.host_list, name="host-list"),
    path("hosts/new/", hosts.host_new, name="host-new"),
    path("hosts/<str:ref>/", hosts.host_detail, name="host-detail"),
    path("hosts/<str:ref>/edit/", hosts.host_edit, name="host-edit"),
    path("hosts/<str:ref>/availability/", hosts.availability_new, name="availability-new"),
    path(
        "hosts/<str:ref>/availability/<int:pk>/remove/",
        hosts.availability_remove,
        name="availability-remove",
    ),
    path("hosts/<str:ref>/calendars/", hosts.busy_feed_new, name="busy-feed-new"),
    path("hosts/<str:ref>/calendars/<int:pk>/read/", hosts.busy_feed_read, name="busy-feed-read"),
    path(
        "hosts/<str:ref>/calendars/<int:pk>/remove/",
        hosts.busy_feed_remove,
        name="busy-feed-remove",
    ),
    path("campaigns/", campaign.campaign_list, name="campaign-list"),
    path("campaigns/new/", campaign.campaign_new, name="campaign-new"),
    path("campaign/", campaign.campaign_edit, name="campaign-edit"),
    path("campaign/<slug:slug>/", campaign.campaign_edit, name="campaign-edit-one"),
    path("campaign/<slug:slug>/choose/", campaign.campaign_choose, name="campaign-choose"),
    path("topics/", topics.topic_list, name="topic-list"),
    path("topics/new/", topics.topic_edit, name="topic-new"),
    path("topics/<int:pk>/", topics.topic_edit, name="topic-edit"),
    path("topics/<int:pk>/remove/", topics.topic_remove, name="topic-remove"),
    path("calendar/", calendar.calendar_day_list, name="calendar-day-list"),
    path("calendar/new/", calendar.calendar_day_edit, name="calendar-day-new"),
    path("calendar/<int:pk>/", calendar.calendar_day_edit, name="calendar-day-edit"),
    path("calendar/<int:pk>/remove/", calendar.calendar_day_remove, name="calendar-day-remove"),
    path("disruptions/", calendar.disruption_list, name="disruption-list"),
    path("disruptions/new/", calendar.disruption_edit, name="disruption-new"),
    path("disruptions/<int:pk>/", calendar.disruption_edit, name="disruption-edit"),
    path("audit/", overview.audit_list, name="audit-list"),
    path("tokens/", users.token_list, name="token-list"),
    path("tokens/new/", users.token_new, name="token-new"),
    path("tokens/<str:digest>/revoke/", users.token_revoke, name="token-revoke"),
    path("clock/", overview.move_clock, name="clock"),
    path("health/", overview.health, name="health"),
    path("sample/", overview.sample, name="sample"),
]
