"""A municipality is known by its words in any language: linked where that is sure, a choice where
it is not, and never another body of the same city."""

from io import BytesIO

import pytest
from django.core.exceptions import ValidationError

from crm.domain.imports import batches
from crm.domain.imports.undoing import undo_import
from crm.domain.places import municipality_key
from crm.models import Municipality, Organisation, Person
from tests.crm.domain.imports.lists import dump
from tests.factories.crm import MunicipalityFactory, OrganisationFactory, PlaceFactory

pytestmark = pytest.mark.django_db

HEAD = "Name;Organisation;Country;City"
CITIES = {
    "Bergen": ("NO", ""),
    "Lyon": ("FR", "Lione|Lyons"),
    "Köln": ("DE", "Cologne|Colonia|Koeln|Kolonia"),
    "Rotterdam": ("NL", ""),
    "Brescia": ("IT", ""),
    "Málaga": ("ES", ""),
    "Kraków": ("PL", "Cracow|Krakau"),
    "Thessaloníki": ("GR", "Θεσσαλονίκη|Salonica"),
    "Gent": ("BE", "Ghent|Gand"),
    "L'Aquila": ("IT", ""),
}


@pytest.fixture
def places():
    return {
        name: PlaceFactory(
            name=name, alternate_names=others, country=country, zone="Europe/Oslo", region=""
        )
        for name, (country, others) in CITIES.items()
    }


@pytest.fixture
def ghent(places):
    """As the sample has it: a municipality under its English name, its place not told."""
    return OrganisationFactory(name="Ghent (municipality)", type="municipality", country="BE")


def file(*lines):
    return "\n".join([HEAD, *lines]).encode()


def organisation_of(name: str) -> Organisation:
    return Person.objects.get(given=name).organisation


def remarks(batch) -> list[str]:
    return list(batch.entries.order_by("line").values_list("remark", flat=True))


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Bergen kommune", "bergen"),
        ("Mairie de Lyon", "lyon"),
        ("Mairie d’Orléans", "orleans"),
        ("Ville de Nice", "nice"),
        ("Stadt Köln", "koln"),
        ("Landeshauptstadt München", "munchen"),
        ("Gemeente Rotterdam", "rotterdam"),
        ("Comune di Brescia", "brescia"),
        ("Comune dell’Aquila", "aquila"),
        ("Ayuntamiento de Málaga", "malaga"),
        ("Urząd Miasta Krakowa", "krakowa"),
        ("Urząd Miejski w Gdańsku", "gdansku"),
        ("Δήμος Θεσσαλονίκης", "thessalonikis"),
        ("Ghent (municipality)", "ghent"),
        ("Ghent City Council", "ghent"),
        ("City of Ghent", "ghent"),
        ("Ghent Police", ""),
        ("Smart City Solutions", ""),
        ("Stadtwerke Köln", ""),
        ("Urząd Marszałkowski", ""),
        ("Gent", ""),
    ],
)
def test_the_words_for_a_municipality_in_the_languages_we_speak(name, key):
    assert municipality_key(name) == key


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("Bergen kommune", "Bergen"),
        ("Mairie de Lyon", "Lyon"),
        ("Stadt Köln", "Köln"),
        ("Gemeente Rotterdam", "Rotterdam"),
        ("Comune di Brescia", "Brescia"),
        ("Ayuntamiento de Málaga", "Málaga"),
        ("City of Cologne", "Köln"),
    ],
)
def test_who_is_called_a_municipality_becomes_one_with_its_place(name, place, places, brought):
    brought(f"Anna;{name};;", head=HEAD, event=None)
    made = Organisation.objects.get()
    assert (made.name, made.type, made.country) == (name, "municipality", CITIES[place][0])
    assert made.municipality.place == places[place]


@pytest.mark.parametrize("name", ["Urząd Miasta Krakowa", "Δήμος Θεσσαλονίκης", "Gemeente Zomaar"])
def test_a_municipality_whose_place_is_not_sure_is_one_without_a_place(name, places, brought):
    brought(f"Anna;{name};;", head=HEAD, event=None)
    assert Organisation.objects.get().type == "municipality"
    assert not Municipality.objects.exists()


