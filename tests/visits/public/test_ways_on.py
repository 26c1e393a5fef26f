"""Where a wrong turn leads, what cannot be wished for, and what the address holder reads."""

import re

import pytest

from visits.models import PendingRequest

FORM = "/en/visit/"


@pytest.mark.parametrize(
    ("language", "words"), [("de", "Besuch anfragen"), ("it", "visita"), ("en", "Ask for a visit")]
)
def test_lost_reader_is_led_to_the_public_pages_in_their_language(client, db, language, words):
    answer = client.get(f"/{language}/visit/nope/")
    page = answer.content.decode()

    assert answer.status_code == 404
    assert f'href="/{language}/visit/"' in page
    assert f'href="/{language}/visit/offer/"' in page
    assert words in page
    assert 'href="/"' not in page


def test_lost_colleague_is_led_to_the_first_page(client, db):
    page = client.get("/nope/").content.decode()

    assert 'href="/"' in page


@pytest.mark.parametrize(
    ("language", "limit"), [("en", "2.5 MB"), ("de", "2,5 MB"), ("fr", "2,5 Mo")]
)
def test_far_too_long_form_is_answered_with_the_limit(client, campaign, language, limit):
    answer = client.post(f"/{language}/visit/", {"question_1": "x" * 2_600_000})

    assert answer.status_code == 413
    assert limit in answer.content.decode()
    assert f'href="/{language}/visit/"' in answer.content.decode()


# --- dates that cannot be wished for ---


@pytest.mark.parametrize("day", ["2023-02-14", "2020-02-24", "2024-03-01", "2099-02-24"])
def test_note_never_invites_to_keep_what_the_form_refuses(client, ghent, form, day):
    noted = client.get(f"{FORM}days/", {"date_1": day, "city": "Ghent"}).content.decode()
    refused = client.post(FORM, form(date_1=day, keep_1=day))

    assert "keep_1" not in noted
    assert refused.status_code == 400
    sentence = "is over" if day < "2023-02-15" else "is too far away"
    assert sentence in noted
    assert refused.content.decode().count(sentence) == 2  # In the summary and at the field.


@pytest.mark.parametrize("day", ["2023-02-25", "2024-02-29"])
def test_note_invites_to_keep_what_the_form_takes(client, ghent, form, day):
    noted = client.get(f"{FORM}days/", {"date_1": day, "city": "Ghent"}).content.decode()

    assert "keep_1" in noted
    assert client.post(FORM, form(date_1=day, keep_1=day)).status_code == 302


# --- what the address holder reads ---


def test_everything_that_was_typed_is_read_before_it_is_confirmed(client, ghent, form, last_link):
    client.post(FORM, form(phone="+32 9 111", mode="hybrid", part_1="afternoon"))
    page = client.get(last_link(), follow=True).content.decode()

    assert PendingRequest.objects.count() == 1
    assert re.search(r"Wed 22 Feb 2023(</\w+>)?, afternoon", page)
    assert "<dt>Phone</dt><dd>+32 9 111</dd>" in page
    assert "Both: some of us join online" in page


def test_letter_tells_part_of_day_as_understood_and_no_phone(verified):
    from visits.domain.letters import what_we_understood

    asked = verified(phone="+32 9 111")

    assert "wished dates: Wed 22 Feb 2023 (morning)" in what_we_understood(asked)
    assert "+32 9 111" not in what_we_understood(asked)
