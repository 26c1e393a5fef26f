"""Request meets history: whom we know there already, with the reasons; and taking them over.

A suggestion is never taken by itself. The request keeps its own copy of what its requester wrote
until a coordinator links it to a person or takes it over as a new one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Case, Prefetch, Q, QuerySet, When
from django.utils.translation import gettext_lazy as _

from crm import wording
from crm.domain.audit import record
from crm.domain.people import (
    PHONE,
    add_contact_point,
    add_person,
    archive_person,
    remove_contact_point,
)
from crm.lookalikes import disguise_of, look, looks_like
from crm.models import ContactPoint, Interaction, Participation, Person, User
from crm.search import search_key
from crm.validators import address_key
from visits.domain.requests import take_over_request
from visits.models import VisitRequest

# Domains that say nothing about who employs the writer: free mail, and those kept for examples.
FREE_MAIL = frozenset(
    "gmail.com googlemail.com outlook.com hotmail.com live.com yahoo.com icloud.com gmx.de gmx.net "
    "web.de t-online.de orange.fr free.fr laposte.net libero.it wp.pl onet.pl o2.pl ukr.net "
    "seznam.cz proton.me protonmail.com example.org example.com example.net".split()
)
SHORTEST_PHONE = 7
MOST_WEIGHED, MOST_SHOWN, MOST_TALKS = 200, 5, 5
# Being of the same city alone says little; with one more reason it is worth a look.
ENOUGH = 15
POINTS = {
    "address": 60,
    "phone": 40,
    "name": 25,
    "surname": 15,
    "department": 15,
    "met": 10,
    "talk": 10,
    "domain": 10,
    "city": 5,
}
SENTENCES = {
    "address": _("Same mail address."),
    "phone": _("Same phone number."),
    "name": _("Same name."),
    "surname": _("Same family name."),
    "department": _("Same department."),
    "met": _("Met in %(city)s, %(day)s."),
    "talk": _("%(kind)s logged on %(day)s by %(who)s."),
    "talk_unsigned": _("%(kind)s logged on %(day)s."),
    "domain": _("Mail address at the same domain, %(domain)s."),
    "city": _("Of the same city."),
}


@dataclass(frozen=True)
class Asker:
    """What a request says about who asks."""

    name: str
    department: str
    address: str
    phone: str


@dataclass(frozen=True)
class Talk:
    """A call or meeting we wrote down."""

    kind: str
    on: date
    who: str


@dataclass(frozen=True)
class Known:
    """What we know of a person who might be the asker, or know them."""

    name: str
    family: str
    department: str
    is_of_city: bool
    addresses: Sequence[str] = ()
    phones: Sequence[str] = ()
    met: Sequence[tuple[str, date]] = ()
    talks: Sequence[Talk] = ()


@dataclass(frozen=True)
class Reason:
    """Why somebody is suggested: a code, and the values its sentence needs."""

    code: str
    city: str = ""
    on: date | None = None
    kind: str = ""
    who: str = ""
    domain: str = ""

    def __str__(self) -> str:
        code = "talk_unsigned" if self.code == "talk" and not self.who else self.code
        return str(SENTENCES[code]) % {
            "city": self.city,
            "day": wording.day(self.on) if self.on else "",
            "kind": self.kind,
            "who": self.who,
            "domain": self.domain,
        }


@dataclass(frozen=True)
class Suggestion:
    """How likely somebody we know is who asks: points, the reasons, and a look-alike to beware."""

    points: int
    reasons: tuple[Reason, ...]
    lookalike: str = ""

    @property
    def is_same_address(self) -> bool:
        return self._has("address")

    @property
    def is_same_phone(self) -> bool:
        return self._has("phone")

    def _has(self, code: str) -> bool:
        return any(reason.code == code for reason in self.reasons)


def weigh(asker: Asker, known: Known) -> Suggestion | None:
    """Whether `known` may be who asks, or know them, and why; None when nothing speaks for it.

    An address that only looks like a known one counts nothing and comes back as a warning.
    """
    reasons = [*_same_contact(asker, known)]
    if known.is_of_city:
        reasons += _same_city(asker, known)
    points = sum(POINTS[reason.code] for reason in reasons)
    lookalike = next((each for each in known.addresses if looks_like(asker.address, each)), "")
    if points < ENOUGH and not lookalike:
        return None
    return Suggestion(points, tuple(reasons), lookalike)


def _same_contact(asker: Asker, known: Known) -> list[Reason]:
    reasons = []
    is_trusted = asker.address and not is_disguised(asker.address)
    if is_trusted and address_key(asker.address) in map(address_key, known.addresses):
        reasons.append(Reason("address"))
    phone = _digits(asker.phone)
    if len(phone) >= SHORTEST_PHONE and any(_digits(each) == phone for each in known.phones):
        reasons.append(Reason("phone"))
    return reasons


def _same_city(asker: Asker, known: Known) -> list[Reason]:
    reasons = []
    name, family = search_key(asker.name), search_key(known.family)
    if name and name == search_key(known.name):
        reasons.append(Reason("name"))
    elif family and f" {name}".endswith(f" {family}"):
        reasons.append(Reason("surname"))
    if asker.department and search_key(asker.department) == search_key(known.department):
        reasons.append(Reason("department"))
    reasons += [Reason("met", city=city, on=on) for city, on in known.met[:1]]
    reasons += [Reason("talk", kind=t.kind, on=t.on, who=t.who) for t in known.talks[:1]]
    domain = _domain(asker.address)
    if domain and domain not in FREE_MAIL and domain in map(_domain, known.addresses):
        reasons.append(Reason("domain", domain=domain))
    return [*reasons, Reason("city")]


def _digits(phone: str) -> str:
    """The end of a phone number, the same with and without the country's code."""
    return re.sub(r"\D", "", phone)[-8:]


