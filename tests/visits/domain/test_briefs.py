"""What a brief says: each edition from its own fields, versions that tell the truth."""

from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pypdf import PdfReader

from crm.models import Message, Municipality, Organisation
from crm.models.marks import Visibility
from tests.factories.crm import (
    CLOCK,
    FollowUpFactory,
    MessageFactory,
    MunicipalityFactory,
    OutgoingMailFactory,
    PlaceFactory,
)
from tests.factories.visits import (
    AgendaItemFactory,
    DisruptionFactory,
    ExpertFactory,
    PlanVersionFactory,
    TravelLegFactory,
    VisitFactory,
    VisitRequestFactory,
)
from visits import models as v
from visits.domain import briefs
from visits.domain.brief_standing import standing, standings, visit_standings
from visits.domain.history import visit_timeline
from visits.domain.packs import gather_pack, pack_pdf
from visits.ical import visit_calendar
from visits.models import BriefEdition, Disruption, TravelLeg, Visit
from visits.models.reports import AttendanceCount, VisitReport
from visits.states import VisitState

pytestmark = pytest.mark.django_db

INTERNAL, PUBLIC = BriefEdition.Kind.INTERNAL, BriefEdition.Kind.PUBLIC
LANGUAGES = ("en", "it", "nb", "el")


def words(pdf: bytes) -> str:
    """Everything a reader of the file can find: text, metadata, bookmarks, alternative text."""
    file = PdfReader(BytesIO(pdf))
    text = [page.extract_text() for page in file.pages]
    about = [str(value) for value in (file.metadata or {}).values()]
    marks = [entry.title for entry in file.outline if not isinstance(entry, list)]
    alt = [node.get("/Alt", "") for node in _elements(file)]
    return " ".join(" ".join([*text, *about, *marks, *map(str, alt)]).split())


def _elements(file: PdfReader):
    for number in range(1, file.trailer["/Size"]):
        node = file.get_object(number)
        if isinstance(node, dict):
            yield node


def edition(visit: Visit, kind: str, **options):
    visit = Visit.objects.get(pk=visit.pk)
    return briefs.edition_of(visit, kind, at=CLOCK, **options)


# --- Secrets -------------------------------------------------------------------------------------


def test_secrets_are_planted_in_every_kind_of_row(secrets):
    _visit, markers = secrets
    assert {
        "SECRETvisitnotes",
        "SECRETvisitcancelreason",
        "SECRETvisitlocalcontactphone",
        "SECRETvisitrequestrawtext",
        "SECRETvisitrequestsecrecy",
        "SECRETtopiclimits",
        "SECRETvisitreportnotes",
        "SECRETorganisationnotes",
        "SECRETtravellegnote",
        "SECRETchecklistitemnote",
        "SECRETagendaitemplanb",
    } <= set(markers)


@pytest.mark.parametrize("state", VisitState.values)
def test_public_output_holds_no_internal_field(secrets, state):
    visit, markers = secrets
    visit.state = state
    visit.save()
    pdf, name = briefs.brief_pdf(visit, PUBLIC, at=CLOCK)
    calendars = [visit_calendar(visit, method=m, at=CLOCK) for m in ("REQUEST", "CANCEL")]
    said = " ".join([words(pdf), name, *calendars])
    assert [marker for marker in markers if marker in said] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_public_output_holds_no_internal_field_in_any_language(secrets, language):
    visit, markers = secrets
    pdf, name = briefs.brief_pdf(visit, PUBLIC, at=CLOCK, language=language)
    said = words(pdf) + name
    assert [marker for marker in markers if marker in said] == []


def test_the_internal_edition_does_show_what_was_planted(secrets):
    visit, _markers = secrets
    said = words(briefs.brief_pdf(visit, INTERNAL, at=CLOCK)[0])
    for marker in ("SECRETvisitnotes", "SECRETtopiclimits", "SECRETsubject", "SECRETexpense"):
        assert marker in said


# --- Content -------------------------------------------------------------------------------------


def test_the_public_edition_says_what_the_city_needs(ghent):
    said = words(briefs.brief_pdf(ghent, PUBLIC, at=CLOCK, language="en")[0])
    for fact in (
        "Ghent",
        "V01",
        "Thu 23 Feb 2023, 10:00–13:00 Brussels (CET)",
        "Joe Example, Visit host",
        "Marieke Sample-Eik",
        "Sample Hall 1",
        "Who decides when a tool raises an alarm?",
        "10:00–10:15 Welcome",
        "Projector",
        "It is not a security audit and not a sale",
        "It costs the city nothing.",
        "Within three days",
    ):
        assert fact in said, fact


