"""What the planner's reasons say at the desk, and what a letter may say."""

import ast
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import visits.planning
from visits.planning.solution import Reason
from visits.reason_words import DESK, PUBLIC, both, desk_words, public_words

DAY = date(2023, 2, 21)
# Answers to questions of the engine's own, never a reason of one day.
NOT_OF_A_DAY = {"fits_now", "fits_if", "no_host"}


def codes():
    """Every code that a Reason is made with in the planner."""
    found = set()
    for file in Path(visits.planning.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            is_reason = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Reason"
            if is_reason and isinstance(node.args[0], ast.Constant):
                found.add(node.args[0].value)
    return found


def test_every_reason_of_the_planner_has_a_sentence_for_the_desk():
    assert codes() - NOT_OF_A_DAY - set(DESK) == set()


def test_desk_names_what_stands_in_the_way():
    values = {"label": "Oslo", "visits": ["Ghent", "Brno"], "day": DAY, "weight": "5", "own": "3"}
    assert desk_words(Reason("outranked_by", "", values)) == (
        "Every slot that Oslo could use is taken by visits that together weigh at least as much: "
        "Ghent and Brno around Tue 21 Feb 2023 (priority 5, its own is 3)."
    )
    values = {"label": "Oslo", "visits": ["Ghent", "Brno", "Nice"], "day": DAY}
    assert desk_words(Reason("outranked", "", values)) == (
        "Every slot that Oslo could use is taken by visits that together weigh at least as much: "
        "Ghent, Brno and Nice in the week of Tue 21 Feb 2023, of which more than two would have to "
        "give way."
    )


def test_rules_of_a_week_name_the_week():
    assert desk_words(Reason("rest_day", "", {"host": "Joe", "day": DAY})) == (
        "Joe needs a day without a visit on site in the week of Tue 21 Feb 2023."
    )
    assert desk_words(Reason("cap_reached", "", {"host": "Joe", "cap": 3, "day": DAY})) == (
        "Joe already has as many visits on site in the week of Tue 21 Feb 2023 as may be: 3."
    )


def test_reason_without_a_sentence_of_ours_says_what_the_planner_says():
    assert (
        desk_words(Reason("no_host", "No host can be planned in this window."))
        == "No host can be planned in this window."
    )


def test_refusal_names_the_hours_of_the_place_and_the_notice_it_needs():
    nine, one = (datetime(2023, 2, 21, hour, tzinfo=UTC) for hour in (8, 12))
    hours = {"label": "Venice", "earliest": nine, "latest": one, "zone": "Europe/Rome"}
    assert desk_words(Reason("outside_hours", "", hours)) == (
        "Venice could start between 09:00 and 13:00 Rome (CET) on that day."
    )
    soon = {"day": DAY, "earliest": one, "zone": "Europe/Rome"}
    assert desk_words(Reason("too_soon", "", soon)) == (
        "Tue 21 Feb 2023 is too soon: a new visit may begin on Tue 21 Feb 2023, 13:00 Rome (CET) "
        "at the earliest."
    )


@pytest.mark.parametrize("code", [*PUBLIC, "blocked_by_visit", "taken", "no_such_code"])
def test_letter_says_the_day_and_nothing_about_anybody_else(code):
    sentence = public_words(code, DAY, why="Shrove Tuesday")
    assert "Tue 21 Feb 2023" in sentence
    assert "%(" not in sentence


def test_letter_may_name_the_city_s_own_closed_day():
    assert public_words("closed_day", DAY, why="Shrove Tuesday.") == (
        "Tue 21 Feb 2023 is a day on which your offices are closed: Shrove Tuesday."
    )


def test_names_are_listed_as_a_person_would():
    assert [both([]), both(["A"]), both(["A", "B"]), both(["A", "B", "C"])] == [
        "",
        "A",
        "A and B",
        "A, B and C",
    ]
