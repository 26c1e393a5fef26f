"""Which column holds what: headings in nine languages, else what stands in the cells."""

import hashlib
import re
from collections.abc import Sequence
from functools import cache

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm.search import name_key

# Every field a column may go to; nothing else of a person can be written by an import.
FIELDS: dict[str, Promise] = {
    "number": _("Our number of the person"),
    "name": _("Whole name"),
    "given": _("Given name"),
    "family": _("Family name"),
    "script_variant": _("Name in another script"),
    "email": _("Mail address"),
    "phone": _("Phone"),
    "organisation": _("Organisation"),
    "organisation_type": _("Type of organisation"),
    "city": _("City"),
    "country": _("Country"),
    "department": _("Department"),
    "role": _("Role"),
    "languages": _("Languages"),
    "status": _("Came to the event?"),
    "day_1": _("Day 1"),
    "day_2": _("Day 2"),
    "walk": _("Walk-and-talk"),
    "part": _("Part taken in the event"),
    "notes": _("Notes"),
    "newsletter": _("Newsletter: yes or no"),
    "newsletter_on": _("Newsletter: day of the answer"),
    "newsletter_words": _("Newsletter: words they were asked in"),
    "newsletter_proof": _("Newsletter: proof"),
}
# Of these a person may have several, each in a column of its own; the first is the main one.
SEVERAL = ("email", "phone")
# What only means something together with an event.
OF_EVENT = ("status", "day_1", "day_2", "walk", "part")
LOOKED_AT = 20
NUMBER_IN_HEADING = re.compile(r" [1-9]\b")

# Of the people in our own lists as files; other programs number theirs under other words.
NUMBER_HEADING = _("CRM number")

# Named by a heading alone: the organisation, or where it is.
MUNICIPALITY = "municipality"

