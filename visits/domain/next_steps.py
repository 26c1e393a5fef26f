"""What to do next about somebody, in one sentence: the earliest thing that would go wrong."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import wording
from crm.models import DataRequest, FollowUp, Message
from visits.models import Visit, VisitRequest
from visits.states import RequestState


@dataclass(frozen=True)
class NextStep:
    """The sentence, where to do it, and whether it is late."""

    sentence: str
    href: str = ""
    is_late: bool = False
    # The person whose mail it is about, which may need no answer.
    reply_of: int | None = None


ASKS: dict[str, Any] = {
    DataRequest.Kind.ACCESS: gettext_lazy("Asks to see what we keep"),
    DataRequest.Kind.CORRECT: gettext_lazy("Asks to correct what we keep"),
    DataRequest.Kind.STOP: gettext_lazy("Asks us to stop using what we keep"),
    DataRequest.Kind.ERASE: gettext_lazy("Asks to erase what we keep"),
}


def next_step(
    *,
    follow_ups: Any,
    requests: QuerySet,
    visits: Any,
    data_requests: QuerySet,
    messages: Any,
    now: datetime,
    today: date,
) -> NextStep | None:
    """The rights of a person first, then what we owe, then what they wait for, then what comes.

    None when nothing is promised, asked or planned.
    """
    asked: DataRequest | None = data_requests.order_by("due_on").first()
    if asked:
        words = _("%(asks)s: do it %(when)s, by %(day)s.") % {
            "asks": ASKS[asked.kind],
            "when": wording.days_until(asked.due_on, today),
            "day": wording.day(asked.due_on),
        }
        return NextStep(words, _answering(asked), asked.due_on < today)
    promise: FollowUp | None = follow_ups.open().order_by("due_on", "pk").first()
    if promise and promise.due_on <= today:
        return _keep(promise, today)
    if waiting := _waiting(requests):
        words = _("Answer request %(ref)s from %(city)s.") % {
            "ref": waiting.ref,
            "city": waiting.city,
        }
        return NextStep(words, f"/requests/{waiting.ref}/", waiting.is_overdue(now))
    reply: Message | None = messages.unanswered().order_by("at", "pk").first()
    if reply:
        words = _("Answer their mail of %(day)s: %(subject)s") % {
            "day": wording.day(reply.at.date()),
            "subject": reply,
        }
        return NextStep(words, "?show=mail", reply_of=reply.person_id)
    if promise:
        return _keep(promise, today)
    coming: Visit | None = visits.upcoming(now).first()
    if coming:
        words = _("Visit %(ref)s in %(city)s: %(when)s.") % {
            "ref": coming.ref,
            "city": coming.city,
            "when": wording.time_range(coming.starts_at, coming.ends_at, coming.zone),
        }
        return NextStep(words, f"/visits/{coming.ref}/")
    return None


def _answering(asked: DataRequest) -> str:
    """The page where a wish about one's own data is answered, where there is one."""
    pages = {
        DataRequest.Kind.ERASE: "visits:person-erase",
        DataRequest.Kind.ACCESS: "visits:person-export",
    }
    page = pages.get(DataRequest.Kind(asked.kind))
    return reverse(page, args=[asked.person_id]) if page and asked.person_id else ""


def _waiting(requests: QuerySet) -> VisitRequest | None:
    waits = requests.filter(state__in=(RequestState.RECEIVED, RequestState.UNDER_REVIEW))
    return waits.order_by("received_at").first()


def _keep(promise: FollowUp, today: date) -> NextStep:
    theirs = promise.owner == FollowUp.Owner.THEIRS
    sentence = _("They promised: %(text)s (%(when)s)") if theirs else _("%(text)s (%(when)s)")
    words = sentence % {
        "text": promise.text,
        "when": wording.days_until(promise.due_on, today),
    }
    href = reverse("visits:follow-up-list") + f"?q={promise.text[:40]}"
    return NextStep(words, href, promise.due_on < today)