def test_sections_without_data_are_absent_in_public_and_say_so_inside(ghent):
    ghent.agenda.all().delete()
    ghent.topics.clear()
    public = {section.key for section in edition(ghent, PUBLIC).sections}
    assert not {"programme", "topics", "journey"} & public
    inside = edition(ghent, INTERNAL)
    assert inside.section("programme").blocks[0].text == "No programme entered yet."
    assert inside.section("topics").blocks[0].text == "No topic chosen yet."


def test_the_internal_edition_has_every_section(ghent):
    assert [section.key for section in edition(ghent, INTERNAL).sections] == [
        "minute",
        "people",
        "questions",
        "programme",
        "topics",
        "law",
        "place",
        "travel",
        "background",
        "history",
        "result",
        "spot",
        "money",
    ]


def test_both_times_are_given_where_the_clocks_differ(ghent):
    Visit.objects.filter(pk=ghent.pk).update(zone="Europe/Vilnius")
    inside = edition(ghent, INTERNAL)
    assert inside.when == "Thu 23 Feb 2023, 11:00–14:00 Vilnius (EET)"
    assert inside.when_home == "Thu 23 Feb 2023, 10:00–13:00 Oslo (CET)"


def test_the_host_is_told_when_home_has_the_same_time(ghent):
    assert edition(ghent, INTERNAL).when_home == "Oslo has the same time."


def test_a_pause_is_drawn_as_a_gap_and_items_are_numbered(ghent):
    told = edition(ghent, INTERNAL).day.stretches
    kinds = [(part.kind, part.label) for part in told if part.kind != "journey"]
    assert kinds == [("visit", "Ghent"), ("item", "1"), ("break", "2"), ("item", "3")]


def test_an_embargoed_neighbour_stands_as_its_reference(ghent):
    antwerp = MunicipalityFactory(
        name="Antwerp", embargo_until=date(2023, 3, 31), place__name="Antwerpen"
    )
    VisitFactory(
        ref="V02",
        host=ghent.host,
        city="Antwerp",
        municipality=antwerp,
        place=antwerp.place,
        starts_at=ghent.starts_at + timedelta(days=1),
    )
    said = words(briefs.brief_pdf(ghent, INTERNAL, at=CLOCK)[0])
    assert "V02" in said
    assert "Antwerp" not in said


def test_an_embargoed_city_is_named_in_its_own_edition_but_not_in_name_or_metadata(ghent):
    Municipality.objects.update(embargo_until=date(2023, 3, 31))
    for kind in (INTERNAL, PUBLIC):
        pdf, name = briefs.brief_pdf(ghent, kind, at=CLOCK)
        about = PdfReader(BytesIO(pdf)).metadata
        assert "Ghent" in words(pdf)
        assert "Ghent" not in name + "".join(str(value) for value in about.values())


@pytest.mark.parametrize(
    ("state", "inside", "outside"),
    [
        (VisitState.TENTATIVE, "Draft: visit not confirmed.", "Draft: this visit is not confirmed"),
        (VisitState.CANCELLED, "Void: visit cancelled.", "Void: this visit was cancelled."),
        (VisitState.POSTPONED, "Void: visit postponed.", "Void: this visit was postponed."),
        (VisitState.NO_SHOW, "Void: nobody came.", "Void: this meeting did not take place."),
    ],
)
def test_a_brief_is_marked_with_the_state_of_the_visit(ghent, state, inside, outside):
    Visit.objects.filter(pk=ghent.pk).update(state=state)
    assert edition(ghent, INTERNAL).notice.startswith(inside)
    assert edition(ghent, PUBLIC, language="en").notice.startswith(outside)


@pytest.mark.parametrize("state", VisitState.values)
@pytest.mark.parametrize("kind", [INTERNAL, PUBLIC])
def test_a_brief_is_printed_in_every_state(ghent, state, kind):
    Visit.objects.filter(pk=ghent.pk).update(state=state)
    pdf, _name = briefs.brief_pdf(Visit.objects.get(pk=ghent.pk), kind, at=CLOCK)
    assert "V01" in words(pdf)


