"""Drafts that tell a city once what we changed about its visit; a person sends them."""

import logging
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from crm.models import Message, User
from visits.domain.letters import draft_letter
from visits.models import Visit
from visits.states import RequestState

log = logging.getLogger(__name__)


def draft_notices(visit: Visit, key: str, *, at: datetime, by: User | None) -> list[Message]:
    """One draft of the letter `key` for each request the visit serves; nothing is sent.

    The visit is the one the letter speaks of: the cancelled one, or the new one of a moved date.
    The reason stays a gap: ours is internal, and what the city reads is for a person to write.
    A letter that cannot be written (no template) never undoes the change itself.
    """
    gone = (RequestState.MERGED, RequestState.REJECTED)
    concerned = visit.requests.exclude(state__in=gone).exclude(address="").order_by("ref")
    drafts = []
    for request in concerned:
        try:
            with transaction.atomic():
                drafts.append(draft_letter(request, key, at=at, by=by, visit=visit))
        except ValidationError as error:
            log.warning("No %s for %s: %s", key, request.ref, "; ".join(error.messages))
    return drafts
