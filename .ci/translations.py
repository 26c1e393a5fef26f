"""Compiles and checks the translations: `python .ci/translations.py compile|check`.

`compile` turns each locale/*/LC_MESSAGES/*.po into the .mo that Django reads, when it is newer.
`check` fails when a catalogue of a complete language has a missing or fuzzy entry, or when any
translation loses or invents a placeholder. That every text of the source is in the catalogues is
checked by `public_texts.py`.
"""

import re
import sys
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent
PLACEHOLDER = re.compile(r"%\([a-zA-Z_]+\)[a-z]|%[sd]|\{[a-zA-Z_]*\}")


def catalogues() -> list[Path]:
    return sorted((ROOT / "locale").glob("*/LC_MESSAGES/*.po"))


def compile_all() -> None:
    for source in catalogues():
        target = source.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            polib.pofile(str(source)).save_as_mofile(str(target))


def faults(source: Path, is_complete: bool) -> list[str]:
    """What is wrong with one catalogue, one sentence each."""
    catalogue = polib.pofile(str(source))
    place = source.relative_to(ROOT)
    found = []
    if is_complete:
        found += [f"{place}: not translated: {e.msgid!r}" for e in catalogue.untranslated_entries()]
        found += [f"{place}: fuzzy: {e.msgid!r}" for e in catalogue.fuzzy_entries()]
    for entry in catalogue.translated_entries():
        wanted = set(PLACEHOLDER.findall(entry.msgid)) | set(
            PLACEHOLDER.findall(entry.msgid_plural)
        )
        for text in [entry.msgstr, *entry.msgstr_plural.values()]:
            given = set(PLACEHOLDER.findall(text))
            # A singular form may leave the number out; no form may bring its own.
            if given - wanted or (wanted - given and not entry.msgid_plural):
                found.append(f"{place}: placeholders differ: {entry.msgid!r}")
    return found


def check_all() -> None:
    sys.path.insert(0, str(ROOT))
    from config.settings import COMPLETE_LANGUAGES

    found = []
    for source in catalogues():
        language = source.parent.parent.name
        found += faults(source, is_complete=language in COMPLETE_LANGUAGES)
    present = {source.parent.parent.name for source in catalogues()}
    missing = set(COMPLETE_LANGUAGES) - present - {"en"}
    found += [f"locale/{language}: listed as complete but has no catalogue" for language in missing]
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    {"compile": compile_all, "check": check_all}[sys.argv[1]]()