@pytest.mark.parametrize("kind", [INTERNAL, PUBLIC])
def test_a_visit_without_place_people_or_requests_is_printed(kind):
    visit = VisitFactory(requests=[], place=None, municipality=None, address="")
    pdf, _name = briefs.brief_pdf(visit, kind, at=CLOCK)
    assert visit.ref in words(pdf)


def test_a_report_fills_the_count_sheet(ghent):
    report = VisitReport.objects.create(visit=ghent, outcome="exploring", evidence="Mail")
    AttendanceCount.objects.create(report=report, audience="policy_makers", people=9)
    rows = edition(ghent, INTERNAL).section("spot").blocks[0].rows
    assert ("Policy Makers", "9", "") in rows
    assert rows[-1] == ("Total", "9", "expected: 12")


def test_the_city_s_own_words_stand_beside_their_translation(ghent):
    ghent.requests.update(
        raw_text="Wij willen graag een bezoek.",
        raw_language="nl",
        translation="We would like a visit.",
    )
    table = edition(ghent, INTERNAL).section("minute").blocks[0]
    assert [column.title for column in table.columns] == ["In their words (Dutch)", "Translation"]
    assert table.rows == (("Wij willen graag een bezoek.", "We would like a visit."),)


def test_what_was_prepared_stands_in_the_host_s_edition_and_nowhere_else(ghent):
    question = "Who decides when a tool raises an alarm?"
    ghent.requests.update(planned_answers={question: {"answer": "A person.", "owner": "Joe"}})
    Visit.objects.filter(pk=ghent.pk).update(
        aim="The council plans a trial.",
        decides="The mayor",
        missing_people="The privacy officer",
        hotel="Sample Inn",
        last_way_home="20:14 to Brussels",
        budget="480.50",
        print_again_after=date(2023, 2, 21),
    )
    said = words(briefs.brief_pdf(ghent, INTERNAL, at=CLOCK)[0])
    facts = (
        "The council plans a trial.",
        "The mayor",
        "The privacy officer",
        "A person.",
        "Sample Inn",
        "20:14 to Brussels",
        "Budget: EUR 480.50.",
        "Tue 21 Feb 2023",
    )
    public = words(briefs.brief_pdf(ghent, PUBLIC, at=CLOCK, language="en")[0])
    assert [fact for fact in facts if fact not in said] == []
    assert [fact for fact in facts if fact in public] == []


def test_a_journey_is_told_in_both_times_where_the_clocks_differ(ghent):
    away = PlaceFactory(name="Vilnius", zone="Europe/Vilnius")
    leg = TravelLegFactory(host=ghent.host, visit=ghent, destination=away)
    row, _home = edition(ghent, INTERNAL).section("travel").blocks[0].rows
    assert "Vilnius (EET)\n= " in row[2]
    assert row[2].endswith("Oslo (CET)")
    assert "\n" not in row[1], leg


def rows_of_travel(visit):
    return edition(visit, INTERNAL).section("travel").blocks[0].rows


def test_a_stale_journey_of_an_older_plan_is_not_told(ghent):
    told = rows_of_travel(ghent)
    assert [row[0] for row in told] == ["Oslo – Ghent", "Ghent – Oslo"]
    hours = timedelta(hours=2)
    too_late = {"departs_at": ghent.starts_at - hours, "arrives_at": ghent.starts_at + hours}
    for version in (PlanVersionFactory(plan__campaign=ghent.campaign), None):
        stale = TravelLegFactory(
            visit=ghent,
            version=version,
            destination=ghent.place,
            cost=300,
            status="planned",
            **(too_late if version else {}),
        )
        if version is not None:
            assert rows_of_travel(ghent) == told
            stale.delete()
    assert "planned" in rows_of_travel(ghent)[0][3]
    money = edition(ghent, INTERNAL).section("money").blocks
    assert "Journeys entered for this visit: EUR 300.00." in [row.text for row in money]
    TravelLeg.objects.update(status="cancelled")
    assert rows_of_travel(ghent) == told


