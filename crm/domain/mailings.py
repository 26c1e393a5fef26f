"""Mailings: one wording to many people, looked at before, released once, stopped at any moment.

What was shown is what goes: a check writes down for everybody whether a letter goes and why not;
a release checks again and refuses when anything differs from what was shown.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm import wording
from crm.domain import bases
from crm.domain.audit import record
from crm.domain.letters_of_mailings import Writer
from crm.domain.outbox import mail_of
from crm.domain.placeholders import SHARED, is_own, kind_of
from crm.domain.stop_links import links_of
from crm.domain.wordings import newest
from crm.domain.working_calendar import office_day
from crm.models import (
    Event,
    Mailing,
    MailingRecipient,
    Message,
    NoticeDue,
    OutgoingMail,
    Person,
    User,
)
from crm.validators import clean_line, sensible_date

State = Mailing.State
Standing = MailingRecipient.Standing
Reason = MailingRecipient.Reason
MailState = OutgoingMail.State
ON_ITS_WAY = (MailState.QUEUED, MailState.HELD, MailState.SENDING)

AT_ONCE = 250
# For so long after its last day a letter about an event closes what people came for.
FOLLOWED_UP_FOR = timedelta(days=90)
# Written within one request and one transaction: 2,000 take five to ten seconds.
MOST_PEOPLE = 5_000
# What a mailing says of itself; everything else in SHARED is filled in by hand.
DERIVED = frozenset({"reference", "event"})
LINKS = frozenset({"guides_link", "newsletter_link"})


# --- Writing it ---


@transaction.atomic
def start_mailing(
    values: Mapping[str, Any],
    people: QuerySet[Person],
    *,
    query: Mapping[str, Sequence[str]] | None = None,
    at: datetime,
    by: User,
) -> Mailing:
    """A new draft to these people, checked at once; nothing is sent.

    `values`: title, kind, event, template_key, with_english, again, values. With `query` the people
    are those a list shows, found anew at every check; without it they are these ones. Raises
    ValidationError with every fault.
    """
    mailing = Mailing(
        **_clean(values, at=at), query=dict(query) if query is not None else None, created_by=by
    )
    mailing.created_at = at
    mailing.save()
    record(mailing, "start_mailing", at=at, by=by, fields=["title"])
    check_mailing(mailing, people, at=at)
    return mailing


@transaction.atomic
def edit_mailing(
    mailing: Mailing,
    values: Mapping[str, Any],
    people: QuerySet[Person],
    *,
    at: datetime,
    by: User,
) -> Mailing:
    """Change a draft and check it again. Raises ValidationError, also when it is released."""
    locked = _locked(mailing, State.DRAFT)
    for name, value in _clean(values, at=at).items():
        setattr(locked, name, value)
    locked.save()
    record(locked, "edit_mailing", at=at, by=by, fields=values)
    check_mailing(locked, people, at=at)
    mailing.refresh_from_db()
    return mailing


def _clean(values: Mapping[str, Any], *, at: datetime) -> dict[str, Any]:
    """Fit to store; raises ValidationError with every fault at its field."""
    faults: dict[str, Any] = {}
    title = clean_line(values["title"])
    if not title or len(title) > 120:
        faults["title"] = _("Give the mailing a name of up to 120 letters.")
    kind, event = values["kind"], values.get("event")
    if kind == Mailing.Kind.EVENT and event is None:
        faults["event"] = _("Choose the event that it is about.")
    elif fault := _too_late(kind, event, at):
        faults["event"] = fault
    key = values["template_key"]
    if not kind_of(key) or not newest(key):
        faults["template_key"] = _("Choose one of the wordings of mailings.")
    elif fault := _misfit(kind, key):
        faults["template_key"] = fault
    shared: dict[str, str] = {}
    for name, value in dict(values.get("values") or {}).items():
        if name not in SHARED or name in DERIVED:
            faults[name] = _("There is nothing of this name to fill in.")
            continue
        try:
            if text := shared_value(name, value):
                shared[name] = text
        except ValidationError as error:
            faults[name] = error
    if faults:
        raise ValidationError(
            {
                name: each
                if isinstance(each, ValidationError)
                else ValidationError(each, "invalid")
                for name, each in faults.items()
            }
        )
    return {
        "title": title,
        "kind": kind,
        "event": event,
        "template_key": key,
        "with_english": bool(values.get("with_english")),
        "again": bool(values.get("again")),
        "values": shared,
    }


def _misfit(kind: str, key: str) -> ValidationError | None:
    """What to say of a wording that is not for this kind: whom it goes to rests on the kind."""
    if kind_of(key) == kind:
        return None
    words = _("This wording is of another kind and goes out as that alone: %(kind)s.")
    named = Mailing.Kind(kind_of(key)).label
    return ValidationError(words, code="kind", params={"kind": named})


def _too_late(kind: str, event: Event | None, at: datetime) -> ValidationError | None:
    """What to say of a letter about an event that has long been over: what is written then is news,
    and news goes to those who agreed to it."""
    if kind != Mailing.Kind.EVENT or event is None:
        return None
    if office_day(at) <= event.ends_on + FOLLOWED_UP_FOR:
        return None
    words = _(
        "“%(event)s” ended on %(day)s. Letters about an event go out within %(days)d days; after "
        "that they are news: choose a newsletter."
    )
    told = {
        "event": event.name,
        "day": wording.day(event.ends_on),
        "days": FOLLOWED_UP_FOR.days,
    }
    return ValidationError(words, code="too_late", params=told)


def shared_value(name: str, value: Any) -> str:
    """A value that is the same for everybody, fit to store; a day as ISO text."""
    if isinstance(value, date):
        return sensible_date(value).isoformat()
    text = clean_line(str(value or ""))
    if len(text) > 400:
        raise ValidationError(_("At most 400 letters fit here."), code="too_long")
    if text and name in LINKS:
        URLValidator(schemes=["http", "https"])(text)
    if text and name == "deadline":
        try:
            sensible_date(date.fromisoformat(text))
        except ValueError:
            raise ValidationError(_("Write the day like 2023-02-28."), code="day") from None
    return text


@transaction.atomic
def drop_mailing(mailing: Mailing, *, at: datetime, by: User) -> None:
    """Throw a draft away."""
    locked = _locked(mailing, State.DRAFT)
    record(locked, "drop_mailing", at=at, by=by)
    locked.delete()


@transaction.atomic
def leave_out(
    recipient: MailingRecipient, *, is_out: bool, people: QuerySet[Person], at: datetime, by: User
) -> None:
    """Leave one person out of a draft, or take them in again."""
    mailing = _locked(recipient.mailing, State.DRAFT)
    standing = Standing.LEFT_OUT if is_out else Standing.BLOCKED
    mailing.recipients.filter(pk=recipient.pk).update(standing=standing, reason="", detail="")
    record(mailing, "leave_out" if is_out else "take_in", at=at, by=by)
    check_mailing(mailing, people, at=at)


# --- Looking at it ---


@transaction.atomic
def check_mailing(mailing: Mailing, people: QuerySet[Person], *, at: datetime) -> Mailing:
    """Decide for each of these people anew whether a letter goes; who was left out stays so.

    A handful of questions for every 250 people. Raises ValidationError when it is no draft, or is
    too large.
    """
    locked = _locked(mailing, State.DRAFT)
    left_out = set(
        locked.recipients.filter(standing=Standing.LEFT_OUT).values_list("person", flat=True)
    )
    numbers = list(people.order_by("pk").values_list("pk", flat=True).distinct()[: MOST_PEOPLE + 1])
    if len(numbers) > MOST_PEOPLE:
        raise ValidationError(
            _("A mailing goes to at most %(most)d people; narrow the list first."),
            code="too_many",
            params={"most": MOST_PEOPLE},
        )
    locked.recipients.all().delete()
    digest = hashlib.sha256(
        repr([locked.kind, locked.event_id, sorted(locked.values.items())]).encode()
    )
    for decided in _decided(locked, numbers, left_out, taken={}):
        MailingRecipient.objects.bulk_create(row for row, _words in decided)
        for row, words in decided:
            digest.update(repr((*_shown(row), *words)).encode())
    for language, template in sorted(newest(locked.template_key).items()):
        digest.update(f"{language}{template.version}".encode())
    Mailing.objects.filter(pk=locked.pk).update(checked_at=at, digest=digest.hexdigest()[:32])
    mailing.refresh_from_db()
    return mailing


def _shown(row: MailingRecipient) -> tuple:
    return (row.person_id, row.standing, row.reason, row.detail, row.language, row.point_id)


def _decided(
    mailing: Mailing, numbers: Sequence[int], left_out: set[int], *, taken: dict[str, int]
) -> Iterator[list[tuple[MailingRecipient, tuple[str, ...]]]]:
    """The recipients of a mailing, so many at a time, each with address, subject and words of the
    letter if one goes; `taken` are addresses already written to."""
    writer = Writer(mailing)
    for start in range(0, len(numbers), AT_ONCE):
        rows = Person.objects.filter(pk__in=numbers[start : start + AT_ONCE])
        people = list(rows.select_related("organisation__municipality").order_by("pk"))
        facts = bases.facts_of(
            people,
            kind=mailing.kind,
            event_id=mailing.event_id,
            is_own=is_own(mailing.template_key),
        )
        agreed, untold = writer.agreed_on(people), writer.untold(people)
        before = _got_before(mailing, facts)
        decided: list[tuple[MailingRecipient, tuple[str, ...]]] = []
        for person in people:
            row = MailingRecipient(mailing=mailing, person=person, standing=Standing.BLOCKED)
            decided.append((row, ()))
            if person.pk in left_out:
                row.standing = Standing.LEFT_OUT
                continue
            verdict = bases.weigh(mailing.kind, facts[person.pk])
            if verdict.address is None:
                row.reason = verdict.reason
                continue
            row.point_id = verdict.address.pk
            if earlier := before.get(person.pk) or before.get(verdict.address.key):
                row.reason, row.detail = Reason.GOT_BEFORE, earlier
                continue
            if verdict.address.key in taken:
                row.reason = Reason.DUPLICATE
                continue
            letter = writer.write(person, agreed.get(person.pk), untold.get(person.pk, ()))
            row.language = letter.language
            if letter.template is None:
                row.reason, row.detail = Reason.NO_WORDING, " ".join(letter.wanted)[:200]
                continue
            if letter.missing:
                row.reason, row.detail = Reason.MISSING, " ".join(letter.missing)[:200]
                continue
            taken[verdict.address.key] = person.pk
            row.standing = Standing.SAMPLE if person.is_sample else Standing.GOES
            decided[-1] = row, (verdict.address.key, letter.subject, letter.body)
        yield decided


def _got_before(mailing: Mailing, facts: Mapping[int, bases.Facts]) -> dict[int | str, str]:
    """The last mailing, and its day, by which each of these people or addresses got the wording.

    A letter about an event may come again about another one; whether a notice is due is known
    otherwise.
    """
    if mailing.again or mailing.kind == Mailing.Kind.NOTICE:
        return {}
    keys = {address.key for each in facts.values() for address in each.addresses}
    rows = MailingRecipient.objects.filter(
        Q(person__in=list(facts)) | Q(point__match_key__in=keys),
        mailing__template_key=mailing.template_key,
        mail__state__in=MailingRecipient.REACHES,
    ).exclude(mailing=mailing)
    if mailing.kind == Mailing.Kind.EVENT:
        rows = rows.filter(mailing__event=mailing.event_id)
    found: dict[int | str, str] = {}
    fields = ("person", "point__match_key", "mailing", "mail__queued_at")
    for person, key, number, at in rows.order_by("mail").values_list(*fields):
        found[person] = f"M{number} {office_day(at)}"
        if key:
            found[key] = found[person]
    return found


def counts_of(mailing: Mailing) -> dict[str, Any]:
    """How many by standing, and the blocked ones by reason."""
    rows = mailing.recipients.order_by().values_list("standing", "reason").annotate(Count("pk"))
    found: dict[str, Any] = dict.fromkeys(Standing.values, 0)
    reasons: dict[str, int] = {}
    for standing, reason, count in rows:
        found[standing] += count
        if standing == Standing.BLOCKED:
            reasons[reason] = reasons.get(reason, 0) + count
    return found | {"reasons": reasons, "all": sum(found.values())}


def progress_of(mailing: Mailing) -> dict[str, int]:
    """How many mails of a mailing stand in each state of the outbox."""
    rows = mailing.mails.order_by().values_list("state").annotate(Count("pk"))
    return dict(rows)


# --- Releasing it ---


def release_mailing(
    mailing: Mailing,
    people: QuerySet[Person],
    *,
    seen: str,
    scheduled_at: datetime | None = None,
    at: datetime,
    by: User,
) -> int:
    """Write every letter of a draft into the outbox, all or none; the number written.

    `seen` is the digest of what was shown. Raises ValidationError when it was released already,
    when anybody stands otherwise than shown (the draft is then checked anew), when nobody would
    get it, or when the moment is over.
    """
    try:
        with transaction.atomic():
            return _release(mailing, people, seen=seen, scheduled_at=scheduled_at, at=at, by=by)
    except ValidationError as error:
        if getattr(error, "code", "") == "changed":
            check_mailing(mailing, people, at=at)
        raise


def _release(
    mailing: Mailing,
    people: QuerySet[Person],
    *,
    seen: str,
    scheduled_at: datetime | None,
    at: datetime,
    by: User,
) -> int:
    if scheduled_at is not None and scheduled_at <= at:
        raise ValidationError(
            {"scheduled_at": ValidationError(_("This moment is over; choose a later one."), "past")}
        )
    locked = _locked(mailing, State.DRAFT)
    if fault := _misfit(locked.kind, locked.template_key):
        raise fault
    if fault := _too_late(locked.kind, locked.event, scheduled_at or at):
        raise fault
    check_mailing(locked, people, at=at)
    if locked.digest != seen:
        raise ValidationError(
            _("Something has changed since you looked. Look at it again, then release it."),
            code="changed",
        )
    locked.state, locked.released_at, locked.released_by = State.RELEASED, at, by
    locked.scheduled_at = scheduled_at
    locked.save()
    written = _write(
        locked, locked.recipients.filter(standing__in=MailingRecipient.SENDABLE), at=at
    )
    if not written:
        raise ValidationError(_("Nobody would get this letter."), code="nobody")
    record(locked, "release_mailing", at=at, by=by)
    mailing.refresh_from_db()
    return written


@transaction.atomic
def try_again(mailing: Mailing, *, at: datetime, by: User) -> int:
    """Look again at those who were blocked, and write to who can be written to now; how many.

    Nobody joins a released mailing: only who was on it.
    """
    locked = _locked(mailing, State.RELEASED)
    for fault in (
        _misfit(locked.kind, locked.template_key),
        _too_late(locked.kind, locked.event, at),
    ):
        if fault:
            raise fault
    blocked = locked.recipients.filter(standing=Standing.BLOCKED, mail=None)
    numbers = list(blocked.order_by("person").values_list("person", flat=True))
    written_to = locked.recipients.exclude(mail=None).exclude(point=None)
    taken = dict(written_to.values_list("point__match_key", "person"))
    fields = ("standing", "reason", "detail", "language", "point")
    for decided in _decided(locked, numbers, set(), taken=taken):
        rows = [row for row, _words in decided]
        known = {row.person_id: row for row in blocked.filter(person__in=[r.person for r in rows])}
        for row in rows:
            row.pk = known[row.person_id].pk
        MailingRecipient.objects.bulk_update(rows, fields)
    ready = locked.recipients.filter(standing__in=MailingRecipient.SENDABLE, mail=None)
    written = _write(locked, ready, at=at)
    record(locked, "try_mailing_again", at=at, by=by)
    return written


def _write(mailing: Mailing, recipients: QuerySet[MailingRecipient], *, at: datetime) -> int:
    """Letters and mails of these recipients; the number written."""
    writer = Writer(mailing)
    due_at = timezone.now()
    if mailing.scheduled_at is not None and mailing.scheduled_at > at:
        # The outbox waits in real time; the demo's clock stands still.
        due_at += mailing.scheduled_at - at
    numbers = list(recipients.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(numbers), AT_ONCE):
        rows = MailingRecipient.objects.filter(pk__in=numbers[start : start + AT_ONCE])
        some = list(
            rows.select_related("person__organisation__municipality", "point").order_by("pk")
        )
        agreed = writer.agreed_on([row.person for row in some])
        untold = writer.untold([row.person for row in some])
        links = links_of([row.person for row in some], mailing.kind)
        messages = [_message(mailing, row, writer, agreed, untold, at=at) for row in some]
        for message in messages:
            message.refresh_search_key()
        Message.objects.bulk_create(messages)
        mails = [
            mail_of(
                message,
                link_key=f"stop:{links[row.person_id].pk}:{message.language}",
                mailing=mailing,
                due_at=due_at,
                at=at,
            )
            for row, message in zip(some, messages, strict=True)
        ]
        OutgoingMail.objects.bulk_create(mails)
        for row, mail in zip(some, mails, strict=True):
            row.mail = mail
        MailingRecipient.objects.bulk_update(some, ["mail"])
        rows.update(standing=Standing.QUEUED)
    return len(numbers)


def _message(
    mailing: Mailing,
    row: MailingRecipient,
    writer: Writer,
    agreed: Mapping[int, datetime],
    untold: Mapping[int, Sequence[NoticeDue]],
    *,
    at: datetime,
) -> Message:
    notices = untold.get(row.person_id, ())
    letter = writer.write(row.person, agreed.get(row.person_id), notices)
    if not letter.is_whole or row.point is None:
        raise ValueError(f"Recipient {row.pk} was checked in this transaction and is not ready.")
    return Message(
        direction=Message.Direction.OUT,
        status=Message.Status.QUEUED,
        template=letter.template,
        language=letter.language,
        subject=letter.subject,
        body=letter.body,
        person=row.person,
        address=row.point.value.strip(),
        address_name=row.person.name,
        written_by=mailing.released_by,
        at=at,
        is_sample=row.person.is_sample,
    )


# --- On its way ---


@transaction.atomic
def stop_mailing(mailing: Mailing, *, at: datetime, by: User) -> int:
    """Hold what has not left yet; the next mail is not handed over. How many are held.

    Raises ValidationError when everything has left.
    """
    locked = _locked(mailing, State.RELEASED)
    if not locked.mails.filter(state__in=ON_ITS_WAY).exists():
        words = _("Everything of this mailing has left; there is nothing to stop.")
        raise ValidationError(words, code="all_left")
    Mailing.objects.filter(pk=locked.pk).update(state=State.STOPPED)
    held = locked.mails.filter(state=MailState.QUEUED).update(state=MailState.HELD)
    record(locked, "stop_mailing", at=at, by=by)
    mailing.refresh_from_db()
    return held


@transaction.atomic
def resume_mailing(mailing: Mailing, *, at: datetime, by: User) -> int:
    """Let a stopped mailing go on, not before its moment; how many mails wait again."""
    locked = _locked(mailing, State.STOPPED)
    Mailing.objects.filter(pk=locked.pk).update(state=State.RELEASED)
    held = locked.mails.filter(state=MailState.HELD)
    waiting = held.update(state=MailState.QUEUED, first_try_at=None)
    record(locked, "resume_mailing", at=at, by=by)
    mailing.refresh_from_db()
    return waiting


@transaction.atomic
def cancel_mailing(mailing: Mailing, *, at: datetime, by: User) -> int:
    """Give up what has not left yet, for good; how many mails that are."""
    locked = _locked(mailing, State.RELEASED, State.STOPPED)
    Mailing.objects.filter(pk=locked.pk).update(state=State.CANCELLED)
    waiting = locked.mails.filter(state__in=[MailState.QUEUED, MailState.HELD])
    given_up = waiting.update(state=MailState.CANCELLED)
    record(locked, "cancel_mailing", at=at, by=by)
    mailing.refresh_from_db()
    return given_up


def _locked(mailing: Mailing, *states: str) -> Mailing:
    """The mailing in the caller's transaction; raises ValidationError when it has moved on."""
    locked = Mailing.objects.select_for_update().filter(pk=mailing.pk).first()
    if locked is None:
        raise ValidationError(_("This mailing was thrown away."), code="gone")
    if locked.state not in states:
        raise ValidationError(
            _("This mailing is %(state)s by now; look at it again."),
            code="moved_on",
            params={"state": locked.get_state_display()},
        )
    return locked
