"""How a state looks everywhere: a word, a shape and a hue. Page, calendar, map and PDF agree.

Words come first, so that the page printed in grey or read aloud says the same.
"""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Mark(NamedTuple):
    """`word` to read, `shape` one of SHAPES, `hue` a colour family of tokens.css."""

    word: str | Promise
    shape: str
    hue: str


# Shape -> SVG children in a 12 x 12 box: (tag, attributes); "fill" and "line" are classes.
SHAPES: dict[str, tuple[tuple[str, dict[str, str]], ...]] = {
    "ring": (("circle", {"cx": "6", "cy": "6", "r": "4.5", "class": "line"}),),
    "quarter": (
        ("circle", {"cx": "6", "cy": "6", "r": "4.5", "class": "line"}),
        ("path", {"d": "M6 6V1.5A4.5 4.5 0 0 1 10.5 6Z", "class": "fill"}),
    ),
    "half": (
        ("circle", {"cx": "6", "cy": "6", "r": "4.5", "class": "line"}),
        ("path", {"d": "M6 1.5a4.5 4.5 0 0 1 0 9Z", "class": "fill"}),
    ),
    "disc": (("circle", {"cx": "6", "cy": "6", "r": "5", "class": "fill"}),),
    "diamond": (("path", {"d": "M6 1 11 6 6 11 1 6Z", "class": "line"}),),
    "diamond-full": (("path", {"d": "M6 .5 11.5 6 6 11.5.5 6Z", "class": "fill"}),),
    "square": (("path", {"d": "M2 2h8v8H2Z", "class": "line"}),),
    "square-full": (("path", {"d": "M1.5 1.5h9v9h-9Z", "class": "fill"}),),
    "cross": (("path", {"d": "m2.5 2.5 7 7m0-7-7 7", "class": "line"}),),
    "triangle": (("path", {"d": "M6 1 11.5 11H.5Z", "class": "fill"}),),
    "arrow": (("path", {"d": "M1.5 6h8M6 2.5 9.5 6 6 9.5", "class": "line"}),),
    "join": (("path", {"d": "M1.5 2.5 6 6l-4.5 3.5M6 6h4.5", "class": "line"}),),
    "tick": (("path", {"d": "m1.5 6.5 3 3 6-7", "class": "line"}),),
    "dash": (("path", {"d": "M2 6h8", "class": "line"}),),
}

# The same shapes as letters, for mail and plain text.
LETTERS = {
    "ring": "○",
    "quarter": "◔",
    "half": "◑",
    "disc": "●",
    "diamond": "◇",
    "diamond-full": "◆",
    "square": "▢",
    "square-full": "■",
    "cross": "✕",
    "triangle": "▲",
    "arrow": "→",
    "join": "⤙",
    "tick": "✓",
    "dash": "–",
}

HUES = ("slate", "amber", "blue", "violet", "teal", "green", "ochre", "grey", "red")

REQUEST = {
    "received": Mark(_("received"), "ring", "slate"),
    "needs_info": Mark(_("needs information"), "quarter", "amber"),
    "under_review": Mark(_("under review"), "half", "blue"),
    "proposed": Mark(_("date proposed"), "diamond", "violet"),
    "scheduled": Mark(_("scheduled"), "diamond-full", "teal"),
    "fulfilled": Mark(_("fulfilled"), "disc", "green"),
    "waitlisted": Mark(_("waiting list"), "square", "ochre"),
    "declined": Mark(_("declined"), "cross", "grey"),
    "expired": Mark(_("expired"), "cross", "grey"),
    "withdrawn": Mark(_("withdrawn"), "cross", "grey"),
    "referred": Mark(_("referred"), "arrow", "grey"),
    "merged": Mark(_("merged"), "join", "grey"),
    "rejected": Mark(_("rejected"), "cross", "grey"),
}

VISIT = {
    "tentative": Mark(_("tentative"), "diamond", "violet"),
    "confirmed": Mark(_("confirmed"), "diamond-full", "teal"),
    "briefed": Mark(_("briefed"), "tick", "teal"),
    "in_progress": Mark(_("in progress"), "half", "blue"),
    "completed": Mark(_("completed"), "disc", "green"),
    "reported": Mark(_("reported"), "disc", "green"),
    "closed": Mark(_("closed"), "square-full", "slate"),
    "postponed": Mark(_("postponed"), "arrow", "grey"),
    "cancelled": Mark(_("cancelled"), "cross", "grey"),
    "no_show": Mark(_("nobody came"), "cross", "red"),
}

FLAG = {
    "at_risk": Mark(_("at risk"), "triangle", "red"),
    "brief_void": Mark(_("brief out of date"), "triangle", "amber"),
    "overdue": Mark(_("overdue"), "triangle", "red"),
    "sample": Mark(_("sample data"), "square", "ochre"),
    "embargo": Mark(_("not to be named"), "square-full", "red"),
}

MAIL = {
    "draft": Mark(_("draft"), "ring", "slate"),
    "queued": Mark(_("waiting"), "quarter", "blue"),
    "held": Mark(_("held"), "square", "ochre"),
    "held_sample": Mark(_("sample, never sent"), "square", "ochre"),
    "sending": Mark(_("being sent"), "half", "blue"),
    "sent": Mark(_("sent"), "disc", "green"),
    "unknown": Mark(_("perhaps sent"), "triangle", "amber"),
    "bounced": Mark(_("refused by the address"), "cross", "red"),
    "failed": Mark(_("could not be sent"), "cross", "red"),
    "cancelled": Mark(_("cancelled"), "cross", "grey"),
    "received": Mark(_("received"), "disc", "slate"),
    "logged": Mark(_("sent from elsewhere"), "disc", "green"),
    "automatic": Mark(_("automatic answer"), "dash", "grey"),
}