def test_a_strike_on_the_way_is_a_risk_and_a_changed_fact(ghent):
    vilnius = PlaceFactory(
        name="Vilnius", country="LT", zone="Europe/Vilnius", latitude=54.69, longitude=25.28
    )
    begins = ghent.starts_at - timedelta(days=1)
    VisitFactory(
        ref="V02",
        host=ghent.host,
        city="Vilnius",
        country="LT",
        place=vilnius,
        starts_at=begins,
        ends_at=begins + timedelta(hours=3),
    )
    kept = briefs.build_edition(ghent, INTERNAL, at=CLOCK)
    strike = DisruptionFactory(
        name="Air strike",
        countries=["LT"],
        modes=["fly"],
        starts_at=begins + timedelta(hours=3),
        ends_at=begins + timedelta(hours=6),
    )
    assert standing(kept, at=CLOCK) == "out_of_date"
    assert "Air strike" in str(edition(ghent, INTERNAL).section("minute"))
    Disruption.objects.filter(pk=strike.pk).update(modes=["rail"])
    assert standing(kept, at=CLOCK) == "current"


def test_a_brief_is_out_of_date_after_the_day_it_was_to_be_printed_again(ghent):
    Visit.objects.filter(pk=ghent.pk).update(print_again_after=date(2023, 2, 16))
    built = briefs.build_edition(ghent, INTERNAL, at=CLOCK)
    assert standing(built, at=CLOCK + timedelta(days=1)) == "current"
    assert standing(built, at=CLOCK + timedelta(days=2)) == "out_of_date"
    ghent.refresh_from_db()
    again = briefs.build_edition(ghent, INTERNAL, at=CLOCK + timedelta(days=2))
    assert again.built_at == CLOCK + timedelta(days=2)
    assert standing(again, at=CLOCK + timedelta(days=2)) == "current"


# --- Versions ------------------------------------------------------------------------------------


def test_an_unchanged_visit_keeps_its_version(ghent):
    first = briefs.build_edition(ghent, INTERNAL, at=CLOCK)
    again = briefs.build_edition(ghent, INTERNAL, at=CLOCK + timedelta(hours=5))
    assert (first.pk, first.version) == (again.pk, 1)


def test_a_change_makes_the_next_version_and_voids_the_one_before(ghent):
    first = briefs.build_edition(ghent, PUBLIC, at=CLOCK)
    ghent.address = "Sample Hall 2"
    ghent.save()
    assert briefs.is_out_of_date(first, at=CLOCK)
    second = briefs.build_edition(ghent, PUBLIC, at=CLOCK)
    first.refresh_from_db()
    assert (first.void, second.void, second.version) == (True, False, 2)
    assert briefs.current_edition(ghent, PUBLIC) == second


@pytest.mark.parametrize(
    ("state", "fate", "is_told"),
    [
        ("sent", "sent", True),
        ("held_sample", "sample, never sent", False),
        ("cancelled", "cancelled", False),
        ("", "sent by us, handed to the outbox", True),
    ],
)
def test_no_history_says_we_wrote_a_letter_that_never_left(state, fate, is_told, ghent):
    letter = MessageFactory(subject="Your date in Ghent", at=CLOCK - timedelta(days=2))
    if state:
        OutgoingMailFactory(message=letter, state=state)
    ghent.messages.add(letter)
    (page,) = [part for part in edition(ghent, INTERNAL).sections if part.key == "history"]
    assert ("we wrote" in str(page) and "Your date in Ghent" in str(page)) == is_told
    (entry,) = [
        row for row in visit_timeline(ghent, zone="UTC") if row["title"] == "Your date in Ghent"
    ]
    assert fate in entry["who"]
    assert ("sent by us" in entry["who"]) == (not state)


def test_mails_and_confirming_do_not_put_a_brief_out_of_date(ghent):
    built = briefs.build_edition(ghent, INTERNAL, at=CLOCK)
    message = Message.objects.create(direction="out", status="queued", subject="Brief", at=CLOCK)
    ghent.messages.add(message)
    Visit.objects.filter(pk=ghent.pk).update(state=VisitState.BRIEFED)
    assert not briefs.is_out_of_date(BriefEdition.objects.get(pk=built.pk), at=CLOCK)


def test_promises_notes_and_other_requests_of_the_city_put_it_out_of_date(ghent):
    """They stand in the host's hands, and were once left out of the comparison."""
    organisation = ghent.municipality.organisation
    changes = (
        lambda: ghent.follow_ups.add(FollowUpFactory(text="Send the guide")),
        lambda: type(organisation).objects.filter(pk=organisation.pk).update(notes="New mayor."),
        lambda: VisitRequestFactory(ref="R77", municipality=ghent.municipality),
    )
    for change in changes:
        built = briefs.build_edition(ghent, INTERNAL, at=CLOCK)
        change()
        assert standing(built, at=CLOCK) == "out_of_date"


