"""Duels on one mailing: `python -m tests.races.mailings release --rounds 12`.

In each round two processes meet at a barrier and both release a draft, or both try its blocked
people again. Everybody must get one letter. The negative control (`--unguarded`) looks at the state
and then writes: it must write twice, or these duels would prove nothing.
"""

import argparse
import json
import sys
from collections import Counter

from tests.races.duels import set_up_django
from tests.races.sides import meet

KINDS = ("release", "try_again")
PEOPLE = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--unguarded", action="store_true")
    options = parser.parse_args()
    told = run(options.kind, options.rounds, unguarded=options.unguarded)
    sys.stdout.write(json.dumps(told))


def run(kind: str, rounds: int, *, unguarded: bool) -> dict:
    set_up_django()
    drafts = [make_draft(number, kind) for number in range(rounds)]
    told = meet(act, [(kind, drafts, unguarded)] * 2)
    from crm.models import OutgoingMail

    letters = Counter(OutgoingMail.objects.values_list("mailing", "recipient"))
    return {
        "rounds_with_one_done": sum(
            sum(outcomes[number] > 0 for outcomes in told) == 1 for number in range(rounds)
        ),
        "letters": sum(letters.values()),
        "twice": sum(count > 1 for count in letters.values()),
    }


def make_draft(number: int, kind: str) -> int:
    """A draft to three people; for the second kind a released one whose people are mended since."""
    from django.utils import timezone

    from crm.audiences import people_of
    from crm.domain import mailings
    from crm.models import MailTemplate, Person, User
    from crm.roles import Role
    from tests.factories.crm import (
        ConsentRecordFactory,
        ContactPointFactory,
        MailTemplateFactory,
        PersonFactory,
        UserFactory,
    )

    by = User.objects.first() or UserFactory(role=Role.COORDINATOR)
    if not MailTemplate.objects.filter(key="mailing-x").exists():
        MailTemplateFactory(key="mailing-x", subject="News", body="{given} {stop_link}")
    people = [PersonFactory(languages=["en"]) for _n in range(PEOPLE + 1)]
    for person in people:
        ConsentRecordFactory(person=person)
    reachable = people if kind == "release" else people[:1]
    for place, person in enumerate(reachable[: PEOPLE + (kind != "release")]):
        ContactPointFactory(person=person, value=f"r{number}-{place}@city.example")
    values = {"title": f"M{number}", "kind": "newsletter", "template_key": "mailing-x"}
    now = timezone.now()
    rows = Person.objects.filter(pk__in=[person.pk for person in people])
    mailing = mailings.start_mailing(values, rows, at=now, by=by)
    if kind == "try_again":
        mailings.release_mailing(
            mailing, people_of(mailing, by), seen=mailing.digest, at=now, by=by
        )
        for place, person in enumerate(people[1:]):
            ContactPointFactory(person=person, value=f"late{number}-{place}@city.example")
    return mailing.pk


def act(kind: str, drafts: list[int], unguarded: bool, barrier) -> list[int]:
    """One process: what it wrote in each round, 0 where it was refused."""
    set_up_django()
    from django.core.exceptions import ValidationError
    from django.utils import timezone

    from crm.audiences import people_of
    from crm.domain import mailings
    from crm.models import Mailing, User

    by = User.objects.first()
    told = []
    for pk in drafts:
        mailing = Mailing.objects.get(pk=pk)
        now = timezone.now()
        barrier.wait()
        try:
            if unguarded:
                told.append(write_unguarded(mailing, now))
            elif kind == "release":
                people = people_of(mailing, by)
                told.append(
                    mailings.release_mailing(mailing, people, seen=mailing.digest, at=now, by=by)
                )
            else:
                told.append(mailings.try_again(mailing, at=now, by=by))
        except ValidationError:
            told.append(0)
    return told


def write_unguarded(mailing, now) -> int:
    """Look, then write: the plain way that sends twice."""
    import time

    from crm.domain import mailings

    if not mailing.is_draft:
        return 0
    ready = mailing.recipients.filter(standing="goes")
    numbers = list(ready.values_list("pk", flat=True))
    time.sleep(0.05)
    return mailings._write(mailing, mailing.recipients.filter(pk__in=numbers), at=now)


if __name__ == "__main__":
    main()
