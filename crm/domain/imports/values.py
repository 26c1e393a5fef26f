"""From the cells of a row to what a person has: names, addresses, a part in an event.

Pure: takes texts, touches no database.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

from django.conf import settings
from django.conf.locale import LANG_INFO
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from crm import languages, wording
from crm.domain.imports.bounds import NOT_WORKED_OUT
from crm.domain.imports.encodings import mended
from crm.domain.imports.headings import FIELDS, SEVERAL
from crm.domain.imports.keys import name_key
from crm.domain.people import phone_number
from crm.exports import uncell
from crm.models import ConsentRecord, Organisation, Participation, Person, Place
from crm.validators import address_key, clean_line, clean_text, mail_address, row_numbers


def _length(model: Any, name: str) -> int:
    return model._meta.get_field(name).max_length


LENGTHS = {
    name: _length(Person, name)
    for name in ("given", "family", "script_variant", "role", "department", "notes")
} | {
    "part": _length(Participation, "part"),
    "organisation": _length(Organisation, "name"),
    "city": _length(Place, "name"),
    "newsletter_proof": _length(ConsentRecord, "evidence"),
}
PERSON_LINES = ("script_variant", "role", "department")
# Addressed so before a name, in lists of the nine languages.
TITLES = frozenset(
    """mr mrs ms miss dr prof professor hr fru frk dhr mevr mw drs ir sig sigra sigg dott dottssa
    m mme mlle herr frau sr sra srta d dna pan pani kos ka ing mag dipl dring dipling""".split()
)
SPECIALITIES = frozenset(
    "med phil rer nat pol oec jur iur theol vet dent techn habil hc h c mult hab inz".split()
)
# Behind a name, with or without a comma.
DEGREES = frozenset("phd dphil mba msc bsc mpa mph mphil md llm llb cpa obe mbe cbe csc".split())
# Names too, but behind a whole name and a comma.
LONE_DEGREES = frozenset("ma ba".split())
GENERATIONS = frozenset("jr sr junior senior ii iii iv".split())
# A family name begins with one of these when it stands before the last word.
PARTICLES = frozenset(
    """van von der den de del della dello degli di da dal do dos das du des la le lo ter ten te
    op zu zum zur af av al el ibn bin mac mc st san santa 't d""".split()
)
BETWEEN_ADDRESSES = re.compile(r"[;,\s]+")
IN_BRACKETS = re.compile(r"<([^<>]*)>")
MAILTO = re.compile(r"^mailto:([^?]*)(\?.*)?$", re.I)
BETWEEN_NUMBERS = re.compile(r"\s*[;|\n]\s*")
# Also stands behind the code of an area: "0221 / 221-0".
SLASH = re.compile(r"\s+/\s+")
# The longest codes of countries have three digits; after them a number has six at least.
CODE_OF_COUNTRY = re.compile(r"^(\+|00)\d{3}|^0")
SHORTEST_NUMBER = 6
BEFORE_NUMBER = re.compile(r"^(tel|tlf|telefon|phone|mobile?|mob|gsm|fax)[.:]*\s*", re.I)
YES = frozenset("y yes ja j oui o si s tak t nai x 1 true sand sant".split())
NO = frozenset("n no nei nee non nein nie ochi 0 false".split())
# What a formula shows that went wrong; a look-up that found nothing says only that nobody knows.
FORMULA_FAULTS = frozenset("#REF! #NAME? #VALUE! #DIV/0! #NULL! #NUM!".split())
NOT_FOUND = "#N/A"
UNKNOWN = frozenset(["", "-", "?", "n a", "na"])
STATUSES = {
    "registered": "registered paameldt pameldt aangemeld iscritto iscritta inscrit inscrite"
    " angemeldet inscrito inscrita zarejestrowany zgloszony eggegrammenos",
    "attended": "attended present came mott deltok deltatt aanwezig presente presenti partecipato"
    " present(e) anwesend teilgenommen asistio obecny obecna paron parousa",
    "no_show": "no-show|no show|did not come|absent|ikke mott|mote ikke|afwezig|assente|absent(e)"
    "|abwesend|nicht erschienen|no asistio|ausente|nieobecny|nieobecna|apon|apousa",
    "cancelled": "cancelled canceled avlyst avbestilt meldt(av) geannuleerd afgemeld annullato"
    " annule annulee abgesagt storniert cancelado cancelada odwolany odwolana akyrothike",
}