# Words of the nine languages of this site: en, nb, nl, it, fr, de, es, pl, el; two more of a kind
# with a language stand beside it. Compared without marks, capitals and signs.
WORDS = {
    "number": "CRM number",
    "name": """name | full name | participant | participant name | attendee | contact | person
        | first and last name | navn | fullt navn | deltaker | deltakar | naam | volledige naam
        | deelnemer | nome completo | nome e cognome | cognome e nome | nominativo | partecipante
        | nom complet | nom et prénom | prénom et nom | nom prénom | participant(e)
        | vollständiger name | vor- und nachname | name vorname | teilnehmer | teilnehmerin
        | teilnehmende | nombre completo | nombre y apellidos | apellidos y nombre | participante
        | imię i nazwisko | nazwisko i imię | uczestnik | ονοματεπώνυμο | πλήρες όνομα
        | συμμετέχων | συμμετέχουσα | display name | fn""",
    "given": """given name | given names | first name | firstname | forename | given | fornavn
        | voornaam | nome | prénom | vorname | rufname | nombre | nombre de pila | imię | imiona
        | όνομα | μικρό όνομα""",
    "family": """family name | family | last name | lastname | surname | etternavn | achternaam
        | familienaam | cognome | nom | nom de famille | nachname | familienname | zuname
        | apellido | apellidos | nazwisko | επώνυμο | επίθετο""",
    "script_variant": """name in another script | script variant | original script | native name
        | navn i annen skrift | naam in ander schrift | nome in altro alfabeto
        | nom dans une autre écriture | name in anderer schrift | nombre en otra escritura
        | nazwisko w innym alfabecie | όνομα με άλλους χαρακτήρες""",
    "email": """e-mail | email | mail | e-mail address | email address | mail address
        | e-postadresse | e-post | epost | epostadresse | e-mailadres | mailadres | indirizzo e-mail
        | indirizzo email | posta elettronica | adresse e-mail | adresse électronique | courriel
        | adresse mail | e-mail-adresse | mailadresse | correo | correo electrónico
        | dirección de correo | adres e-mail | poczta elektroniczna | ηλεκτρονική διεύθυνση
        | ηλεκτρονικό ταχυδρομείο | διεύθυνση e-mail | e-mail 1 value | primary email
        | second e-mail | second email | secondary email | other e-mail | alternative e-mail""",
    "phone": """phone | telephone | phone number | mobile | mobile phone | cell phone | tel | tlf
        | telefon | telefonnummer | mobil | mobilnummer | telefoon | telefoonnummer | mobiel | gsm
        | telefono | cellulare | numero di telefono | téléphone | numéro de téléphone | portable
        | handy | mobiltelefon | rufnummer | teléfono | móvil | número de teléfono
        | numer telefonu | telefon komórkowy | komórka | τηλέφωνο | κινητό | αριθμός τηλεφώνου
        | phone 1 value | business phone | second phone | other phone""",
    "organisation": """organisation | organization | company | institution | employer | affiliation
        | organisasjon | virksomhet | bedrift | arbeidsgiver | organisatie | bedrijf | instelling
        | werkgever | organizzazione | ente | azienda | istituzione | société | entreprise
        | établissement | mairie | organisme | firma | unternehmen | einrichtung | behörde
        | arbeitgeber | organización | empresa | entidad | institución | ayuntamiento
        | organizacja | instytucja | pracodawca | urząd | οργανισμός | φορέας | εταιρεία | org
        | organization 1 name""",
    "municipality": """municipality | kommune | gemeente | comune | commune | gemeinde | municipio
        | gmina | δήμος""",
    "city": """city | town | city town | place | location | by | sted | poststed | by sted | stad
        | plaats | woonplaats | vestigingsplaats | città | località | sede | ville | localité
        | stadt | ort | ciudad | localidad | población | miasto | miejscowość | πόλη | τόπος
        | address 1 city | business city""",
    "organisation_type": """type of organisation | organisation type | organization type | org type
        | type organisasjon | organisasjonstype | soort organisatie | tipo di organizzazione
        | tipo di ente | type d’organisation | art der organisation | organisationstyp
        | tipo de organización | rodzaj organizacji | typ organizacji | τύπος οργανισμού""",
    "country": """country | nation | country code | land | landkode | landcode | paese | nazione
        | pays | código de país | país | kraj | państwo | χώρα""",
    "department": """department | unit | division | avdeling | etat | enhet | afdeling | dienst
        | dipartimento | ufficio | settore | reparto | département | direction | abteilung | amt
        | referat | departamento | área | departament | wydział | dział | biuro | τμήμα
        | διεύθυνση | υπηρεσία""",
    "role": """role | job title | title | position | function | rolle | stilling | tittel | rol
        | functie | ruolo | qualifica | carica | funzione | incarico | rôle | fonction | poste
        | titre | funktion | stelle | beruf | cargo | puesto | función | stanowisko | funkcja
        | ρόλος | θέση | ιδιότητα""",
    "languages": """language | languages | språk | taal | talen | lingua | lingue | langue
        | langues | sprache | sprachen | idioma | idiomas | lengua | język | języki | γλώσσα
        | γλώσσες | lang""",
    "status": """status | attendance | attended | presence | came | oppmøte | deltok | møtte
        | aanwezig | aanwezigheid | presenza | presente | présence | présent | anwesend
        | anwesenheit | teilnahme | asistencia | asistió | obecność | obecny | παρουσία | παρών""",
    "day_1": """day 1 | first day | d1 | dag 1 | første dag | eerste dag | giorno 1 | primo giorno
        | jour 1 | premier jour | tag 1 | erster tag | día 1 | primer día | dzień 1
        | pierwszy dzień | ημέρα 1 | πρώτη ημέρα""",
    "day_2": """day 2 | second day | d2 | dag 2 | andre dag | tweede dag | giorno 2
        | secondo giorno | jour 2 | deuxième jour | tag 2 | zweiter tag | día 2 | segundo día
        | dzień 2 | drugi dzień | ημέρα 2 | δεύτερη ημέρα""",
    "walk": """walk-and-talk | walk and talk | walk | city walk | byvandring | stadswandeling
        | passeggiata | visite à pied | promenade | rundgang | stadtrundgang | paseo | spacer
        | περίπατος""",
    "part": """part taken | part in the event | contribution | speaker | bidrag | foredragsholder
        | bijdrage | spreker | intervento | relatore | intervention | intervenant | beitrag
        | vortrag | intervención | ponente | wystąpienie | prelegent | ομιλία | ομιλητής""",
    "notes": """notes | note | remark | remarks | comment | comments | merknad | merknader | notat
        | kommentar | opmerking | opmerkingen | notitie | osservazioni | annotazioni | commento
        | remarque | remarques | commentaire | bemerkung | bemerkungen | anmerkung | notiz
        | observaciones | comentario | notas | nota | uwagi | notatki | komentarz | σημειώσεις
        | παρατηρήσεις | σχόλια""",
    "newsletter": """newsletter | newsletter yes or no | newsletter consent | consent
        | consent given | consent to newsletter | wants newsletter | wants the newsletter
        | opt-in | mailing list | nyhetsbrev | samtykke | samtykke til nyhetsbrev
        | nieuwsbrief | toestemming | toestemming nieuwsbrief | consenso | consenso newsletter
        | bollettino | lettre d’information | infolettre | consentement | einwilligung | rundbrief
        | einwilligung newsletter | boletín | consentimiento | consentimiento boletín | biuletyn
        | zgoda | zgoda na newsletter | ενημερωτικό δελτίο | συγκατάθεση""",
    "newsletter_on": """newsletter date
        | newsletter day of the answer | consent date | date of consent | consented on
        | consent given on | opt-in date | dato for samtykke | samtykkedato | datum toestemming
        | data consenso | data del consenso | date du consentement | datum der einwilligung
        | einwilligungsdatum | fecha de consentimiento | fecha del consentimiento | data zgody
        | ημερομηνία συγκατάθεσης""",
    "newsletter_words": """newsletter words
        | newsletter words they were asked in | consent text | consent wording
        | wording | text version | samtykketekst | tekst toestemming | testo del consenso
        | texte du consentement | einwilligungstext | texto del consentimiento | treść zgody
        | κείμενο συγκατάθεσης""",
    "newsletter_proof": """newsletter proof | proof of consent | consent proof | evidence
        | consent evidence | consent source | source of consent | bevis for samtykke
        | bewijs toestemming | prova del consenso | preuve du consentement
        | nachweis der einwilligung | prueba del consentimiento | dowód zgody
        | απόδειξη συγκατάθεσης""",
}
# "Nome" is a whole name beside nothing, a given name beside "cognome"; so is "nombre", "naam"…
ALONE = frozenset(map(name_key, ("nome", "nombre", "nom", "όνομα")))


