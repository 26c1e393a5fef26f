from datetime import UTC, date, datetime

import pytest
from django.urls import reverse
from knox.models import AuthToken

from crm import clock
from crm.models import AuditNote, ClockSetting, User
from crm.roles import Role
from tests.factories.crm import CLOCK, AuditEntryFactory, PlaceFactory, UserFactory
from tests.factories.visits import (
    CalendarDayFactory,
    CampaignFactory,
    HostFactory,
    VisitFactory,
)
from visits.models import CalendarDay, Disruption, HostAvailability, Visit

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, coordinator):
    ClockSetting.objects.fix(CLOCK)
    client.force_login(coordinator)
    return client


@pytest.fixture
def office(client, administrator):
    ClockSetting.objects.fix(CLOCK)
    client.force_login(administrator)
    return client


def toasts(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def sections(client):
    page = client.get(reverse("visits:settings")).context["sections"]
    return [str(section.label) for section in page]


def test_settings_offer_each_role_what_it_may_open(client, cast):
    offered = {}
    for name, user in vars(cast).items():
        client.force_login(user)
        if name != "nobody":
            offered[name] = len(sections(client))
    assert offered == {
        "coordinator": 13,
        "host": 2,
        "other_host": 2,
        "expert": 1,
        "reporter": 1,
        "administrator": 14,
    }


def user_data(**typed):
    return {
        "email": "new@staff.example",
        "name": "New",
        "roles": ["host"],
        "time_zone": "Europe/Oslo",
        "is_active": "on",
    } | typed


def test_an_account_is_made_and_its_password_shown_once(office):
    answer = office.post(reverse("visits:user-new"), user_data())
    user = User.objects.get(email="new@staff.example")
    assert user.roles == {"host"}
    assert user.check_password(answer.context["password"])


def test_a_wrong_time_zone_is_refused_beside_its_field(office):
    form = office.post(reverse("visits:user-new"), user_data(time_zone="Mars")).context["form"]
    assert list(form.errors) == ["time_zone"]


def test_the_last_administrator_cannot_take_the_role_away(office, administrator):
    path = reverse("visits:user-edit", args=[administrator.pk])
    answer = office.post(path, user_data(email=administrator.email, roles=[]))
    assert answer.context["form"].non_field_errors() == [
        "This is the last administrator; make another one first."
    ]


def test_two_administrators_editing_one_account_never_overwrite_each_other(office):
    user = UserFactory(name="Old")
    path = reverse("visits:user-edit", args=[user.pk])
    seen = office.get(path).context["form"]["seen"].value()
    office.post(path, user_data(email=user.email, name="First", seen=seen))
    answer = office.post(path, user_data(email=user.email, name="Second", seen=seen))
    user.refresh_from_db()
    assert (answer.status_code, user.name) == (409, "First")
    assert answer.context["form"].theirs == [("Name", "First")]


def test_closing_an_account_signs_it_out_at_once(office, client, django_user_model):
    user = UserFactory(role=Role.COORDINATOR)
    theirs = type(client)()
    theirs.force_login(user)
    assert theirs.get(reverse("visits:person-list")).status_code == 200
    data = user_data(email=user.email)
    data.pop("is_active")
    office.post(reverse("visits:user-edit", args=[user.pk]), data)
    assert theirs.get(reverse("visits:person-list")).status_code == 302


def test_an_api_token_is_shown_once_and_ended_by_its_owner(client, reporter):
    client.force_login(reporter)
    answer = client.post(reverse("visits:token-new"), {"days": "30"})
    row = AuthToken.objects.get(user=reporter)
    assert answer.context["secret"].startswith(row.token_key)
    assert answer.context["secret"] not in client.get(reverse("visits:token-list")).content.decode()
    client.post(reverse("visits:token-revoke", args=[row.digest]))
    assert not AuthToken.objects.exists()


def test_a_token_of_somebody_else_is_not_found(client, reporter, coordinator):
    AuthToken.objects.create(coordinator)
    row = AuthToken.objects.get()
    client.force_login(reporter)
    path = reverse("visits:token-revoke", args=[row.digest])
    assert client.post(path).status_code == 404


def campaign_data(campaign, **typed):
    values = {
        name: getattr(campaign, name)
        for name in ("name", "offer", "zone", "reply_target_hours", "lead_days", "hold_days")
    }
    days = {
        name: getattr(campaign, name).isoformat()
        for name in ("window_start", "window_end", "project_end")
    }
    return values | days | {"office_opens": "09:00", "office_closes": "17:00"} | typed


def test_the_window_of_a_campaign_is_edited(desk):
    campaign = CampaignFactory()
    answer = desk.post(
        reverse("visits:campaign-edit"),
        campaign_data(campaign, window_end="2023-03-03", project_end="2023-03-31"),
    )
    campaign.refresh_from_db()
    assert (answer.status_code, campaign.window_end) == (302, date(2023, 3, 3))


def test_a_window_that_would_leave_a_visit_outside_is_refused_and_names_it(desk):
    campaign = CampaignFactory()
    VisitFactory(ref="V09", campaign=campaign)
    answer = desk.post(
        reverse("visits:campaign-edit"), campaign_data(campaign, window_end="2023-02-20")
    )
    assert answer.context["form"].errors["window_end"] == [
        "These visits would lie outside the window: V09. Move them first."
    ]


def test_two_coordinators_editing_the_campaign_never_overwrite_each_other(desk):
    campaign = CampaignFactory()
    path = reverse("visits:campaign-edit")
    seen = desk.get(path).context["form"]["seen"].value()
    desk.post(path, campaign_data(campaign, hold_days=5, seen=seen))
    answer = desk.post(path, campaign_data(campaign, hold_days=7, seen=seen))
    campaign.refresh_from_db()
    assert (answer.status_code, campaign.hold_days) == (409, 5)


def availability(**typed):
    return {"kind": "busy", "starts_at": "2023-02-23T08:00", "ends_at": "2023-02-23T18:00"} | typed


def test_a_time_is_written_down_in_the_hosts_own_zone(desk):
    host = HostFactory(zone="Europe/Helsinki")
    desk.post(reverse("visits:availability-new", args=[host.ref]), availability())
    assert HostAvailability.objects.get().starts_at == datetime(2023, 2, 23, 6, 0, tzinfo=UTC)


def test_a_time_that_touches_a_visit_names_it_and_moves_nothing(desk):
    visit = VisitFactory(ref="V09")
    path = reverse("visits:availability-new", args=[visit.host.ref])
    answer = desk.post(path, availability(), follow=True)
    assert toasts(answer)[1] == "This touches V09. Move, hand over or keep them, each by itself."
    assert Visit.objects.get().starts_at == visit.starts_at


def test_a_time_that_ends_before_it_begins_is_refused(desk):
    host = HostFactory()
    path = reverse("visits:availability-new", args=[host.ref])
    answer = desk.post(path, availability(ends_at="2023-02-22T18:00"))
    assert not HostAvailability.objects.exists()
    assert answer.context["form"].non_field_errors() == [
        "The end lies before the beginning; change one of them."
    ]


def test_a_host_keeps_own_times_and_knows_of_no_other_host(client, host, other_host):
    client.force_login(host)
    path = "visits:availability-new"
    own = client.post(reverse(path, args=[host.host.ref]), availability())
    other = client.post(reverse(path, args=[other_host.host.ref]), availability())
    assert (own.status_code, other.status_code) == (302, 404)
    assert HostAvailability.objects.get().host == host.host


def host_data(host, **typed):
    return {
        "name": host.name,
        "kind": host.kind,
        "home": host.home.label,
        "zone": host.zone,
        "languages": ["en"],
        "work_from": "09:00",
        "work_until": "16:00",
        "travel_from": "07:00",
        "travel_until": "21:00",
        "travels": "on",
        "max_days_in_row": "3",
    } | typed


def test_a_host_moves_home_by_the_name_of_the_city(desk):
    host, bergen = HostFactory(), PlaceFactory(name="Bergen", alternate_names="", country="NO")
    desk.post(reverse("visits:host-edit", args=[host.ref]), host_data(host, home="Bergen"))
    host.refresh_from_db()
    assert (host.home, host.max_days_in_row) == (bergen, 3)


def day_data(**typed):
    return {
        "country": "IT",
        "city": "Brescia",
        "name": "Saints Faustino and Giovita",
        "kind": "local",
        "hardness": "hard",
        "first_on": "2023-02-15",
        "last_on": "2023-02-15",
        "shorter_by_minutes": "0",
    } | typed


def test_a_calendar_day_is_added_corrected_and_removed(desk):
    desk.post(reverse("visits:calendar-day-new"), day_data())
    row = CalendarDay.objects.get()
    path = reverse("visits:calendar-day-edit", args=[row.pk])
    desk.post(path, day_data(hardness="soft"))
    row.refresh_from_db()
    assert row.hardness == "soft"
    desk.post(reverse("visits:calendar-day-remove", args=[row.pk]))
    assert not CalendarDay.objects.exists()


def test_a_calendar_day_out_of_order_is_refused(desk):
    answer = desk.post(reverse("visits:calendar-day-new"), day_data(last_on="2023-02-14"))
    assert (answer.status_code, CalendarDay.objects.count()) == (200, 0)


def strike(**typed):
    return {
        "name": "Airport strike",
        "kind": "strike",
        "status": "announced",
        "starts_at": "2023-02-22T21:00",
        "ends_at": "2023-02-24T00:00",
        "countries": "BE",
        "severity": "3",
    } | typed


def test_a_disruption_marks_the_visits_it_touches_and_its_end_clears_them(desk):
    CampaignFactory()
    visit = VisitFactory(ref="V09", country="BE")
    answer = desk.post(reverse("visits:disruption-new"), strike(), follow=True)
    visit.refresh_from_db()
    assert visit.at_risk
    assert toasts(answer) == [
        "Saved. V09 is at risk: decide whether to move it, go online or keep it."
    ]
    row = Disruption.objects.get()
    desk.post(reverse("visits:disruption-edit", args=[row.pk]), strike(status="over"))
    visit.refresh_from_db()
    assert not visit.at_risk


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"airports": "XXX"}, "airports"),
        ({"countries": "Belgium"}, "countries"),
        ({"countries": ""}, "countries"),
    ],
)
def test_a_disruption_nowhere_is_refused_beside_its_field(desk, typed, field):
    form = desk.post(reverse("visits:disruption-new"), strike(**typed)).context["form"]
    assert list(form.errors) == [field]


