"""Brings the catalogues up to date with the texts a municipality can meet.

Pages, mails, calendar files and briefs for municipalities exist in several languages, the desk in
English alone; what a host takes along, the internal brief and the trip pack, exists in Norwegian
too. So the catalogues hold the texts of the files named here and no others. Run it as
`python .ci/public_texts.py`; needs xgettext (Debian: gettext). New texts are added untranslated,
texts that are gone are dropped. `python .ci/public_texts.py check` changes nothing and fails when a
catalogue lacks a text or keeps one that is gone.
"""

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent
# Each language with the rule by which it counts.
TWO_FORMS = "nplurals=2; plural=(n != 1);"
LANGUAGES = {
    "nb": TWO_FORMS,
    "nl": TWO_FORMS,
    "it": TWO_FORMS,
    "fr": "nplurals=2; plural=(n > 1);",
    "de": TWO_FORMS,
    "es": TWO_FORMS,
    "pl": (
        "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);"
    ),
    "el": TWO_FORMS,
}
# Patterns below the root; whatever a municipality may read comes from these.
FILES = (
    "crm/domain/letters_of_mailings.py",
    "crm/middleware.py",
    "crm/strips.py",
    "crm/validators.py",
    "crm/views/errors.py",
    "crm/wording.py",
    "crm/models/consent.py",
    "templates/[45]*.html",
    "templates/base.html",
    "templates/base_public.html",
    "templates/problem.html",
    "templates/components/_problem.html",
    "templates/components/calendar_strip.html",
    "templates/components/error_summary.html",
    "templates/components/field.html",
    "templates/components/notice.html",
    "templates/components/step.html",
    "templates/components/timeline.html",
    "templates/mail/*.html",
    "templates/public/*.html",
    "visits/ical.py",
    "visits/models/reports.py",
    "visits/models/requests.py",
    "visits/states.py",
    "visits/briefs/copy_words.py",
    "visits/briefs/document.py",
    "visits/briefs/masthead.py",
    "visits/briefs/person_copy.py",
    "visits/domain/agenda.py",
    "visits/domain/booking.py",
    "visits/domain/brief_parts.py",
    "visits/domain/brief_public.py",
    "visits/domain/briefs.py",
    "visits/domain/date_wishes.py",
    "visits/domain/day_names.py",
    "visits/domain/letters.py",
    "visits/domain/local_days.py",
    "visits/domain/municipality.py",
    "visits/domain/own_request.py",
    "visits/domain/replies.py",
    "crm/domain/places.py",
    "visits/domain/programmes.py",
    "visits/domain/proposals.py",
    "visits/domain/report_check.py",
    "visits/domain/requests.py",
    "visits/domain/steps.py",
    "visits/domain/verification.py",
    "visits/domain/visit_sheets.py",
    "visits/domain/visits.py",
    "visits/public/**/*.py",
    "visits/templatetags/public_pages.py",
)
# What only our own side reads, in the languages of `visits.domain.briefs.INTERNAL_LANGUAGES`.
HOST_FILES = (
    "crm/domain/export_log.py",
    "crm/models/follow_ups.py",
    "crm/models/messages.py",
    "visits/briefs/pack.py",
    "visits/briefs/text.py",
    "visits/domain/answer_clock.py",
    "visits/domain/brief_changes.py",
    "visits/domain/brief_internal.py",
    "visits/domain/brief_journeys.py",
    "visits/domain/brief_scans.py",
    "visits/domain/brief_sheets.py",
    "visits/domain/digests.py",
    "visits/domain/import_news.py",
    "visits/domain/packs.py",
    "visits/domain/reminders.py",
    "visits/models/briefs.py",
    "visits/models/calendars.py",
    "visits/models/reports.py",
    "visits/models/travel.py",
    "visits/models/visits.py",
)
HOST_LANGUAGES = frozenset({"nb"})