def test_a_tick_a_journey_and_a_disruption_put_it_out_of_date(ghent):
    changes = (
        lambda: ghent.checklist.update(done=True),
        lambda: TravelLegFactory(host=ghent.host, visit=ghent, origin=ghent.host.home),
        lambda: DisruptionFactory(
            countries=["BE"], starts_at=ghent.starts_at, ends_at=ghent.ends_at
        ),
    )
    for change in changes:
        built = briefs.build_edition(ghent, INTERNAL, at=CLOCK)
        change()
        assert standing(built, at=CLOCK) == "out_of_date"


def test_a_visit_stands_as_the_worst_of_its_versions(ghent):
    expert = ExpertFactory().user
    ghent.experts.add(expert.host)
    assert visit_standings([ghent], at=CLOCK) == {ghent.pk: ""}
    briefs.build_edition(ghent, INTERNAL, at=CLOCK)
    briefs.build_edition(ghent, PUBLIC, at=CLOCK)
    assert visit_standings([ghent], at=CLOCK) == {ghent.pk: "current"}
    Visit.objects.filter(pk=ghent.pk).update(notes="For the host alone.")
    assert visit_standings([ghent], at=CLOCK) == {ghent.pk: "out_of_date"}
    assert visit_standings([ghent], at=CLOCK, user=expert) == {ghent.pk: "current"}


def test_how_briefs_stand_costs_as_many_queries_for_five_visits_as_for_two(
    ghent,
):
    for day in range(4):
        city = MunicipalityFactory(name=f"City {day}")
        request = VisitRequestFactory(municipality=city, questions=["Why?"])
        visit = VisitFactory(
            host=ghent.host,
            municipality=city,
            place=city.place,
            requests=[request],
            starts_at=ghent.starts_at + timedelta(days=day + 1),
        )
        AgendaItemFactory(visit=visit)
        briefs.build_edition(visit, INTERNAL, at=CLOCK)
        briefs.build_edition(visit, PUBLIC, at=CLOCK)
    briefs.build_edition(ghent, INTERNAL, at=CLOCK)

    def queries(count):
        rows = BriefEdition.objects.filter(visit__in=Visit.objects.order_by("pk")[:count])
        with CaptureQueriesContext(connection) as asked:
            stands = standings(rows.select_related("visit"), at=CLOCK)
        assert set(stands.values()) <= {"current", "out_of_date"}
        return len(asked)

    assert queries(2) == queries(5) < 40


def test_an_internal_change_leaves_the_public_edition_up_to_date(ghent):
    built = briefs.build_edition(ghent, PUBLIC, at=CLOCK)
    Visit.objects.filter(pk=ghent.pk).update(notes="New note for the host.")
    assert not briefs.is_out_of_date(BriefEdition.objects.get(pk=built.pk), at=CLOCK)


def test_the_brief_of_a_failed_visit_is_void_from_the_start(ghent):
    Visit.objects.filter(pk=ghent.pk).update(state=VisitState.CANCELLED)
    built = briefs.build_edition(Visit.objects.get(pk=ghent.pk), PUBLIC, at=CLOCK)
    assert built.void
    assert briefs.current_edition(ghent, PUBLIC) is None


def test_a_kept_version_prints_the_same_bytes_later(ghent):
    built = briefs.build_edition(ghent, INTERNAL, at=CLOCK)
    assert briefs.print_edition(built, at=CLOCK) == briefs.print_edition(
        built, at=CLOCK + timedelta(days=1)
    )


def test_a_print_of_a_kept_version_is_dated_by_the_newest_thing_it_shows(ghent):
    """Mails and the state are in print without being part of the version."""
    built = briefs.build_edition(ghent, INTERNAL, at=CLOCK)
    said = words(briefs.print_edition(built, at=CLOCK + timedelta(days=9))[0])
    assert "as of Wed 15 Feb 2023, 10:00" in said

    later = CLOCK + timedelta(days=3)
    letter = Message.objects.create(direction="in", status="received", subject="Later", at=later)
    ghent.messages.add(letter)
    said = words(briefs.print_edition(built, at=CLOCK + timedelta(days=9))[0])
    assert "Later" in said
    assert "as of Sat 18 Feb 2023, 10:00" in said