def _domain(address: str) -> str:
    return address_key(address).rpartition("@")[2]


# --- What the desk shows ---


@dataclass(frozen=True)
class Acquaintances:
    """Who may be behind a request, best first, and what else was talked about with the city."""

    people: list[tuple[Person, Suggestion]]
    talks: list[Interaction]

    def __bool__(self) -> bool:
        return bool(self.people or self.talks)


def acquaintances_of(request: VisitRequest) -> Acquaintances:
    """The people we know who may be behind a request, for the coordinator to choose from."""
    asker = Asker(request.requester_name, request.department, request.address, request.phone)
    weighed = [(row, weigh(asker, _known(row))) for row in _candidates(request)]
    people = [(row, found) for row, found in weighed if found and row.pk != request.person_id]
    people.sort(key=lambda pair: (-pair[1].points, pair[0].family, pair[0].pk))
    return Acquaintances(people[:MOST_SHOWN], list(_talks_with_city(request)))


def _candidates(request: VisitRequest) -> QuerySet[Person]:
    """People with the address (or one that looks like it) or phone, and those of the city."""
    keys = {address_key(request.address), address_key(request.phone), look(request.address)}
    same_contact = Q(
        pk__in=ContactPoint.objects.filter(match_key__in=keys - {"", "@"}).values("person")
    )
    at_city = _at_city(request, "organisation__municipality__")
    talks = Interaction.objects.exclude(kind=Interaction.Kind.NOTE).select_related("by")
    return (
        Person.objects.live()
        .filter(same_contact | at_city)
        .annotate(
            is_of_city=Case(When(at_city, then=True), default=False),
            is_near=Case(When(same_contact, then=0), default=1),
        )
        .select_related("organisation")
        .prefetch_related(
            "contact_points",
            Prefetch(
                "participations",
                Participation.objects.attended()
                .select_related("event")
                .order_by("-event__starts_on"),
            ),
            Prefetch("interactions", talks.order_by("-at")),
        )
        .order_by("is_near", "family", "pk")[:MOST_WEIGHED]
    )


def _at_city(request: VisitRequest, path: str) -> Q:
    """What belongs to the municipality of the request, or to one at its place."""
    found = Q(**{f"{path}pk": request.municipality_id}) if request.municipality_id else Q(pk=None)
    return found | Q(**{f"{path}place": request.place_id}) if request.place_id else found


def _known(person: Any) -> Known:
    mail, phone = ContactPoint.Kind.EMAIL, ContactPoint.Kind.PHONE
    points = person.contact_points.all()
    return Known(
        name=person.name,
        family=person.family,
        department=person.department,
        is_of_city=person.is_of_city,
        addresses=[point.value for point in points if point.kind == mail],
        phones=[point.value for point in points if point.kind == phone],
        met=[(part.event.city, _day_met(part)) for part in person.participations.all()],
        talks=[
            Talk(row.get_kind_display(), row.at.date(), str(row.by) if row.by else "")
            for row in person.interactions.all()
        ],
    )


