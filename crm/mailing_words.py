"""Why somebody gets no letter of a mailing, in a sentence, and what to do about it."""

from datetime import date
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from crm import languages, wording
from crm.models import MailingRecipient

Reason = MailingRecipient.Reason


class Block(NamedTuple):
    """What stands in the way of one letter, and the way out."""

    what: str
    how: str


BLOCKS: dict[str, tuple[str | Promise, str | Promise]] = {
    Reason.GONE: (
        gettext_lazy("The record is erased, archived or merged into another one."),
        gettext_lazy("Nothing to do; bring it back under People if it was put away by mistake."),
    ),
    Reason.STOPPED: (
        gettext_lazy("They asked us to stop writing, or to be erased."),
        gettext_lazy("Nothing may go; answer their request under the person's page."),
    ),
    Reason.DENIED: (
        gettext_lazy("They said no to this, or took their yes back."),
        gettext_lazy("Nothing may go. Only they can agree again."),
    ),
    Reason.NO_CONSENT: (
        gettext_lazy("They have not agreed to this; unknown is not yes."),
        gettext_lazy("Ask them, and write their answer down with where it came from."),
    ),
    Reason.NO_PART: (
        gettext_lazy("They are not on the roster of this event as having come."),
        gettext_lazy("Correct the roster if they came, or leave them out."),
    ),
    Reason.NO_NOTICE: (
        gettext_lazy("They are not to be told: they were told already, or came from no list."),
        gettext_lazy("Nothing to do; who is to be told stands under People, Privacy, To be told."),
    ),
    Reason.NO_ADDRESS: (
        gettext_lazy("There is no mail address."),
        gettext_lazy("Add one on the person's page, or call."),
    ),
    Reason.WRONG: (
        gettext_lazy("The address is known to be wrong."),
        gettext_lazy("Add the right one on the person's page."),
    ),
    Reason.BOUNCED: (
        gettext_lazy("The address refused our mail."),
        gettext_lazy("Add another one, or write to a colleague of theirs."),
    ),
    Reason.SUPPRESSED: (
        gettext_lazy("The address must never be mailed."),
        gettext_lazy("Choose another contact of the city."),
    ),
    Reason.DUPLICATE: (
        gettext_lazy("Somebody else with the same address gets this letter."),
        gettext_lazy("Merge the two records if they are one person, or correct the address."),
    ),
    Reason.GOT_BEFORE: (
        gettext_lazy("They got this wording before: %(detail)s."),
        gettext_lazy("Nothing to do; if they are to get it again, tick that under Edit."),
    ),
    Reason.NO_WORDING: (
        gettext_lazy("There is no wording in their language (%(detail)s)."),
        gettext_lazy(
            "Write it under Wordings if their language is offered there; else let the mailing fall "
            "back to English under Edit."
        ),
    ),
    Reason.MISSING: (
        gettext_lazy("Nothing stands for %(detail)s."),
        gettext_lazy("Fill it in on the person's page or on this mailing, or change the wording."),
    ),
}


def block_of(reason: str, detail: str = "") -> Block:
    """The sentences for one reason."""
    what, how = BLOCKS[reason]
    if reason == Reason.NO_WORDING:
        detail = ", ".join(languages.name_of(code) for code in detail.split()) or "?"
    if reason == Reason.GOT_BEFORE:
        number, _blank, day = detail.partition(" ")
        detail = f"{number}, {wording.day(date.fromisoformat(day))}" if day else "?"
    if reason == Reason.MISSING:
        detail = ", ".join(f"{{{name}}}" for name in detail.split())
    return Block(str(what) % {"detail": detail}, str(how))
