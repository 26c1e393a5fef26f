"""Briefs: gather an edition from a visit, keep which version said what, and print it.

PDFs are made on demand and never kept. What is kept of an edition is its version, the hash of what
it said, who built it and when; an unchanged visit keeps its version.
"""

import hashlib
import json
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from crm import clock, wording
from crm.domain.audit import record
from crm.models import User
from visits import ical
from visits.briefs import press
from visits.briefs.content import as_content
from visits.briefs.edition import Edition, Imprint
from visits.briefs.paper import A4, Paper
from visits.domain.brief_internal import gather_internal
from visits.domain.brief_parts import FAILED
from visits.domain.brief_public import gather_public
from visits.domain.brief_sheets import newest_moments
from visits.domain.brief_sources import Sources
from visits.models import BriefEdition, Visit
from visits.states import LIVE_VISITS

__all__ = [
    "brief_pdf",
    "build_edition",
    "current_edition",
    "edition_of",
    "file_name",
    "gather_internal",
    "gather_public",
    "is_out_of_date",
    "mark_of",
    "print_edition",
    "render_public",
]

Kind = BriefEdition.Kind


# The host's edition is written in these; the city's in all languages of the program.
INTERNAL_LANGUAGES = ("en", "nb")


def languages_of(kind: str) -> dict[str, str]:
    """The languages an edition can be written in, each by its own name."""
    names = dict(settings.LANGUAGES)
    chosen = settings.COMPLETE_LANGUAGES if kind == Kind.PUBLIC else INTERNAL_LANGUAGES
    return {code: names[code] for code in chosen}


def language_for(visit: Visit, kind: str, language: str = "") -> str:
    """The language an edition is written in: the one asked for, else the city's or English.

    Raises ValidationError when that edition does not exist in the language.
    """
    known = languages_of(kind)
    if language and language not in known:
        raise ValidationError(
            _("There is no brief in “%(language)s”; choose one of %(known)s.")
            % {"language": language, "known": ", ".join(known)},
            code="language",
        )
    if language:
        return language
    return ical.language_of(visit) if kind == Kind.PUBLIC else "en"


def edition_of(
    visit: Visit,
    kind: str,
    *,
    at: datetime,
    language: str = "",
    sources: Sources | None = None,
    with_history: bool = True,
) -> Edition:
    """What the edition of that kind says now."""
    spoken = language_for(visit, kind, language)
    if kind == Kind.PUBLIC:
        return gather_public(visit, spoken, at=at, sources=sources)
    if kind == Kind.INTERNAL:
        return gather_internal(
            visit, at=at, language=spoken, sources=sources, with_history=with_history
        )
    raise ValueError(f"{kind} is no kind of brief.")


@transaction.atomic
def build_edition(
    visit: Visit, kind: str, *, at: datetime, by: User | None = None, language: str = ""
) -> BriefEdition:
    """Keep what the brief says now as its newest version; older versions become void.

    Nothing is written when the newest version says the same and has not run out. The brief of a
    visit that failed is kept as void from the start. Building for a live visit lifts the visit's
    own void mark.
    """
    edition = edition_of(visit, kind, at=at, language=language)
    is_void = visit.state in FAILED
    versions = visit.editions.filter(kind=kind, language=edition.language)
    newest = versions.first()
    says_the_same = newest and newest.data_hash == edition.data_hash and newest.void == is_void
    if newest and says_the_same and not has_run_out(newest, visit, at):
        return newest
    versions.filter(void=False).update(void=True)
    built = BriefEdition.objects.create(
        visit=visit,
        kind=kind,
        language=edition.language,
        version=newest.version + 1 if newest else 1,
        data_hash=edition.data_hash,
        content=as_content(edition),
        built_at=at,
        built_by=by,
        void=is_void,
        is_sample=visit.is_sample,
    )
    record(
        visit,
        "build_edition",
        at=at,
        by=by,
        actor="" if by else "worker",
        fields=["editions"],
    )
    if visit.brief_void and visit.state in LIVE_VISITS:
        visit.brief_void = False
        visit.save(update_fields=["brief_void"])
    return built