@pytest.mark.parametrize("typed", ["Gent", "Gand", "ghent", "Stad Gent", "Ville de Gand"])
@pytest.mark.parametrize("rest", [";;", ";BE;", ";;Gent", ";Belgium;Ghent"])
def test_a_municipality_we_know_is_linked_under_any_of_its_names(typed, rest, ghent, brought):
    batch, faults = brought(f"Anna;{typed}{rest}", head=HEAD, event=None)
    assert faults == []
    assert organisation_of("Anna") == ghent
    assert Organisation.objects.count() == 1
    assert f"“{typed}” is known to us as “Ghent (municipality)”." in remarks(batch)[0]
    (suggestion,) = batch.suggestions
    assert suggestion == {"name": typed, "choices": [ghent.pk], "taken": ghent.pk}


def test_link_and_undo_leave_everything_as_it_was(ghent, brought):
    before = dump()
    batch, _faults = brought("Anna;Gent;;", "Bo;Mairie de Lyon;;", head=HEAD, event=None)
    undo_import(batch, at=batch.applied_at, by=None)
    assert dump() == before


@pytest.mark.parametrize(
    "row",
    [
        "Anna;Ghent Police;;",
        "Anna;Politie Gent;;",
        "Anna;Gent - Brandweer;;",
        "Anna;Gent, dienst Preventie;;",
        "Anna;University of Ghent;;",
        "Anna;City Gent;;",
        "Anna;Gent;NO;",
        "Anna;Gent;;Rotterdam",
        "Anna;Gemeente Rotterdam;;Gent",
        "Anna;Smart City;;Gent",
    ],
)
def test_another_body_of_a_city_is_never_taken_for_the_municipality(row, ghent, brought):
    brought(row, head=HEAD, event=None)
    assert organisation_of("Anna") != ghent
    assert organisation_of("Anna").name == row.split(";")[1]


def test_a_body_of_this_very_name_is_found_before_the_municipality(ghent, brought):
    club = OrganisationFactory(name="Gent", type="civil_society", country="BE")
    brought("Anna;Gent;;", head=HEAD, event=None)
    assert organisation_of("Anna") == club


def test_where_it_is_not_sure_nothing_is_linked_and_the_choice_is_kept(places, settings, tmp_path):
    settings.IMPORT_DIR = tmp_path / "imports"
    krakow = MunicipalityFactory(
        organisation=OrganisationFactory(name="Kraków", type="municipality", country="PL"),
        place=places["Kraków"],
    ).organisation
    batch = _received(file("Anna;Urząd Miasta Krakowa;;"))
    assert "may be “Kraków”" in remarks(batch)[0]
    assert batch.suggestions == [
        {"name": "Urząd Miasta Krakowa", "choices": [krakow.pk], "taken": 0}
    ]
    for number in (krakow.pk, 0, krakow.pk):
        batches.change_reading(batch, {"organisations": {"Urząd Miasta Krakowa": number}})
        batches.work_off()
        batch.refresh_from_db()
        assert batch.suggestions == [
            {"name": "Urząd Miasta Krakowa", "choices": [krakow.pk], "taken": number}
        ]
    batches.ask_to_import(batch)
    batches.work_off()
    assert organisation_of("Anna") == krakow


def test_a_sure_link_can_be_refused(ghent, settings, tmp_path):
    settings.IMPORT_DIR = tmp_path / "imports"
    batch = _received(file("Anna;Gent;BE;", "Bo;Gent;BE;"))
    batches.change_reading(batch, {"organisations": {"Gent": 0}})
    batches.work_off()
    batch.refresh_from_db()
    batches.ask_to_import(batch)
    batches.work_off()
    assert organisation_of("Anna") == organisation_of("Bo") != ghent
    assert Organisation.objects.count() == 2


def test_only_a_municipality_can_be_chosen(ghent, settings, tmp_path):
    settings.IMPORT_DIR = tmp_path / "imports"
    batch = _received(file("Anna;Gent;;"))
    club = OrganisationFactory(name="Club", type="civil_society")
    with pytest.raises(ValidationError, match="no municipality"):
        batches.change_reading(batch, {"organisations": {"Gent": club.pk}})


def _received(content):
    batch = batches.receive_file(
        BytesIO(content), "l.csv", event=None, basis="b", source="s", by=None
    )
    batches.work_off()
    batch.refresh_from_db()
    return batch
