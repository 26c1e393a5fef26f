"""Words exchanged: what was said, and what we write from checked templates."""

import re
import string
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.domain.audit import record
from crm.domain.placeholders import MAY_BE_EMPTY
from crm.models import AuditEntry, Event, Interaction, MailTemplate, Organisation, Person, User
from crm.validators import clean_line, clean_text

FALLBACK_LANGUAGE = "en"


@transaction.atomic
def log_interaction(
    text: str,
    *,
    at: datetime,
    by: User | None,
    kind: str = Interaction.Kind.NOTE,
    person: Person | None = None,
    organisation: Organisation | None = None,
    event: Event | None = None,
) -> Interaction:
    """Keep a call, meeting or note about a person or organisation.

    Raises ValidationError when nothing was said or nobody is concerned.
    """
    words = clean_text(text).strip()
    if not words:
        raise ValidationError(_("Write down what was said."), code="empty")
    if person is None and organisation is None:
        raise ValidationError(_("Choose the person or organisation it concerns."), code="nobody")
    interaction = Interaction.objects.create(
        kind=kind,
        person=person,
        organisation=organisation or (person.organisation if person else None),
        event=event,
        at=at,
        by=by,
        text=words,
        is_sample=False,
    )
    record(interaction, "log_interaction", at=at, by=by, fields=["text"])
    return interaction


@transaction.atomic
def need_no_answer(person: Person, *, at: datetime, by: User) -> Interaction:
    """What this person wrote was read and waits no more; a note says so and can be taken back.

    Raises ValidationError when nothing of theirs waits.
    """
    waiting = person.messages.unanswered().order_by("-at", "-pk").first()
    if waiting is None:
        raise ValidationError(_("Nothing of theirs waits for an answer."), code="nothing")
    text = _("Read, needs no answer: %(subject)s") % {"subject": waiting}
    return log_interaction(text, person=person, at=max(at, waiting.at), by=by)


@transaction.atomic
def take_back_interaction(interaction: Interaction, *, at: datetime, by: User) -> None:
    """Undo of `log_interaction`: the note of this user is gone, that it was there stays on record.

    Raises ValidationError when it was logged by somebody else, or edited since.
    """
    told = AuditEntry.objects.about(interaction).values_list("verb", flat=True)
    if interaction.by_id != by.pk or list(told) != ["log_interaction"]:
        raise ValidationError(
            _("The note was edited since, or is not yours; it stays."), code="edited_since"
        )
    record(interaction, "take_back_interaction", at=at, by=by, fields=["text"])
    interaction.delete()


def find_template(key: str, language: str) -> MailTemplate:
    """The newest template in the language, else in English.

    Raises ValidationError when there is none at all.
    """
    for wanted in (language, FALLBACK_LANGUAGE):
        found = MailTemplate.objects.filter(key=key, language=wanted).order_by("-version").first()
        if found:
            return found
    raise ValidationError(
        _("There is no mail template “%(key)s”; add it under Mail."),
        code="no_template",
        params={"key": key},
    )


def gap(name: str) -> str:
    """The mark a draft carries where a person still has to write something."""
    return f"[[{name}]]"


def find_gaps(text: str) -> list[str]:
    """The names of what is still to be written in a draft."""
    return re.findall(r"\[\[(\w+)\]\]", text)


def quoted(words: str) -> str:
    """What somebody typed, fit to stand in a letter of ours.

    It reads neither as a gap, which would keep the letter from going, nor as the place of the
    private link.
    """
    return re.sub(r"\[{2,}", "[", words).replace("{link}", "(link)")


def fill(text: str, values: dict[str, Any], *, with_gaps: bool = False) -> str:
    """`text` with its `{placeholders}` filled from the closed list `values`.

    Only plain names are looked up: no attributes, no indexes, no format codes. A value is put in
    as it is and never read again, so a brace inside it stays a brace. A placeholder without a
    value becomes a gap to be written by hand, or raises ValidationError naming it; those that
    MAY_BE_EMPTY leave nothing.
    """
    parts: list[str] = []
    try:
        pieces = list(string.Formatter().parse(text))
    except ValueError:
        raise ValidationError(
            _("The template has a brace without its partner; write {{ for a plain brace."),
            code="template_brace",
        ) from None
    for literal, name, _spec, _conversion in pieces:
        parts.append(literal)
        if name is None:
            continue
        if values.get(name) in (None, ""):
            if name in MAY_BE_EMPTY:
                continue
            if with_gaps:
                parts.append(gap(name))
                continue
            raise ValidationError(
                _("The mail cannot be written yet: {%(name)s} has no value."),
                code="missing_value",
                params={"name": name},
            )
        parts.append(str(values[name]))
    return "".join(parts)


def render_template(
    template: MailTemplate, values: dict[str, Any], *, with_gaps: bool = False
) -> tuple[str, str]:
    """Subject (one line) and text of the template, filled; gaps only where `with_gaps`."""
    subject = fill(template.subject, values, with_gaps=with_gaps)
    return clean_line(subject), clean_text(fill(template.body, values, with_gaps=with_gaps))
