"""One person's letter of a mailing: which wording, what fills it, what is still missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from crm import languages, wording
from crm.domain.messages import FALLBACK_LANGUAGE, quoted, render_template
from crm.domain.placeholders import MAY_BE_EMPTY, STOP, names_in
from crm.domain.wordings import newest
from crm.domain.working_calendar import office_day
from crm.models import ConsentRecord, Mailing, MailTemplate, NoticeDue, Person

# Stands in the text where the person's own link goes, which the database never holds.
LINK = "{link}"


@dataclass(frozen=True)
class Letter:
    """A rendered letter, or what keeps it from being written."""

    language: str = ""
    subject: str = ""
    body: str = ""
    template: MailTemplate | None = None
    missing: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        return self.template is not None and not self.missing


class Writer:
    """Writes the letters of one mailing; reads its wordings once."""

    def __init__(self, mailing: Mailing, wordings: Mapping[str, MailTemplate] | None = None):
        self.mailing = mailing
        self.wordings = newest(mailing.template_key) if wordings is None else dict(wordings)
        self.names = {
            code: [*dict.fromkeys(names_in(row.subject) + names_in(row.body))]
            for code, row in self.wordings.items()
        }

    def passed_deadline(self, at: datetime) -> date | None:
        """The deadline that its letters name, where it is over when they leave: at `at`, or at
        the later moment that the mailing is put off to."""
        on = _as_day(self.mailing.values.get("deadline", ""))
        if on is None or not any("deadline" in names for names in self.names.values()):
            return None
        leaves_at = max(at, self.mailing.scheduled_at or at)
        return on if on < office_day(leaves_at) else None

    def agreed_on(self, people: list[Person]) -> dict[int, datetime]:
        """When each person agreed to this kind of mailing; empty for kinds without consent."""
        purpose = self.mailing.consent_purpose
        if not purpose:
            return {}
        rows = ConsentRecord.objects.filter(
            person__in=[person.pk for person in people],
            purpose=purpose,
            status=ConsentRecord.Status.GRANTED,
        )
        return dict(rows.order_by("at", "pk").values_list("person", "at"))

    def untold(self, people: list[Person]) -> dict[int, list[NoticeDue]]:
        """What each person is still to be told of; empty for kinds that are no notice."""
        found: dict[int, list[NoticeDue]] = {}
        if self.mailing.kind == Mailing.Kind.NOTICE:
            rows = NoticeDue.objects.open().filter(person__in=[person.pk for person in people])
            for row in rows:
                found.setdefault(row.person_id, []).append(row)
        return found

    def letter_to(self, person: Person) -> Letter:
        """The letter to one person, with what has to be looked up for it."""
        notices = self.untold([person]).get(person.pk, ())
        return self.write(person, self.agreed_on([person]).get(person.pk), notices)

    def write(
        self,
        person: Person,
        agreed_at: datetime | None = None,
        notices: Sequence[NoticeDue] = (),
    ) -> Letter:
        """The letter to a person, in the first of their languages that there is a wording in.

        A person whose language we do not know reads the first language of their municipality, else
        English. English stands in for a missing language only where the mailing says so, and then
        says first, in the reader's language, that it does.
        """
        wanted = languages_of(person)
        language = next((code for code in wanted if code in self.wordings), "")
        if not language and self.mailing.with_english and FALLBACK_LANGUAGE in self.wordings:
            language = FALLBACK_LANGUAGE
        if not language:
            return Letter(wanted=tuple(wanted))
        template = self.wordings[language]
        with translation.override(language):
            values = self._values(person, agreed_at, notices)
            missing = tuple(
                name
                for name in self.names[language]
                if not values.get(name) and name not in MAY_BE_EMPTY
            )
            if missing:
                return Letter(language, template=template, missing=missing)
            subject, body = render_template(template, values)
        opening = "" if language in wanted else languages.opening_line(wanted[0], language)
        body = "\n\n".join(part for part in (opening, body) if part)
        return Letter(language, subject, body, template)

    def _values(
        self, person: Person, agreed_at: datetime | None, notices: Sequence[NoticeDue]
    ) -> dict[str, str]:
        """What fills the placeholders, in the active language."""
        organisation = person.organisation
        city = getattr(organisation, "municipality", None)
        source, basis = _joined(notices, "source"), _joined(notices, "basis")
        why = self._why(agreed_at, source)
        values: dict[str, Any] = {
            **self.mailing.values,
            "reference": self.mailing.ref if self.mailing.pk else "M0",
            "event": self.mailing.event.name if self.mailing.event else "",
            "deadline": _day(self.mailing.values.get("deadline", "")),
            "given": person.given,
            "family": person.family,
            "name": person.name,
            "greeting": _("Hello %(name)s,") % {"name": person.name},
            "role": person.role,
            "organisation": organisation.name if organisation else "",
            "city": city.name if city else "",
            "what_we_understood": why,
            "consent_line": why,
            "source": source,
            "basis": basis,
        }
        return {name: quoted(str(value or "")) for name, value in values.items()} | {STOP: LINK}

    def _why(self, agreed_at: datetime | None, source: str) -> str:
        if source:
            return _("your name came to us with this list: %(source)s.") % {"source": source}
        if agreed_at is not None:
            on = office_day(agreed_at)
            return _("you agreed to these mails on %(day)s.") % {"day": wording.day(on)}
        if self.mailing.event is not None:
            return _("you took part in “%(event)s”.") % {"event": self.mailing.event.name}
        return ""


def languages_of(person: Person) -> list[str]:
    """Languages to write to a person in: their own, else their municipality's first, else
    English."""
    if person.languages:
        return list(person.languages)
    city = getattr(person.organisation, "municipality", None) if person.organisation else None
    return [city.languages[0]] if city and city.languages else [FALLBACK_LANGUAGE]


def _joined(notices: Sequence[NoticeDue], name: str) -> str:
    return "; ".join(dict.fromkeys(getattr(row, name) for row in notices))


def _day(text: str) -> str:
    on = _as_day(text)
    return wording.day(on) if on else ""


def _as_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
