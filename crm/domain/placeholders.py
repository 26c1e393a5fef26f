"""The closed lists of what may stand in braces: one for letters, one for mailings.

A wording is checked when it is kept, so that no letter stops at a misspelt name.
"""

import string
from difflib import get_close_matches

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm.models import Mailing

Kind = Mailing.Kind
# Wordings of mailings have these names, each for one kind of mailing.
KINDS = {
    "event_thanks": Kind.EVENT,
    "speaker_thanks": Kind.EVENT,
    "newsletter4_notice": Kind.NEWSLETTER,
    "data_notice": Kind.NOTICE,
}
# Whoever adds one gets the prefix, then what it is for: "mailing-event--see-you-again".
MAILING_PREFIX, AFTER_KIND = "mailing-", "--"
# What one may add a wording for; a notice says what the law asks for, in words of its own.
OWN_KINDS = (Kind.NEWSLETTER, Kind.VISIT_CONTACT, Kind.EVENT)
STOP = "stop_link"
# A letter about an event in words of our own says which, or that it is why they get it.
SAYS_EVENT = frozenset({"event", "what_we_understood"})
# Not every project has to print a line about its funding.
MAY_BE_EMPTY = frozenset({"funding_line"})

# From the record of each person.
PERSONAL: dict[str, str | Promise] = {
    "given": _("given name"),
    "family": _("family name"),
    "name": _("given and family name"),
    "greeting": _("the first line, such as “Hello Ana Berg,” in the language of the letter"),
    "role": _("role"),
    "organisation": _("organisation"),
    "city": _("name of the municipality; others have none"),
    "what_we_understood": _("why the person gets this: when they agreed, or which event it was"),
    "consent_line": _("the same under its other name"),
    "source": _("the list somebody's data came with; in notices alone"),
    "basis": _("on what basis we may keep it; in notices alone"),
    STOP: _("the page that stops these mails with one press"),
}
# The same for everybody; filled in once on the mailing.
SHARED: dict[str, str | Promise] = {
    "reference": _("reference of the mailing"),
    "event": _("event"),
    "campaign": _("campaign"),
    "host": _("who visits for us"),
    "sender": _("who writes"),
    "session": _("what the speakers contributed"),
    "deadline": _("day until which something is needed or promised"),
    "guides_link": _("public page of the guides"),
    "newsletter_link": _("public page of the newsletter"),
    "funding_line": _("funding line of the campaign"),
    "contact": _("whom to ask about one's data"),
    "months": _("after how many months without contact a record is deleted"),
}
MAILING = PERSONAL | SHARED
# Filled from a request and its visit.
LETTER: dict[str, str | Promise] = {
    "name": _("how the person is addressed"),
    "reference": _("reference of the request"),
    "city": _("municipality"),
    "what_we_understood": _("the request in one sentence"),
    "next_step": _("who does what next"),
    "deadline": _("day and time of the next step"),
    "date_line": _("day and time of the visit"),
    "old_date_line": _("the date that no longer holds"),
    "slots": _("the dates on offer"),
    "place_line": _("address or joining link"),
    "visitors": _("who comes from our side"),
    "agenda": _("the programme"),
    "preparation": _("what the municipality prepares"),
    "topics": _("the agreed topics"),
    "missing": _("the facts we still need"),
    "reason": _("the reason in words the municipality may read"),
    "link": _("the private page of the request"),
    STOP: _("the private page of the request"),
    "confirm_link": _("the private page of the request"),
    "newsletter_link": _("public page of the newsletter"),
    "guides_link": _("public page of the guides"),
    "event": _("event"),
    "session": _("what the speaker contributed"),
    "partner": _("body a request is passed on to"),
    "partner_line": _("what that body does"),
    "consent_line": _("when and how the person agreed"),
    "other_department": _("the other department of the same city"),
    "kept_reference": _("reference under which the merged request goes on"),
    "report_summary": _("the report for the municipality"),
    "promises": _("open promises, one a line"),
    "request_kind": _("what the person asked for"),
    "journey": _("legs of the journey"),
    "cost": _("estimated cost"),
    "period": _("first and last day of the week"),
    "figures": _("the numbers of the week"),
    "waiting": _("what waits and for whom"),
    "sender": _("who writes"),
    "funding_line": _("funding line of the campaign"),
}


def is_for_mailings(key: str) -> bool:
    """Whether a wording goes to many people by a mailing, and not to one as an answer."""
    return bool(kind_of(key))


def kind_of(key: str) -> str:
    """The one kind of mailing a wording goes out as; empty for one that is no mailing's.

    A wording of one's own that names no kind, as before there was a choice, may be a newsletter:
    it asks for the consent to that.
    """
    if key in KINDS:
        return KINDS[key]
    if not key.startswith(MAILING_PREFIX):
        return ""
    named = key.removeprefix(MAILING_PREFIX).partition(AFTER_KIND)[0]
    return named if named in OWN_KINDS else Kind.NEWSLETTER


def is_own(key: str) -> bool:
    """Whether somebody here wrote it for a mailing: free text, whatever it is said to be for."""
    return key not in KINDS and bool(kind_of(key))


def is_notice(key: str) -> bool:
    """Whether a wording tells people that we have their data (GDPR art. 14)."""
    return kind_of(key) == Kind.NOTICE


def allowed_in(key: str) -> dict[str, str | Promise]:
    """The closed list for a wording, each name with what it stands for.

    Only a newsletter brings the page of the newsletter: whoever stopped it gets none by another
    name.
    """
    kind = kind_of(key)
    if kind and kind != Kind.NEWSLETTER:
        return {name: words for name, words in MAILING.items() if name != "newsletter_link"}
    return MAILING if kind else LETTER


def names_in(text: str) -> list[str]:
    """The placeholders of a text, each once, in their order.

    Raises ValidationError for a brace without its partner, and for more than a plain name in
    braces: there are no attributes, indexes or formats.
    """
    found: dict[str, None] = {}
    try:
        for _literal, name, form, conversion in string.Formatter().parse(text):
            if name is None:
                continue
            if form or conversion or not name.isidentifier():
                inner = (
                    name + (f"!{conversion}" if conversion else "") + (f":{form}" if form else "")
                )
                raise ValidationError(
                    _("{%(name)s} is no placeholder; only plain names stand in braces."),
                    code="placeholder",
                    params={"name": inner[:60]},
                )
            found[name] = None
    except ValueError:
        raise ValidationError(
            _("The template has a brace without its partner; write {{ for a plain brace."),
            code="template_brace",
        ) from None
    return list(found)


def check_names(text: str, allowed: dict[str, str | Promise]) -> list[str]:
    """The placeholders of a text; raises ValidationError naming the first one not on the list."""
    names = names_in(text)
    for name in names:
        if name in allowed:
            continue
        listed = ", ".join(f"{{{each}}}" for each in sorted(allowed))
        params = {"name": name[:60], "listed": listed}
        if near := get_close_matches(name, allowed, n=1, cutoff=0.7):
            raise ValidationError(
                _(
                    "There is no placeholder {%(name)s}; did you mean {%(near)s}? "
                    "These exist: %(listed)s."
                ),
                code="placeholder",
                params=params | {"near": near[0]},
            )
        raise ValidationError(
            _("There is no placeholder {%(name)s}. These exist: %(listed)s."),
            code="placeholder",
            params=params,
        )
    return names