def chosen_files(language: str) -> list[Path]:
    """The files whose texts are translated into a language."""
    patterns = FILES + HOST_FILES if language in HOST_LANGUAGES else FILES
    return sorted({path for pattern in patterns for path in ROOT.glob(pattern)})


def extract(language: str) -> polib.POFile:
    """A catalogue with every text of the chosen files, none translated."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path in chosen_files(language):
            copy = folder / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
        (folder / "locale").mkdir()
        command = [sys.executable, "-m", "django", "makemessages", "--locale", language]
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        environment.pop("DJANGO_SETTINGS_MODULE", None)
        subprocess.run(
            [*command, "--no-wrap", "--add-location=file"],
            cwd=folder,
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return polib.pofile(str(folder / "locale" / language / "LC_MESSAGES" / "django.po"))


def add_fixtures(catalogue: polib.POFile) -> None:
    """Topics and programmes that come with the program; a site's own stay as it writes them."""
    sample = ROOT / "fixtures" / "sample"
    with (sample / "topics.csv").open(encoding="utf-8", newline="") as file:
        texts = [
            (words, "topics.csv")
            for row in csv.DictReader(file)
            for words in (row["name"], row["text"])
        ]
    agendas = json.loads((sample / "agendas.json").read_text(encoding="utf-8"))
    texts += [(item["title"], "agendas.json") for items in agendas.values() for item in items]
    texts.append(("Everybody", "agendas.json"))
    for words, name in texts:
        if words and catalogue.find(words) is None:
            place = [(f"fixtures/sample/{name}", "")]
            catalogue.append(polib.POEntry(msgid=words, occurrences=place))


def update(language: str) -> int:
    """Write the catalogue of one language; the number of texts that still lack a translation."""
    target = ROOT / "locale" / language / "LC_MESSAGES" / "django.po"
    fresh = extract(language)
    add_fixtures(fresh)
    if target.exists():
        known = {(entry.msgctxt, entry.msgid): entry for entry in polib.pofile(str(target))}
        for entry in fresh:
            old = known.get((entry.msgctxt, entry.msgid))
            if old is not None and not old.obsolete:
                entry.msgstr, entry.msgstr_plural = old.msgstr, old.msgstr_plural
    fresh.metadata_is_fuzzy = False
    fresh.metadata = {
        "Project-Id-Version": "municipality-outreach-crm",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Language": language,
        "Plural-Forms": LANGUAGES[language],
    }
    fresh.header = f"Texts a municipality can meet, in {language}."
    fresh.sort(key=lambda entry: (entry.occurrences, entry.msgid))
    for entry in fresh:
        entry.flags = [flag for flag in entry.flags if flag != "fuzzy"]
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh.wrapwidth = 100
    fresh.save(str(target))
    return len(fresh.untranslated_entries())


def check() -> list[str]:
    """What is wrong with the catalogues, one sentence each."""
    found, texts_of = [], {}
    for language in LANGUAGES:
        is_for_hosts = language in HOST_LANGUAGES
        if is_for_hosts not in texts_of:
            fresh = extract(language)
            add_fixtures(fresh)
            texts_of[is_for_hosts] = {(entry.msgctxt, entry.msgid) for entry in fresh}
        texts = texts_of[is_for_hosts]
        path = ROOT / "locale" / language / "LC_MESSAGES" / "django.po"
        known = {(entry.msgctxt, entry.msgid) for entry in polib.pofile(str(path))}
        found += [f"{language}: not in the catalogue: {text!r}" for _, text in texts - known]
        found += [f"{language}: no longer in the source: {text!r}" for _, text in known - texts]
    return sorted(found)


if __name__ == "__main__":
    if shutil.which("xgettext") is None:
        sys.exit("xgettext is missing: install it (Debian: apt-get install gettext).")
    if sys.argv[1:] == ["check"]:
        sys.exit("\n".join(check()) or None)
    for wanted in LANGUAGES:
        print(f"{wanted}: {update(wanted)} texts to translate")
