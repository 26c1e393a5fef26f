"""What a mail that its address refused for good means for the requests it was about."""

from crm.models import OutgoingMail
from crm.validators import address_key
from visits.domain.requests import forget_reply
from visits.models import VisitRequest


def note_refusal(mail: OutgoingMail) -> None:
    """The requests of the letter know that the address is dead, and the letter was no reply."""
    for request in mail.message.visit_requests.all():
        if address_key(request.address) == address_key(mail.recipient):
            VisitRequest.objects.filter(pk=request.pk).update(address_bounced=True)
        if mail.message.is_personal:
            forget_reply(request, at=mail.queued_at)
