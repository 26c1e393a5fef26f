"""Who may be recorded twice: people loaded for `crm.matching`, and what it finds kept.

The search itself is loaded by those who search: it needs numpy, which showing a list does not.

Suggestions only. Nothing here merges anybody; whom a coordinator called two humans is never
suggested again.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.domain.audit import record
from crm.domain.places import body_key
from crm.matching.contacts import CONTACTS, phone_key
from crm.matching.fields import Level, Table, Values
from crm.matching.pairs import Pair
from crm.models import ContactPoint, DuplicateScan, Lookalike, Organisation, Person, User
from crm.models.duplicates import LookalikeQuerySet
from crm.search import name_key
from crm.validators import address_key

if TYPE_CHECKING:
    from crm.matching.weights import Weights

log = logging.getLogger(__name__)

State = DuplicateScan.State
SILENT_FOR = timedelta(minutes=10)
# Above that many changed people, one look through all of them is quicker.
ONE_BY_ONE = 100
MOST_SUGGESTED = 5_000
MOST_WEIGHED = 400
SHORTEST_NAME = 3

key_of_name = lru_cache(maxsize=50_000)(name_key)
# That two bodies are both a town's says nothing about who works there.
key_of_body = lru_cache(maxsize=50_000)(body_key)


# --- Loading ---


def load_people(people: QuerySet[Person]) -> tuple[list[int], Table]:
    """The numbers of these people, and what they are compared by, in the same order."""
    listed = people.order_by("pk").values_list(
        "pk",
        "given",
        "family",
        "organisation__name",
        "organisation__municipality__name",
        "organisation__country",
    )
    keys: list[int] = []
    table: Table = {name: [] for name in CONTACTS.names}
    for pk, given, family, organisation, city, country in listed.iterator(chunk_size=5_000):
        keys.append(pk)
        for name, value, key_of in (
            ("given", given, key_of_name),
            ("family", family, key_of_name),
            ("organisation", organisation, key_of_body),
            ("city", city, key_of_body),
        ):
            table[name].append(_folded(value, key_of))
        table["country"].append((country.lower(),) if country else ())
    places = {pk: at for at, pk in enumerate(keys)}
    table["mail"], table["phone"] = [()] * len(keys), [()] * len(keys)
    # A subquery and not the numbers: SQLite takes only so many of them.
    points = ContactPoint.objects.filter(person__in=people.order_by().values("pk"))
    for person, kind, key, value in points.values_list(
        "person", "kind", "match_key", "value"
    ).iterator(chunk_size=5_000):
        column, known = (
            ("mail", key)
            if kind == ContactPoint.Kind.EMAIL
            else (
                "phone",
                phone_key(value),
            )
        )
        if known and person in places and known not in table[column][places[person]]:
            table[column][places[person]] += (known,)
    return keys, table


def _folded(value: str | None, key_of: Callable[[str], str]) -> Values:
    key = key_of(value) if value else ""
    return (key,) if key else ()


def _row_of(
    *,
    given: str,
    family: str,
    organisation: Organisation | None,
    addresses: Iterable[str] = (),
    phones: Iterable[str] = (),
) -> dict[str, Values]:
    """Somebody not stored yet, as a row of the table."""
    city = getattr(organisation, "municipality", None)
    return {
        "given": _folded(given, key_of_name),
        "family": _folded(family, key_of_name),
        "organisation": _folded(organisation.name if organisation else "", key_of_body),
        "city": _folded(city.name if city else "", key_of_body),
        "country": (organisation.country.lower(),) if organisation else (),
        "mail": tuple(address_key(each) for each in addresses if each),
        "phone": tuple(filter(None, map(phone_key, phones))),
    }


# --- One person ---


def like(
    *,
    given: str,
    family: str = "",
    organisation: Organisation | None = None,
    addresses: Iterable[str] = (),
    phones: Iterable[str] = (),
) -> list[tuple[Person, Pair]]:
    """People in the lists who may be this one, who is not stored yet, the likeliest first."""
    row = _row_of(
        given=given,
        family=family,
        organisation=organisation,
        addresses=addresses,
        phones=phones,
    )
    near = _near(row, organisation.pk if organisation else None, Person.objects.live())
    return _weighed(row, near)


def _near(
    row: dict[str, Values], organisation: int | None, among: QuerySet[Person]
) -> QuerySet[Person]:
    """Who is worth weighing: the same address, a name in common, or the same organisation."""
    same = Q(contact_points__match_key__in=row["mail"])
    for number in row["phone"]:
        same |= Q(
            contact_points__kind=ContactPoint.Kind.PHONE,
            contact_points__value__endswith=number[-4:],
        )
    for name in (*row["family"], *row["given"]):
        if len(name) >= SHORTEST_NAME:
            same |= Q(search_key__contains=name)
    if organisation:
        same |= Q(organisation=organisation)
    numbers = among.filter(same).order_by("-updated_at").values_list("pk", flat=True)
    return Person.objects.filter(pk__in=list(dict.fromkeys(numbers[: 2 * MOST_WEIGHED])))


def _weighed(row: dict[str, Values], people: QuerySet[Person]) -> list[tuple[Person, Pair]]:
    from crm.matching.search import weigh_first

    keys, table = load_people(people)
    if not keys:
        return []
    whole = {name: [row[name], *column] for name, column in table.items()}
    pairs = weigh_first(CONTACTS, whole, present_weights())
    found = Person.objects.select_related("organisation").in_bulk(
        [keys[pair.right - 1] for pair in pairs]
    )
    return [(found[keys[pair.right - 1]], pair) for pair in pairs]


def present_weights() -> "Weights":
    """What the last look through all people learnt; before the first, the usual ones."""
    from crm.matching.weights import from_json, usual_weights

    scan = DuplicateScan.objects.filter(state=State.DONE).exclude(weights=None).first()
    if scan is not None and scan.weights:
        return from_json(scan.weights)
    return usual_weights(CONTACTS, max(Person.objects.live().count(), 1_000))


@transaction.atomic
def look_for(person: Person, *, at: datetime) -> list[Lookalike]:
    """Weigh one person against those near; keep who is likely, forget who is not any more."""
    live = Person.objects.live()
    pairs: dict[tuple[int, int], Pair] = {}
    if live.filter(pk=person.pk).exists():
        _keys, table = load_people(Person.objects.filter(pk=person.pk))
        row = {name: column[0] for name, column in table.items()}
        others = live.filter(is_sample=person.is_sample).exclude(pk=person.pk)
        near = _near(row, person.organisation_id, others)
        for other, pair in _weighed(row, near):
            pairs[_ordered(person.pk, other.pk)] = pair
    _keep(pairs, Lookalike.objects.of(person), at=at)
    return list(Lookalike.objects.open().of(person))


def _ordered(one: int, other: int) -> tuple[int, int]:
    return (one, other) if one < other else (other, one)


def _keep(pairs: dict[tuple[int, int], Pair], known: LookalikeQuerySet, *, at: datetime) -> None:
    """Store what was found; open suggestions among `known` that were not found again go. One about
    a record that is merged or archived waits: the record may come back."""
    stored = {(row.one_id, row.other_id): row for row in known}
    gone = [row.pk for row in known.open() if (row.one_id, row.other_id) not in pairs]
    for start in range(0, len(gone), 500):
        Lookalike.objects.filter(pk__in=gone[start : start + 500]).delete()
    fresh, changed = [], []
    for (one, other), pair in pairs.items():
        values: dict[str, Any] = {
            "probability": pair.probability,
            "bits": round(pair.bits, 3),
            "levels": {name: int(level) for name, level in pair.levels.items()},
        }
        row = stored.get((one, other))
        if row is None:
            fresh.append(Lookalike(one_id=one, other_id=other, found_at=at, **values))
        elif row.decided_at is None and (row.bits, row.levels) != (
            values["bits"],
            values["levels"],
        ):
            for name, value in values.items():
                setattr(row, name, value)
            changed.append(row)
    Lookalike.objects.bulk_create(fresh, batch_size=500, ignore_conflicts=True)
    Lookalike.objects.bulk_update(changed, ["probability", "bits", "levels"], batch_size=200)


# --- Deciding ---


@transaction.atomic
def say_not_the_same(lookalike: Lookalike, *, at: datetime, by: User | None) -> Lookalike:
    """These are two humans: nobody is asked about the pair again."""
    if Lookalike.objects.filter(pk=lookalike.pk, decided_at=None).update(
        decided_at=at, decided_by=by
    ):
        for person in (lookalike.one, lookalike.other):
            record(person, "not_the_same", at=at, by=by)
    lookalike.refresh_from_db()
    return lookalike


@transaction.atomic
def ask_again(lookalike: Lookalike, *, at: datetime, by: User | None) -> Lookalike:
    """Take back that these are two humans."""
    if (
        Lookalike.objects.filter(pk=lookalike.pk)
        .exclude(decided_at=None)
        .update(decided_at=None, decided_by=None)
    ):
        for person in (lookalike.one, lookalike.other):
            record(person, "perhaps_the_same", at=at, by=by)
    lookalike.refresh_from_db()
    return lookalike


# --- All people ---


@transaction.atomic
def ask_for_scan(*, by: User | None) -> DuplicateScan:
    """Have the worker look through all people; while it is about to, that look is returned."""
    return DuplicateScan.objects.waiting().first() or DuplicateScan.objects.create(asked_by=by)


def work_off(*, stop: Callable[[], bool] = lambda: False) -> int:
    """Look through all people where that was asked for, else at those saved since; how many were
    looked at."""
    before = timezone.now() - SILENT_FOR
    DuplicateScan.objects.filter(state=State.RUNNING, beat_at__lt=before).update(
        state=State.INTERRUPTED, error=str(_("The worker stopped meanwhile; ask for it again."))
    )
    scan = DuplicateScan.objects.filter(state=State.QUEUED).order_by("pk").first()
    if scan is None:
        return _look_at_changed(stop)
    queued = DuplicateScan.objects.filter(pk=scan.pk, state=State.QUEUED)
    if not queued.update(state=State.RUNNING, beat_at=timezone.now()):
        return 0
    return _scan(scan)


def _scan(scan: DuplicateScan) -> int:
    rows = DuplicateScan.objects.filter(pk=scan.pk)
    begun = timezone.now()
    try:
        keys, pairs, weights = scan_people(on_progress=lambda done, total: _beat(rows, done, total))
        found = {_ordered(keys[pair.left], keys[pair.right]): pair for pair in pairs}
        with transaction.atomic():
            _keep(found, Lookalike.objects.all(), at=begun)
            rows.update(
                state=State.DONE,
                people=len(keys),
                found=Lookalike.objects.open().count(),
                weights=weights.as_json(),
                seen_until=begun,
                beat_at=timezone.now(),
            )
    except Exception:
        rows.update(
            state=State.FAILED, error=str(_("It could not be done; the fault is in our log."))
        )
        raise
    return len(keys)


def scan_people(
    *, on_progress: Callable[[int, int], None] = lambda done, total: None
) -> tuple[list[int], list[Pair], "Weights"]:
    """Weigh everybody in the lists; nothing is stored."""
    from crm.matching.search import find_pairs

    keys, table = load_people(Person.objects.live())
    found = find_pairs(CONTACTS, table, on_progress=on_progress)
    samples = set(Person.objects.live().filter(is_sample=True).values_list("pk", flat=True))
    # A sample person is nobody: never the same as somebody real.
    pairs = [
        pair
        for pair in found.pairs
        if (keys[pair.left] in samples) == (keys[pair.right] in samples)
    ]
    return keys, pairs[:MOST_SUGGESTED], found.weights


def _beat(rows: QuerySet[DuplicateScan], done: int, total: int) -> None:
    rows.update(done=done, total=total, beat_at=timezone.now())


def _look_at_changed(stop: Callable[[], bool]) -> int:
    """Weigh the people saved since the last look, one by one; many at once are left to a scan."""
    last = DuplicateScan.objects.filter(state=State.DONE).exclude(seen_until=None).first()
    people = Person.objects.live()
    if last is None:
        if people.count() > 1 and not DuplicateScan.objects.waiting().exists():
            ask_for_scan(by=None)
        return 0
    changed = people.filter(updated_at__gt=last.seen_until).order_by("updated_at", "pk")
    rows = list(changed[: ONE_BY_ONE + 1])
    if len(rows) > ONE_BY_ONE:
        ask_for_scan(by=None)
        return 0
    for count, person in enumerate(rows):
        if stop():
            return count
        look_for(person, at=timezone.now())
        DuplicateScan.objects.filter(pk=last.pk).update(seen_until=person.updated_at)
    return len(rows)


def open_lookalikes(user: User) -> QuerySet[Lookalike]:
    """What is to be decided, the likeliest first, with both people's facts."""
    rows = Lookalike.objects.visible_to(user).open()
    return rows.select_related("one__organisation", "other__organisation")


def told(pair: Pair | Lookalike) -> Iterator[tuple[str, Level]]:
    """Field and level of each thing that speaks for or against, in the order of the scheme."""
    for name in CONTACTS.names:
        level = Level(pair.levels.get(name, Level.UNKNOWN))
        if level is not Level.UNKNOWN:
            yield name, level
