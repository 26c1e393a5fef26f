"""How kept briefs stand: in date, out of date because the visit says something else, or void.

Nothing of this is stored. It is told from what the visit says now, so it is true the moment
anything changes; for many visits at once it asks the database as often as for one.
"""

from collections.abc import Iterable
from datetime import datetime

from crm.models import User
from visits.domain.brief_sources import Sources, Supposed
from visits.domain.briefs import edition_of, has_run_out
from visits.models import BriefEdition, Visit

CURRENT, OUT_OF_DATE, VOID, NONE = "current", "out_of_date", "void", ""


def standings(
    editions: Iterable[BriefEdition], *, at: datetime, supposed: Supposed | None = None
) -> dict[int, str]:
    """How each of these kept versions stands at `at`, by its key, or would stand if its host had
    the visits and journeys that are `supposed`."""
    kept = list(editions)
    in_force = [edition for edition in kept if not edition.void]
    if not in_force:
        return dict.fromkeys((edition.pk for edition in kept), VOID)
    sources = Sources({edition.visit for edition in in_force}, supposed)
    now: dict[tuple[int, str, str], str] = {}
    found = {edition.pk: VOID for edition in kept}
    for edition in in_force:
        key = (edition.visit_id, edition.kind, edition.language)
        if key not in now:
            visit = sources.stored(edition.visit)
            now[key] = edition_of(
                visit,
                edition.kind,
                at=at,
                language=edition.language,
                sources=sources,
                with_history=False,
            ).data_hash
        is_true = now[key] == edition.data_hash and not has_run_out(
            edition, sources.stored(edition.visit), at
        )
        found[edition.pk] = CURRENT if is_true else OUT_OF_DATE
    return found


def standing(kept: BriefEdition, *, at: datetime) -> str:
    """How one kept version stands."""
    return standings([kept], at=at)[kept.pk]


def visit_standings(
    visits: Iterable[Visit], *, at: datetime, user: User | None = None
) -> dict[int, str]:
    """How the briefs of each visit stand together, by the visit's key; empty where none was kept.

    One version that says something untrue is enough to be out of date. Told from the editions that
    `user` may read, where one is given.
    """
    keys = [visit.pk for visit in visits]
    rows = BriefEdition.objects.filter(visit__in=keys).defer("content")
    kept = list((rows.visible_to(user) if user else rows).select_related("visit__campaign"))
    each = standings(kept, at=at)
    return {
        pk: together(each[edition.pk] for edition in kept if edition.visit_id == pk) for pk in keys
    }


def together(found: Iterable[str]) -> str:
    """How several versions of one visit stand together.

    Out of date weighs most; a void version is history once another is in force.
    """
    words = set(found)
    return next((word for word in (OUT_OF_DATE, CURRENT, VOID) if word in words), NONE)
