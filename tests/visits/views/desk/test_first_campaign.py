"""From an empty installation to the first brief, by pages alone."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from crm.domain import reference
from crm.models import AuditEntry, ClockSetting, Event, OutgoingMail, User
from crm.roles import Role
from tests.factories.crm import PersonFactory, PlaceFactory, UserFactory
from tests.factories.visits import AUDIENCE_MAP, VisitRequestFactory
from tests.visits.public.conftest import filled, path_of
from tests.visits.views.desk.front_door import do, go, refused, said
from visits.models import Campaign, Hold, Host, PendingRequest, Topic, Visit, VisitRequest

pytestmark = pytest.mark.django_db

NOW = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def empty(db, settings):
    """What `migrate`, `load_reference` and `createsuperuser` leave; the register has two cities."""
    settings.EMAIL_PORT = 1025
    ClockSetting.objects.fix(NOW)
    reference.load_roles()
    reference.load_mail_templates()
    reference.load_consent_texts()
    PlaceFactory(name="Bergen", alternate_names="", country="NO", zone="Europe/Oslo")
    PlaceFactory(name="Gent", alternate_names="Ghent", country="BE", zone="Europe/Brussels")
    return User.objects.create_superuser("first@project.example", "a long enough password")


@pytest.fixture
def desk(client, empty):
    """The first account, which has given itself the coordinator's role."""
    client.force_login(empty)
    roles = [Role.ADMINISTRATOR, Role.COORDINATOR]
    account = {"email": empty.email, "name": "First", "time_zone": "Europe/Oslo", "is_active": "on"}
    do(client, "user-edit", empty.pk, **account, roles=roles)
    return client


def campaign(**typed):
    return {
        "name": "Visits in spring 2027",
        "offer": "We visit cities and talk about floods.",
        "window_start": "2027-03-15",
        "window_end": "2027-04-30",
        "project_end": "2027-06-30",
        "zone": "Europe/Oslo",
        "office_opens": "09:00",
        "office_closes": "17:00",
        "reply_target_hours": "8",
        "lead_days": "3",
        "hold_days": "3",
    } | typed


def host(**typed):
    return {
        "name": "Hilde Host",
        "kind": "host",
        "home": "Bergen",
        "languages": ["en", "nb"],
        "work_from": "09:00",
        "work_until": "17:00",
        "travel_from": "07:00",
        "travel_until": "21:00",
        "travels": "on",
        "max_days_in_row": "4",
    } | typed


def open_steps(answer):
    return [step.words for step in answer.context["steps"] if not step.is_done]


ALL = ["Name a coordinator", "Open a campaign", "List the topics", "Add a host", "Set up mail"]


# --- The way from nothing to a brief ---


def test_first_account_reads_what_to_do_and_may_take_the_coordinators_role(client, empty):
    client.force_login(empty)
    start = client.get("/", follow=True)
    assert (start.redirect_chain, open_steps(start)) == ([("/settings/", 302)], ALL)


def test_coordinator_reads_on_today_what_is_left(desk):
    assert open_steps(go(desk, "today")) == ALL[1:]


def test_an_empty_installation_comes_to_a_brief_by_pages_alone(desk):
    opened = do(desk, "campaign-new", **campaign())
    assert said(opened) == ["Visits in spring 2027 is open; its form can be shown."]
    assert "/en/visit/?campaign=visits-in-spring-2027" in opened.text
    assert said(do(desk, "host-new", **host())) == ["Hilde Host is H1."]
    do(desk, "topic-new", code="FLOOD", name="Floods", plain_text="What to do when water comes.")
    assert open_steps(go(desk, "today")) == ["Set up mail"]

    asked = ask(topics=["FLOOD"])
    assert (asked.ref, asked.campaign.slug) == ("R01", "visits-in-spring-2027")
    assert "First steps" not in go(desk, "today").text
    visit = agree(desk, asked)
    brief = go(desk, "brief-pdf", visit.ref, "public")
    assert (visit.state, brief.content[:5]) == ("confirmed", b"%PDF-")


