"""What becomes of an incoming mail. Plain values in, a verdict out; neither database nor clock."""

from dataclasses import dataclass

from crm.models import IncomingMail

State, Kind, Bounce = IncomingMail.State, IncomingMail.Kind, IncomingMail.Bounce
# Faults of a mail that leave it to a person, whatever else it seems to be.
TOO_STRANGE = frozenset({"structure", "several_senders", "unreadable"})


@dataclass(frozen=True)
class Report:
    """What a delivery report says about one recipient."""

    recipient: str
    action: str
    status: str
    answer: str

    @property
    def bounce(self) -> str:
        """Hard, given up, delayed; empty for good news and for what says nothing."""
        if self.action in ("delivered", "relayed", "expanded"):
            return ""
        if self.action == "delayed":
            return Bounce.DELAYED
        if self.status.startswith("5"):
            return Bounce.HARD
        if self.status.startswith("4"):
            return Bounce.GAVE_UP if self.action == "failed" else Bounce.DELAYED
        return ""


@dataclass(frozen=True)
class Known:
    """What is known about a mail when it is weighed."""

    is_stub: bool = False
    faults: frozenset[str] = frozenset()
    is_automatic: bool = False
    is_own_mail: bool = False
    # Its Message-ID is that of a mail of ours.
    has_own_id: bool = False
    is_repeat: bool = False
    report: Report | None = None
    is_report: bool = False
    # A mail of ours that it answers or reports on, and to whom that went.
    answers: str = ""
    # It left; a letter of the sample never does.
    was_sent: bool = True
    is_from_recipient: bool = False
    is_in_thread: bool = False
    is_user: bool = False
    is_verified: bool | None = None
    knows_recipients: bool = False
    is_ambiguous: bool = False
    is_contact: bool = False
    is_disguised: bool = False
    is_ignored: bool = False
    # It asks for no more mailings, from the address of somebody we know.
    asks_to_stop: bool = False
    knows_sender: bool = False


@dataclass(frozen=True)
class Verdict:
    """Where the mail goes and, as a word of `crm.inbox_words`, why."""

    state: str
    why: str
    kind: str = Kind.LETTER
    about: str = ""
    bounce: str = ""


def weigh(known: Known) -> Verdict:
    """The verdict; whatever is not plain goes to a person."""
    if known.is_repeat:
        return Verdict(State.IGNORED, "repeat")
    if known.is_stub:
        return Verdict(State.REVIEW, "too_large", kind=_kind(known))
    if known.has_own_id:
        if known.is_own_mail:
            return Verdict(State.IGNORED, "own_mail")
        return Verdict(State.REVIEW, "own_id")
    if known.is_report:
        return _of_report(known)
    if known.faults & TOO_STRANGE:
        return Verdict(State.REVIEW, "strange", kind=_kind(known))
    if known.asks_to_stop:
        return _of_stop(known)
    if known.is_automatic:
        return _of_automatic(known)
    if known.is_user:
        return _of_user(known)
    return _of_letter(known)


def _kind(known: Known) -> str:
    if known.is_report:
        return Kind.REPORT
    if known.is_automatic:
        return Kind.AUTOMATIC
    return Kind.COPY if known.is_user else Kind.LETTER


def _of_report(known: Known) -> Verdict:
    report = known.report
    about = report.recipient if report else ""
    if not known.answers:
        # Anybody can write such a mail; only our Message-ID shows that one of ours came back.
        return Verdict(State.REVIEW, "report_unmatched", kind=Kind.REPORT, about=about)
    if not known.was_sent:
        return Verdict(State.REVIEW, "report_never_sent", kind=Kind.REPORT, about=known.answers)
    if report is None:
        return Verdict(State.REVIEW, "report_unclear", kind=Kind.REPORT, about=known.answers)
    if report.action in ("delivered", "relayed", "expanded"):
        return Verdict(State.IGNORED, "delivered", kind=Kind.REPORT, about=known.answers)
    if not report.bounce:
        return Verdict(State.REVIEW, "report_unclear", kind=Kind.REPORT, about=known.answers)
    return Verdict(
        State.BOUNCE,
        f"bounce_{report.bounce}",
        kind=Kind.REPORT,
        about=known.answers,
        bounce=report.bounce,
    )


def _of_stop(known: Known) -> Verdict:
    """Stopping harms nobody: the sender's address is enough, unless our server says it is false."""
    if known.is_disguised:
        return Verdict(State.REVIEW, "disguised")
    if known.is_verified is False:
        return Verdict(State.REVIEW, "stop_unverified")
    if not known.knows_sender:
        return Verdict(State.REVIEW, "stop_stranger")
    return Verdict(State.FILED, "stop")


def _of_automatic(known: Known) -> Verdict:
    if known.is_user:
        return Verdict(State.IGNORED, "automatic_own", kind=Kind.AUTOMATIC)
    if known.is_from_recipient and not known.is_disguised:
        return Verdict(State.FILED, "automatic", kind=Kind.AUTOMATIC)
    if known.is_ignored:
        return Verdict(State.IGNORED, "ignored_sender", kind=Kind.AUTOMATIC)
    return Verdict(State.REVIEW, "automatic_unmatched", kind=Kind.AUTOMATIC)


def _of_user(known: Known) -> Verdict:
    if known.is_verified is False:
        return Verdict(State.REVIEW, "unverified", kind=Kind.COPY)
    if not known.knows_recipients:
        return Verdict(State.REVIEW, "nobody_known", kind=Kind.COPY)
    if known.is_ambiguous:
        return Verdict(State.REVIEW, "which_request", kind=Kind.COPY)
    return Verdict(State.FILED, "copy", kind=Kind.COPY)


def _of_letter(known: Known) -> Verdict:
    if known.is_disguised:
        return Verdict(State.REVIEW, "disguised")
    if known.is_from_recipient:
        return Verdict(State.FILED, "reply")
    if known.is_ignored:
        return Verdict(State.IGNORED, "ignored_sender")
    if known.answers:
        return Verdict(State.REVIEW, "other_sender", about=known.answers)
    if known.is_in_thread:
        return Verdict(State.REVIEW, "in_thread")
    return Verdict(State.REVIEW, "known" if known.is_contact else "stranger")
