"""Fills a database with made-up people for `benchmarks.people`, and times its queries.

Run as `python -m benchmarks.people_rows fill N | session | queries` on the settings of the
program. The same number gives the same rows: names of syllables, twenty people an organisation,
an address and a telephone each. RARE stands in 20 names, MEDIUM in .19 %, COMMON in 13 %.
"""

import json
import os
import random
import statistics
import sys
import time

RARE, MEDIUM, COMMON, TWO_LETTERS = "zqxwv", "kvorg", "sanne", "el"
SYLLABLES = "an be ca do el fa gor hi jo ka lu mi no ol pe ra su ti vu wa".split()
COUNTRIES = ("NO", "BE", "PL", "IT", "DE")
CHUNK = 5_000


def fill(count: int) -> None:
    """`count` people with organisations and contact points, and one coordinator."""
    from django.contrib.auth.models import Group
    from django.db import connection, transaction

    from crm.models import ContactPoint, Organisation, Person, User
    from crm.roles import Role
    from crm.search import search_key

    rng = random.Random(count)
    rare = set(rng.sample(range(count), 20))
    coordinator = User.objects.create_user("bench@office.example", None, name="Bench")
    coordinator.groups.add(Group.objects.get_or_create(name=Role.COORDINATOR)[0])
    houses = [
        Organisation(
            name=f"Institute {number}",
            country=COUNTRIES[number % 5],
            type="municipality",
            search_key=f"institute {number}",
        )
        for number in range(count // 20 + 1)
    ]
    Organisation.objects.bulk_create(houses, batch_size=CHUNK)
    for start in range(0, count, CHUNK):
        people, points = [], []
        for number in range(start, min(count, start + CHUNK)):
            given = _word(rng, 2)
            family = _word(rng, 3)
            if number in rare:
                family = f"{family} {RARE.title()}"
            chance = rng.random()
            if chance < 0.0019:
                family = f"{family} {MEDIUM.title()}"
            elif chance < 0.1319:
                given = COMMON.title()
            house = houses[number // 20]
            people.append(
                Person(
                    given=given,
                    family=family,
                    role="Adviser",
                    organisation=house,
                    search_key=search_key(given, family, "Adviser", house.name, _address(number)),
                )
            )
        with transaction.atomic():
            made = Person.objects.bulk_create(people)
            for number, person in enumerate(made, start):
                address = _address(number)
                phone = f"+47{20_000_000 + number}"
                points.append(
                    ContactPoint(person=person, kind="email", value=address, match_key=address)
                )
                points.append(
                    ContactPoint(person=person, kind="phone", value=phone, match_key=phone)
                )
            ContactPoint.objects.bulk_create(points)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # What autovacuum does by itself a minute later.
            cursor.execute("VACUUM ANALYZE")


def _address(number: int) -> str:
    return f"p{number}@city{number % 997}.example"


def _word(rng: random.Random, syllables: int) -> str:
    return "".join(rng.choice(SYLLABLES) for _ in range(syllables)).title()


def session() -> None:
    """The cookie of a signed-in coordinator."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from crm.models import User

    user = User.objects.get(email="bench@office.example")
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.save()
    print(f"{settings.SESSION_COOKIE_NAME}={store.session_key}")


def queries() -> None:
    """Milliseconds of the first page and its count by fragment, and of an unindexed LIKE."""
    from django.db import connection

    from crm.counting import MOST_FOUND, count_up_to
    from crm.models import Person

    def timed(act, repeats: int = 9) -> list[float]:
        spent = []
        for _ in range(repeats):
            began = time.perf_counter()
            act()
            spent.append(1000 * (time.perf_counter() - began))
        return spent

    def search(words: str) -> None:
        rows = Person.objects.live().search(words)
        list(rows.values_list("pk")[:50])

    def unindexed() -> None:
        # A letter more on both sides of the column keeps every index out.
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM crm_person WHERE (' ' || search_key) LIKE %s"
                " ORDER BY family, given, id LIMIT 50",
                [f"%{RARE}%"],
            )
            cursor.fetchall()

    fragments = {"rare": RARE, "medium": MEDIUM, "common": COMMON}
    times = {name: timed(lambda text=text: search(text), 20) for name, text in fragments.items()}
    told = {name: round(statistics.median(spent), 2) for name, spent in times.items()}
    told["two letters"] = round(statistics.median(timed(lambda: search(TWO_LETTERS))), 2)
    told["unindexed"] = round(statistics.median(timed(unindexed, 5)), 2)
    told["first"] = max(told[name] for name in fragments)
    told["twentieth"] = round(max(spent[-1] for spent in times.values()), 2)
    for name, text in (fragments | {"two letters": TWO_LETTERS}).items():
        counted = timed(
            lambda text=text: count_up_to(Person.objects.live().search(text), MOST_FOUND), 5
        )
        told[f"count {name}"] = round(statistics.median(counted), 2)
    print(json.dumps(told))


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    verb, *rest = sys.argv[1:]
    {"fill": lambda: fill(int(rest[0])), "session": session, "queries": queries}[verb]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
