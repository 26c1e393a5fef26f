"""The twelve numbers of the sample at the demo clock, as domain.md 12 gives them."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import call_command

from crm import clock
from crm.domain.follow_ups import complete_follow_up, snooze_follow_up
from crm.models import (
    ConsentRecord,
    ContactPoint,
    Event,
    FollowUp,
    Municipality,
    Participation,
    Person,
)
from crm.models.consent import Purpose
from tests.factories.crm import (
    ConsentRecordFactory,
    ContactPointFactory,
    MunicipalityFactory,
    OrganisationFactory,
    ParticipationFactory,
    PersonFactory,
    UserFactory,
)
from tests.factories.visits import (
    CampaignFactory,
    VisitFactory,
    VisitFollowUpFactory,
    VisitReportFactory,
    VisitRequestFactory,
)
from visits.domain.reporting import FIGURES, all_figures, figure
from visits.models import Campaign, Host, Visit, VisitReport, VisitRequest
from visits.models.reports import Audience, Outcome
from visits.models.requests import Mode
from visits.states import RequestState, VisitState

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sample")]

VALUES = {
    "K1": 67,
    "K2": 67,
    "K3": 19,
    "K4": 32,
    "K5": 65,
    "K6": 2.33,
    "K7": 4,
    "K8": 45,
    "K9": 0.67,
    "K10": 0.75,
    "K11": 35,
    "K12": 3,
}


def number(key: str):
    campaign = Campaign.objects.get(slug="february-2023")
    return figure(campaign, key, at=clock.now())


def refs(key: str) -> list[str]:
    return [row.ref for row in number(key).rows]


def at_event(**kwargs) -> Participation:
    return ParticipationFactory(event=Event.objects.get(slug="rotterdam-2023"), **kwargs)


@pytest.mark.parametrize("key", VALUES)
def test_figure_of_the_sample_has_its_value(key):
    assert number(key).value == VALUES[key]


def test_figures_come_in_their_order():
    found = all_figures(Campaign.objects.get(slug="february-2023"), at=clock.now())
    assert [each.key for each in found] == [f"K{count}" for count in range(1, 13)]


@pytest.mark.parametrize("more", [1, 3])
def test_figures_take_as_many_queries_with_more_rows(django_assert_num_queries, more):
    for person in PersonFactory.create_batch(more):
        at_event(person=person)
        VisitFollowUpFactory(visit=Visit.objects.get(ref="V05"), due_on=date(2023, 2, 10))
        ConsentRecordFactory(person=person, at=clock.now())
    campaign = Campaign.objects.select_related("event").get(slug="february-2023")
    at = clock.now()
    with django_assert_num_queries(16):
        all_figures(campaign, at=at)


@pytest.mark.parametrize("key", ["K1", "K2", "K3", "K4", "K7", "K11", "K12"])
def test_figure_that_counts_has_one_row_for_each(key):
    assert len(refs(key)) == len(number(key).rows) == VALUES[key]


# --- K1 event participation ---


def test_k1_tells_records_and_the_organisers_words():
    assert number("K1").detail == {
        "records": 70,
        "attended_records": 68,
        "organisers_say": "Some 70 participants",
    }


def test_k1_leaves_out_who_did_not_come_and_who_is_counted_under_another_name():
    assert {"p022", "p055", "p067"} & set(refs("K1")) == set()
    assert "p054" in refs("K1")


def test_k1_rises_with_a_new_attended_participation():
    at_event()
    assert (number("K1").value, number("K1").detail["records"]) == (68, 71)


def test_k1_stays_when_somebody_only_registers():
    at_event(status=Participation.Status.REGISTERED)
    assert number("K1").value == 67


def test_k1_falls_by_one_when_two_attendees_are_merged():
    Person.objects.filter(key="p024").update(merged_into=Person.objects.get(key="p023"))
    assert number("K1").value == 66


def test_k1_follows_a_chain_of_merges_to_its_end():
    Person.objects.filter(key="p054").update(merged_into=Person.objects.get(key="p052"))
    assert number("K1").value == 66


def test_k1_counts_a_person_of_whom_only_the_merged_record_attended():
    kept = PersonFactory(key="kept")
    at_event(person=PersonFactory(merged_into=kept))
    assert number("K1").value == 68
    assert "kept" in refs("K1")


# --- K2 audience mix ---


def test_k2_maps_organisations_to_the_funders_categories():
    assert number("K2").detail == {
        "Policy Makers": 33,
        "Scientific Community": 12,
        "Civil Society": 9,
        "Industry": 8,
        "Other": 5,
    }


def test_k2_follows_the_editable_audience_map():
    campaign = Campaign.objects.get(slug="february-2023")
    campaign.audience_map["law_enforcement"] = Audience.POLICY_MAKERS
    campaign.save()
    assert number("K2").detail["Policy Makers"] == 38
    assert "Other" not in number("K2").detail


def test_k2_counts_somebody_without_organisation_as_other():
    at_event(person=PersonFactory(organisation=None))
    assert number("K2").detail["Other"] == 6


# --- K3 countries ---


def test_k3_tells_event_countries_and_those_with_requests():
    assert number("K3").detail == {"event": 18, "only_by_visits": 1, "with_requests": 23}


def test_k3_rows_are_country_codes():
    assert refs("K3")[:3] == ["BE", "CH", "CZ"]
    assert "IS" in refs("K3")


def test_k3_rises_with_an_attendee_from_a_new_country():
    at_event(person=PersonFactory(organisation=OrganisationFactory(country="MT")))
    assert number("K3").value == 20


# --- K4 municipalities ---


def test_k4_tells_how_many_are_new():
    assert number("K4").detail == {
        "new": 30,
        "attended": 23,
        "with_valid_request": 24,
        "with_completed_visit": 4,
    }


def test_k4_counts_a_city_with_two_requests_once():
    assert refs("K4").count("M-GDANSK") == 1


def test_k4_counts_a_city_nobody_took_over_yet():
    campaign = Campaign.objects.get(slug="february-2023")
    VisitRequestFactory(campaign=campaign, city="Graz", country="AT", zone="Europe/Vienna")
    assert (number("K4").value, number("K4").detail["new"]) == (33, 31)


def test_k4_knows_a_city_by_its_place_before_it_is_taken_over():
    place = Municipality.objects.get(name="Ghent").place
    campaign = Campaign.objects.get(slug="february-2023")
    VisitRequestFactory(campaign=campaign, city="Gand", place=place)
    assert number("K4").value == 32


def test_k4_never_names_a_city_under_embargo():
    assert "M-ANTWERP" not in refs("K4")
    assert "under-embargo" in refs("K4")


def test_k4_names_the_city_once_its_embargo_is_over():
    campaign = Campaign.objects.get(slug="february-2023")
    found = figure(campaign, "K4", at=clock.now() + timedelta(days=60))
    assert "M-ANTWERP" in [row.ref for row in found.rows]


# --- K5 conversion ---


def test_k5_tells_both_sides_of_the_share_and_the_states():
    detail = number("K5").detail
    assert (detail["with_request"], detail["of"]) == (15, 23)
    assert detail["without_pilots"] == {"with_request": 14, "of": 21, "percent": 67}
    assert detail["states"] == {
        "scheduled": 7,
        "proposed": 6,
        "fulfilled": 4,
        "waitlisted": 1,
        "withdrawn": 1,
        "under_review": 1,
        "referred": 1,
        "declined": 1,
        "needs_info": 1,
        "expired": 1,
        "received": 1,
    }


def test_k5_lists_the_event_municipalities_that_asked():
    assert len(refs("K5")) == 15
    assert "M-ROTT" not in refs("K5")


def test_k5_rises_when_another_event_city_asks():
    city = Municipality.objects.get(name="Turku")
    campaign = Campaign.objects.get(slug="february-2023")
    VisitRequestFactory(campaign=campaign, municipality=city, city="Turku", country="FI")
    assert number("K5").value == 70
    assert number("K5").detail["with_request"] == 16


def test_k5_does_not_count_a_rejected_request():
    VisitRequest.objects.filter(ref="R05").update(state=RequestState.REJECTED)
    assert number("K5").detail["with_request"] == 14


# --- K6 reply time ---


def test_k6_tells_replies_within_the_target_and_those_open():
    assert number("K6").detail == {
        "replied": 23,
        "within_target": 23,
        "target_hours": 8,
        "open": ["R20", "R24"],
    }
    assert len(refs("K6")) == 23


def test_k6_measures_working_hours_of_the_office_in_oslo():
    """R01 came on 31 January at 14:10 and was answered at 09:30: 2 h 50 min and 30 min."""
    amounts = {row.ref: row.amount for row in number("K6").rows}
    assert amounts["R01"] == 3.33
    assert amounts["R19"] == 1.92


def test_k6_counts_a_late_reply_outside_the_target():
    request = VisitRequest.objects.get(ref="R24")
    VisitRequest.objects.filter(pk=request.pk).update(
        first_reply_at=request.received_at + timedelta(days=7)
    )
    assert number("K6").detail["replied"] == 24
    assert number("K6").detail["within_target"] == 23


# --- K7, K8 visits and people ---


def test_k7_tells_the_modes():
    assert number("K7").detail == {"on_site": 3, "online": 1}
    assert refs("K7") == ["V01", "V02", "V05", "V06"]


def test_k7_leaves_out_a_visit_outside_the_window():
    march = date(2023, 3, 1)
    visit = Visit.objects.get(ref="V06")
    moved = visit.starts_at.replace(month=march.month, day=march.day)
    Visit.objects.filter(pk=visit.pk).update(starts_at=moved, ends_at=moved + timedelta(minutes=90))
    assert number("K7").detail == {"on_site": 3}
    assert number("K8").value == 39


def test_k8_tells_the_audiences():
    assert number("K8").detail == {
        "Policy Makers": 30,
        "Scientific Community": 1,
        "Civil Society": 3,
        "Other": 10,
        "Medias": 1,
    }
    assert {row.ref: row.amount for row in number("K8").rows} == {
        "V01": 14,
        "V02": 8,
        "V05": 17,
        "V06": 6,
    }


def test_k8_rises_with_the_people_counted_at_a_new_visit():
    visit = VisitFactory(
        campaign=Campaign.objects.get(slug="february-2023"),
        host=Host.objects.get(ref="H2"),
        state=VisitState.COMPLETED,
        mode=Mode.ONLINE,
    )
    VisitReportFactory(visit=visit, counts={Audience.INVESTORS: 2})
    assert number("K8").value == 47
    assert number("K8").detail["Investors"] == 2
    assert number("K7").detail == {"on_site": 3, "online": 2}


# --- K9 reliability ---


def test_k9_tells_what_became_of_confirmed_visits():
    assert number("K9").detail == {"completed": 4, "of": 6, "postponed": 1, "no_show": 1}
    assert refs("K9") == ["V01", "V02", "V03", "V05", "V06", "V15"]


def test_k9_counts_a_visit_only_once_its_start_is_past():
    campaign = Campaign.objects.get(slug="february-2023")
    before = Visit.objects.get(ref="V07").starts_at
    assert figure(campaign, "K9", at=before - timedelta(minutes=1)).detail["of"] == 6
    assert figure(campaign, "K9", at=before).detail["of"] == 7


# --- K10 follow-ups ---


def test_k10_tells_kept_and_open():
    assert number("K10").detail == {"kept": 3, "of": 4, "open": 1, "late": 0}
    assert len(refs("K10")) == 4


def test_k10_counts_a_promise_kept_too_late_as_not_kept():
    promise = FollowUp.objects.get(done_on=None, due_on=date(2023, 2, 14))
    promise.done_on = date(2023, 2, 15)
    promise.save()
    assert number("K10").value == 0.75
    assert number("K10").detail == {"kept": 3, "of": 4, "open": 0, "late": 1}


def test_k10_rises_when_another_promise_is_kept():
    VisitFollowUpFactory(
        visit=Visit.objects.get(ref="V05"), due_on=date(2023, 2, 15), done_on=date(2023, 2, 15)
    )
    assert number("K10").value == 0.8


def test_k10_is_not_bettered_by_putting_off_what_was_late_already():
    promise = FollowUp.objects.get(done_on=None, due_on=date(2023, 2, 14))
    before = number("K10")
    by, late = UserFactory(), datetime(2023, 2, 15, 9, tzinfo=UTC)
    snooze_follow_up(promise, "date", due_on=date(2023, 2, 20), at=late, by=by)
    assert number("K10").detail == before.detail
    complete_follow_up(promise, on=date(2023, 2, 20), at=late, by=by)
    assert number("K10").detail == {"kept": 3, "of": 4, "open": 0, "late": 1}


def test_k10_counts_by_the_new_day_where_it_was_agreed_before_the_old_one_passed():
    promise = FollowUp.objects.get(done_on=None, due_on=date(2023, 2, 14))
    by, early = UserFactory(), datetime(2023, 2, 14, 9, tzinfo=UTC)
    snooze_follow_up(promise, "date", due_on=date(2023, 2, 15), at=early, by=by)
    complete_follow_up(promise, on=date(2023, 2, 15), at=early, by=by)
    assert number("K10").detail == {"kept": 4, "of": 4, "open": 0, "late": 0}


# --- K11 contacts who want news ---


def test_k11_tells_whose_yes_does_not_count():
    assert number("K11").detail == {
        "said_yes_and_did_not_withdraw": 38,
        "refused_later": ["p054"],
        "no_usable_address": ["p050", "p062"],
    }


def test_k11_falls_when_somebody_withdraws():
    ConsentRecord.objects.create(
        person=Person.objects.get(key="p005"),
        purpose=Purpose.NEWSLETTER,
        status=ConsentRecord.Status.WITHDRAWN,
        at=clock.now(),
    )
    assert number("K11").value == 34
    assert number("K11").detail["said_yes_and_did_not_withdraw"] == 37


def test_k11_falls_when_the_only_address_bounces():
    ContactPoint.objects.filter(person__key="p005").update(status=ContactPoint.Status.BOUNCED)
    assert number("K11").value == 34


def test_k11_keeps_somebody_with_a_second_usable_address():
    ContactPointFactory(person=Person.objects.get(key="p062"))
    assert number("K11").value == 36


def test_k11_takes_unknown_and_pending_for_no():
    assert {"p009", "p011", "p028"} & set(refs("K11")) == set()


# --- K12 adoption ---


def test_k12_tells_the_ladder_and_the_demand():
    detail = number("K12").detail
    assert detail["ladder"] == {
        "adopting": 0,
        "planning_trial": 0,
        "exploring": 1,
        "interested": 1,
        "informed": 1,
        "open": 1,
    }
    assert list(detail["topics"].items())[:3] == [("T01", 5), ("T02", 5), ("T11", 5)]
    assert max(list(detail["topics"].values())[3:]) == 4


def test_k12_counts_a_city_at_its_highest_step():
    ghent = Visit.objects.get(ref="V01")
    second = VisitFactory(
        campaign=ghent.campaign,
        municipality=ghent.municipality,
        host=Host.objects.get(ref="H2"),
        state=VisitState.REPORTED,
    )
    VisitReportFactory(visit=second, outcome=Outcome.ADOPTING)
    assert number("K12").value == 3
    assert number("K12").detail["ladder"]["adopting"] == 1
    assert number("K12").detail["ladder"]["exploring"] == 0


def test_k12_rises_when_an_open_outcome_is_told():
    VisitReport.objects.filter(visit__ref="V05").update(outcome=Outcome.INTERESTED)
    assert number("K12").value == 4


# --- an empty campaign, and the embargo everywhere ---


def test_figures_of_a_campaign_without_rows_are_zero():
    found = all_figures(CampaignFactory(slug="empty"), at=clock.now())
    assert [each.value for each in found if each.key != "K11"] == [0] * 11


def test_no_row_of_any_figure_names_the_embargoed_city():
    campaign = Campaign.objects.get(slug="february-2023")
    for each in all_figures(campaign, at=clock.now()):
        for row in each.rows:
            assert "antwerp" not in f"{row.ref} {row.words} {row.name}".lower()


def test_words_for_a_reporter_name_no_person():
    names = [person.family for person in Person.objects.exclude(family="")]
    for key in FIGURES:
        said = " ".join(row.words for row in number(key).rows)
        assert [name for name in names if name in said] == []


# --- the command ---


def test_figures_command_prints_one_json_object(capsys):
    call_command("figures", "february-2023", json=True)
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert err == ""
    assert list(told) == ["campaign", "clock", *VALUES]
    assert told["campaign"] == "february-2023"
    assert told["clock"] == "2023-02-15T10:00:00+01:00"
    assert {key: told[key]["value"] for key in VALUES} == VALUES
    assert all(list(told[key]) == ["label", "value", "unit", "detail", "rows"] for key in VALUES)
    assert told["K7"]["rows"] == ["V01", "V02", "V05", "V06"]
    assert "antwerp" not in out.lower()


def test_figures_command_refuses_an_unknown_campaign(capsys):
    with pytest.raises(SystemExit) as stopped:
        call_command("figures", "march-2023", json=True)
    assert stopped.value.code == 1
    assert capsys.readouterr() == (
        "",
        "There is no campaign “march-2023”; the campaigns are: february-2023.\n",
    )


def test_new_city_from_the_event_counts_as_an_event_municipality():
    organisation = MunicipalityFactory(name="Delft", country="NL").organisation
    at_event(person=PersonFactory(organisation=organisation))
    assert number("K5").detail["of"] == 24
    assert number("K4").value == 33
