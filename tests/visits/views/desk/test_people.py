"""The desk's pages of people: what they show, what they do, what can be taken back."""

from datetime import date

import pytest
from django.urls import reverse

from crm.models import AuditEntry, ClockSetting, FollowUp, Interaction, NoticeDue, Person
from tests.factories.crm import (
    CLOCK,
    ConsentRecordFactory,
    ContactPointFactory,
    DataRequestFactory,
    FollowUpFactory,
    InteractionFactory,
    OrganisationFactory,
    ParticipationFactory,
    PersonFactory,
    TagFactory,
)
from tests.factories.visits import VisitFactory, VisitRequestFactory
from visits.domain import timeline

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, coordinator):
    ClockSetting.objects.fix(CLOCK)
    client.force_login(coordinator)
    return client


def page_of(person, name="person-detail"):
    return reverse(f"visits:{name}", args=[person.pk])


def toasts(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def test_person_list_says_how_many_of_how_many(desk):
    for family in ("Berg", "Bergan", "Holm"):
        PersonFactory(family=family)
    page = desk.get(reverse("visits:person-list"), {"q": "berg"}).context["list"]
    assert (page.shown, page.total) == (2, 3)


def test_list_of_one_counts_one_person(desk):
    PersonFactory()
    path = reverse("visits:person-list")
    assert 'role="status">1 person</span>' in desk.get(path).text
    assert ">1 person</span>" in desk.get(path, headers={"HX-Request": "true"}).text
    PersonFactory()
    assert 'role="status">2 people</span>' in desk.get(path).text


def test_person_list_shows_its_first_step_and_folds_the_others(desk):
    shown = desk.get(reverse("visits:person-list")).text
    actions = shown[shown.index('class="page-actions"') : shown.index('class="filter-bar"')]
    outside, folded = actions.split("<details", 1)
    assert outside.count("<a ") == 1
    assert "Add a person" in outside
    assert folded.count("data-command") == 4


def test_person_list_with_an_unknown_filter_finds_nothing_and_says_why(desk):
    PersonFactory()
    page = desk.get(reverse("visits:person-list"), {"type": "dragon"}).context["list"]
    assert (page.shown, len(page.faults)) == (0, 1)


def test_a_pill_takes_its_own_filter_out_and_keeps_the_others(desk):
    query = {"country": ["BE", "IT"], "newsletter": "granted"}
    page = desk.get(reverse("visits:person-list"), query).context["list"]
    removes = {pill.label: pill.remove for pill in page.pills}
    assert removes == {
        "Country: Belgium": "?country=IT&newsletter=granted",
        "Country: Italy": "?country=BE&newsletter=granted",
        "Newsletter: granted": "?country=BE&country=IT",
    }


def test_exported_people_are_those_shown_under_the_heads_shown(desk):
    PersonFactory(given="=cmd|' /C calc'!A0", family="Berg")
    PersonFactory(family="Holm")
    shown = desk.get(reverse("visits:person-list"), {"q": "berg"})
    answer = desk.get(reverse("visits:person-list"), {"q": "berg", "as": "csv"})
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    heads = [str(column.label) for column in shown.context["list"].columns]
    # Behind them our number of each, by which the file finds its people when it comes back.
    assert lines[0] == ",".join(f'"{head}"' for head in [*heads, "CRM number"])
    assert len(lines) == 2
    assert lines[1].startswith("\"'=cmd")


def test_an_export_is_written_down_with_who_took_what(desk, coordinator):
    PersonFactory()
    desk.get(reverse("visits:person-list"), {"as": "xlsx"})
    entry = AuditEntry.objects.get(verb="export_list")
    assert (entry.by, entry.fields) == (coordinator, ["people.xlsx (1)"])


def test_person_page_puts_what_is_late_on_top(desk):
    person = PersonFactory()
    FollowUpFactory(person=person, text="Send the guide", due_on=date(2023, 2, 14))
    step = desk.get(page_of(person)).context["next_step"]
    assert (step.sentence, step.is_late) == ("Send the guide (yesterday)", True)


def test_person_page_tells_consent_in_words(desk):
    person = PersonFactory()
    ConsentRecordFactory(person=person, status="withdrawn", at=CLOCK.replace(day=3))
    lines = desk.get(page_of(person)).context["consents"]
    assert [line.sentence for line in lines] == ["Newsletter: withdrawn on Fri 3 Feb 2023"]


def test_silence_about_the_newsletter_is_told_as_no(desk):
    lines = desk.get(page_of(PersonFactory())).context["consents"]
    assert [line.sentence for line in lines] == ["Newsletter: never asked, so no"]


def test_one_timeline_holds_everything_newest_first(desk):
    person = PersonFactory()
    ParticipationFactory(person=person)
    InteractionFactory(person=person, at=CLOCK.replace(day=2))
    request = VisitRequestFactory(person=person, received_at=CLOCK.replace(day=3))
    VisitFactory(requests=[request], starts_at=CLOCK.replace(day=23))
    ConsentRecordFactory(person=person, at=CLOCK.replace(day=1))
    entries = desk.get(page_of(person)).context["entries"]
    assert [entry.kind for entry in entries] == ["visit", "request", "call", "consent", "event"]


def main_of(page):
    return page.partition("<main")[2].partition("</main>")[0]


@pytest.mark.parametrize("end", ["erased", "merged"])
def test_a_record_that_stands_for_nobody_has_a_page_without_a_form(desk, end):
    person = PersonFactory(given="Ann", notes="Rings on Mondays")
    ContactPointFactory(person=person)
    FollowUpFactory(person=person)
    ConsentRecordFactory(person=person, status="granted")
    person.tags.add(TagFactory())
    assert main_of(desk.get(page_of(person)).text).count("<form") > 5

    kept = PersonFactory(given="Kim", family="Kept")
    values = {"merged_into": kept} if end == "merged" else {"erased_at": CLOCK}
    Person.objects.filter(pk=person.pk).update(**values)

    page = main_of(desk.get(page_of(person)).text)
    assert "<form" not in page
    assert "person-edit" not in page
    assert f"/people/{person.pk}/edit/" not in page
    assert (f'href="/people/{kept.pk}/"' in page) == (end == "merged")


@pytest.mark.parametrize("name", ["person-edit", "person-posts", "person-note", "person-promise"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_record_merged_away_leads_to_where_it_went_and_changes_no_more(desk, name, method):
    kept = PersonFactory(given="Kim", family="Kept")
    gone = PersonFactory(given="Ann", merged_into=kept)
    before = Person.objects.filter(pk=gone.pk).values().get()
    fields = {"given": "Bo", "languages": ["en"], "kind": "note", "text": "x", "in_days": "3"}
    fields |= {"owner": "ours", "role": "Clerk", "on": "2023-02-01"}

    answer = getattr(desk, method)(page_of(gone, name), fields, follow=True)

    assert answer.request["PATH_INFO"] == page_of(gone)
    assert "This record was merged into Kim Kept; change that one." in answer.text
    assert Person.objects.filter(pk=gone.pk).values().get() == before
    assert not Interaction.objects.exists()
    assert not FollowUp.objects.exists()


def test_addresses_and_tags_of_a_record_merged_away_stay(desk):
    gone = PersonFactory(merged_into=PersonFactory())
    point = ContactPointFactory(person=gone)
    path = reverse("visits:contact-point-change", args=[gone.pk, point.pk])
    desk.post(path, {"verb": "remove"})
    desk.post(
        page_of(gone, "contact-point-new"), {"point-kind": "phone", "point-value": "12345678"}
    )
    desk.post(reverse("visits:tag-put", args=["people"]), {"rows": gone.pk, "tag": "speaker"})
    assert list(gone.contact_points.all()) == [point]
    assert not gone.tags.exists()


@pytest.mark.parametrize("kind", timeline.KINDS)
def test_the_timeline_shows_one_kind_when_asked(desk, kind):
    person = PersonFactory()
    InteractionFactory(person=person)
    entries = desk.get(page_of(person), {"show": kind}).context["entries"]
    assert {entry.kind for entry in entries} <= {kind}


def test_the_timeline_includes_what_happened_to_a_merged_record(desk):
    person = PersonFactory()
    twin = PersonFactory(merged_into=person)
    InteractionFactory(person=twin, text="said before the merge")
    entries = desk.get(page_of(person)).context["entries"]
    assert [entry.body for entry in entries] == ["said before the merge"]


def test_a_note_is_logged_by_a_plain_post(desk, coordinator):
    person = PersonFactory()
    desk.post(page_of(person, "person-note"), {"kind": "call", "text": "Rang back"})
    note = Interaction.objects.get()
    assert (note.person, note.text, note.by, note.at) == (person, "Rang back", coordinator, CLOCK)


def test_an_empty_note_is_refused_and_nothing_is_lost(desk):
    answer = desk.post(page_of(PersonFactory(), "person-note"), {"kind": "call", "text": " "})
    assert (answer.status_code, Interaction.objects.count()) == (200, 0)
    assert answer.context["form"]["kind"].value() == "call"


def test_a_promise_is_due_in_three_working_days_unless_told_otherwise(desk):
    page = page_of(PersonFactory(), "person-promise")
    usual = desk.get(page).context["form"]["in_days"].value()
    desk.post(page, {"text": "Send it", "in_days": usual, "owner": "ours"})
    assert FollowUp.objects.get().due_on == date(2023, 2, 20)


def test_a_promise_in_the_past_is_refused(desk):
    data = {"text": "Send it", "due_on": "2023-02-14", "owner": "ours"}
    answer = desk.post(page_of(PersonFactory(), "person-promise"), data)
    assert list(answer.context["form"].errors) == ["due_on"]
    assert not FollowUp.objects.exists()


def test_archiving_can_be_undone_from_the_toast(desk):
    person = PersonFactory()
    answer = desk.post(page_of(person, "person-archive"), follow=True)
    message = next(iter(answer.context["messages"]))
    undo = message.extra_tags.removeprefix("undo:")
    assert not Person.objects.live().exists()
    desk.post(undo)
    assert Person.objects.live().get() == person


def test_bulk_archive_can_be_undone_for_all(desk):
    people = [PersonFactory() for _n in range(3)]
    data = {"rows": [person.pk for person in people], "verb": "archive"}
    answer = desk.post(reverse("visits:person-bulk"), data, follow=True)
    undo = next(iter(answer.context["messages"])).extra_tags.removeprefix("undo:")
    assert Person.objects.live().count() == 0
    desk.post(undo)
    assert Person.objects.live().count() == 3


def test_a_bulk_action_with_one_wrong_row_does_nothing_and_names_it(desk):
    person = PersonFactory()
    data = {"rows": [person.pk, 999_999], "verb": "archive"}
    answer = desk.post(reverse("visits:person-bulk"), data, follow=True)
    assert toasts(answer) == ["Nothing was done, because this is not in your list: 999999."]
    assert Person.objects.live().get() == person


def test_one_follow_up_is_set_for_each_ticked_person(desk):
    people = [PersonFactory() for _n in range(2)]
    data = {
        "rows": [person.pk for person in people],
        "verb": "promise",
        "text": "Send newsletter 4",
        "due_on": "2023-02-20",
        "owner": "ours",
    }
    desk.post(reverse("visits:person-bulk"), data)
    assert {row.person for row in FollowUp.objects.all()} == set(people)


def edit_data(person, **typed):
    return {"given": person.given, "family": person.family, "role": person.role} | typed


def test_saving_a_person_leaves_the_lines_of_their_notes_as_they_were(desk):
    person = PersonFactory(notes="one\ntwo", role="adviser", organisation=None)
    path = page_of(person, "person-edit")
    seen = desk.get(path).context["form"]["seen"].value()
    # As a browser sends what a text area holds.
    desk.post(path, edit_data(person, notes="one\r\ntwo", role="head", seen=seen))
    person.refresh_from_db()
    assert (person.notes, person.role) == ("one\ntwo", "head")
    assert AuditEntry.objects.get(verb="edit_person").fields == ["role"]


def test_two_coordinators_editing_one_person_never_overwrite_each_other(desk):
    person = PersonFactory(role="adviser", organisation=None)
    path = page_of(person, "person-edit")
    seen = desk.get(path).context["form"]["seen"].value()
    desk.post(path, edit_data(person, role="head", seen=seen))
    answer = desk.post(path, edit_data(person, role="chief", seen=seen))
    person.refresh_from_db()
    assert (answer.status_code, person.role) == (409, "head")
    form = answer.context["form"]
    assert (form["role"].value(), form.theirs) == ("chief", [("Role", "head")])
    desk.post(path, edit_data(person, role="chief", seen=form["seen"].value()))
    person.refresh_from_db()
    assert person.role == "chief"


def test_an_organisation_is_chosen_by_its_name(desk):
    organisation = OrganisationFactory(name="Gdańsk (municipality)")
    data = {"given": "Łucja", "organisation": "gdansk (municipality)", "origin": "self"}
    desk.post(reverse("visits:person-new"), data)
    assert Person.objects.get().organisation == organisation


def test_who_told_us_themselves_needs_no_notice(desk):
    path = reverse("visits:person-new")
    usual = desk.get(path).context["form"]["origin"].as_widget()
    assert usual.index("self") < usual.index("list") < usual.index("other")
    assert set(desk.post(path, {"given": "Łucja"}).context["form"].errors) == {"origin"}
    desk.post(path, {"given": "Łucja", "origin": "self"})
    person = Person.objects.get()
    assert not person.notices_due.exists()
    (added,) = AuditEntry.objects.about(person).filter(verb="add_person")
    assert added.note.why == "The person themselves"


@pytest.mark.parametrize("origin", ["list", "other"])
def test_who_was_added_from_elsewhere_is_to_be_told_within_a_month(origin, desk):
    data = {"given": "Łucja", "origin": origin}
    refusal = desk.post(reverse("visits:person-new"), data).context["form"]
    assert set(refusal.errors) == {"source", "basis"}
    assert not Person.objects.exists()
    data |= {"source": " signed attendee list ", "basis": "follow-up of the event"}
    desk.post(reverse("visits:person-new"), data)
    notice = NoticeDue.objects.get()
    assert (notice.source, notice.basis) == ("signed attendee list", "follow-up of the event")
    assert (notice.due_on, notice.batch, notice.told_at) == (date(2023, 3, 15), None, None)
    page = desk.get(reverse("visits:notice-list"))
    assert "Łucja" in page.content.decode()


def test_an_unknown_organisation_is_refused_beside_its_field(desk):
    data = {"given": "Łucja", "organisation": "Atlantis", "origin": "self"}
    form = desk.post(reverse("visits:person-new"), data).context["form"]
    assert list(form.errors) == ["organisation"]
    assert form["given"].value() == "Łucja"


def test_all_faults_of_a_form_are_told_at_once(desk):
    data = {"given": "", "address": "not a mail", "phone": "x", "origin": "self"}
    form = desk.post(reverse("visits:person-new"), data).context["form"]
    assert set(form.errors) == {"given", "address", "phone"}


def test_an_address_is_added_and_marked_from_the_page(desk):
    person = PersonFactory()
    desk.post(
        page_of(person, "contact-point-new"), {"point-kind": "email", "point-value": "a@b.example"}
    )
    point = person.contact_points.get()
    path = reverse("visits:contact-point-change", args=[person.pk, point.pk])
    desk.post(path, {"verb": "verified"})
    point.refresh_from_db()
    assert (point.value, point.status) == ("a@b.example", "verified")


def test_an_address_of_somebody_else_is_not_found(desk):
    person, other = PersonFactory(), PersonFactory(address="x@city.example")
    path = reverse("visits:contact-point-change", args=[person.pk, other.contact_points.get().pk])
    assert desk.post(path, {"verb": "remove"}).status_code == 404


def test_markup_in_a_name_is_shown_as_text(desk):
    person = PersonFactory(given="<img src=x onerror=alert(1)>", notes="<script>bad()</script>")
    for path in (page_of(person), reverse("visits:person-list")):
        text = desk.get(path).content.decode()
        assert "<img src=x" not in text
        assert "<script>bad" not in text


def test_a_way_back_to_another_site_is_not_followed(desk):
    person = PersonFactory()
    answer = desk.post(page_of(person, "person-archive"), {"next": "https://evil.example/"})
    assert answer.url == page_of(person)


def typed(desk, query, shown=""):
    """The list as htmx asks for it while somebody types; `shown` is the address so far."""
    path = reverse("visits:person-list")
    current = f"http://testserver{path}{shown}"
    return desk.get(path, query, headers={"HX-Request": "true", "HX-Current-URL": current})


def test_typing_in_the_search_brings_rows_alone_and_a_clean_address(desk):
    PersonFactory(family="Berg")
    answer = typed(desk, {"q": "berg", "type": "", "kept": ""})
    assert "<main" not in answer.content.decode()
    assert answer["HX-Replace-Url"] == "/people/?q=berg"


def test_another_filter_brings_the_whole_page_with_its_pills(desk):
    answer = typed(desk, {"q": "", "country": "BE"})
    assert answer["HX-Redirect"] == "/people/?country=BE"


def test_undo_leads_back_to_where_it_was_done(desk):
    promise = FollowUpFactory(person=PersonFactory())
    here = page_of(promise.person)
    path = reverse("visits:follow-up-complete", args=[promise.pk])
    answer = desk.post(path, {"next": here}, follow=True)
    undo = next(iter(answer.context["messages"])).extra_tags.removeprefix("undo:")
    assert desk.post(undo).url == here


def test_no_filter_offers_a_row_of_dashes(desk):
    text = desk.get(reverse("visits:person-list")).content.decode()
    assert "-----" not in text
    assert (
        '<option value="">any</option>' in text or '<option value="" selected>any</option>' in text
    )


# --- The rights of a person ----------------------------------------------------------------------


def test_the_page_before_an_erasure_says_what_goes_and_what_stays(desk):
    asked = VisitRequestFactory(ref="R77", person=PersonFactory(given="Ida", family="Berg"))
    ParticipationFactory(person=asked.person)

    page = desk.get(page_of(asked.person, "person-erase"))

    sides = page.context["sides"]
    assert "parts in events, counted without a name: 1" in sides.stays
    assert "names, contacts and texts in requests, and their private links: 1" in sides.goes
    assert sides.open_requests == ["R77"]
    assert Person.objects.get(pk=asked.person.pk).erased_at is None


def test_an_erasure_needs_its_tick_and_then_is_done(desk):
    person = PersonFactory(given="Ida", family="Berg")
    path = page_of(person, "person-erase")

    assert desk.post(path, {}).status_code == 422
    assert Person.objects.get(pk=person.pk).name == "Ida Berg"

    page = desk.post(path, {"is_sure": "on"}, follow=True)
    assert toasts(page) == ["The person is erased; what happened stays countable."]
    assert "Ida" not in page.content.decode()
    assert Person.objects.get(pk=person.pk).erased_at == CLOCK
    assert "erased already" in toasts(desk.get(path, follow=True))[0]


def test_notes_that_name_them_by_the_family_name_alone_are_decided_one_by_one(desk):
    person = PersonFactory(given="Ida", family="Berg")
    ann = PersonFactory(given="Ann", family="Other")
    meant = InteractionFactory(person=ann, text="Berg asked again.")
    hill = InteractionFactory(person=ann, text="Up the berg on foot.")
    path = page_of(person, "person-erase")

    page = desk.get(path)
    assert [each.mention.row for each in page.context["named"] if each.is_ticked] == [meant, hill]
    assert "Berg asked again." in page.content.decode()

    keys = {each.mention.row: each.mention.key for each in page.context["named"]}
    choice = {"shown": [*keys.values()], "named": [keys[meant]]}
    page = desk.post(path, choice)
    assert page.status_code == 422
    assert [each.mention.row for each in page.context["named"] if each.is_ticked] == [meant]
    late = InteractionFactory(person=ann, text="Berg again.")

    desk.post(path, {"is_sure": "on", **choice})
    for row in (meant, hill, late):
        row.refresh_from_db()
    assert (meant.text, hill.text) == ("█ asked again.", "Up the berg on foot.")
    assert late.text == "█ again."


def test_an_open_wish_to_be_erased_leads_to_that_page(desk):
    person = PersonFactory()
    DataRequestFactory(person=person)
    step = desk.get(page_of(person)).context["next_step"]
    assert step.href == page_of(person, "person-erase")


def test_everything_kept_about_a_person_is_a_download(desk):
    person = PersonFactory(given="Ida", family="Berg")
    answer = desk.get(page_of(person, "person-export"))
    assert answer.json()["people"][0]["given"] == "Ida"
    assert answer["Content-Disposition"] == f'attachment; filename="person-{person.pk}.json"'


def test_an_erased_person_is_not_edited_any_more(desk):
    person = PersonFactory(erased_at=CLOCK, given="", family="")
    values = {"given": "Ida", "languages": ["en"]}
    page = desk.post(page_of(person, "person-edit"), values, follow=True)
    assert "This person was erased; enter them anew" in page.content.decode()
    assert Person.objects.get(pk=person.pk).given == ""


def test_a_record_that_was_merged_away_offers_nothing_to_write_into_it(desk):
    gone = PersonFactory()
    written = (
        "Log a note</a>",
        "New request by hand",
        "Add an address",
        "Record an answer",
        "Press f",
    )
    page = desk.get(page_of(gone)).text
    assert all(words in page for words in written)

    Person.objects.filter(pk=gone.pk).update(merged_into=PersonFactory())
    page = desk.get(page_of(gone)).text
    assert "This record was merged into" in page
    assert not any(words in page for words in written)