@cache
def _fields_by_heading() -> dict[str, str]:
    found: dict[str, str] = {}
    for field, words in WORDS.items():
        for word in words.split("|"):
            found.setdefault(name_key(word), field)
    # The headings of our own exports, whatever language they were made in, are among the words.
    return found


def field_of(heading: str) -> str:
    """The field a heading names, or nothing; a municipality by itself is an organisation."""
    named = _named_by(heading)
    return "organisation" if named == MUNICIPALITY else named


def names_municipalities(headings: Sequence[str], mapping: Sequence[str]) -> bool:
    """Whether the organisations of a list stand under a heading that means municipalities."""
    columns = zip(headings, mapping, strict=False)
    return any(name == "organisation" and _named_by(head) == MUNICIPALITY for head, name in columns)


def _named_by(heading: str) -> str:
    known, key = _fields_by_heading(), name_key(heading)[:80]
    if key in known:
        return known[key]
    # "E-mail 2" and the like, as address books number what somebody has several of.
    bare = [NUMBER_IN_HEADING.sub(each, key) for each in ("", " 1")]
    return next((known[each] for each in bare if known.get(each) in SEVERAL), "")


def guess_mapping(headings: Sequence[str], rows: Sequence[Sequence[str]] = ()) -> list[str]:
    """A field for each column, but for addresses and numbers each at most once; from `rows` where
    no heading says it."""
    mapping = _by_heading(headings)
    width = max([len(headings), *(len(row) for row in rows)], default=0)
    mapping += [""] * (width - len(mapping))
    if "email" not in mapping:
        for column in range(width):
            cells = [row[column] for row in rows if column < len(row) and row[column].strip()]
            mails = sum("@" in cell for cell in cells)
            if not mapping[column] and mails and mails * 2 >= len(cells):
                mapping[column] = "email"
                break
    named = {"name", "given", "family"} & set(mapping)
    if named in ({"given"}, {"family"}):
        only = next(iter(named))
        column = mapping.index(only)
        if column < len(headings) and name_key(headings[column]) in ALONE:
            mapping[column] = "name"
    elif not named:
        free = next((n for n in range(width) if not mapping[n] and _has_words(rows, n)), None)
        if free is not None:
            mapping[free] = "name"
    return mapping


def _by_heading(headings: Sequence[str]) -> list[str]:
    """The fields that the headings name. A column of municipalities says where the organisations
    of another column are; alone it names them."""
    named = [_named_by(heading) for heading in headings]
    meant = {MUNICIPALITY: "city" if "organisation" in named else "organisation"}
    mapping: list[str] = []
    for field in named:
        field = meant.get(field, field)
        mapping.append(field if field in SEVERAL or field not in mapping else "")
    return mapping


def _has_words(rows: Sequence[Sequence[str]], column: int) -> bool:
    cells = [row[column] for row in rows if column < len(row) and row[column].strip()]
    return bool(cells) and all(any(letter.isalpha() for letter in cell) for cell in cells)


def heading_row(rows: Sequence[Sequence[str]]) -> int | None:
    """Which of the first rows holds the headings; None when the list begins at once."""
    best, most = None, 0
    for number, row in enumerate(rows[:LOOKED_AT]):
        if any("@" in cell for cell in row):
            break
        known = len({field_of(cell) for cell in row if cell.strip()} - {""})
        if known > most:
            best, most = number, known
    if best is not None:
        return best
    # No word we know: a first row without any address above rows that have one is a heading still.
    has_mail = [any("@" in cell for cell in row) for row in rows[:LOOKED_AT]]
    return 0 if rows and not has_mail[0] and any(has_mail) else None


def heading_key(headings: Sequence[str]) -> str:
    """The same for all files with these headings in this order."""
    return hashlib.sha256("\n".join(map(name_key, headings)).encode()).hexdigest()
