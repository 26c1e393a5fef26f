"""Which files the private page offers: the calendar entry and the public programme."""

from visits.models import Visit, VisitRequest
from visits.public.standing import current_visit
from visits.states import RequestState


def available_files(asked: VisitRequest) -> dict[str, bool]:
    """`calendar` and `programme`: both exist once a date is agreed."""
    is_agreed = asked.state in (RequestState.SCHEDULED, RequestState.FULFILLED)
    has_visit = is_agreed and current_visit(asked) is not None
    return {"calendar": has_visit, "programme": has_visit}


def programme_of(visit: Visit, language: str) -> bytes:
    """The public edition of the brief, in the page's language."""
    from visits.domain import briefs

    return briefs.render_public(visit, language=language)
