"""Addresses that look like another one are told apart, and said to be odd."""

import pytest

from crm.lookalikes import Disguise, disguise_of, looks_like


@pytest.mark.parametrize(
    ("address", "odd"),
    [
        ("robin@ghent.example", None),
        ("Robin.Example@GHENT.example", None),
        ("admin@exаmple.com", Disguise("xn--exmple-4nf.com", is_mixed=True)),
        ("аdmin@example.com", Disguise("example.com", is_mixed=True)),
        ("admin@xn--exmple-4nf.com", Disguise("xn--exmple-4nf.com", is_mixed=True)),
        ("info@münchen.example", Disguise("xn--mnchen-3ya.example", is_mixed=False)),
        ("info@xn--mnchen-3ya.example", Disguise("xn--mnchen-3ya.example", is_mixed=False)),
        ("admin@сочи.example", Disguise("xn--h1aliz.example", is_mixed=False)),
        ("адмін@example.com", Disguise("example.com", is_mixed=False)),
        ("robin@xn--\x00.example", Disguise("xn--\x00.example", is_mixed=False)),
        ("", None),
        ("@", None),
        ("no address", None),
    ],
)
def test_address_out_of_the_ordinary_is_spelt_out(address, odd):
    assert disguise_of(address) == odd


@pytest.mark.parametrize(
    ("address", "other"),
    [
        ("admin@exаmple.com", "admin@example.com"),
        ("admin@xn--exmple-4nf.com", "admin@example.com"),
        ("аԁмiն@example.com", "аԁмiն@exаmple.com"),
        ("rοbin@ghent.example", "ROBIN@ghent.example"),
        ("robin@ghént.example", "robin@ghent.example"),
    ],
)
def test_address_that_reads_like_another_is_noticed_both_ways(address, other):
    assert looks_like(address, other)
    assert looks_like(other, address)


@pytest.mark.parametrize(
    ("address", "other"),
    [
        ("robin@ghent.example", "robin@ghent.example"),
        (" Robin@Ghent.Example ", "robin@ghent.example"),
        ("robin@ghent.example", "robyn@ghent.example"),
        ("", "robin@ghent.example"),
    ],
)
def test_same_or_plainly_other_address_is_no_lookalike(address, other):
    assert not looks_like(address, other)
