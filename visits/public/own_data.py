"""Everything we keep about one request and its requester, for the person it concerns."""

from typing import Any

from django.utils.translation import gettext as _

from crm import languages, wording
from crm.models import ConsentRecord, DataRequest, Message
from visits.domain.date_wishes import days_in_words
from visits.domain.requests import MODE_WORDS
from visits.models import VisitRequest
from visits.models.requests import Mode, PartOfDay
from visits.public.standing import current_visit


def as_plain_values(asked: VisitRequest) -> dict[str, Any]:
    """Plain JSON values under stable English names, built up from allowed fields."""
    visit = current_visit(asked)
    return {
        "reference": asked.ref,
        "received_at": asked.received_at.isoformat(),
        "state": asked.state,
        "city": asked.city,
        "country": asked.country,
        "department": asked.department,
        "name": asked.requester_name,
        "role": asked.requester_role,
        "address": asked.address,
        "phone": asked.phone,
        "language": asked.language,
        "topics": [topic.name for topic in asked.topics.all()],
        "questions": asked.questions,
        "mode": asked.mode,
        "online_is_fine": asked.online_is_fine,
        "wished_dates": [
            {"on": wish.on.isoformat(), "part": wish.part} for wish in asked.preferred_dates.all()
        ],
        "other_dates_asked": [
            {
                "visit": wish.visit.ref,
                "asked_at": wish.asked_at.isoformat(),
                "wished_dates": wish.days,
                "reason": wish.reason,
                "outcome": wish.outcome,
            }
            for wish in asked.date_wishes.select_related("visit")
        ],
        "people": asked.people,
        "interpreter": asked.interpreter,
        "step_free": asked.step_free,
        "to_be_kept_secret": asked.secrecy,
        "visit": _visit(visit) if visit else None,
        "consents": [
            {
                "purpose": record.purpose,
                "status": record.status,
                "words": record.text.text if record.text else "",
                "at": record.at.isoformat(),
            }
            for record in _consents(asked)
        ],
        "mails": [
            {"at": at.isoformat(), "subject": subject}
            for at, subject in asked.messages.filter(
                direction=Message.Direction.OUT,
                status=Message.Status.QUEUED,
                address__iexact=asked.address,
            ).values_list("at", "subject")
        ],
        "wishes_about_data": [
            {"kind": wish.kind, "received_at": wish.received_at.isoformat()}
            for wish in DataRequest.objects.filter(address=asked.address)
        ],
    }


def _visit(visit: Any) -> dict[str, Any]:
    return {
        "reference": visit.ref,
        "starts_at": visit.starts_at.isoformat(),
        "ends_at": visit.ends_at.isoformat(),
        "zone": visit.zone,
        "mode": visit.mode,
        "address": visit.address,
        "local_contact": visit.local_contact_name,
    }


def _consents(asked: VisitRequest):
    return ConsentRecord.objects.filter(address__iexact=asked.address).select_related("text")


def granted(asked: VisitRequest) -> list[dict[str, str]]:
    """What the person agrees to at present, by purpose, in the words that were shown."""
    latest = {record.purpose: record for record in _consents(asked).order_by("at", "pk")}
    return [
        {
            "purpose": purpose,
            "words": record.text.text if record.text else str(record.get_purpose_display()),
        }
        for purpose, record in latest.items()
        if record.status == ConsentRecord.Status.GRANTED
    ]


def in_words(asked: VisitRequest) -> list[tuple[str, str]]:
    """The request as labels and words, empty ones left out."""
    wishes = [
        _("%(day)s, %(part)s") % {"day": wording.day(wish.on), "part": PartOfDay(wish.part).label}
        for wish in asked.preferred_dates.all()
    ]
    yes = _("yes")
    rows = [
        (_("Reference"), asked.ref),
        (_("Received"), wording.local_time(asked.received_at, asked.zone)),
        (_("City"), f"{asked.city}, {wording.country_name(asked.country)}"),
        (_("Department"), asked.department),
        (_("Name"), asked.requester_name),
        (_("Role"), asked.requester_role),
        (_("Mail address"), asked.address),
        (_("Phone"), asked.phone),
        (_("Language for our mails"), languages.name_of(asked.language)),
        (_("Topics"), "\n".join(topic.title for topic in asked.topics.all())),
        (_("Questions"), "\n".join(asked.questions)),
        (_("How we meet"), str(MODE_WORDS[Mode(asked.mode)])),
        (_("Online is fine too"), yes if asked.online_is_fine else ""),
        (_("Wished dates"), "\n".join(wishes)),
        (_("Other dates asked for"), "\n".join(_asked_dates(asked))),
        (_("People"), str(asked.people or "")),
        (_("Interpreter"), asked.interpreter),
        (_("Step-free access"), yes if asked.step_free else ""),
        (_("To be kept secret"), asked.secrecy),
    ]
    return [(label, words) for label, words in rows if words]


def _asked_dates(asked: VisitRequest) -> list[str]:
    """What was asked for in place of an agreed date, each wish with its days and its reason."""
    return [wording.listed([*days_in_words(wish), wish.reason]) for wish in asked.date_wishes.all()]