INCOMING = {
    "new": Mark(_("not read yet"), "quarter", "slate"),
    "review": Mark(_("to look at"), "diamond", "violet"),
    "filed": Mark(_("filed"), "disc", "green"),
    "ignored": Mark(_("ignored"), "cross", "grey"),
    "bounce": Mark(_("delivery report"), "arrow", "ochre"),
}

PLAN = {
    "draft": Mark(_("draft"), "ring", "slate"),
    "published": Mark(_("published"), "disc", "green"),
    "queued": Mark(_("waiting"), "quarter", "slate"),
    "running": Mark(_("searching"), "half", "blue"),
    "done": Mark(_("done"), "disc", "green"),
    "stopped": Mark(_("stopped"), "square-full", "slate"),
    "failed": Mark(_("could not be planned"), "cross", "red"),
    "interrupted": Mark(_("interrupted"), "cross", "amber"),
}

LEG = {
    "estimated": Mark(_("estimate"), "ring", "slate"),
    "booked": Mark(_("booked"), "disc", "green"),
    "cancelled": Mark(_("cancelled"), "cross", "grey"),
}

CONSENT = {
    "granted": Mark(_("granted"), "tick", "green"),
    "pending": Mark(_("asked"), "quarter", "amber"),
    "refused": Mark(_("refused"), "cross", "red"),
    "withdrawn": Mark(_("withdrawn"), "cross", "red"),
    "unknown": Mark(_("unknown"), "ring", "grey"),
}

PARTICIPATION = {
    "registered": Mark(_("registered"), "ring", "slate"),
    "attended": Mark(_("attended"), "disc", "green"),
    "no_show": Mark(_("did not come"), "cross", "grey"),
    "cancelled": Mark(_("cancelled"), "cross", "grey"),
}

ADDRESS = {
    "unverified": Mark(_("not verified"), "ring", "slate"),
    "verified": Mark(_("verified"), "tick", "green"),
    "bounced": Mark(_("bounced"), "cross", "red"),
    "wrong": Mark(_("wrong"), "cross", "red"),
    "suppressed": Mark(_("never to be mailed"), "square-full", "red"),
}

OUTCOME = {
    "open": Mark(_("open"), "ring", "grey"),
    "informed": Mark(_("informed"), "ring", "slate"),
    "interested": Mark(_("interested"), "quarter", "blue"),
    "exploring": Mark(_("exploring"), "half", "violet"),
    "planning_trial": Mark(_("planning a trial"), "diamond", "teal"),
    "adopting": Mark(_("adopting"), "disc", "green"),
}

PLACE = {
    "people": Mark(_("people we know"), "disc", "teal"),
    "organisation": Mark(_("in the list"), "disc", "teal"),
}

IMPORT = {
    "uploaded": Mark(_("waiting to be read"), "quarter", "slate"),
    "checking": Mark(_("being read"), "half", "blue"),
    "ready": Mark(_("ready to import"), "diamond", "violet"),
    "queued": Mark(_("waiting to be imported"), "quarter", "blue"),
    "running": Mark(_("being imported"), "half", "blue"),
    "done": Mark(_("imported"), "disc", "green"),
    "undone": Mark(_("undone"), "arrow", "grey"),
    "failed": Mark(_("could not be read"), "cross", "red"),
}

IMPORT_ROW = {
    "create": Mark(_("new"), "disc", "green"),
    "update": Mark(_("changed"), "half", "blue"),
    "link": Mark(_("put on the roster"), "join", "teal"),
    "skip": Mark(_("nothing new"), "dash", "grey"),
    "error": Mark(_("with a fault"), "triangle", "red"),
}

MAILING = {
    "draft": Mark(_("draft"), "ring", "slate"),
    "released": Mark(_("released"), "half", "blue"),
    "stopped": Mark(_("stopped"), "square-full", "amber"),
    "cancelled": Mark(_("given up"), "cross", "grey"),
}

RECIPIENT = {
    "goes": Mark(_("gets it"), "disc", "green"),
    "sample": Mark(_("sample, never sent"), "square", "ochre"),
    "blocked": Mark(_("does not get it"), "cross", "red"),
    "left_out": Mark(_("left out by us"), "dash", "grey"),
    "queued": Mark(_("in the outbox"), "arrow", "blue"),
}

KINDS: dict[str, dict[str, Mark]] = {
    "request": REQUEST,
    "visit": VISIT,
    "flag": FLAG,
    "mail": MAIL,
    "incoming": INCOMING,
    "plan": PLAN,
    "leg": LEG,
    "consent": CONSENT,
    "participation": PARTICIPATION,
    "address": ADDRESS,
    "outcome": OUTCOME,
    "place": PLACE,
    "import": IMPORT,
    "import_row": IMPORT_ROW,
    "mailing": MAILING,
    "recipient": RECIPIENT,
}


def mark(state: str, kind: str) -> Mark:
    """The mark of `state` in the table `kind`; a plain dash with the word itself when unknown."""
    found = KINDS[kind].get(state)
    return found or Mark(state.replace("_", " "), "dash", "grey")
