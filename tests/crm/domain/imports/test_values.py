"""What cells mean: names in one column, headings in nine languages, words for yes."""

import pytest

from crm.domain.imports.bounds import NOT_WORKED_OUT
from crm.domain.imports.encodings import mended
from crm.domain.imports.headings import FIELDS, guess_mapping, heading_row
from crm.domain.imports.values import entry_of, split_name
from tests.support.import_files import misread


@pytest.mark.parametrize(
    ("whole", "given", "family"),
    [
        ("Anna Berg", "Anna", "Berg"),
        ("Berg, Anna Maria", "Anna Maria", "Berg"),
        ("Pilar De La Torre", "Pilar", "De La Torre"),
        ("Joris van der Sample-Beuk", "Joris", "van der Sample-Beuk"),
        ("DUBOIS Jean-Luc", "Jean-Luc", "DUBOIS"),
        ("Dr. Anna Berg", "Anna", "Berg"),
        ("M. Jean Dupont", "Jean", "Dupont"),
        ("M. Dupont", "M.", "Dupont"),
        ("Noor", "Noor", ""),
        ("Ελένη (Eleni) Δρυς (Drys)", "Ελένη (Eleni)", "Δρυς (Drys)"),
        ("Nicolò Sample-D'Olmo", "Nicolò", "Sample-D'Olmo"),
        ("Anna Berg PhD", "Anna", "Berg"),
        ("Anna Berg, Ph.D.", "Anna", "Berg"),
        ("Berg, Anna, PhD", "Anna", "Berg"),
        ("Anna BERG, MBA", "Anna", "BERG"),
        ("Anna Berg MD PhD", "Anna", "Berg"),
        ("Anna Berg, MA", "Anna", "Berg"),
        ("Jack MA", "Jack", "MA"),
        ("Rahman, Md.", "Md.", "Rahman"),
        ("Li, Ma", "Ma", "Li"),
        ("John Berg Jr.", "John", "Berg Jr."),
        ("John Berg, Jr.", "John", "Berg Jr."),
        ("Berg, John Jr.", "John", "Berg Jr."),
        ("Berg Jr., John", "John", "Berg Jr."),
        ("John BERG III", "John", "BERG III"),
        ("Prof. Dr. med. Anna Berg", "Anna", "Berg"),
        ("Prof. Dr. med. Anna Maria van den Berg", "Anna Maria", "van den Berg"),
        ("Berg, Prof. Dr. med. Anna", "Anna", "Berg"),
        ("Dr. rer. nat. Anna Berg", "Anna", "Berg"),
        ("Dr.-Ing. Anna Berg", "Anna", "Berg"),
        ("Anna Berg, Dr.", "Anna", "Berg"),
        ("Dr. Pol Berg", "Pol", "Berg"),
        ("Anna van den Berg", "Anna", "van den Berg"),
        ("van den Berg, Anna", "Anna", "van den Berg"),
        ("van den Berg Anna", "Anna", "van den Berg"),
        ("Van den Berg Anna", "Anna", "Van den Berg"),
        ("Anna van den BERG", "Anna", "van den BERG"),
        ("VAN DEN BERG Anna", "Anna", "VAN DEN BERG"),
        ("Al Berg", "Al", "Berg"),
        ("Van Berg", "Van", "Berg"),
    ],
)
def test_a_name_in_one_column_is_split(whole, given, family):
    assert split_name(whole) == (given, family)


@pytest.mark.parametrize(
    "headings",
    [
        "First name;Last name;E-mail address;Phone number;Organisation;Job title;Country;City",
        "Fornavn;Etternavn;E-postadresse;Telefonnummer;Organisasjon;Stilling;Land;Sted",
        "Voornaam;Achternaam;E-mailadres;Telefoonnummer;Organisatie;Functie;Land;Plaats",
        "Nome;Cognome;Indirizzo e-mail;Telefono;Ente;Qualifica;Paese;Città",
        "Prénom;Nom;Adresse électronique;Téléphone;Organisme;Fonction;Pays;Ville",
        "Vorname;Nachname;E-Mail-Adresse;Telefonnummer;Einrichtung;Funktion;Land;Stadt",
        "Nombre;Apellidos;Correo electrónico;Teléfono;Organización;Cargo;País;Ciudad",
        "Imię;Nazwisko;Adres e-mail;Numer telefonu;Instytucja;Stanowisko;Kraj;Miasto",
        "Όνομα;Επώνυμο;Ηλεκτρονική διεύθυνση;Τηλέφωνο;Φορέας;Θέση;Χώρα;Πόλη",
    ],
)
def test_headings_are_known_in_nine_languages(headings):
    wanted = ["given", "family", "email", "phone", "organisation", "role", "country", "city"]
    assert guess_mapping(headings.split(";")) == wanted


