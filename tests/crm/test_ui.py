"""Words, marks, tags, the frame and the middleware every page stands in."""

import json
import logging
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.contrib.messages.storage.base import Message
from django.core.paginator import Paginator
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import translation

from crm import maps, marks, pictures, strips, timetable, wording
from crm.logs import PrivateFilter, scrub
from crm.models import ClockSetting, ContactPoint, OutgoingMail, Participation
from crm.models.consent import ConsentRecord
from tests.factories.visits import CampaignFactory, VisitRequestFactory
from visits.states import RequestState, VisitState

NINE_THIRTY = datetime(2023, 2, 9, 8, 30, tzinfo=UTC)


def drawn(source: str, path: str = "/", **values) -> str:
    request = RequestFactory().get(path)
    return Template(source).render(Context({"request": request, **values}))


class TestWords:
    def test_local_time_names_day_city_and_zone(self):
        assert wording.local_time(NINE_THIRTY, "Europe/Brussels") == (
            "Thu 9 Feb 2023, 09:30 Brussels (CET)"
        )

    def test_local_time_follows_the_language(self):
        with translation.override("it"):
            assert wording.local_time(NINE_THIRTY, "Europe/Brussels").startswith("gio 9 feb 2023")

    @pytest.mark.parametrize(
        ("zone", "short"),
        [
            ("Europe/Lisbon", "WET"),
            ("Europe/London", "GMT"),
            ("Europe/Athens", "EET"),
            ("Europe/Istanbul", "UTC+3"),
            ("Atlantic/Azores", "UTC−1"),
            ("Asia/Kathmandu", "UTC+5:45"),
        ],
    )
    def test_zone_is_said_by_its_usual_name_or_by_its_distance(self, zone, short):
        assert wording.local_time(NINE_THIRTY, zone).endswith(f"({short})")

    def test_time_without_zone_is_refused(self):
        with pytest.raises(ValueError, match="without a time zone"):
            wording.local_time(datetime(2023, 2, 9, 8, 30), "Europe/Oslo")

    def test_time_range_of_one_day_says_the_day_once(self):
        later = datetime(2023, 2, 9, 11, 30, tzinfo=UTC)
        assert wording.time_range(NINE_THIRTY, later, "Europe/Brussels") == (
            "Thu 9 Feb 2023, 09:30–12:30 Brussels (CET)"
        )

    def test_time_range_over_the_change_of_clocks_shows_both_zones(self):
        start = datetime(2023, 3, 26, 0, 30, tzinfo=UTC)
        end = datetime(2023, 3, 26, 2, 0, tzinfo=UTC)
        assert wording.time_range(start, end, "Europe/Oslo") == (
            "Sun 26 Mar 2023, 01:30 Oslo (CET) – Sun 26 Mar 2023, 04:00 Oslo (CEST)"
        )

    def test_time_range_past_midnight_shows_both_days(self):
        end = datetime(2023, 2, 10, 0, 0, tzinfo=UTC)
        assert "Fri 10 Feb 2023, 01:00" in wording.time_range(NINE_THIRTY, end, "Europe/Oslo")

    def test_day_range_says_what_both_days_share_once(self):
        first, last = date(2023, 2, 1), date(2023, 2, 28)
        assert wording.day_range(first, last) == "Wed 1 – Tue 28 Feb 2023"
        assert wording.day_range(first, first) == "Wed 1 Feb 2023"
        assert wording.day_range(first, date(2023, 3, 1)) == "Wed 1 Feb – Wed 1 Mar 2023"

    @pytest.mark.parametrize(
        ("minutes", "words"),
        [(385, "6 h 25 min"), (45, "45 min"), (180, "3 h"), (0, "0 min"), (-90, "−1 h 30 min")],
    )
    def test_duration(self, minutes, words):
        assert wording.duration(minutes) == words

    def test_days_until(self):
        today = date(2023, 2, 15)
        said = [wording.days_until(date(2023, 2, day), today) for day in (13, 14, 15, 16, 18)]
        assert said == ["2 days ago", "yesterday", "today", "tomorrow", "in 3 days"]

    @pytest.mark.parametrize(
        ("name", "letters"),
        [
            ("Cora Olsen", "CO"),
            ("Pilar De La Torre", "PT"),
            ("Élodie Sample-Chêne", "ÉC"),
            ("Sokrates", "SO"),
            ("", "•"),
            (None, "•"),
        ],
    )
    def test_initials(self, name, letters):
        assert drawn("{{ name|initials }}", name=name) == letters