def test_a_project_without_topics_and_funding_line_comes_to_a_brief_too(desk):
    do(desk, "campaign-new", **campaign())
    do(desk, "host-new", **host())
    form = Client().get("/en/visit/").text
    assert "id_topics" not in form
    assert "We visit cities and talk about floods." in form

    visit = agree(desk, ask())
    assert (visit.state, go(desk, "brief-pdf", visit.ref, "internal").status_code) == (
        "confirmed",
        200,
    )


def test_without_a_campaign_the_form_says_that_nothing_is_offered(client, empty):
    answer = client.get("/en/visit/")
    assert (answer.status_code, "No visits are offered at present" in answer.text) == (404, True)


def ask(**changes) -> VisitRequest:
    """A stranger fills in the form and follows the mailed link."""
    city = Client()
    typed = {"date_1": "2027-03-23", "topics": []} | changes
    assert city.post("/en/visit/", filled(**typed)).status_code == 302
    city.get(path_of(OutgoingMail.objects.latest("pk")))
    city.post("/en/visit/mine/verify/", {"choice": PendingRequest.objects.get().pk})
    return VisitRequest.objects.get()


def agree(desk, asked: VisitRequest) -> Visit:
    """The coordinator offers a date, the city takes it, the coordinator confirms."""
    offered = do(
        desk,
        "request-propose",
        asked.ref,
        host="H1",
        mode="on_site",
        slot_1="2027-03-23T10:00",
        minutes=180,
        only_one="on",
        expires_at="2027-03-04T17:00",
        send_now="on",
    )
    assert said(offered) == ["The dates are held and the letter is in the outbox."]
    city = Client()
    city.get(path_of(OutgoingMail.objects.latest("pk")))
    hold = Hold.objects.get()
    city.post("/en/visit/mine/accept/", {"ref": asked.ref, "hold": hold.pk})
    visit = asked.visits.get()
    told = {
        "address": "Town hall, 1 Main Square",
        "local_contact_name": visit.local_contact_name,
        "local_contact_address": visit.local_contact_address,
        "agreement": visit.agreement,
    }
    do(desk, "visit-edit", visit.ref, **told)
    do(desk, "visit-confirm", visit.ref)
    return Visit.objects.get()


# --- Each page ---


def test_a_campaign_tells_every_fault_beside_its_field(desk):
    wrong = campaign(
        window_end="2027-03-01", office_closes="08:00", zone="Mars", slug="Not a short name"
    )
    form = do(desk, "campaign-new", **wrong).context["form"]
    assert list(form.errors) == ["zone"]
    form = do(desk, "campaign-new", **wrong | {"zone": "Europe/Oslo"}).context["form"]
    assert form.errors == {
        "window_end": ["The last day lies before the first."],
        "office_closes": ["The office closes before it opens."],
    }
    weekend = campaign(window_start="2027-03-20", window_end="2027-03-21")
    assert refused(do(desk, "campaign-new", **weekend)) == [
        "The window holds no working day; choose a longer one."
    ]
    late = do(desk, "campaign-new", **campaign(project_end="2027-04-29"))
    assert refused(late) == ["The project ends before the last day of visits."]
    assert not Campaign.objects.exists()


def test_a_campaign_is_written_into_the_audit_list(desk, empty):
    do(desk, "campaign-new", **campaign())
    entry = AuditEntry.objects.get(verb="add_campaign")
    assert (entry.by, entry.row_id) == (empty, str(Campaign.objects.get().pk))


def test_a_second_campaign_of_the_same_name_gets_a_short_name_of_its_own(desk):
    do(desk, "campaign-new", **campaign())
    do(desk, "campaign-new", **campaign())
    taken = do(desk, "campaign-new", **campaign(slug="visits-in-spring-2027"))
    assert refused(taken) == ["This short name is taken; choose another one."]
    assert sorted(Campaign.objects.values_list("slug", flat=True)) == [
        "visits-in-spring-2027",
        "visits-in-spring-2027-2",
    ]


