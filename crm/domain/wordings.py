"""Wordings of mails: kept per language, checked against the closed list, every version stays."""

import re
from datetime import datetime
from itertools import count

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from crm.domain.audit import record
from crm.domain.placeholders import (
    AFTER_KIND,
    MAILING_PREFIX,
    OWN_KINDS,
    SAYS_EVENT,
    STOP,
    allowed_in,
    check_names,
    is_for_mailings,
    is_notice,
    is_own,
    kind_of,
)
from crm.models import Mailing, MailTemplate, User
from crm.search import search_key
from crm.validators import clean_line, clean_text

KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")


def newest(key: str) -> dict[str, MailTemplate]:
    """The newest wording of a key in each language it exists in."""
    rows = MailTemplate.objects.filter(key=key).order_by("version")
    return {row.language: row for row in rows}


def check_wording(key: str, subject: str, body: str) -> tuple[str, str]:
    """Subject and text fit to be kept; raises ValidationError with every fault at its field.

    A mailing must say how to stop it, an answer must carry the private page.
    """
    subject, body = clean_line(subject), clean_text(body).strip()
    faults: dict[str, list[ValidationError]] = {}

    def fault(field: str, error: ValidationError) -> None:
        faults.setdefault(field, []).append(error)

    names: list[str] = []
    for field, text, most in (("subject", subject, 200), ("body", body, 8_000)):
        if not text:
            fault(field, ValidationError(_("Write something here."), code="empty"))
        elif len(text) > most:
            too_long = _("At most %(most)d letters fit here.")
            fault(field, ValidationError(too_long, code="too_long", params={"most": most}))
        try:
            found = check_names(text, allowed_in(key))
        except ValidationError as error:
            fault(field, error)
            continue
        if field == "body":
            names = found
        elif any(name.endswith("link") for name in found):
            fault(field, ValidationError(_("A link does not work in a subject."), code="link"))
    if "body" not in faults:
        if is_for_mailings(key) and STOP not in names:
            words = _("Say how to stop these mails: put {stop_link} into the text.")
            fault("body", ValidationError(words, code="no_stop_link"))
        says_source = {"source", "what_we_understood"} & {*names}
        if is_notice(key) and not (says_source and "basis" in names):
            words = _("A notice says where the data comes from and why: put {source} and {basis}.")
            fault("body", ValidationError(words, code="no_source"))
        is_about_event = is_own(key) and kind_of(key) == Mailing.Kind.EVENT
        if is_about_event and not SAYS_EVENT & {*names}:
            words = _(
                "A letter about an event says which: put {event} or {what_we_understood} into the "
                "text. News goes out as a newsletter."
            )
            fault("body", ValidationError(words, code="no_event"))
        if not is_for_mailings(key) and not {"link", STOP, "confirm_link"} & set(names):
            words = _("Put {link} into the text: every answer carries the private page.")
            fault("body", ValidationError(words, code="no_link"))
    if faults:
        raise ValidationError(faults)
    return subject, body + "\n"


@transaction.atomic
def save_wording(
    key: str,
    language: str,
    *,
    subject: str,
    body: str,
    seen: int,
    at: datetime,
    by: User | None,
) -> MailTemplate:
    """Keep the next version of a wording; earlier ones stay, and letters keep what they said.

    `seen` is the version that was open while writing, 0 for none. Raises ValidationError when the
    wording is not fit to be kept, or when somebody kept another version meanwhile.
    """
    if not KEY.fullmatch(key) or language not in settings.COMPLETE_LANGUAGES:
        raise ValidationError(_("There is no such wording."), code="unknown")
    subject, body = check_wording(key, subject, body)
    last = newest(key).get(language)
    version = last.version if last else 0
    if last and (last.subject, last.body.strip()) == (subject, body.strip()):
        return last
    meanwhile = ValidationError(
        _("Somebody kept another version meanwhile; open it in a second window and compare."),
        code="changed_meanwhile",
    )
    if version != seen:
        raise meanwhile
    try:
        with transaction.atomic():
            made = MailTemplate.objects.create(
                key=key, language=language, version=version + 1, subject=subject, body=body
            )
    except IntegrityError:
        raise meanwhile from None
    record(made, "save_wording", at=at, by=by, fields=["subject", "body"])
    return made


def new_key(name: str, kind: str) -> str:
    """A free key for a wording of somebody's own, which goes out as this kind of mailing alone.

    Raises ValidationError without a name, or for a kind that has its own wordings.
    """
    words = slugify(search_key(clean_line(name)))[:30].strip("-")
    if not words:
        raise ValidationError({"title": _("Give it a name in letters.")}, code="required")
    if kind not in OWN_KINDS:
        raise ValidationError({"kind": _("Choose what it is for.")}, code="kind")
    made = MAILING_PREFIX + kind + AFTER_KIND + words
    taken = set(MailTemplate.objects.filter(key__startswith=made).values_list("key", flat=True))
    tries = (made if number == 1 else f"{made}-{number}" for number in count(1))
    return next(each for each in tries if each not in taken)