def _day_met(part: Participation) -> date:
    return part.event.ends_on if part.day_1 is False and part.day_2 else part.event.starts_on


def _talks_with_city(request: VisitRequest) -> QuerySet[Interaction]:
    """Calls and meetings with the city's authority that name nobody."""
    return (
        Interaction.objects.exclude(kind=Interaction.Kind.NOTE)
        .filter(_at_city(request, "organisation__municipality__"), person=None)
        .select_related("by")
        .order_by("-at")[:MOST_TALKS]
    )


# --- Verbs ---


@transaction.atomic
def link_person(
    request: VisitRequest,
    person: Person,
    *,
    add_address: bool = False,
    add_phone: bool = False,
    at: datetime,
    by: User,
) -> list[ContactPoint]:
    """Say that this person is who asks, and tie the request to its municipality.

    `add_address` and `add_phone` put the request's own beside those we have; none that is there is
    changed. Returns what was added. Refuses somebody merged, archived or erased, and an address
    that mixes alphabets.
    """
    if not Person.objects.live().filter(pk=person.pk).exists():
        raise ValidationError(
            _("%(name)s is not in the lists any more."),
            code="not_live",
            params={"name": person.name},
        )
    if add_address and is_disguised(request.address):
        raise ValidationError(
            _("%(address)s mixes alphabets, so it may be somebody else's; add it by hand."),
            code="disguise",
            params={"address": request.address},
        )
    take_over_request(request, person=person, at=at, by=by)
    wanted = [
        (ContactPoint.Kind.EMAIL, request.address if add_address else ""),
        (ContactPoint.Kind.PHONE, request.phone if add_phone else ""),
    ]
    return [
        add_contact_point(person, kind=kind, value=value, at=at, by=by)
        for kind, value in wanted
        if value and not person.contact_points.filter(kind=kind).matching(value).exists()
    ]


def is_disguised(address: str) -> bool:
    """Whether an address mixes alphabets, as one does that poses as another."""
    disguise = disguise_of(address)
    return disguise is not None and disguise.is_mixed


def may_add_address(request: VisitRequest) -> bool:
    """Whether the request's address is one to write down: it arrived and is what it seems."""
    return bool(
        request.address and not request.address_bounced and not is_disguised(request.address)
    )


def may_add_phone(request: VisitRequest) -> bool:
    """Whether what stands under "phone" is a number, and not "after 2 pm"."""
    return PHONE.fullmatch(request.phone) is not None


@transaction.atomic
def take_over_contact(request: VisitRequest, *, at: datetime, by: User) -> Person:
    """Make a new person of who asks, with the request's usable address and phone, and link them.

    Refuses when the request has a person already or somebody we know has this address.
    """
    if request.person_id:
        raise ValidationError(
            _("%(ref)s is linked to a person already."),
            code="linked",
            params={"ref": request.ref},
        )
    known = Person.objects.live().filter(
        pk__in=ContactPoint.objects.emails().matching(request.address).values("person")
    )
    if request.address and (same := known.first()):
        raise ValidationError(
            _("%(name)s has this address already; link the request to them instead."),
            code="known_address",
            params={"name": same.name},
        )
    take_over_request(request, at=at, by=by)
    given, _blank, family = request.requester_name.rpartition(" ")
    person = add_person(
        {
            "given": given or family,
            "family": family if given else "",
            "role": request.requester_role,
            "department": request.department,
            "organisation": request.municipality and request.municipality.organisation,
            "languages": [request.language],
        },
        is_sample=request.is_sample,
        at=at,
        by=by,
    )
    link_person(
        request,
        person,
        add_address=may_add_address(request),
        add_phone=may_add_phone(request),
        at=at,
        by=by,
    )
    return person


@transaction.atomic
def unlink_person(
    request: VisitRequest,
    *,
    added: Sequence[int] = (),
    is_new: bool = False,
    at: datetime,
    by: User,
) -> None:
    """Take a link back: the request keeps its own copy and its municipality.

    `added` names the contact points the link had added, which go; `is_new` archives a person who
    was made by it.
    """
    person = request.person
    if person is None:
        raise ValidationError(
            _("%(ref)s is linked to nobody."), code="not_linked", params={"ref": request.ref}
        )
    request.person = None
    request.save(update_fields=["person"])
    record(request, "unlink_person", at=at, by=by, fields=["person"])
    for point in person.contact_points.filter(pk__in=added):
        remove_contact_point(point, at=at, by=by)
    if is_new:
        archive_person(person, at=at, by=by)