def test_the_desk_works_on_the_campaign_chosen_in_its_frame(desk):
    do(desk, "campaign-new", **campaign(slug="spring"))
    autumn = {"window_start": "2027-05-01", "window_end": "2027-05-31"}
    do(desk, "campaign-new", **campaign(slug="autumn", **autumn))
    assert go(desk, "today").context["campaign"].slug == "autumn"
    do(desk, "campaign-choose", "spring")
    page = go(desk, "today")
    assert (page.context["campaign"].slug, page.context["frame"]["campaign"].slug) == (
        "spring",
        "spring",
    )
    assert "/settings/campaign/autumn/choose/" in page.text


def test_settings_campaign_leads_to_a_new_one_where_there_is_none(desk):
    assert go(desk, "campaign-edit").url == reverse("visits:campaign-new")


def test_an_administrator_without_another_role_keeps_the_campaigns(client, empty):
    client.force_login(empty)
    do(client, "campaign-new", **campaign(slug="spring"))
    do(client, "campaign-edit-one", "spring", **campaign(hold_days="5"))
    assert Campaign.objects.get().hold_days == 5


def test_a_new_campaign_knows_the_funders_audiences(desk):
    do(desk, "campaign-new", **campaign())
    assert Campaign.objects.get().audience_map == AUDIENCE_MAP


def test_hosts_are_numbered_and_live_in_the_zone_of_their_home(desk):
    account = UserFactory(role=Role.HOST, name="Hilde")
    do(desk, "host-new", **host(user=account.pk))
    do(desk, "host-new", **host(name="Eva Expert", kind="expert", home="Ghent"))
    rows = Host.objects.values_list("ref", "zone", "user")
    assert list(rows) == [("H1", "Europe/Oslo", account.pk), ("X1", "Europe/Brussels", None)]


def test_an_account_leads_one_host_only(desk):
    account = UserFactory(role=Role.HOST, name="Hilde")
    do(desk, "host-new", **host(user=account.pk))
    assert list(do(desk, "host-new", **host(user=account.pk)).context["form"].errors) == ["user"]


def test_a_home_of_an_ambiguous_name_is_asked_for(desk):
    for region in ("Limburg", "Mons"):
        PlaceFactory(name="Bergen", alternate_names="", country="BE", region=region)
    answer = do(desk, "host-new", **host())
    assert refused(answer)[0].startswith("There are several: write Bergen, ")


def test_a_topic_that_a_request_names_stays_on_the_list(desk):
    do(desk, "topic-new", code="FLOOD", name="Floods")
    do(desk, "topic-new", code="HEAT", name="Heat")
    flood, heat = Topic.objects.all()
    VisitRequestFactory(ref="R07", topics=[flood])
    assert said(do(desk, "topic-remove", flood.pk)) == ["FLOOD stays on the list: R07 name it."]
    do(desk, "topic-remove", heat.pk)
    assert list(Topic.objects.all()) == [flood]


def test_two_topics_never_share_a_code(desk):
    do(desk, "topic-new", code="FLOOD", name="Floods")
    answer = do(desk, "topic-new", code="flood", name="Floods again")
    assert refused(answer) == ["Another topic has this code."]


def test_people_are_put_on_the_roster_of_an_event_made_by_hand(desk):
    typed = {"name": "Water days", "starts_on": "2027-02-01", "ends_on": "2027-02-02"}
    made = do(desk, "event-new", **typed, goals="Networking: to meet\nFloods")
    event = Event.objects.get()
    assert made.redirect_chain == [("/events/water-days/", 302)]
    assert event.goals == [
        {"title": "Networking", "text": "to meet"},
        {"title": "Floods", "text": ""},
    ]
    PersonFactory(given="Ann", family="Sample")
    do(desk, "participation-new", event.slug, who="Ann Sample")
    do(desk, "event-edit", event.slug, **typed | {"name": "Water week"}, goals="Floods")
    event.refresh_from_db()
    assert (event.name, event.participations.count()) == ("Water week", 1)


def test_an_event_that_ends_before_it_begins_is_refused(desk):
    typed = {"name": "Water days", "starts_on": "2027-02-02", "ends_on": "2027-02-01"}
    assert refused(do(desk, "event-new", **typed)) == ["The last day lies before the first."]
