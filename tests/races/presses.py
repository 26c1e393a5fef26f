"""One button of a public page pressed three times: `python -m tests.races.presses form --rounds 6`.

In each round three processes meet at a barrier and send the same form: the request form, the date
taken on the private page, or a question about one's own data. It must count once, and each must be
told that it is done. The negative control (`--unguarded`) looks and then writes, as a form without
a lock does: it must write twice, or these races would prove nothing.
"""

import argparse
import json
import sys
from datetime import timedelta

from tests.races.answers import AT, make_offer, opened
from tests.races.duels import set_up_django
from tests.races.sides import meet

KINDS = ("form", "accept", "data")
SIDES = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--unguarded", action="store_true")
    options = parser.parse_args()
    sys.stdout.write(json.dumps(run(options.kind, options.rounds, unguarded=options.unguarded)))


def run(kind: str, rounds: int, *, unguarded: bool) -> dict:
    set_up_django()
    from crm.domain import reference
    from crm.models import ClockSetting
    from tests.factories.visits import TopicFactory
    from visits.models import Campaign

    ClockSetting.objects.fix(AT)
    reference.load_mail_templates()
    TopicFactory(code="T01")
    offers = [make_offer(number) for number in range(rounds)]
    # The newest campaign is the one on offer; its requests are those of the offers.
    Campaign.objects.exclude(requests__visits__in=offers).delete()
    forms = [filled(number) for number in range(rounds)]
    told = meet(act, [(kind, offers, forms, unguarded)] * SIDES)
    kept = [kept_of(kind, pk, form) for pk, form in zip(offers, forms, strict=True)]
    return {"told": sorted({status for each in told for status in each}), "kept": kept}


def filled(number: int) -> dict:
    """A good request form, opened ten seconds ago."""
    from django.utils import timezone

    from visits.public import time_trap

    return {
        "mark": time_trap.issue(timezone.now() - timedelta(seconds=10)),
        "city": "Sampletown",
        "country": "BE",
        "department": "Safety",
        "requester_name": "Robin Example",
        "requester_role": "Head of prevention",
        "address": f"robin{number}@ghent.example",
        "language": "en",
        "topics": ["T01"],
        "question_1": "What would you not do again?",
        "mode": "online",
        "people": "12",
    }


def act(kind: str, offers: list, forms: list, unguarded: bool, barrier) -> list[int]:
    set_up_django()
    from visits.models import Visit

    browsers = [opened(pk) for pk in offers]
    told = []
    for number, (browser, pk, form) in enumerate(zip(browsers, offers, forms, strict=True)):
        visit = Visit.objects.get(pk=pk)
        ref = visit.requests.get().ref
        hold = visit.holds.order_by("rank").first().pk
        barrier.wait()
        if unguarded:
            told.append(keep_unguarded(form))
            continue
        path, values = {
            "form": ("", form),
            "accept": ("mine/accept/", {"ref": ref, "hold": hold, "place": "Town hall"}),
            "data": ("mine/data/", {"ref": ref, "kind": "correct", "text": "My name."}),
        }[kind]
        network = f"10.0.{number}.1"
        told.append(browser.post(f"/en/visit/{path}", values, REMOTE_ADDR=network).status_code)
    return told


def keep_unguarded(form: dict) -> int:
    """Look whether the form waits already, then keep it: the plain way that keeps it twice."""
    import time

    from django.utils import timezone

    from visits.models import Campaign, PendingRequest

    key = form["address"]
    if not PendingRequest.objects.filter(address_key=key).exists():
        time.sleep(0.05)
        PendingRequest.objects.create(
            campaign=Campaign.objects.first(),
            answers={},
            language="en",
            address_key=key,
            expires_at=timezone.now() + timedelta(days=1),
        )
    return 302


def kept_of(kind: str, pk: int, form: dict) -> list[int]:
    """How many rows were written for a round, and how many mails about it."""
    from crm.models import DataRequest, OutgoingMail
    from visits.models import PendingRequest, Visit

    visit = Visit.objects.get(pk=pk)
    request = visit.requests.get()
    if kind == "form":
        rows = PendingRequest.objects.filter(address_key=form["address"])
        address = form["address"]
    elif kind == "accept":
        rows, address = visit.holds.exclude(accepted_at=None), request.address
    else:
        rows, address = DataRequest.objects.filter(address=request.address), request.address
    return [rows.count(), OutgoingMail.objects.filter(recipient=address).count()]


if __name__ == "__main__":
    main()