class TestMarks:
    @pytest.mark.parametrize(
        ("kind", "choices"),
        [
            ("request", RequestState),
            ("visit", VisitState),
            ("mail", OutgoingMail.State),
            ("consent", ConsentRecord.Status),
            ("participation", Participation.Status),
            ("address", ContactPoint.Status),
        ],
    )
    def test_every_state_has_a_mark_with_the_word_of_the_model(self, kind, choices):
        said = {state.value: str(marks.mark(state.value, kind).word) for state in choices}
        assert said == {state.value: str(state.label) for state in choices}

    def test_every_mark_has_a_shape_we_draw_and_a_hue_we_have(self):
        for table in marks.KINDS.values():
            for found in table.values():
                assert found.shape in marks.SHAPES
                assert found.shape in marks.LETTERS
                assert found.hue in marks.HUES

    def test_pill_says_the_word_and_escapes_an_unknown_state(self):
        assert "under review" in drawn('{% state_pill "under_review" %}')
        assert "<b>" not in drawn("{% state_pill state %}", state="<b>x</b>")


class TestColours:
    """axe cannot see through hatching and gradients, so the tokens themselves are measured."""

    def tokens(self, theme: str) -> dict[str, str]:
        text = (Path(settings.BASE_DIR) / "static" / "css" / "tokens.css").read_text()
        pairs = re.findall(r"--([a-z-]+): light-dark\((#\w{6}), (#\w{6})\)", text)
        return {name: light if theme == "light" else dark for name, light, dark in pairs}

    def contrast(self, one: str, other: str) -> float:
        def brightness(colour: str) -> float:
            parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
            linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
            return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

        darker, lighter = sorted([brightness(one), brightness(other)])
        return (lighter + 0.05) / (darker + 0.05)

    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_text_is_readable_on_everything_it_stands_on(self, theme):
        colours = self.tokens(theme)
        grounds = ["paper", "surface", "sunk", "hover", "accent-soft"]
        texts = ["ink", "quiet", "accent", "accent-strong"]
        pairs = [(text, ground) for text in texts for ground in grounds]
        pairs += [(hue, f"{hue}-soft") for hue in marks.HUES]
        pairs += [(hue, ground) for hue in marks.HUES for ground in ("paper", "surface")]
        pairs += [("on-accent", "accent"), ("on-accent", "accent-strong")]
        pairs += [("ink", f"{hue}-soft") for hue in marks.HUES] + [("quiet", "grey-soft")]
        faint = {
            f"{text} on {ground}": round(self.contrast(colours[text], colours[ground]), 2)
            for text, ground in pairs
            if self.contrast(colours[text], colours[ground]) < 4.5
        }
        assert faint == {}

    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_edges_of_controls_can_be_seen(self, theme):
        colours = self.tokens(theme)
        for ground in ("paper", "surface", "sunk"):
            assert self.contrast(colours["edge"], colours[ground]) >= 3


class TestTags:
    def test_query_with_replaces_one_value_and_keeps_the_rest(self):
        source = "{% query_with page=2 sort=None %}"
        assert drawn(source, "/people/?q=a&page=1&sort=name") == "?q=a&amp;page=2"

    def test_query_without_takes_out_one_of_two_values_and_the_page(self):
        source = '{% query_without "state" "received" %}'
        assert drawn(source, "/requests/?state=received&state=proposed&page=3") == (
            "?state=proposed"
        )

    def test_active_nav_marks_the_part_and_not_every_part_of_today(self):
        source = '{% active_nav "/people/" %}|{% active_nav "/" %}'
        assert drawn(source, "/people/7/") == 'aria-current="page"|'

    def test_sort_head_turns_round_on_the_second_press(self):
        source = '{% sort_head "name" "Name" %}'
        assert 'href="?sort=name"' in drawn(source, "/people/")
        sorted_once = drawn(source, "/people/?sort=name")
        assert 'aria-sort="ascending"' in sorted_once
        assert 'href="?sort=-name"' in sorted_once

    def test_field_ties_label_help_and_error_to_the_control(self):
        class Asked(forms.Form):
            email = forms.EmailField(label="Mail address", help_text="As on your card.")

        html = drawn("{% field form.email %}", form=Asked({"email": "x"}))
        assert '<label for="id_email">' in html
        assert 'aria-describedby="id_email-help id_email-error"' in html
        assert 'aria-invalid="true"' in html
        assert 'id="id_email-help"' in html
        assert 'id="id_email-error"' in html

    def test_what_a_person_typed_never_becomes_markup(self):
        class Asked(forms.Form):
            name = forms.CharField()

        evil = '"><img src=x onerror=alert(1)>'
        html = drawn(
            '{% field form.name %}{% component "card" title=evil %}{{ evil }}{% endcomponent %}'
            '{% draw "pill" label=evil remove="#" %}',
            form=Asked({"name": evil}),
            evil=evil,
        )
        assert "<img" not in html

    def test_component_sees_its_arguments_and_not_the_page(self):
        html = drawn(
            '{% draw "button" label="Send" %}', name="leaked", kind="leaked", value="leaked"
        )
        assert "leaked" not in html

    def test_component_parts_reach_their_places(self):
        html = drawn(
            '{% component "card" title="T" %}inside{% part "foot" %}below{% endpart %}'
            "{% endcomponent %}"
        )
        assert html.index("inside") < html.index('<footer class="card-foot">below')

    def test_undo_is_offered_only_for_a_path_of_this_site(self):
        def undo_of(tags: str) -> str:
            return drawn("{{ message|undo_url }}", message=Message(25, "Done", tags))

        assert undo_of("undo:/people/7/restore/") == "/people/7/restore/"
        assert undo_of("undo://evil.example/") == ""
        assert undo_of("undo:javascript:alert(1)") == ""

    def test_pagination_keeps_the_filter(self):
        page = Paginator(range(100), 10).page(2)
        html = drawn('{% draw "pagination" page_obj=page %}', "/people/?q=a", page=page)
        assert 'href="?q=a&amp;page=3"' in html