@pytest.mark.parametrize(
    ("headings", "fields"),
    [
        ("Name;City", "name;city"),
        ("Name;E-Mail;Stadt;Land", "name;email;city;country"),
        ("Name;Municipality", "name;organisation"),
        ("Name;Gemeinde;Ort", "name;organisation;city"),
        ("Name;Sted;Kommune", "name;city;organisation"),
        ("Name;Organisation;Municipality", "name;organisation;city"),
        ("Name;Ville;Organisme", "name;city;organisation"),
    ],
)
def test_a_column_of_cities_names_organisations_only_where_no_other_does(headings, fields):
    assert guess_mapping(headings.split(";")) == fields.split(";")


def test_a_lone_column_of_names_is_the_whole_name():
    assert guess_mapping(["Nome", "Email"]) == ["name", "email"]
    assert guess_mapping(["", ""], [["Anna Berg", "anna@x.eu"]]) == ["name", "email"]


@pytest.mark.parametrize(
    ("headings", "fields"),
    [
        ("Name;E-mail;E-mail", "name;email;email"),
        ("Name;E-mail 1;E-mail 2;Phone 2", "name;email;email;phone"),
        ("Name;E-mail 1 - Value;E-mail 2 - Value;Phone 2 - Value", "name;email;email;phone"),
        ("Name;E-mail Address;E-mail 2 Address;Mobile", "name;email;email;phone"),
        ("Name;Courriel;Second e-mail;Mobile;Telefon", "name;email;email;phone;phone"),
        ("Name;Name;City;City 2", "name;;city;"),
    ],
)
def test_addresses_and_numbers_may_stand_in_several_columns(headings, fields):
    assert guess_mapping(headings.split(";")) == fields.split(";")


def test_every_column_of_addresses_is_read_the_first_one_first():
    mapping = ["email", "name", "email", "phone", "phone"]
    cells = ["a@x.eu", "Anna", "A@x.eu; b@x.eu", "", "+47 22 22 22 22"]
    entry = entry_of(2, cells, mapping, is_csv=True)
    assert (entry.mails, entry.phones) == (["a@x.eu", "b@x.eu"], ["+47 22 22 22 22"])
    assert entry_of(3, ["", *cells[1:]], mapping, is_csv=True).mails == ["A@x.eu", "b@x.eu"]


def test_a_family_name_alone_is_one_name():
    assert entry_of(2, ["van den Berg"], ["name"], is_csv=True).person == {"given": "van den Berg"}
    assert entry_of(2, ["Dr. Berg"], ["name"], is_csv=True).person == {"given": "Berg"}


@pytest.mark.parametrize(
    ("cell", "addresses"),
    [
        ("Foo <a@b.example>", ["a@b.example"]),
        ("<a@b.example>", ["a@b.example"]),
        ("Berg, Anna <a@b.example>; c@d.example", ["a@b.example", "c@d.example"]),
        ('"Berg, Anna" <a@b.example>, Bo Dahl <c@d.example>', ["a@b.example", "c@d.example"]),
        ("c@d.example, Anna <a@b.example>", ["c@d.example", "a@b.example"]),
        ('"a@b.example" <A@b.example>', ["a@b.example"]),
        ("mailto:a@b.example", ["a@b.example"]),
        ("MAILTO:a@b.example?subject=Hello", ["a@b.example"]),
        ("Anna <mailto:a@b.example>", ["a@b.example"]),
    ],
)
def test_an_address_is_taken_out_of_what_mail_programs_write_around_it(cell, addresses):
    entry = entry_of(2, ["Anna", cell], ["name", "email"], is_csv=True)
    assert (entry.mails, entry.faults) == (addresses, [])


@pytest.mark.parametrize("cell", ["Foo <a at b.example>", "Foo", "nothing; Foo <a@b.example>"])
def test_what_is_no_address_is_a_fault_also_beside_a_name(cell):
    entry = entry_of(2, ["Anna", cell], ["name", "email"], is_csv=True)
    assert [name for name, _words in entry.faults] == ["email"]


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        ("0221 / 221-0", ["0221 / 221-0"]),
        ("0221 / 22100000", ["0221 / 22100000"]),
        ("+49 37381 / 12345", ["+49 37381 / 12345"]),
        ("037381 / 123456", ["037381 / 123456"]),
        ("0221 22100 / 12", ["0221 22100 / 12"]),
        ("+47 22 00 00 00 / 22 00 00 01", ["+47 22 00 00 00", "22 00 00 01"]),
        ("Tel. 0221 22100 / Mobil 0171 1234567", ["0221 22100", "0171 1234567"]),
        ("0221 / 221-0; 0171 / 1234567", ["0221 / 221-0", "0171 / 1234567"]),
        ("0221/221-0", ["0221/221-0"]),
    ],
)
def test_a_slash_parts_two_numbers_only_where_both_are_whole(cell, numbers):
    entry = entry_of(2, ["Anna", cell], ["name", "phone"], is_csv=True)
    assert (entry.phones, entry.faults) == (numbers, [])