def test_a_version_stands_as_current_out_of_date_or_void(ghent):
    first = briefs.build_edition(ghent, PUBLIC, at=CLOCK)
    assert standing(first, at=CLOCK) == "current"
    Visit.objects.filter(pk=ghent.pk).update(address="Sample Hall 2")
    first = BriefEdition.objects.get(pk=first.pk)
    assert standing(first, at=CLOCK) == "out_of_date"
    briefs.build_edition(Visit.objects.get(pk=ghent.pk), PUBLIC, at=CLOCK)
    assert standing(BriefEdition.objects.get(pk=first.pk), at=CLOCK) == "void"


def test_a_print_says_its_version_or_that_it_is_a_preview(ghent):
    assert (
        briefs.brief_pdf(ghent, PUBLIC, at=CLOCK, language="en")[1] == "V01-public-en-preview.pdf"
    )
    briefs.build_edition(ghent, PUBLIC, at=CLOCK, language="en")
    pdf, name = briefs.brief_pdf(ghent, PUBLIC, at=CLOCK, language="en")
    assert name == "V01-public-en-v1.pdf"
    assert "Version 1" in words(pdf)


def test_a_language_we_do_not_have_is_refused(ghent):
    with pytest.raises(ValidationError, match="There is no brief in “xx”"):
        briefs.build_edition(ghent, PUBLIC, at=CLOCK, language="xx")


def test_the_internal_edition_exists_in_english_and_norwegian_only(ghent):
    with pytest.raises(ValidationError, match="choose one of en, nb"):
        briefs.build_edition(ghent, INTERNAL, at=CLOCK, language="pl")
    assert briefs.build_edition(ghent, INTERNAL, at=CLOCK, language="nb").language == "nb"


def test_the_norwegian_internal_edition_is_norwegian_throughout(ghent):
    inside = edition(ghent, INTERNAL, language="nb")
    english = {section.title for section in edition(ghent, INTERNAL).sections}
    assert inside.name == "Besøksmappe, intern utgave"
    assert english.isdisjoint(section.title for section in inside.sections)
    assert inside.foot.startswith("Internt. For verten; ikke send videre.")


# --- Packs ---------------------------------------------------------------------------------------


def test_a_pack_holds_the_briefs_of_the_span_and_no_failed_visit(ghent):
    VisitFactory(ref="V05", host=ghent.host, state=VisitState.CANCELLED)
    VisitFactory(ref="V06", host=ghent.host, starts_at=datetime(2023, 3, 2, 9, tzinfo=UTC))
    pack = gather_pack(ghent.host, first=date(2023, 2, 20), last=date(2023, 2, 28), at=CLOCK)
    assert [brief.ref for brief, _imprint in pack.briefs] == ["V01"]
    pdf, name = pack_pdf(ghent.host, first=date(2023, 2, 20), last=date(2023, 2, 28), at=CLOCK)
    assert name == "H1-2023-02-20-2023-02-28.pdf"
    said = words(pdf)
    for fact in (
        "Joe Example",
        "Mon 20 – Tue 28 Feb 2023",
        "Itinerary",
        "Contacts",
        "In one minute",
    ):
        assert fact in said


def test_a_pack_takes_local_dates(ghent):
    late = datetime(2023, 2, 23, 22, 30, tzinfo=UTC)
    VisitFactory(ref="V09", host=ghent.host, starts_at=late, zone="Europe/Kyiv")
    pack = gather_pack(ghent.host, first=date(2023, 2, 24), last=date(2023, 2, 24), at=CLOCK)
    assert [brief.ref for brief, _imprint in pack.briefs] == ["V09"]


def test_an_empty_or_reversed_span_is_refused(ghent):
    with pytest.raises(ValidationError, match="leads no visit"):
        gather_pack(ghent.host, first=date(2023, 2, 1), last=date(2023, 2, 2), at=CLOCK)
    with pytest.raises(ValidationError, match="before the first"):
        gather_pack(ghent.host, first=date(2023, 2, 2), last=date(2023, 2, 1), at=CLOCK)


def test_every_model_of_a_brief_names_its_open_fields():
    for model in (v.Visit, v.VisitRequest, v.Topic, v.Host, v.Campaign, v.VisitReport):
        assert issubclass(model, Visibility)
        known = {field.name for field in model._meta.get_fields()}
        assert set(model.public_fields) <= known
    assert issubclass(Organisation, Visibility)