class TestPictures:
    def test_funnel_fills_the_bar_and_leaves_empty_stages_out(self):
        drawn_funnel = pictures.funnel(
            [pictures.Stage("a", 1), pictures.Stage("b", 0), pictures.Stage("c", 99)]
        )
        widths = [segment.width for segment in drawn_funnel.segments]
        assert sum(widths) == pytest.approx(100, abs=0.01)
        assert widths[1] == 0
        assert widths[0] > 1

    def test_funnel_of_nobody_has_no_width(self):
        empty = pictures.funnel([pictures.Stage("a", 0)])
        assert [segment.width for segment in empty.segments] == [0]

    def test_map_puts_cities_where_they_lie(self):
        places = [("Málaga", 36.72, -4.42), ("Oslo", 59.91, 10.75), ("Athens", 37.98, 23.73)]
        found = maps.europe([maps.Dot(*place, state="tentative") for place in places])
        malaga, oslo, athens = found.dots
        assert malaga.x < oslo.x < athens.x
        assert oslo.y < athens.y < malaga.y
        assert all(0 < dot.x < maps.WIDTH and 0 < dot.y < maps.HEIGHT for dot in found.dots)

    def test_two_visits_to_one_city_are_both_seen(self):
        dot = maps.Dot("Ghent", 51.05, 3.72, "tentative")
        one, other = maps.europe([dot, dot]).dots
        assert abs(one.x - other.x) >= maps.APART - 0.2

    def test_map_picture_is_made_from_the_outlines(self):
        assert maps.PICTURE.read_text(encoding="utf-8") == maps.land_svg()

    def test_timetable_lays_hours_to_scale(self):
        block = timetable.Block(
            "visit", datetime(2023, 2, 14, 9), datetime(2023, 2, 14, 15), "V07 Brussels"
        )
        days = [timetable.Day(date(2023, 2, 13)), timetable.Day(date(2023, 2, 14))]
        plan = timetable.timetable(
            days, [timetable.Row("H1", [block])], day_width=120, opens=6, closes=18
        )
        (box,) = plan.lanes[0].boxes
        assert (box.x, box.width, plan.width) == (150, 60, 240)

    def test_timetable_cuts_an_absence_at_the_weekend_that_is_not_shown(self):
        days = [timetable.Day(date(2023, 2, day)) for day in (17, 20)]
        rows = [
            timetable.Block("away", datetime(2023, 2, 18), datetime(2023, 2, 19), "Saturday"),
            timetable.Block("away", datetime(2023, 2, 18), datetime(2023, 2, 20, 12), "Monday too"),
        ]
        plan = timetable.timetable(
            days, [timetable.Row("H1", rows)], day_width=120, opens=6, closes=18
        )
        (box,) = plan.lanes[0].boxes
        assert (box.words, box.x, box.width) == ("Monday too", 120, 60)

    def test_timetable_puts_words_in_the_column_of_their_day_and_long_ones_above_the_next(self):
        days = [timetable.Day(date(2023, 2, day)) for day in (20, 21, 22)]
        names = ((20, "Lviv"), (20, "Reykjavík"), (21, "Thessaloniki"), (22, "Nice"))
        blocks = [
            timetable.Block(
                "visit",
                datetime(2023, 2, day, 9 + number),
                datetime(2023, 2, day, 10 + number),
                name,
                title=name,
            )
            for number, (day, name) in enumerate(names)
        ]
        lane = timetable.timetable(days, [timetable.Row("H1", blocks)]).lanes[0]
        first, second = lane.boxes[0].words_y, lane.boxes[1].words_y
        assert [(box.city, box.words_x // timetable.DAY) for box in lane.boxes] == [
            ("Lviv", 0),
            ("Reykjavík", 0),
            ("Thessaloniki", 1),
            ("Nice", 2),
        ]
        assert [box.words_y for box in lane.boxes] == [first, second, first, second]
        assert lane.boxes[1].squeezed < timetable.DAY

    def test_timetable_keeps_a_long_word_of_the_last_day_inside(self):
        days = [timetable.Day(date(2023, 2, day)) for day in (27, 28)]
        begins = datetime(2023, 2, 28, 9)
        name = "Thessaloniki"
        block = timetable.Block("visit", begins, begins.replace(hour=10), name, title=name)
        plan = timetable.timetable(days, [timetable.Row("H2", [block])])
        (box,) = plan.lanes[0].boxes
        assert plan.width == 2 * timetable.DAY
        assert (box.city, box.squeezed, box.sub_x // timetable.DAY) == (name, 0, 1)
        assert box.words_x + box.room == plan.width

    def test_timetable_draws_the_marks_at_its_edges_whole(self):
        days = [timetable.Day(date(2023, 2, day)) for day in (27, 28)]
        moments = (datetime(2023, 2, 27, 5), datetime(2023, 2, 28, 22))
        marks = [timetable.Block("home", moment, moment, "Back home") for moment in moments]
        plan = timetable.timetable(days, [timetable.Row("H1", marks)])
        assert [box.x for box in plan.lanes[0].boxes] == [
            timetable.HALF_MARK,
            plan.width - timetable.HALF_MARK,
        ]

    def test_timetable_cuts_words_only_where_no_level_is_left(self):
        days = [timetable.Day(date(2023, 2, 20))]
        blocks = [
            timetable.Block(
                "visit",
                datetime(2023, 2, 20, hour),
                datetime(2023, 2, 20, hour, 30),
                "V",
                title="Bergen",
            )
            for hour in range(8, 14)
        ]
        lane = timetable.timetable(days, [timetable.Row("H1", blocks)]).lanes[0]
        assert [box.city for box in lane.boxes] == [*["Bergen"] * 4, "…", "Bergen"]

    def test_strip_day_says_everything_it_shows(self):
        day = strips.StripDay(
            date(2023, 2, 21),
            (strips.StripMark("busy", "day of V09 Gdańsk"), strips.StripMark("soft", "carnival")),
        )
        assert day.words == "Tue 21 Feb: day of V09 Gdańsk; carnival"
        assert day.classes == "is-busy is-soft"


class TestSafeInput:
    def test_nul_in_the_query_is_refused_with_a_sentence(self, client, db):
        answer = client.get("/accounts/login/?next=%00")
        assert answer.status_code == 400
        assert "control character" in answer.text

    def test_control_character_in_a_form_is_left_out_and_the_rest_kept(self, client, db):
        answer = client.post("/accounts/login/", {"login": "a\x1b\x00b@x.example", "password": "x"})
        assert answer.status_code == 200
        assert 'value="ab@x.example"' in answer.text

    def test_control_character_in_the_name_of_a_field_is_refused(self, client, db):
        answer = client.post("/accounts/login/", {"lo\x00gin": "a", "password": "x"})
        assert answer.status_code == 400

    @pytest.mark.parametrize("text", ["\\u0000", "\\ud800", "\\u001f"])
    def test_escape_in_json_is_refused_as_problem_details(self, client, db, text):
        body = '{"name": ["fine", {"deep": "a' + text + '"}]}'
        answer = client.post("/api/v1/people/", body, content_type="application/json")
        assert answer.status_code == 400
        assert answer["Content-Type"] == "application/problem+json"
        assert json.loads(answer.content)["status"] == 400

    def test_deep_json_is_refused_and_not_a_crash(self, client, db):
        body = "[" * 100_000 + '"\\u0041"' + "]" * 100_000
        answer = client.post("/api/v1/people/", body, content_type="application/json")
        assert answer.status_code == 400

    def test_emoji_tabs_lines_and_words_soft_break_pass(self, client, db):
        answer = client.post("/accounts/login/", {"login": "a\t\r\n\x0b😀", "password": "x"})
        assert answer.status_code == 200


class TestPrivatePages:
    def test_signed_in_pages_are_not_stored(self, client, coordinator):
        client.force_login(coordinator)
        answer = client.get(reverse("visits:components"))
        assert "no-store" in answer["Cache-Control"]

    def test_signing_out_clears_the_browser(self, client, coordinator):
        client.force_login(coordinator)
        answer = client.post(reverse("account_logout"))
        assert answer["Clear-Site-Data"] == '"cache", "storage"'

    def test_htmx_without_a_session_goes_to_the_sign_in_and_back_to_the_page(self, client, db):
        answer = client.get(
            reverse("visits:components"),
            headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/people/?q=a"},
        )
        assert answer["HX-Redirect"] == "/accounts/login/?next=%2Fpeople%2F%3Fq%3Da"

    def test_missing_token_is_refused_with_words_a_fragment_can_show(self, coordinator, client):
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(coordinator)
        answer = strict.post(reverse("account_logout"), headers={"HX-Request": "true"})
        assert answer.status_code == 403
        assert answer["HX-Retarget"] == "#toasts"
        assert "nothing was changed" in answer.text
        assert "<html" not in answer.text

    def test_sign_up_is_closed(self, client, db):
        answer = client.get("/accounts/signup/")
        assert "made by an administrator" in answer.text
        assert 'name="password1"' not in answer.text

    def test_admin_sends_to_the_one_sign_in(self, client, db):
        answer = client.get("/admin/login/", follow=True)
        assert answer.redirect_chain[-1][0].startswith("/accounts/login/")


class TestErrorPages:
    def test_unknown_page_says_how_to_go_on(self, client, coordinator):
        client.force_login(coordinator)
        answer = client.get("/nothing/here/")
        assert answer.status_code == 404
        assert "Go to the first page" in answer.text

    def test_every_error_page_keeps_the_policy_and_has_no_inline_style(self, client, coordinator):
        client.force_login(coordinator)
        answer = client.get("/nothing/here/")
        assert "default-src 'self'" in answer["Content-Security-Policy"]
        assert "style=" not in answer.text
        assert "<script" not in answer.text


class TestLogs:
    def test_addresses_and_tokens_are_cut_out(self):
        line = "mail to anna.b@city.example for /it/visit/r/abc_DEF-123/ key " + "aB3" * 15
        assert scrub(line) == "mail to [address] for /it/visit/r/[token]/ key [token]"

    def test_ordinary_words_stay(self):
        line = "visits.domain.planning.store_the_published_version_of_a_plan took 12 ms"
        assert scrub(line) == line

    def test_traceback_is_scrubbed_too(self):
        record = logging.LogRecord("x", logging.ERROR, "", 1, "for %s", ("a@b.example",), None)
        try:
            raise ValueError("anna@city.example is taken")
        except ValueError as error:
            record.exc_info = (type(error), error, error.__traceback__)
        assert PrivateFilter().filter(record)
        said = logging.Formatter().format(record)
        assert said.startswith("for [address]")
        assert "anna@city.example" not in said


@pytest.mark.django_db
class TestFrame:
    def test_desk_page_asks_two_questions_beside_who_is_there(
        self, client, coordinator, django_assert_num_queries
    ):
        client.force_login(coordinator)
        # Session, account with roles and clock, and one row with campaign and counters.
        with django_assert_num_queries(3):
            client.get(reverse("visits:components"))

    def test_reporter_is_led_to_figures_only(self, client, reporter):
        client.force_login(reporter)
        page = client.get(reverse("visits:components")).text
        assert 'href="/figures/"' in page
        assert 'href="/people/"' not in page

    def test_clock_stands_where_the_demo_clock_stands(self, client, coordinator):
        CampaignFactory(zone="Europe/Oslo")
        ClockSetting.objects.fix(datetime(2023, 2, 15, 9, tzinfo=UTC))
        client.force_login(coordinator)
        page = client.get(reverse("visits:components")).text
        assert "Wed 15 Feb 2023, 10:00 Oslo (CET)" in page
        assert "demo clock" in page

    def test_requests_that_wait_are_counted_beside_their_place(self, client, coordinator):
        campaign = CampaignFactory()
        VisitRequestFactory.create_batch(2, campaign=campaign, state=RequestState.RECEIVED)
        VisitRequestFactory(campaign=campaign, state=RequestState.DECLINED)
        client.force_login(coordinator)
        assert "(2 requests wait)" in client.get(reverse("visits:components")).text