def test_a_formula_never_worked_out_is_a_fault_of_its_column():
    entry = entry_of(2, [NOT_WORKED_OUT, "a@x.eu"], ["name", "email"], is_csv=False)
    assert entry.faults[0][0] == "name"
    assert "never worked out" in entry.faults[0][1]
    assert entry_of(3, ["Anna", NOT_WORKED_OUT], ["name", ""], is_csv=False).faults == []


def test_the_heading_may_stand_below_a_title_or_be_missing():
    assert heading_row([["Participants"], ["Name", "E-mail"], ["Anna", "a@x.eu"]]) == 1
    assert heading_row([["Anna", "a@x.eu"], ["Bert", "b@x.eu"]]) is None


def test_no_column_can_be_written_but_those_offered():
    """Whatever a file calls its columns: no flag, key or consent of ours is reached by its name."""
    from crm.models import ContactPoint, Participation, Person, User

    for model in (Person, User, ContactPoint, Participation):
        for field in model._meta.get_fields():
            (mapped,) = guess_mapping([field.name])
            assert mapped in {"", *FIELDS}, field.name
    refused = [
        "is_staff",
        "consent_at",
        "id",
        "created_by",
        "is_sample",
        "merged_into",
    ]
    assert guess_mapping(refused)[:3] == ["", "", ""]
    assert set(guess_mapping(["Name", *refused])) == {"name", ""}


def test_letters_misread_on_the_way_are_mended_and_remarked():
    entry = entry_of(2, [misread("Łucja Sample-Dąb"), "l@x.eu"], ["name", "email"], is_csv=False)
    assert entry.name == "Łucja Sample-Dąb"
    assert "Łucja" in entry.remarks[0]
    for right in ("Ærø", "Ã la carte", "Müller", "Ð", "ÀÉ"):
        assert mended(right) == right


@pytest.mark.parametrize("text", ["Zażółć gęślą", "Ελένη", "Đurđa", "Æsop’s", "Ínigo Ñandú"])
def test_whatever_was_misread_comes_back(text):
    assert mended(misread(text)) == text


def test_every_fault_of_a_row_is_told_at_once():
    mapping = ["name", "email", "phone", "country", "day_1"]
    entry = entry_of(7, ["", "no mail", "abc", "Atlantis", "perhaps"], mapping, is_csv=True)
    assert [name for name, _words in entry.faults] == [
        *["name", "email", "email", "phone", "country", "day_1"]
    ]


@pytest.mark.parametrize(
    ("word", "value"),
    [("ja", True), ("Oui", True), ("sí", True), ("tak", True), ("ναι", True), ("✓", True)]
    + [("nei", False), ("non", False), ("nie", False), ("όχι", False), ("?", None), ("", None)],
)
def test_yes_and_no_are_understood(word, value):
    entry = entry_of(2, ["Anna", word], ["name", "day_1"], is_csv=True)
    assert (entry.part.get("day_1"), entry.faults) == (value, [])


def test_countries_are_known_by_code_and_by_their_names_in_our_languages():
    for word in ("DE", "Germany", "Deutschland", "Tyskland", "Duitsland", "Alemania", "Γερμανία"):
        entry = entry_of(2, ["Anna", word], ["name", "country"], is_csv=True)
        assert (entry.country, entry.faults) == ("DE", []), word


@pytest.mark.parametrize(
    ("field", "cell", "sentence"),
    [
        ("family", "B" * 5_000, "Family name has 5000 characters; at most 120 are kept."),
        ("country", "USA", "“USA” is no country we know. Write the name of a European country"),
        ("languages", "Klingon", "“Klingon” is no language we know. Write its name"),
        ("status", "maybe", "Write one of: registered; "),
        ("organisation_type", "guild", "Write one of: Research; Industry; Municipality; "),
    ],
)
def test_a_fault_names_the_column_as_the_page_does_and_says_what_to_write(field, cell, sentence):
    entry = entry_of(2, ["Anna", cell], ["given", field], is_csv=True)
    ((name, words),) = entry.faults
    assert name == field
    assert sentence in words
