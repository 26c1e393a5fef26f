"""What changing an agreed visit would mean, before anybody says yes: it is done and taken back.

The verb itself answers, so the letter is the letter, and journeys and briefs are told by those who
always tell them; the transaction it ran in is rolled back.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from crm import wording
from crm.models import Message, User
from visits.domain.booking import Busy, SlotTaken
from visits.domain.brief_standing import CURRENT, standings
from visits.domain.disruption_areas import STOPS_FROM
from visits.domain.disruption_reach import NO_WAYS, hits, ways_of
from visits.domain.disruptions import disruptions_touching
from visits.domain.journeys import (
    NEAR,
    Around,
    Journey,
    journeys_by_host,
    visits_near,
)
from visits.domain.reach import Reach, journey_words
from visits.domain.slots import SlotVerdict, weigh_move
from visits.domain.visits import postpone_visit
from visits.models import BriefEdition, Disruption, Host, Visit
from visits.models.requests import Mode
from visits.models.visits import Side

Ways = dict[tuple, Journey]
# Stands for the reason while a move is only looked at; it is rolled back with the rest.
LOOKED_AT = "-"


@dataclass(frozen=True)
class Move:
    """What an agreed visit would become: who leads it, how it is met, and when."""

    host: Host
    mode: str
    starts_at: datetime
    ends_at: datetime

    @property
    def key(self) -> str:
        """What tells one move from another, for a form that has shown it."""
        when = f"{self.starts_at.isoformat()} {self.ends_at.isoformat()}"
        return f"{self.host.ref} {self.mode} {when}"

    @property
    def where(self) -> dict[str, Any]:
        """The same as the verb takes it."""
        return {
            "host": self.host,
            "mode": self.mode,
            "starts_at": self.starts_at,
            "ends_at": self.ends_at,
        }

    @property
    def mode_words(self) -> str:
        return str(Mode(self.mode).label)


@dataclass(frozen=True)
class Outlook:
    """What speaks for and against a move, and what it does to host and city.

    `refusal` says why it cannot be done at all; then nothing is known of what it would do.
    `entered` are journeys to the visit that somebody booked or entered, which nobody calls off but
    a person, `outdated` the visits whose kept briefs it makes untrue or void. It is clear when
    neither a rule nor a strike or storm on the way speaks against it.
    """

    move: Move
    verdict: SlotVerdict
    favours: list[str] = field(default_factory=list)
    refusal: str = ""
    freed: list[Journey] = field(default_factory=list)
    added: list[Journey] = field(default_factory=list)
    entered: list[Journey] = field(default_factory=list)
    outdated: list[Visit] = field(default_factory=list)
    letters: list[Message] = field(default_factory=list)
    is_clear: bool = False


def look_at_move(
    visit: Visit, move: Move, *, at: datetime, by: User, reach: Reach | None = None
) -> Outlook:
    """Weigh a move by the rules of every slot, and tell what it would do; nothing is changed."""
    verdict = weigh_move(visit, **move.where, at=at, reach=reach)
    hosts = {visit.host, move.host}
    first, last = sorted((visit.starts_at, move.starts_at))
    before = _ways(hosts, first, last)
    in_date = _in_date(hosts, at=at)
    try:
        with transaction.atomic():
            moved = postpone_visit(
                Visit.objects.select_related("host", "campaign", "place").get(pk=visit.pk),
                **move.where,
                side=Side.US,
                reason=LOOKED_AT,
                override_reason=LOOKED_AT,
                at=at,
                by=by,
            )
            after = _ways(hosts, first, last)
            still = standings(in_date, at=at)
            letters = list(moved.messages.drafts().order_by("pk"))
            active = list(Disruption.objects.active())
            around = ways_of([moved], among=active).get(moved.pk, NO_WAYS)
            stopped = disruptions_touching(moved, among=active, around=around)
            transaction.set_rollback(True)
    except (ValidationError, SlotTaken, Busy) as error:
        words = error.messages[0] if isinstance(error, ValidationError) else str(error)
        return Outlook(move, verdict, refusal=words)
    minutes = sum(row.minutes for row in after.values()) - sum(
        row.minutes for row in before.values()
    )
    left_behind = [row.name for row in disruptions_touching(visit) if row not in stopped]
    outdated = {row.visit for row in in_date if still[row.pk] != CURRENT}
    in_the_way = _in_the_way(stopped, around, known=verdict.hard)
    verdict.soft += in_the_way
    if minutes > 0:
        verdict.soft.append(_("Journeys: %(words)s.") % {"words": journey_words(minutes)})
    return Outlook(
        move,
        verdict,
        favours=_favours(visit, move, minutes, left_behind),
        freed=[row for way, row in before.items() if way not in after and not row.is_firm],
        added=[row for way, row in after.items() if way not in before],
        entered=_entered(visit, before.values()),
        outdated=sorted(outdated, key=lambda row: row.starts_at),
        letters=letters,
        is_clear=not verdict.hard and not in_the_way,
    )


def _ways(hosts: Iterable[Host], first: datetime, last: datetime) -> Ways:
    """The journeys of these hosts in the weeks around, as the visits stand now."""
    visits: dict[Host, list[Visit]] = {host: [] for host in hosts}
    for row in visits_near(hosts, first, last):
        visits[row.host].append(row)
    found = journeys_by_host(visits, span=(first - NEAR, last + NEAR))
    made = [(host, row) for host, rows in found.items() for row in rows if not row.is_missed]
    return {(host.pk, *row.way): row for host, row in made}


def _in_the_way(rows: Iterable[Disruption], around: Around, *, known: list[str]) -> list[str]:
    """What disruptions do to a visit and to the journeys there and on, unless a rule tells it."""
    found = []
    for row in rows:
        if any(row.name in words for words in known):
            continue
        ways = [journey for way in around for journey in way]
        hit = [each for each in ways if row.severity >= STOPS_FROM and hits(row, each)]
        words = _("“%(name)s” stops the journey from %(origin)s to %(destination)s, %(when)s.")
        found += [
            words
            % {
                "name": row.name,
                "origin": journey.origin_name,
                "destination": journey.destination_name,
                "when": wording.local_time(journey.departs_at, journey.origin.zone),
            }
            for journey in hit
        ]
        if not hit:
            found.append(_("“%(name)s” touches it.") % {"name": row.name})
    return found


def _entered(visit: Visit, journeys: Iterable[Journey]) -> list[Journey]:
    """What somebody booked or entered to the visit, on from there, or for it."""
    own = visit.legs.firm().select_related("origin", "destination")
    found = {leg.pk: Journey.of_leg(leg) for leg in own}
    for row in journeys:
        if row.leg and row.is_firm and visit in (row.from_visit, row.to_visit):
            found[row.leg.pk] = row
    return sorted(found.values(), key=lambda row: row.departs_at)


def _in_date(hosts: Iterable[Host], *, at: datetime) -> list[BriefEdition]:
    """The kept briefs of these hosts' visits ahead that say what is so."""
    ahead = Visit.objects.upcoming(at).filter(host__in=hosts)
    rows = BriefEdition.objects.current().filter(visit__in=ahead.order_by())
    kept = list(rows.select_related("visit__campaign"))
    stands = standings(kept, at=at)
    return [row for row in kept if stands[row.pk] == CURRENT]


def _favours(visit: Visit, move: Move, minutes: int, left_behind: Iterable[str]) -> list[str]:
    """What speaks for a move, as sentences."""
    found = []
    day = move.starts_at.astimezone(ZoneInfo(visit.zone)).date()
    for request in visit.requests.prefetch_related("preferred_dates").order_by("ref"):
        ranks = [wish.rank for wish in request.preferred_dates.all() if wish.on == day]
        if ranks:
            words = _("%(ref)s named this day itself, as wish %(rank)s.")
            found.append(words % {"ref": request.ref, "rank": ranks[0]})
    found += [_("“%(name)s” no longer touches it.") % {"name": name} for name in left_behind]
    if minutes < 0:
        found.append(_("Journeys: %(words)s.") % {"words": journey_words(minutes)})
    return found
