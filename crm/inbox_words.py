"""Why an incoming mail is where it is, and what of it could not be read, in sentences."""

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.models import IncomingMail

WHY: dict[str, str | Promise] = {
    "stranger": gettext_lazy("We know nobody with this address."),
    "known": gettext_lazy("The sender is known; say what it is about."),
    "disguised": gettext_lazy("The sender's address is written to look like something else."),
    "other_sender": gettext_lazy(
        "It answers our mail to %(about)s, but comes from another address."
    ),
    "in_thread": gettext_lazy("It belongs to an exchange you have seen here before."),
    "reply": gettext_lazy("The recipient of our mail answered it."),
    "copy": gettext_lazy("A copy of a letter one of us sent from elsewhere."),
    "unverified": gettext_lazy(
        "It names one of us as its sender, but our mail server could not confirm that."
    ),
    "nobody_known": gettext_lazy("One of us sent it to addresses we do not know."),
    "which_request": gettext_lazy(
        "One of us sent it to an address with several requests; say which one."
    ),
    "automatic": gettext_lazy("An absence note or another automatic answer to our mail."),
    "automatic_own": gettext_lazy("An automatic mail of one of us."),
    "automatic_unmatched": gettext_lazy("A program wrote it, and it answers no mail of ours."),
    "bounce_hard": gettext_lazy("Our mail to %(about)s was refused for good."),
    "bounce_gave_up": gettext_lazy("After many tries, our mail to %(about)s was given up."),
    "bounce_delayed": gettext_lazy("Our mail to %(about)s is late; servers still try."),
    "delivered": gettext_lazy("Our mail to %(about)s arrived."),
    "report_unmatched": gettext_lazy(
        "It says that mail to %(about)s could not be delivered, but names no mail of ours. "
        "Nothing was marked."
    ),
    "report_never_sent": gettext_lazy(
        "It reports on a sample's mail to %(about)s, which never left. Nothing was marked."
    ),
    "report_unclear": gettext_lazy(
        "It reports on our mail to %(about)s in words only a person understands."
    ),
    "stop": gettext_lazy(
        "It asks for no more mailings. That is written down with the consents and stays so."
    ),
    "stop_stranger": gettext_lazy(
        "It asks for no more mailings, but we know nobody with this address. The wish may come "
        "from somebody who reads our mail under another one."
    ),
    "stop_unverified": gettext_lazy(
        "It asks for no more mailings, but our mail server could not confirm its sender."
    ),
    "repeat": gettext_lazy("The same mail came before."),
    "own_mail": gettext_lazy("A mail of ours that came back to us."),
    "own_id": gettext_lazy("It bears the Message-ID of a mail of ours, and is none."),
    "too_large": gettext_lazy("It is larger than 10 MB; only its head was fetched."),
    "strange": gettext_lazy("It is put together in a way that mail programs do not use."),
    "parked": gettext_lazy("It could not be read in five tries. Look at it in the mailbox."),
    "not_fetched": gettext_lazy(
        "The mail server did not hand it out in five tries. Look at it in the mailbox."
    ),
    "gone": gettext_lazy("It was taken out of the mailbox before it could be fetched."),
    "ignored_sender": gettext_lazy("Letters of this sender are put aside."),
    "by_hand": gettext_lazy("Somebody at the desk decided so."),
    "erased": gettext_lazy("Its words were erased with the person they were about."),
    "made_request": gettext_lazy("The request %(about)s was made of it."),
}

FAULTS: dict[str, str | Promise] = {
    "cut": gettext_lazy("The text is longer than we keep; its end is missing here."),
    "charset": gettext_lazy("Its letters are not in the encoding it names; some may be wrong."),
    "structure": gettext_lazy("Its parts are nested beyond reason; they were not read."),
    "parts": gettext_lazy("It has more than a thousand parts; the rest was not read."),
    "headers": gettext_lazy("It has more than 500 header fields; the rest was not read."),
    "several_senders": gettext_lazy("It names several senders; the first is shown."),
    "unreadable": gettext_lazy("Some of it could not be read."),
}


def why_words(mail: IncomingMail) -> str:
    """One sentence; empty for a mail that nobody has looked at yet."""
    sentence = WHY.get(mail.why)
    if sentence is None:
        return ""
    return str(sentence) % {"about": mail.about or _("somebody")}


def fault_words(mail: IncomingMail) -> list[str]:
    return [str(FAULTS[fault]) for fault in mail.faults if fault in FAULTS]
