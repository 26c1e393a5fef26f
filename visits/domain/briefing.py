"""Sending a city its brief: every edition is kept, the letter carries the programme, and the visit
is briefed."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm import clock, languages
from crm.models import Message, OutgoingMail, User
from visits.domain.brief_standing import CURRENT, standings
from visits.domain.briefs import build_edition, print_edition
from visits.domain.letters import send_letter
from visits.domain.steps import set_visit_state
from visits.models import BriefEdition, Visit
from visits.states import AGREED_VISITS, VisitState

Kind = BriefEdition.Kind
BRIEFED_OR_NOT = frozenset({VisitState.CONFIRMED, VisitState.BRIEFED})


@transaction.atomic
def send_brief(visit: Visit, *, at: datetime, by: User | None) -> list[OutgoingMail]:
    """Keep both editions as they read now and mail the public one to every requester.

    Each gets it in the language of the letter, and finds it on its private page too. Raises
    ValidationError when the visit is not agreed, or when a letter lacks something; then nothing is
    kept and nothing sent.
    """
    if visit.state not in AGREED_VISITS:
        raise ValidationError(
            _("%(ref)s is %(state)s; its brief goes out once it is confirmed."),
            code="not_agreed",
            params={"ref": visit.ref, "state": visit.get_state_display()},
        )
    build_edition(visit, Kind.INTERNAL, at=at, by=by)
    mails = [
        send_letter(request, "public_brief", at=at, by=by, visit=visit)
        for request in visit.requests.open().order_by("ref")
    ]
    for language in sorted({_language_of(mail.message) for mail in mails} or {""}):
        public = build_edition(visit, Kind.PUBLIC, at=at, by=by, language=language)
        BriefEdition.objects.filter(pk=public.pk).update(sent_at=at)
    if visit.state == VisitState.CONFIRMED:
        set_visit_state(visit, VisitState.BRIEFED, at=at, by=by)
    return mails


@transaction.atomic
def keep_edition(
    visit: Visit, kind: str, *, at: datetime, by: User | None, language: str = ""
) -> BriefEdition:
    """Keep what the brief says now; a visit whose briefs are all true again is briefed again."""
    built = build_edition(visit, kind, at=at, by=by, language=language)
    settle_briefed([visit], at=at, by=by)
    return built


def settle_briefed(
    visits: Iterable[Visit], *, at: datetime, by: User | None = None, actor: str = ""
) -> list[Visit]:
    """Move each visit between confirmed and briefed as its kept briefs are true now; those moved.

    Briefed means: what was kept of both editions is what the visit says, and the city was sent its
    own. A visit of which nothing was kept stays as it is.
    """
    chosen = {visit.pk: visit for visit in _as_stored(visits) if visit.state in BRIEFED_OR_NOT}
    kept = BriefEdition.objects.current().filter(visit__in=chosen).select_related("visit__campaign")
    editions = list(kept)
    stands = standings(editions, at=at)
    moved = []
    for pk, visit in chosen.items():
        own = [edition for edition in editions if edition.visit_id == pk]
        state = VisitState.BRIEFED if _is_briefed(own, stands) else VisitState.CONFIRMED
        if own and state != visit.state:
            actor_of = actor or ("" if by else "worker")
            moved.append(set_visit_state(visit, state, at=at, by=by, actor=actor_of))
    return moved


def _as_stored(visits: Iterable[Visit]) -> Iterator[Visit]:
    """The visits with the state they have by now: another row's step may have moved them."""
    given = list(visits)
    states = dict(Visit.objects.filter(pk__in=[row.pk for row in given]).values_list("pk", "state"))
    for visit in given:
        if visit.state != states[visit.pk]:
            visit.refresh_from_db(fields=["state", "state_since", "version"])
        yield visit


def _is_briefed(editions: list[BriefEdition], stands: dict[int, str]) -> bool:
    kinds = {edition.kind for edition in editions}
    is_sent = any(edition.sent_at for edition in editions if edition.kind == Kind.PUBLIC)
    are_true = all(stands[edition.pk] == CURRENT for edition in editions)
    return kinds == {Kind.INTERNAL, Kind.PUBLIC} and is_sent and are_true


def settle_upcoming(*, at: datetime, by: User | None = None) -> int:
    """The same for all visits ahead: for what touches many, or is no step of a visit."""
    rows = Visit.objects.upcoming(at).filter(state__in=BRIEFED_OR_NOT)
    return len(settle_briefed(rows, at=at, by=by))


def briefed_visit(message: Message) -> Visit | None:
    """The visit whose programme goes with a message; None when it carries none."""
    if message.template is None or message.template.key != "public_brief":
        return None
    return message.visits.order_by("pk").last()


def attachments_of(message: Message) -> list[tuple[str, bytes, str]]:
    """The programme that a letter says is attached: the public edition, never the internal one.

    It is the kept version in the letter's language; where the visit says something else by now
    the new words are kept first, so that what the city holds always has a number.
    """
    visit = briefed_visit(message)
    if visit is None:
        return []
    at = clock.now()
    kept = build_edition(visit, Kind.PUBLIC, at=at, language=_language_of(message))
    if kept.sent_at is None:
        BriefEdition.objects.filter(pk=kept.pk).update(sent_at=at)
    pdf, name = print_edition(kept, at=at)
    return [(name, pdf, "application/pdf")]


def _language_of(message: Message) -> str:
    return languages.spoken(message.language)