# Beside yes and no, and the words of our own lists.
ANSWERS = {
    ConsentRecord.Status.GRANTED: ("subscribed", "opt-in", "opted in"),
    ConsentRecord.Status.WITHDRAWN: ("unsubscribed", "opt-out", "opted out"),
}
# What stands in our own lists for somebody of whom nobody knows.
SILENCE = (("", gettext_lazy("never asked")),)
ISO_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ].*)?")
WRITTEN_DAY = re.compile(r"(\d{1,2})([./-]) ?(\d{1,2})\2 ?(\d{4})")


@dataclass
class Entry:
    """One row, understood: what it says about a person, or what is wrong with it."""

    line: int
    # What our own list as a file calls the person by.
    number: int | None = None
    person: dict[str, Any] = field(default_factory=dict)
    mails: list[str] = field(default_factory=list)
    phones: list[str] = field(default_factory=list)
    # A whole name as the list writes it, before it was split.
    written: str = ""
    organisation: str = ""
    organisation_type: str = ""
    city: str = ""
    country: str = ""
    part: dict[str, Any] = field(default_factory=dict)
    # The answer about the newsletter, and the day, words and proof that the row gives for it.
    answer: str = ""
    answer_on: date | None = None
    answer_words: str = ""
    answer_proof: str = ""
    # Where it does not join the ledger: what stands there, and the answer.
    answer_left: list[str] = field(default_factory=list)
    faults: list[tuple[str, str]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    _digest: str = ""

    @property
    def name(self) -> str:
        words = f"{self.person.get('given', '')} {self.person.get('family', '')}"
        return words.strip()

    @property
    def part_said(self) -> dict[str, Any]:
        """The part in the event, with the status its days imply: who was there came."""
        came = any(self.part.get(name) for name in ("day_1", "day_2", "walk"))
        implied = {"status": Participation.Status.ATTENDED} if came else {}
        return implied | self.part

    def digest(self) -> str:
        """The same for the same row, whatever the order of its columns and its capitals; what it
        answers about the newsletter tells nobody apart."""
        if self._digest:
            return self._digest
        said = {**self.person, **self.part, "country": self.country}
        told: dict[str, Any] = {
            key: said[key] for key in sorted(said) if said[key] not in ("", None)
        }
        told["mails"] = sorted(map(address_key, self.mails))
        told["phones"] = sorted(self.phones)
        told["organisation"] = name_key(self.organisation)
        if self.number is not None:
            told["number"] = self.number
        if self.city:
            told["city"] = name_key(self.city)
        text = json.dumps(told, sort_keys=True, ensure_ascii=True)
        self._digest = hashlib.sha256(text.casefold().encode()).hexdigest()[:32]
        return self._digest


def entry_of(line: int, cells: list[str], mapping: list[str], *, is_csv: bool) -> Entry:
    """What the row says, by the mapping of its columns. Never raises: faults stand in the entry."""
    entry = Entry(line)
    said: dict[str, str] = {}
    for column, name in enumerate(mapping):
        if name and column < len(cells):
            text = cell_text(entry, cells[column], is_csv=is_csv, is_long=name == "notes")
            text = _shown(entry, name, text)
            if name in SEVERAL and said.get(name):
                # A sign that stands between several in one cell too.
                text = f"{said[name]};{text}"
            said[name] = text
    _name(entry, said)
    _number(entry, said.get("number", ""))
    for name in PERSON_LINES:
        if said.get(name):
            entry.person[name] = said[name]
    if said.get("notes"):
        entry.person["notes"] = said["notes"]
    entry.organisation = said.get("organisation", "")
    entry.city = said.get("city", "") if name_key(said.get("city", "")) not in UNKNOWN else ""
    _each(entry, "email", _addresses_in(said.get("email", "")), mail_address, entry.mails)
    _each(entry, "phone", _numbers_in(said.get("phone", "")), phone_number, entry.phones)
    _choices(entry, said)
    _answer(entry, said)
    for name, most in LENGTHS.items():
        value = getattr(entry, name) if name in ("organisation", "city") else ""
        value = entry.answer_proof if name == "newsletter_proof" else value
        value = value or entry.person.get(name) or entry.part.get(name) or ""
        if len(value) > most:
            words = _("%(field)s has %(found)s characters; at most %(most)s are kept.")
            told = {"field": FIELDS[name], "found": len(value), "most": most}
            entry.faults.append((name, words % told))
    return entry


def _shown(entry: Entry, name: str, text: str) -> str:
    """What a cell says: nothing where a formula failed, which is a fault, or found nothing."""
    if text == NOT_WORKED_OUT:
        words = _(
            "The formula here was never worked out. Open the workbook in a spreadsheet program, "
            "save it, and choose it again."
        )
        entry.faults.append((name, words))
    elif text in FORMULA_FAULTS:
        words = _("A formula shows %(value)s here. Write what it should show, or nothing.")
        entry.faults.append((name, words % {"value": text}))
    elif text != NOT_FOUND:
        return text
    return ""


def cell_text(entry: Entry, cell: str, *, is_csv: bool, is_long: bool = False) -> str:
    """A cell without our exports' marks and without misread letters, which are remarked upon."""
    text = mended(uncell(cell) if is_csv else cell)
    cleaned = clean_text(text).strip() if is_long else clean_line(text)
    if text != cell and not cell.startswith("'"):
        words = _("“%(file)s” was read as “%(read)s”.")
        entry.remarks.append(words % {"file": clean_line(cell)[:60], "read": cleaned[:60]})
    return cleaned


def _each(
    entry: Entry, name: str, texts: Iterable[str], check: Callable[[str], str], found: list[str]
) -> None:
    """Every address or number of a cell, each once; a fault for what is none."""
    for text in texts:
        if name_key(text) in UNKNOWN:
            continue
        try:
            value = check(text)
        except ValidationError as error:
            entry.faults.append((name, " ".join(error.messages)))
            continue
        if address_key(value) not in map(address_key, found):
            found.append(value)


def _addresses_in(text: str) -> Iterator[str]:
    """Each address of a cell, without its owner's name: "Berg, Anna <a@x.eu>; mailto:b@x.eu"."""
    for piece in text.split(";"):
        parts = IN_BRACKETS.split(piece)
        for number, part in enumerate(parts):
            is_inside, is_name = number % 2 == 1, number % 2 == 0 and number + 1 < len(parts)
            for word in [part.strip()] if is_inside else BETWEEN_ADDRESSES.split(part):
                bare = MAILTO.sub(r"\1", word.strip("\"'<>"))
                # Of what stands before a bracket only addresses count.
                if bare and (not is_name or "@" in bare):
                    yield bare


def _numbers_in(text: str) -> Iterator[str]:
    """Each number of a cell; a slash parts two only where both are whole."""
    for piece in BETWEEN_NUMBERS.split(text):
        parts = [BEFORE_NUMBER.sub("", part) for part in SLASH.split(piece)]
        number = parts[0]
        for part in parts[1:]:
            if _is_whole_number(number) and _is_whole_number(part):
                yield number
                number = part
            else:
                number = f"{number} / {part}"
        yield number


def _is_whole_number(text: str) -> bool:
    """Whether it can be called as it stands: more than the code of a country and an area, and no
    extension alone."""
    digits = re.sub(r"[^0-9+]", "", text)
    return len(CODE_OF_COUNTRY.sub("", digits)) >= SHORTEST_NUMBER


def _number(entry: Entry, text: str) -> None:
    if not text:
        return
    entry.number = next(iter(row_numbers([text])), None)
    if entry.number is None:
        words = _("“%(value)s” is no number of a person in our lists; leave the cell empty.")
        entry.faults.append(("number", words % {"value": text[:60]}))


def _name(entry: Entry, said: dict[str, str]) -> None:
    given, family = said.get("given", ""), said.get("family", "")
    if not given and not family:
        entry.written = said.get("name", "")
        given, family = split_name(entry.written)
        taken = f"{given} {family}".split()
        left = [word for word in entry.written.replace(",", " ").split() if word not in taken]
        if left:
            words = _("Left out of the name: %(words)s.")
            entry.remarks.append(words % {"words": " ".join(left)[:60].rstrip(".")})
    if not given and family:
        given, family = family, ""
    if not given:
        entry.faults.append(("name", _("There is no name in this row.")))
        return
    entry.person |= {"given": given, "family": family} if family else {"given": given}


def split_name(whole: str) -> tuple[str, str]:
    """Given and family name: "Berg, Anna", "BERG Anna", "Joris van der Beuk", "Noor".

    Titles go, before the name or after it; "Jr." stays with the family name.
    """
    parts, generation = _without_endings(whole)
    if len(parts) == 2:
        given, family = _without_titles(parts[1]), parts[0]
    else:
        given, family = _split_words(_without_titles(", ".join(parts)).split())
    if not generation:
        return given, family
    return (given, f"{family} {generation}") if family else (f"{given} {generation}", "")


def _split_words(words: list[str]) -> tuple[str, str]:
    """The same of words in one row, without a comma to tell."""
    loud = [number for number, word in enumerate(words) if _is_loud(word)]
    if loud and len(loud) < len(words):
        start = loud[0]
        while start > 1 and _is_particle(words[start - 1]):
            start -= 1
        family = {*range(start, loud[0]), *loud}
        return _joined(words, set(range(len(words))) - family), _joined(words, family)
    leading = next((at for at, word in enumerate(words) if not _is_particle(word)), len(words))
    if words and 0 < leading < len(words) and (leading > 1 or words[0].islower()):
        # "van den Berg Anna": nobody's given name begins so.
        return " ".join(words[leading + 1 :]), " ".join(words[: leading + 1])
    if len(words) < 2:
        return " ".join(words), ""
    first = len(words) - 1
    # "Ελένη (Eleni) Δρυς (Drys)": what stands in brackets belongs to the word before it.
    while first > 1 and words[first].startswith("("):
        first -= 1
    while first > 1 and _is_particle(words[first - 1]):
        first -= 1
    return " ".join(words[:first]), " ".join(words[first:])


def _joined(words: list[str], numbers: set[int]) -> str:
    return " ".join(word for number, word in enumerate(words) if number in numbers)


def _is_particle(word: str) -> bool:
    return word.lower().strip(".’'") in PARTICLES


def _without_endings(whole: str) -> tuple[list[str], str]:
    """What stands between commas without degrees and titles after the name; and "Jr." or "III"."""
    parts: list[str] = []
    generation = ""
    for part in filter(None, map(str.strip, whole.split(","))):
        words = part.split()
        # Behind a comma they stand alone; else there is a name before them.
        while len(words) > (0 if parts else 1):
            key = _bare(words[-1])
            if key in GENERATIONS:
                generation = generation or words[-1]
            elif not _is_degree(words[-1]) and not (parts and _is_lone_title(words, parts[0])):
                break
            words.pop()
        if words:
            parts.append(" ".join(words))
    return parts, generation


def _is_degree(word: str) -> bool:
    """Written as degrees are: "PhD" or "M.D.", but not the given name "Md"."""
    return _bare(word) in DEGREES and (word.islower() or sum(map(str.isupper, word)) > 1)


def _is_lone_title(words: list[str], before: str) -> bool:
    """Behind the comma stands nothing but titles: "Berg, Dr.", "Anna Berg, MA"."""
    return all(
        (_bare(word) in TITLES | SPECIALITIES and word.endswith("."))
        or (_bare(word) in LONE_DEGREES and word.isupper() and " " in before)
        for word in words
    )


def _bare(word: str) -> str:
    return name_key(word).replace(" ", "")


def _is_loud(word: str) -> bool:
    """Written in capitals alone, as lists write family names; an initial is not."""
    letters = [letter for letter in word if letter.isalpha()]
    return len(letters) > 1 and all(letter.isupper() for letter in letters)


def _without_titles(name: str) -> str:
    words = name.split()
    is_titled = False
    while len(words) > 1:
        is_title = _bare(words[0]) in TITLES and _may_be_title(words)
        # "Dr. med. Anna Berg": what the doctor is of.
        is_short = words[0].islower() or words[0].endswith(".")
        is_speciality = is_titled and is_short and _bare(words[0]) in SPECIALITIES
        if not (is_title or is_speciality):
            break
        is_titled = True
        words.pop(0)
    return " ".join(words)


def _may_be_title(words: list[str]) -> bool:
    """One letter is a title only with its point and a whole name after it: M. Jean Dupont."""
    letters = words[0].strip(".")
    return len(letters) > 1 or (words[0].endswith(".") and len(words) > 2)


def _choices(entry: Entry, said: dict[str, str]) -> None:
    for name, known in (
        ("country", _countries()),
        ("organisation_type", _types()),
        ("status", _statuses()),
    ):
        text = said.get(name, "")
        if name_key(text) in UNKNOWN:
            continue
        value = known.get(name_key(text))
        if value is None and name == "status" and (came := _truth(text)) is not None:
            value = "attended" if came else "no_show"
        if value is None:
            entry.faults.append((name, _unknown(name, text)))
        elif name == "status":
            entry.part["status"] = value
        else:
            setattr(entry, name, value)
    for name in ("day_1", "day_2", "walk"):
        text = said.get(name, "")
        if name_key(text) in UNKNOWN:
            continue
        truth = _truth(text)
        if truth is None:
            words = _("“%(value)s” is neither yes nor no.")
            entry.faults.append((name, words % {"value": text[:60]}))
        else:
            entry.part[name] = truth
    if said.get("part"):
        entry.part["part"] = said["part"]
    if said.get("languages"):
        _languages(entry, said["languages"])


def _answer(entry: Entry, said: dict[str, str]) -> None:
    text = said.get("newsletter", "")
    if name_key(text) not in UNKNOWN:
        status = _answers().get(name_key(text))
        if status is None and (truth := _truth(text)) is not None:
            status = ConsentRecord.Status.GRANTED if truth else ConsentRecord.Status.REFUSED
        if status is None:
            words = _("“%(value)s” is no answer about the newsletter; write yes, no or withdrawn.")
            entry.faults.append(("newsletter", words % {"value": text[:60]}))
        entry.answer = status or ""
    entry.answer_words = said.get("newsletter_words", "")
    entry.answer_proof = said.get("newsletter_proof", "")
    if day := said.get("newsletter_on", ""):
        entry.answer_on = _day(day)
        if entry.answer_on is None:
            words = _("“%(value)s” is no day we can read; write it like 2023-01-31.")
            entry.faults.append(("newsletter_on", words % {"value": day[:60]}))
        elif ISO_DAY.fullmatch(day) is None:
            words = _("“%(file)s” was read as “%(read)s”.")
            told = {"file": day[:60], "read": wording.day(entry.answer_on)}
            entry.remarks.append(words % told)


def _day(text: str) -> date | None:
    """A day as 2023-01-31, 31.1.2023 or 31/01/2023, or nothing."""
    if found := ISO_DAY.fullmatch(text):
        year, month, day = map(int, found.groups())
    elif found := WRITTEN_DAY.fullmatch(text):
        day, month, year = int(found[1]), int(found[3]), int(found[4])
    else:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _languages(entry: Entry, text: str) -> None:
    found = []
    for word in re.split(r"[,;/|+]| and | og | und ", text):
        if not word.strip():
            continue
        code = _tongues().get(name_key(word))
        if code is None:
            entry.faults.append(("languages", _unknown("languages", word.strip())))
        elif code not in found:
            found.append(code)
    if found:
        entry.person["languages"] = found


def _unknown(name: str, text: str) -> str:
    """That a word is none of those a column knows, and what to write instead."""
    if name == "country":
        words = _(
            "“%(value)s” is no country we know. Write the name of a European country or its two "
            "letters, like Belgium or BE, or leave the cell empty."
        )
    elif name == "languages":
        words = _(
            "“%(value)s” is no language we know. Write its name or its two letters, like Polish or "
            "pl, or leave the cell empty."
        )
    else:
        words = _("“%(value)s” is not known in this column. Write one of: %(known)s.")
    kinds = Participation.Status if name == "status" else Organisation.Type
    known = "; ".join(str(label) for label in kinds.labels)
    return words % {"value": text[:60], "known": known}


def _truth(text: str) -> bool | None:
    key = name_key(text) or text.strip()
    if key in YES or text.strip() in ("✓", "✔", "☑"):
        return True
    return False if key in NO or text.strip() in ("✗", "✘", "☐") else None


# --- Words of the site's languages ---


def _in_all_languages(choices: Iterable[tuple[str, Any]]) -> dict[str, str]:
    """The key of a choice by its code and by its label in every language of the site."""
    choices = list(choices)
    found: dict[str, str] = {name_key(code): code for code, _label in choices}
    for language, _name_of_it in settings.LANGUAGES:
        with override(language):
            for code, label in choices:
                found.setdefault(name_key(str(label)), code)
    return found


@cache
def _countries() -> dict[str, str]:
    codes = [(code, label) for code, label in wording.COUNTRIES.items() if code != "UK"]
    more = {
        "uk": "GB",
        "england": "GB",
        "great britain": "GB",
        "holland": "NL",
        "czech republic": "CZ",
    }
    more |= {"gr": "GR", "el": "GR", "turkey": "TR", "bosnia": "BA", "moldova": "MD"}
    return _in_all_languages(codes) | more


@cache
def _types() -> dict[str, str]:
    return _in_all_languages(Organisation.Type.choices)


@cache
def _statuses() -> dict[str, str]:
    found = _in_all_languages(Participation.Status.choices)
    for status, words in STATUSES.items():
        for word in words.split("|" if "|" in words else None):
            found.setdefault(name_key(word), status)
    return found


@cache
def _answers() -> dict[str, str]:
    """A status by its code and words; of those that nobody says, nothing."""
    status = ConsentRecord.Status
    found = _in_all_languages([*status.choices, *SILENCE])
    nobody_says = (status.PENDING, status.UNKNOWN)
    found = {key: "" if code in nobody_says else code for key, code in found.items()}
    for code, words in ANSWERS.items():
        found |= dict.fromkeys(map(name_key, words), code)
    return found


@cache
def _tongues() -> dict[str, str]:
    choices = languages.choices()
    found = {name_key(word): code for code, own in choices for word in (code, own)}
    named = ((code, LANG_INFO[code]["name"]) for code, _own in choices if code in LANG_INFO)
    found |= {name_key(name): code for code, name in named}
    return found | {"no": "nb", "norwegian": "nb", "norsk": "nb", "flemish": "nl", "gr": "el"}
