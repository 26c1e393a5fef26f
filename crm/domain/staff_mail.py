"""Mail to our own staff: it goes through the same outbox as every other mail."""

from datetime import datetime

from crm.domain.outbox import is_suppressed, queue_mail
from crm.models import Message, User

# Such letters belong to nobody's timeline and are no answer to a city.
CHANNEL = "staff"


def tell_staff(user: User, *, subject: str, body: str, at: datetime) -> Message | None:
    """Queue a mail to somebody of us, in the caller's transaction; None when theirs bounced."""
    if is_suppressed(user.email):
        return None
    message = Message.objects.create(
        direction=Message.Direction.OUT,
        status=Message.Status.DRAFT,
        channel=CHANNEL,
        language=user.language,
        subject=subject[:300],
        body=body[:20_000],
        address=user.email,
        address_name=user.name,
        at=at,
        is_sample=user.is_sample,
    )
    queue_mail(message, at=at)
    return message
