"""Loading and removing the sample: whole, once, and without touching what users entered."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command

from crm import clock
from crm.domain.reference import load_places
from crm.models import (
    AuditEntry,
    ClockSetting,
    ConsentRecord,
    ContactPoint,
    DuplicateScan,
    FollowUp,
    MailTemplate,
    Municipality,
    OutgoingMail,
    Participation,
    Person,
    Place,
    Suppression,
    User,
)
from crm.models.consent import Purpose
from tests.factories.crm import InteractionFactory, OrganisationFactory, PersonFactory
from tests.factories.visits import (
    PendingRequestFactory,
    PlacementFactory,
    PlanVersionFactory,
    VisitRequestFactory,
)
from visits.domain.briefs import is_out_of_date
from visits.domain.disruptions import mark_visits
from visits.domain.reference import load_calendar_days, load_reference
from visits.domain.sample import SampleRefused, load_sample
from visits.domain.sample_removal import remove_sample
from visits.models import (
    AgendaItem,
    CalendarDay,
    Disruption,
    Hold,
    Host,
    Plan,
    PlanVersion,
    Referral,
    Reservation,
    Visit,
    VisitRequest,
)
from visits.states import LIVE_VISITS, VisitState

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sample")]

REFERENCE = {
    "Place",
    "PlaceName",
    "CalendarDay",
    "MailTemplate",
    "ConsentText",
    "Initiative",
    "Group",
}


def counts() -> dict[str, int]:
    """Rows of every model of ours, and of the groups."""
    ours = [*apps.get_app_config("crm").get_models(), *apps.get_app_config("visits").get_models()]
    found = {model.__name__: model._base_manager.count() for model in ours}
    return found | {"Group": apps.get_model("auth.Group").objects.count()}


def marked_rows() -> int:
    return sum(
        model._base_manager.filter(is_sample=True).count()
        for model in apps.get_models()
        if any(column.name == "is_sample" for column in model._meta.local_fields)
    )


# --- What is loaded ---


def test_sample_holds_what_the_domain_guide_lists():
    found = counts()
    assert {name: found[name] for name in ("Person", "Participation", "VisitRequest", "Visit")} == {
        "Person": 70,
        "Participation": 70,
        "VisitRequest": 27,
        "Visit": 18,
    }
    assert (found["Municipality"], found["Organisation"], found["Topic"]) == (32, 53, 20)


def test_clock_stands_at_ten_in_oslo_on_15_february():
    assert clock.now() == datetime(2023, 2, 15, 9, 0, tzinfo=UTC)


def test_every_row_that_can_be_marked_is_marked():
    for model in apps.get_models():
        names = {column.name for column in model._meta.local_fields}
        if "is_sample" in names and model.__name__ not in REFERENCE:
            assert model._base_manager.filter(is_sample=False).count() == 0, model.__name__


def test_demo_users_sign_in_with_one_role_each():
    roles = {user.email.partition("@")[0]: user.roles for user in User.objects.all()}
    assert roles == {
        role: {role} for role in ("coordinator", "host", "expert", "reporter", "administrator")
    }
    assert User.objects.get(email="host@example.org").check_password("demo-february-2023")


def test_hosts_are_linked_to_their_users():
    linked = {host.ref: str(host.user.email) if host.user else "" for host in Host.objects.all()}
    assert linked == {"H1": "host@example.org", "H2": "", "X1": "expert@example.org"}


def test_live_visits_keep_their_host_until_half_an_hour_after_the_end():
    live = Visit.objects.filter(state__in=LIVE_VISITS)
    wanted = {
        (visit.ref, visit.host.resource, visit.starts_at, visit.ends_at + timedelta(minutes=30))
        for visit in live
    }
    kept = {
        (row.visit.ref, row.resource, row.starts_at, row.ends_at)
        for row in Reservation.objects.active().select_related("visit")
    }
    assert kept == wanted
    assert len(kept) == 12


def test_tentative_visits_have_a_hold_until_17_february():
    deadline = datetime(2023, 2, 17, 16, 0, tzinfo=UTC)
    assert {hold.visit.ref: hold.expires_at for hold in Hold.objects.live()} == dict.fromkeys(
        ("V11", "V12", "V13", "V14", "V16", "V18"), deadline
    )


def test_only_the_visit_reached_through_a_striking_airport_is_at_risk():
    assert [visit.ref for visit in Visit.objects.filter(at_risk=True)] == ["V08"]
    assert Disruption.objects.count() == 4


def test_marks_of_risk_are_what_the_disruptions_say():
    live = Visit.objects.live().select_related("place", "host__home")
    at_risk = mark_visits(list(live), at=clock.now(), by=None)
    assert [visit.ref for visit in at_risk] == ["V08"]
    assert not AuditEntry.objects.filter(verb__in=["mark_at_risk", "clear_risk"]).exists()


def test_briefed_visits_have_current_editions_and_the_public_one_was_sent():
    for visit in Visit.objects.filter(state=VisitState.BRIEFED):
        editions = {edition.kind: edition for edition in visit.editions.current()}
        assert set(editions) == {"internal", "public"}
        assert (editions["public"].sent_at, editions["internal"].sent_at) == (
            visit.state_since,
            None,
        )
        assert not any(is_out_of_date(each, at=clock.now()) for each in editions.values())


def test_editions_of_a_postponed_visit_are_void():
    assert set(Visit.objects.get(ref="V03").editions.values_list("void", flat=True)) == {True}


def test_new_date_of_a_postponed_visit_keeps_its_calendar_identity():
    old, new = Visit.objects.get(ref="V03"), Visit.objects.get(ref="V04")
    assert (new.replaces, new.ics_uid, new.ics_sequence) == (old, old.ics_uid, 1)


@pytest.mark.parametrize("model", [VisitRequest, Visit])
def test_history_of_each_row_leads_to_its_state(model):
    for row in model.objects.all():
        steps = AuditEntry.objects.about(row).exclude(to_state="").order_by("at", "pk")
        states = [(step.from_state, step.to_state) for step in steps]
        assert states[0][0] == ""
        assert [end for _start, end in states[:-1]] == [start for start, _end in states[1:]]
        assert states[-1][1] == row.state
        assert steps.last().at == row.state_since


def test_confirmed_visits_carry_the_evidence_of_their_agreement():
    missing = Visit.objects.exclude(state=VisitState.TENTATIVE).filter(agreement="")
    assert [visit.ref for visit in missing] == []


def test_merged_person_keeps_the_stricter_answer():
    merged, kept = Person.objects.get(key="p055"), Person.objects.get(key="p054")
    latest = ConsentRecord.objects.filter(person=kept, purpose=Purpose.NEWSLETTER).first()
    assert (merged.merged_into, latest.status) == (kept, "refused")
    assert kept.consents.filter(purpose=Purpose.NEWSLETTER).count() == 2


def test_addresses_never_to_be_mailed_are_suppressed():
    assert set(Suppression.objects.values_list("match_key", flat=True)) == {
        "p050@example.org",
        "p062@bounce.invalid",
    }


def test_address_typed_with_blanks_matches_its_plain_spelling():
    point = ContactPoint.objects.matching("p032@example.org").get()
    assert point.value == " P032@Example.ORG "


def test_no_sample_mail_was_sent_or_waits_to_be():
    states = set(OutgoingMail.objects.values_list("state", flat=True))
    assert states == {"held_sample", "bounced"}


def test_bounced_first_reply_is_no_reply():
    request = VisitRequest.objects.get(ref="R20")
    assert (request.first_reply_at, request.address_bounced) == (None, True)


def test_referral_rests_on_the_requesters_consent():
    referral = Referral.objects.get()
    assert (referral.request.ref, referral.initiative.name) == ("R13", "Secu4All")
    assert referral.consent.status == "granted"


def test_plan_versions_hold_the_visits_they_published():
    placed = {
        version.number: {row.visit.ref for row in version.placements.select_related("visit")}
        for version in PlanVersion.objects.all()
    }
    every = {f"V{number:02}" for number in range(1, 19)}
    assert placed == {1: every - {"V04", "V16", "V17"}, 2: every - {"V03", "V15"}}
    second = PlanVersion.objects.get(number=2).placements.get(visit__ref="V09")
    assert {request.ref for request in second.requests.all()} == {"R14", "R15"}


def test_agenda_of_each_visit_is_as_long_as_the_visit():
    for visit in Visit.objects.all():
        minutes = sum(AgendaItem.objects.filter(visit=visit).values_list("minutes", flat=True))
        assert timedelta(minutes=minutes) == visit.duration, visit.ref


def test_embargo_and_pilot_marks_are_on_their_cities():
    assert [city.name for city in Municipality.objects.embargoed(clock.now().date())] == ["Antwerp"]
    assert {city.name for city in Municipality.objects.filter(is_pilot=True)} == {"Oslo", "Padova"}


def test_four_persons_of_the_event_page_have_no_address_and_no_consent():
    named = Person.objects.filter(key__in=["p001", "p002", "p003", "p004"])
    assert ContactPoint.objects.filter(person__in=named).count() == 0
    assert ConsentRecord.objects.filter(person__in=named).count() == 0
    assert Participation.objects.get(person__key="p003").part == "led the first panel"


@pytest.mark.parametrize(
    ("ref", "day", "name"),
    [
        ("R03", "2023-02-15", "Saints Faustinus and Jovita's Day"),
        ("R05", "2023-02-16", "Weiberfastnacht (closed by custom)"),
        ("R09", "2023-02-06", "St Brigid's Day"),
        ("R12", "2023-02-28", "Andalusia Day"),
    ],
)
def test_wished_date_of_a_request_finds_its_holiday(ref, day, name):
    request = VisitRequest.objects.get(ref=ref)
    days = CalendarDay.objects.at_place(
        country=request.country, region=request.region, city=request.city, place=request.place
    )
    assert name in [row.name for row in days.between(day, day)]


# --- Twice ---


def test_loading_twice_adds_nothing():
    before = counts()
    assert load_sample() is False
    assert counts() == before


def test_loading_twice_keeps_edits_and_a_moved_clock():
    Person.objects.filter(key="p005").update(given="Edited", notes="mine")
    Visit.objects.filter(ref="V10").update(address="Another room")
    moved = datetime(2023, 2, 17, 8, 0, tzinfo=UTC)
    ClockSetting.objects.fix(moved)
    load_sample()
    assert Person.objects.get(key="p005").given == "Edited"
    assert Visit.objects.get(ref="V10").address == "Another room"
    assert clock.now() == moved


def test_the_kept_brief_of_a_visit_held_since_does_not_know_its_report():
    for ref in ("V01", "V02"):
        visit = Visit.objects.get(ref=ref)
        assert all(is_out_of_date(each, at=clock.now()) for each in visit.editions.all())


def test_loading_twice_does_not_bring_back_an_erased_person():
    person = Person.objects.get(key="p050")
    person.contact_points.all().delete()
    Person.objects.filter(pk=person.pk).update(given="", family="", key=None)
    load_sample()
    assert not Person.objects.filter(key="p050").exists()


def test_reference_data_is_added_once_and_edits_stay():
    CalendarDay.objects.filter(country="LI", first_on="2023-02-02").update(name="Edited day")
    assert set(load_reference().values()) == {0}
    assert CalendarDay.objects.filter(name="Edited day").count() == 1


def test_missing_reference_rows_are_added_again():
    Place.objects.filter(name="Vaduz").delete()
    MailTemplate.objects.filter(key="travel_approval", language="en").delete()
    CalendarDay.objects.filter(country="LI").delete()
    assert load_places() == 1
    assert Place.objects.named("Vaduz").count() == 1
    assert load_calendar_days() > 0
    assert load_reference()["mail templates"] == 1


# --- Removing ---


def test_removal_leaves_no_sample_and_all_reference_data():
    before = counts()
    remove_sample()
    after = counts()
    kept = {name: count for name, count in after.items() if count and name != "ClockSetting"}
    assert kept == {name: before[name] for name in REFERENCE}
    assert marked_rows() == 0


def test_removal_forgets_that_sample_people_were_looked_through_for_second_records():
    DuplicateScan.objects.create(state="done", people=69)
    remove_sample()
    assert not DuplicateScan.objects.exists()


def test_removal_lets_the_clock_run_again():
    remove_sample()
    assert ClockSetting.objects.fixed_at() is None


def test_removal_leaves_a_clock_that_somebody_moved():
    moved = datetime(2023, 2, 17, 8, 0, tzinfo=UTC)
    ClockSetting.objects.fix(moved)
    remove_sample()
    assert clock.now() == moved


def test_sample_can_be_loaded_again_after_its_removal():
    before = counts()
    remove_sample()
    assert load_sample() is True
    assert counts() == before


def test_removal_leaves_what_users_entered():
    person = PersonFactory(given="Real", organisation=OrganisationFactory(name="Real institute"))
    promise = FollowUp.objects.create(
        text="Call back",
        person=person,
        assigned_to=User.objects.get(email="coordinator@example.org"),
        due_on="2023-02-20",
        created_at=clock.now(),
    )
    remove_sample()
    promise.refresh_from_db()
    assert (promise.person.given, promise.assigned_to) == ("Real", None)
    assert promise.person.organisation.name == "Real institute"


def test_removal_lists_users_rows_that_hang_on_the_sample_and_removes_nothing():
    before = counts()
    note = InteractionFactory(person=Person.objects.get(key="p005"), text="A note of ours")
    with pytest.raises(SampleRefused) as refused:
        remove_sample()
    assert f"interaction {note.pk}: " in str(refused.value)
    assert "--force" in str(refused.value)
    assert counts() == before | {"Interaction": before["Interaction"] + 1}


def test_forced_removal_takes_the_hanging_rows_along():
    InteractionFactory(person=Person.objects.get(key="p005"))
    request = VisitRequestFactory(
        campaign=VisitRequest.objects.get(ref="R01").campaign, wishes=["2023-02-23"]
    )
    stranger = PersonFactory()
    remove_sample(force=True)
    assert not VisitRequest.objects.filter(pk=request.pk).exists()
    assert Person.objects.get() == stranger
    assert marked_rows() == 0


def test_removal_takes_a_visit_of_users_that_replaces_a_sample_visit_only_by_force():
    old = Visit.objects.get(ref="V10")
    mine = Visit.objects.get(ref="V17")
    Visit.objects.filter(pk=mine.pk).update(is_sample=False, replaces=old)
    with pytest.raises(SampleRefused, match="visit .*V17 Lviv"):
        remove_sample()
    remove_sample(force=True)
    assert Visit.objects.count() == 0


def test_sample_is_refused_beside_a_users_row_of_the_same_reference():
    remove_sample()
    VisitRequestFactory(ref="R01")
    with pytest.raises(SampleRefused, match="visit request R01"):
        load_sample()
    assert Person.objects.count() == 0


# --- The commands ---


def test_commands_say_what_they_did():
    out = StringIO()
    call_command("load_sample", stdout=out)
    call_command("remove_sample", stdout=out)
    call_command("remove_sample", stdout=out)
    lines = out.getvalue().splitlines()
    assert lines[0] == "The sample is loaded already; nothing was changed."
    assert lines[1].endswith(" rows removed.")
    assert lines[2] == "0 rows removed."


def test_remove_command_refuses_with_status_1():
    InteractionFactory(person=Person.objects.get(key="p005"))
    err = StringIO()
    with pytest.raises(SystemExit) as stopped:
        call_command("remove_sample", stderr=err)
    assert stopped.value.code == 1
    assert err.getvalue().startswith("Nothing was removed: ")


def test_forced_remove_command_succeeds():
    InteractionFactory(person=Person.objects.get(key="p005"))
    call_command("remove_sample", force=True, stdout=StringIO())
    assert marked_rows() == 0


def test_removal_calls_the_rows_that_hang_on_the_sample_by_words_a_person_knows():
    version = PlanVersionFactory(plan=Plan.objects.get(), number=3)
    visit = Visit.objects.get(ref="V09")
    placement = PlacementFactory(version=version, visit=visit, host=visit.host)
    pending = PendingRequestFactory(campaign=version.plan.campaign)
    with pytest.raises(SampleRefused) as refused:
        remove_sample()
    said = str(refused.value)
    assert f"placement {placement.pk}: {version}; {visit}; {visit.host}" in said
    assert f"unconfirmed form {pending.pk}: {version.plan.campaign}" in said
    assert " object (" not in said
