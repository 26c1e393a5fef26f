"""What a file says about the newsletter: which of its answers join the ledger, and why others stay
out. The ledger's own function writes them down."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from crm import wording
from crm.consent_words import why_no_answer
from crm.domain import bases
from crm.domain.consents import entry_of, record_list, weigh_answer
from crm.domain.imports.keys import name_key
from crm.domain.imports.matching import Known
from crm.domain.imports.values import Entry
from crm.domain.working_calendar import OFFICE_ZONE, office_day
from crm.models import (
    ConsentRecord,
    ConsentText,
    ContactPoint,
    ImportBatch,
    MailingRecipient,
    User,
)
from crm.models.consent import Purpose
from crm.validators import address_key

CHANNEL = "list"
# "en v1", "v1 en", "en 1": a language and a version.
VERSION = re.compile(r"(?P<one>[a-z]{2,3})? ?v?(?P<version>\d{1,4}) ?(?P<two>[a-z]{2,3})?")


@dataclass
class Answer:
    """An answer on its way into the ledger; `before` is what stood there."""

    status: str
    before: str
    text: ConsentText | None
    said_at: datetime
    evidence: str
    record: ConsentRecord | None = None


@dataclass
class Answers:
    """The answers of one file; what is known of the people of a chunk is looked up at once."""

    batch: ImportBatch
    at: datetime
    # Of people by number, and those who are not stored yet by the number they go by.
    now: dict[int, tuple[str, datetime]] = field(default_factory=dict)
    objections: dict[int | str, str] = field(default_factory=dict)
    _texts: dict[str, ConsentText] | None = None

    def look_up(self, entries: Iterable[Entry], people: Iterable[Known]) -> None:
        """What the ledger says of everybody these rows may be about; nothing is asked of a file
        without answers."""
        entries = list(entries)
        if not any(entry.answer for entry in entries):
            return
        numbers = {known.person.pk for known in people}
        keys = {address_key(mail) for entry in entries for mail in entry.mails}
        keys |= {point.match_key for known in people for point in known.points}
        self.now = bases.dated_answers(numbers, Purpose.NEWSLETTER)
        self.objections = bases.objections(numbers, keys, Purpose.NEWSLETTER)

    def weigh(self, entry: Entry, known: Known) -> Answer | None:
        """What a row adds to the ledger; nothing, with a remark, where a stricter answer stands or
        it cannot be proved."""
        if not entry.answer:
            return None
        before, since = self.now.get(known.key, ("", None))
        keys = [known.key, *(point.match_key for point in known.points)]
        objection = next((self.objections[key] for key in keys if key in self.objections), "")
        if not objection and before in bases.NO:
            objection = MailingRecipient.Reason.DENIED
        day = entry.answer_on or self.batch.newsletter_on
        is_older = day is not None and since is not None and day < office_day(since)
        is_same, why = weigh_answer(
            entry.answer, before=before, objection=objection, is_older=is_older
        )
        if is_same:
            return None
        entry.answer_left = [before, entry.answer]
        if why:
            words = _("Newsletter: the answer is left out. %(why)s")
            entry.remarks.append(words % {"why": why_no_answer(why)})
            return None
        answer = self._proved(entry, before, since)
        if answer is not None:
            entry.answer_left = []
            self.now[known.key] = answer.status, answer.said_at
            entry.remarks.append(_told(answer))
        return answer

    def _proved(self, entry: Entry, before: str, since: datetime | None) -> Answer | None:
        """The answer with its words, day and proof. A yes needs all three; a no counts from today
        and by its line where the file says no more, but our own list is no proof of anything."""
        batch, missing = self.batch, []
        is_yes = entry.answer == ConsentRecord.Status.GRANTED
        text = self._text_of(entry.answer_words) if entry.answer_words else batch.newsletter_text
        day = entry.answer_on or batch.newsletter_on
        proof = entry.answer_proof or batch.newsletter_proof
        if is_yes and text is None:
            missing.append(_("the words they were asked in"))
        is_own = entry.number is not None and not (day and proof)
        if day is None and (is_yes or is_own):
            missing.append(_("the day of the answer"))
        if not proof and (is_yes or is_own):
            missing.append(_("the proof"))
        if missing:
            words = _("Newsletter: the answer is left out. Say %(missing)s, here or for the file.")
            entry.remarks.append(words % {"missing": ", ".join(missing)})
            return None
        if day is not None and day > office_day(self.at):
            entry.remarks.append(_("Newsletter: the answer is left out. Its day is still to come."))
            return None
        said_at = min(_noon(day), self.at) if day else self.at
        if since is not None:
            # Of two answers of one day the one written down last counts.
            said_at = max(said_at, since)
        where = _("%(source)s, line %(line)d")
        evidence = entry.answer_proof or where % {
            "source": (proof or batch.source)[:470],
            "line": entry.line,
        }
        return Answer(entry.answer, before, text, said_at, evidence)

    def _text_of(self, words: str) -> ConsentText | None:
        if self._texts is None:
            self._texts = newsletter_texts()
        return self._texts.get(text_key(words))


def newsletter_texts() -> dict[str, ConsentText]:
    """The wordings of the newsletter by what a cell calls them: language and version, or the words
    themselves."""
    found = {}
    for text in ConsentText.objects.filter(purpose=Purpose.NEWSLETTER).order_by("version"):
        found[f"{text.language} {text.version}"] = text
        found[name_key(text.text)] = text
    return found


def text_key(words: str) -> str:
    """What a cell calls a wording: "en 1" of "en v1" or "v1 EN", else the key of its words."""
    key = name_key(words)
    found = VERSION.fullmatch(key)
    if found and (language := found["one"] or found["two"]):
        return f"{language} {int(found['version'])}"
    return key


def _told(answer: Answer) -> str:
    """Day, words and proof of an answer, for who looks at the dry run."""
    told = {"day": wording.day(office_day(answer.said_at))}
    told |= {"proof": answer.evidence}
    if answer.text is None:
        return _("Newsletter: answered on %(day)s; proof: %(proof)s.") % told
    told |= {"language": answer.text.language, "version": str(answer.text.version)}
    words = _(
        "Newsletter: answered on %(day)s, in the words %(language)s v%(version)s; proof: %(proof)s."
    )
    return words % told


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), ZoneInfo(OFFICE_ZONE))


def write_answers(said: Sequence[tuple[Answer, Known]], *, at: datetime, by: User | None) -> None:
    """Into the ledger, all at once, by its own function."""
    for answer, known in said:
        mails = [point for point in known.points if point.kind == ContactPoint.Kind.EMAIL]
        usable = [point for point in mails if point.status in ContactPoint.USABLE]
        usable.sort(key=lambda point: not point.is_preferred)
        answer.record = entry_of(
            known.person,
            purpose=Purpose.NEWSLETTER,
            status=answer.status,
            channel=CHANNEL,
            evidence=answer.evidence,
            text=answer.text,
            said_at=answer.said_at,
            address=str(usable[0]) if usable else "",
        )
    records = [answer.record for answer, _known in said if answer.record is not None]
    record_list(records, at=at, by=by, actor="" if by else "import")
