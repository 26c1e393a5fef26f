"""Which contacts are taken for one human, which are not, and why; plain values only."""

import json
import random
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from crm.matching.compare import COMPARED
from crm.matching.contacts import CONTACTS, phone_key
from crm.matching.fields import Kind, Level
from crm.matching.search import find_pairs, weigh_first, weigh_pairs
from crm.matching.weights import from_json, usual_weights

SYLLABLES = "ba de fi go ha ju ke li mo na pe ri so ta ve wi".split()


def contact(given, family, city="", mail=(), phone=(), country="no", organisation=None):
    mail = (mail,) if isinstance(mail, str) else mail
    body = organisation if organisation is not None else (f"city of {city}" if city else "")
    row = {"given": given, "family": family, "organisation": body, "city": city}
    row |= {"country": country}
    return {name: (value,) if value else () for name, value in row.items()} | {
        "mail": tuple(mail),
        "phone": tuple(phone),
    }


def as_table(contacts):
    return {name: [row[name] for row in contacts] for name in CONTACTS.names}


def strangers(count, seed=1):
    """People who share at most a name or a city by chance."""
    chance = random.Random(seed)

    def word(length):
        return "".join(chance.choice(SYLLABLES) for _ in range(length))

    cities = [word(3) for _ in range(max(count // 6, 8))]
    givens, families = [word(2) for _ in range(120)], [word(3) for _ in range(900)]
    people = []
    for number in range(count):
        given, family, city = map(chance.choice, (givens, families, cities))
        mail = f"{given}.{family}{number}@{city}.example"
        people.append(contact(given, family, city, mail))
    return people


def pairs_among(*contacts, others=400):
    """The pairs found among these contacts, put at the end of a list of strangers."""
    crowd = strangers(others)
    found = find_pairs(CONTACTS, as_table([*crowd, *contacts])).pairs
    return {
        (pair.left - others, pair.right - others): pair for pair in found if pair.left >= others
    }


@pytest.mark.parametrize("others", [60, 400, 3000])
def test_names_that_sound_alike_in_two_cities_stay_apart(others):
    found = pairs_among(
        contact("anna", "larsen", "bergen", "anna.larsen@bergen.example"),
        contact("anna", "larsen", "ghent", "anna.larsen@ghent.example", country="be"),
        contact("anna", "larson", "oslo", "anna.larson@oslo.example"),
        contact("ana", "larsen", "turin", country="it"),
        others=others,
    )
    assert found == {}


@pytest.mark.parametrize("others", [60, 400, 3000])
def test_the_same_person_with_a_slip_in_the_name_is_found(others):
    found = pairs_among(
        contact("anna", "larsen", "bergen", "anna.larsen@bergen.example"),
        contact("anna", "larsne", "bergen", "anna.larsen@bergen.example"),
        others=others,
    )
    pair = found[0, 1]
    assert pair.probability > 0.9
    assert pair.levels["mail"] is Level.SAME
    assert pair.levels["family"] is Level.NEAR
    # The organisation says the city; it counts once.
    assert pair.levels["city"] is Level.UNKNOWN


def test_the_same_name_in_the_same_office_under_two_addresses_is_found():
    found = pairs_among(
        contact("anna", "larsen", "bergen", "anna.larsen@bergen.example"),
        contact("anna", "larsen", "bergen", "al@mail.example"),
        contact("larsen", "anna", "bergen"),
    )
    assert set(found) == {(0, 1), (0, 2), (1, 2)}


def test_one_of_several_addresses_is_enough():
    found = pairs_among(
        contact("anna", "larsen", "bergen", ("a@b.example", "anna@private.example")),
        contact("a", "larsen", "", ("anna@private.example",)),
    )
    assert found[0, 1].levels["mail"] is Level.SAME
    assert found[0, 1].levels["given"] is Level.ALIKE


def test_colleagues_with_one_mailbox_are_less_likely_than_one_person():
    found = pairs_among(
        contact("anna", "larsen", "bergen", "post@bergen.example"),
        contact("bo", "ek", "bergen", "post@bergen.example"),
        contact("anna", "larsen", "bergen", "post@bergen.example"),
    )
    assert found[0, 2].bits > found.get((0, 1), found[0, 2]).bits + 10 or (0, 1) not in found


def test_nobody_and_one_person_have_no_duplicates():
    for people in ([], strangers(1), [contact("", "")] * 2):
        assert find_pairs(CONTACTS, as_table(people)).pairs == []


@pytest.mark.parametrize(
    ("kind", "one", "other", "level"),
    [
        (Kind.NAME, "larsen", "larsne", Level.NEAR),
        (Kind.NAME, "j", "john", Level.ALIKE),
        (Kind.NAME, "anna", "anna maria", Level.ALIKE),
        (Kind.NAME, "li", "lo", Level.OTHER),
        (Kind.NAME, "larsen", "eriksen", Level.OTHER),
        (Kind.WORDS, "city of ghent", "ghent city", Level.ALIKE),
        (Kind.WORDS, "city of ghent", "city of gent", Level.NEAR),
        (Kind.DIGITS, "22001133", "22001313", Level.NEAR),
        (Kind.DIGITS, "22001133", "33001122", Level.ALIKE),
        (Kind.MAIL, "anna@city.example", "ana@city.example", Level.NEAR),
        (Kind.MAIL, "anna@city.example", "anna@home.example", Level.UNKNOWN),
        (Kind.CODE, "no", "ni", Level.OTHER),
    ],
)
def test_values_are_as_alike_as_people_would_say(kind, one, other, level):
    assert COMPARED[kind]([one], [other])[0] == level
    assert COMPARED[kind]([other], [one])[0] == level


def test_spellings_of_a_phone_number_share_a_key():
    assert phone_key("+47 22 00 11 22") == phone_key("0047-22001122") == phone_key("22 00 11 22")
    assert phone_key("112") == ""


def test_weights_survive_storing():
    people = [*strangers(300), contact("anna", "larsen", "bergen", "a@b.example")]
    people.append(contact("anna", "larsne", "bergen", "a@b.example"))
    found = find_pairs(CONTACTS, as_table(people))
    stored = from_json(json.loads(json.dumps(found.weights.as_json())))
    left, right = np.array([300]), np.array([301])

    again = weigh_pairs(CONTACTS, as_table(people), stored, left, right)

    assert [pair.levels for pair in again] == [pair.levels for pair in found.pairs]
    assert again[0].bits == pytest.approx(found.pairs[0].bits, abs=0.01)


def test_stored_weights_name_no_value_that_few_people_share():
    people = [*strangers(300), contact("zelda", "marker", "markerville", "z@marker.example")]
    stored = json.dumps(find_pairs(CONTACTS, as_table(people)).weights.as_json())
    assert "zelda" not in stored
    assert "marker" not in stored


def test_before_anything_is_learnt_the_same_rules_hold():
    people = [
        contact("anna", "larsen", "bergen", "anna@bergen.example"),
        contact("anna", "larsen", "bergen", "anna@bergen.example"),
        contact("anna", "larsen", "ghent", "al@ghent.example", country="be"),
    ]
    left, right = np.array([0, 0]), np.array([1, 2])
    found = weigh_pairs(CONTACTS, as_table(people), usual_weights(CONTACTS, 5000), left, right)
    assert [(pair.left, pair.right) for pair in found] == [(0, 1)]


def test_comparing_grows_with_the_people_and_not_with_their_square():
    def compared(count):
        return find_pairs(CONTACTS, as_table(strangers(count))).compared

    assert compared(8000) < 12 * compared(2000) + 2000


def test_memory_stays_small():
    table = as_table(strangers(10_000))
    tracemalloc.start()
    find_pairs(CONTACTS, table)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 * 2**20


JOE = {"given": ("joe",), "family": ("gorman",)}


@pytest.mark.parametrize(
    ("one", "other", "is_told"),
    [
        (JOE, JOE, True),
        (JOE | {"organisation": ("gent",)}, JOE, True),
        (JOE | {"mail": ("joe@one.example",)}, JOE, True),
        (JOE | {"organisation": ("gent",)}, JOE | {"organisation": ("lisboa",)}, False),
        (JOE | {"mail": ("joe@one.example",)}, JOE | {"mail": ("g@two.example",)}, False),
        (JOE | {"phone": ("12345678",)}, JOE | {"phone": ("87654321",)}, False),
        ({"given": ("joe",), "organisation": ("gent",)},) * 2 + (True,),
        ({"given": ("joe",)},) * 2 + (False,),
        (JOE, JOE | {"family": ("gormann",)}, False),
    ],
)
def test_namesakes_are_told_whatever_the_weights_say_unless_something_parts_them(
    one, other, is_told
):
    blind = replace(usual_weights(CONTACTS, 1_000), prior=1e-12)
    table = {name: [one.get(name, ()), other.get(name, ())] for name in CONTACTS.names}
    assert bool(weigh_first(CONTACTS, table, blind)) is is_told
