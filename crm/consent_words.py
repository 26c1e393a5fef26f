"""What a person has agreed to, in sentences for whoever is about to write to them."""

from collections.abc import Iterable
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import wording
from crm.domain.consents import LATER
from crm.mailing_words import block_of
from crm.models import ConsentRecord
from crm.models.consent import Purpose

Status = ConsentRecord.Status
# Every status as a whole sentence, because word order differs between languages.
SENTENCES: dict[str, str | Promise] = {
    Status.GRANTED: gettext_lazy("%(purpose)s: yes, said on %(day)s"),
    Status.PENDING: gettext_lazy("%(purpose)s: asked on %(day)s, no answer yet"),
    Status.REFUSED: gettext_lazy("%(purpose)s: no, said on %(day)s"),
    Status.WITHDRAWN: gettext_lazy("%(purpose)s: withdrawn on %(day)s"),
    Status.UNKNOWN: gettext_lazy("%(purpose)s: not known, so no"),
}


class ConsentLine(NamedTuple):
    """One purpose: the sentence, the status for its pill, where the answer came from."""

    purpose: str
    status: str
    sentence: str
    source: str


def consent_lines(records: Iterable[ConsentRecord], *, zone: str) -> list[ConsentLine]:
    """The present answer to each purpose; records come newest first, days are told in `zone`.

    The newsletter is always named, because silence there means no.
    """
    newest: dict[str, ConsentRecord] = {}
    for record in records:
        newest.setdefault(record.purpose, record)
    lines = [_line(record, zone) for record in newest.values()]
    if Purpose.NEWSLETTER not in newest:
        sentence = _("%(purpose)s: never asked, so no") % {"purpose": Purpose.NEWSLETTER.label}
        lines.insert(0, ConsentLine(Purpose.NEWSLETTER, "", sentence, ""))
    return sorted(lines, key=lambda line: Purpose.values.index(line.purpose))


def _line(record: ConsentRecord, zone: str) -> ConsentLine:
    words = SENTENCES[record.status] % {
        "purpose": Purpose(record.purpose).label,
        "day": wording.day(record.at.astimezone(ZoneInfo(zone)).date()),
    }
    source = record.channel.replace("_", " ")
    if record.text:
        version = _("text version %(version)d") % {"version": record.text.version}
        source = ", ".join(part for part in (source, version) if part)
    return ConsentLine(record.purpose, record.status, str(words), source)


def why_no_answer(why: str) -> str:
    """Why an answer that comes along with others is not written down."""
    return _("They answered later; that counts.") if why == LATER else block_of(why).what
