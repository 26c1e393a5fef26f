"""Sending a city its brief: both editions are kept, the letter goes, the visit is briefed."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.models import OutgoingMail, User
from visits.domain.briefs import build_edition
from visits.domain.letters import send_letter
from visits.domain.steps import set_visit_state
from visits.models import BriefEdition, Visit
from visits.states import AGREED_VISITS, VisitState


@transaction.atomic
def send_brief(visit: Visit, *, at: datetime, by: User | None) -> list[OutgoingMail]:
    """Keep both editions as they read now and mail the public one's link to every requester.

    The city opens the programme on its private page. Raises ValidationError when the visit is not
    agreed, or when a letter lacks something; then nothing is kept and nothing sent.
    """
    if visit.state not in AGREED_VISITS:
        raise ValidationError(
            _("%(ref)s is %(state)s; its brief goes out once it is confirmed."),
            code="not_agreed",
            params={"ref": visit.ref, "state": visit.get_state_display()},
        )
    build_edition(visit, BriefEdition.Kind.INTERNAL, at=at, by=by)
    public = build_edition(visit, BriefEdition.Kind.PUBLIC, at=at, by=by)
    mails = [
        send_letter(request, "public_brief", at=at, by=by, visit=visit)
        for request in visit.requests.open().order_by("ref")
    ]
    BriefEdition.objects.filter(pk=public.pk).update(sent_at=at)
    if visit.state == VisitState.CONFIRMED:
        set_visit_state(visit, VisitState.BRIEFED, at=at, by=by)
    return mails