def test_the_demo_clock_is_moved_and_let_run(desk):
    CampaignFactory()
    path = reverse("visits:clock")
    desk.post(path, {"at": "2023-02-20T09:30"})
    assert clock.now() == datetime(2023, 2, 20, 8, 30, tzinfo=UTC)
    desk.post(path, {"run": "1"})
    assert not clock.is_demo()


def test_the_audit_list_narrows_to_one_record(desk):
    AuditEntryFactory(model="crm.person", row_id="7")
    AuditEntryFactory(model="crm.person", row_id="8")
    page = desk.get(reverse("visits:audit-list"), {"model": "crm.person", "row": "7"})
    assert [entry["record"] for entry in page.context["entries"]] == ["person 7"]


def test_an_administrator_reads_that_something_was_done_and_not_why(office):
    AuditNote.objects.create(entry=AuditEntryFactory(), why="the mayor is ill")
    page = office.get(reverse("visits:audit-list"))
    file = office.get(reverse("visits:audit-list"), {"as": "csv"})
    assert "mayor" not in page.content.decode()
    assert "mayor" not in b"".join(file.streaming_content).decode()


def test_an_administrator_is_not_told_which_visits_a_disruption_touches(office):
    VisitFactory(ref="V09", city="Ghent", country="BE")
    CampaignFactory()
    office.post(reverse("visits:disruption-new"), strike())
    row = Disruption.objects.get()
    page = office.get(reverse("visits:disruption-edit", args=[row.pk]))
    assert "Ghent" not in page.content.decode()


def test_health_tells_that_no_worker_looked_in(desk):
    parts = desk.get(reverse("visits:health")).context["parts"]
    assert (parts["database"], parts["worker"]) == (True, False)


def test_the_sample_page_lists_what_would_go_and_takes_it_away(desk):
    CalendarDayFactory(name="Mine")
    CalendarDayFactory(name="Sample", is_sample=True)
    page = desk.get(reverse("visits:sample"))
    assert page.context["counts"] == [("calendar days", 1)]
    desk.post(reverse("visits:sample"))
    assert [row.name for row in CalendarDay.objects.all()] == ["Mine"]