def has_run_out(kept: BriefEdition, visit: Visit, at: datetime) -> bool:
    """Whether the host was to print it again after a day that has passed since it was kept."""
    last, zone = visit.print_again_after, ZoneInfo(visit.zone)
    if kept.kind == Kind.PUBLIC or last is None:
        return False
    return kept.built_at.astimezone(zone).date() <= last < at.astimezone(zone).date()


def current_edition(visit: Visit, kind: str, *, language: str = "") -> BriefEdition | None:
    """The newest kept version that is not void."""
    spoken = language_for(visit, kind, language)
    return visit.editions.current().filter(kind=kind, language=spoken).first()


def is_out_of_date(kept: BriefEdition, *, at: datetime) -> bool:
    """Whether the visit says something else now than this version said."""
    return (
        kept.data_hash
        != edition_of(
            kept.visit, kept.kind, at=at, language=kept.language, with_history=False
        ).data_hash
    )


def brief_pdf(
    visit: Visit, kind: str, *, at: datetime, language: str = "", paper: Paper = A4
) -> tuple[bytes, str]:
    """The brief as it would be printed now, and its file name; nothing is kept."""
    edition, imprint = brief_now(visit, kind, at=at, language=language)
    return press.brief_pdf(edition, imprint, paper), file_name(edition, imprint.version)


def brief_now(
    visit: Visit, kind: str, *, at: datetime, language: str = ""
) -> tuple[Edition, Imprint]:
    """The brief as it reads now, for its PDF and its page.

    It carries its version when that version says the same, otherwise it is marked as a preview.
    """
    edition = edition_of(visit, kind, at=at, language=language)
    newest = visit.editions.filter(kind=kind, language=edition.language).first()
    is_kept = newest is not None and newest.data_hash == edition.data_hash
    return edition, imprint_of(visit, edition, newest if is_kept else None, at=at)


def render_public(visit: Visit, *, language: str, at: datetime | None = None) -> bytes:
    """The public edition for the private page of the city, in that page's language."""
    return brief_pdf(visit, Kind.PUBLIC, at=at or clock.now(), language=language)[0]


def print_edition(kept: BriefEdition, *, at: datetime, paper: Paper = A4) -> tuple[bytes, str]:
    """The PDF of a kept version and its file name; a preview when the visit has changed since."""
    return brief_pdf(kept.visit, kept.kind, at=at, language=kept.language, paper=paper)


def mark_of(edition: Edition, imprint: Imprint) -> str:
    """A short sum of all that a print of the brief says, also of what grows every day.

    It stays while a preview says the same, whenever it was made.
    """
    said = json.dumps([as_content(edition), imprint.version], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def imprint_of(
    visit: Visit, edition: Edition, kept: BriefEdition | None, *, at: datetime
) -> Imprint:
    """Version and moment as they stand in print, in the language of the edition.

    A kept version says its facts as they were built, but also what grows after that: the state,
    mails and talks. The moment in print is that of the newest of them, so it moves only with them.
    """
    built_at = _shown_until(visit, kept, at=at) if kept else at
    zone = visit.zone if edition.kind == Kind.PUBLIC.value else visit.campaign.zone
    with override(edition.language):
        version = _("Version %(version)d") % {"version": kept.version} if kept else _("Preview")
        built = _("as of %(when)s") % {"when": wording.local_time(built_at, zone)}
    return Imprint(kept.version if kept else 0, built_at, version, built)


def _shown_until(visit: Visit, kept: BriefEdition, *, at: datetime) -> datetime:
    """The moment of the newest thing a print of a kept version shows."""
    moments = [kept.built_at, visit.state_since]
    if kept.kind == Kind.INTERNAL:
        moments += newest_moments(visit, at=at)
    return max(moments)


def file_name(edition: Edition, version: int) -> str:
    """A name of our own making: reference, kind, language, version; never the city."""
    number = f"v{version}" if version else "preview"
    ref = "".join(letter for letter in edition.ref if letter.isalnum() or letter == "-") or "visit"
    return f"{ref}-{edition.kind}-{edition.language}-{number}.pdf"
