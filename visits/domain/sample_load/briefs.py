"""The editions of visits that were briefed.

Those of visits held since are built before their reports are loaded: nobody knew those then. The
others come last, because an edition says what all rows say.
"""

from crm import fixture_files as files
from visits.domain.briefs import build_edition
from visits.domain.sample_load.cast import Cast
from visits.models import BriefEdition, Visit
from visits.states import HELD_VISITS, VisitState


def load_editions_of_held_visits(cast: Cast) -> None:
    _load(cast, are_held=True)


def load_editions(cast: Cast) -> None:
    _load(cast, are_held=False)


def _load(cast: Cast, *, are_held: bool) -> None:
    for step in files.rows("sample/visit_history.csv"):
        if step["to_state"] != VisitState.BRIEFED:
            continue
        # Fresh from the database: an edition's hash tells a local from a UTC moment.
        visit, at = Visit.objects.get(ref=step["visit"]), files.moment(step["at"])
        if (visit.state in HELD_VISITS) != are_held:
            continue
        by, _actor = cast.actor(step["by"])
        build_edition(visit, BriefEdition.Kind.INTERNAL, at=at, by=by)
        public = build_edition(visit, BriefEdition.Kind.PUBLIC, at=at, by=by)
        public.sent_at = at
        public.save(update_fields=["sent_at"])
