"""The set sent is the set shown, and a newsletter reaches nobody without consent, for any people.

What must hold is said anew here, in plain Python over the drawn facts, and not by the code's own
functions.
"""

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.audiences import people_of
from crm.domain import mailings, outbox
from crm.models import MailingRecipient, OutgoingMail, Person
from tests.factories.crm import (
    CLOCK,
    ConsentRecordFactory,
    ContactPointFactory,
    DataRequestFactory,
    MailTemplateFactory,
    OrganisationFactory,
    PersonFactory,
    SuppressionFactory,
)

pytestmark = pytest.mark.django_db

Standing = MailingRecipient.Standing
ADDRESSES = ("a@x.example", "A@x.example ", "b@x.example", "c@x.example", "d@x.example")
PERSON = st.fixed_dictionaries(
    {
        "given": st.sampled_from(["Ana", "{link}", "{given}", "<b>Bo</b>", "Ça\u202e"]),
        "languages": st.sampled_from([[], ["en"], ["de"], ["cs"], ["cs", "de"]]),
        "is_sample": st.booleans(),
        "archived_at": st.sampled_from([None, None, None, CLOCK]),
        "erased_at": st.sampled_from([None, None, None, CLOCK]),
        "has_organisation": st.booleans(),
        "said": st.lists(
            st.sampled_from(["granted", "refused", "withdrawn", "unknown", "pending"]), max_size=3
        ),
        "points": st.lists(
            st.tuples(
                st.sampled_from(ADDRESSES),
                st.sampled_from(["unverified", "verified", "wrong", "bounced", "suppressed"]),
            ),
            max_size=2,
            unique_by=lambda point: point[0].strip().lower(),
        ),
        "asked_to_stop": st.sampled_from([False, False, False, True]),
    }
)


def key(address: str) -> str:
    return address.strip().lower()


def make(drawn) -> dict[int, dict]:
    """The drawn people in the database, by number."""
    made = {}
    for facts in drawn:
        organisation = OrganisationFactory(name="Org") if facts["has_organisation"] else None
        names = ("given", "languages", "is_sample", "archived_at", "erased_at")
        person = PersonFactory(organisation=organisation, **{name: facts[name] for name in names})
        for number, status in enumerate(facts["said"]):
            ConsentRecordFactory(
                person=person,
                purpose="newsletter",
                status=status,
                at=CLOCK + timedelta(hours=number),
            )
        for place, (address, status) in enumerate(facts["points"]):
            ContactPointFactory(
                person=person, value=address, status=status, is_preferred=place == 0
            )
        if facts["asked_to_stop"]:
            DataRequestFactory(person=person, kind="stop")
        made[person.pk] = facts
    return made


def may_get_it(facts, everybody, suppressed) -> bool:
    """Whether anything at all speaks against a newsletter to this person."""
    now = facts["said"][-1] if facts["said"] else ""
    keys = {key(address) for address, _status in facts["points"]}
    denying = {
        key(address)
        for other in everybody
        if other["said"]
        and other["said"][-1] in ("refused", "withdrawn")
        and not other["erased_at"]
        for address, _status in other["points"]
    }
    bad = {
        key(address)
        for other in everybody
        for address, status in other["points"]
        if status in ("bounced", "suppressed")
    } | suppressed
    usable = [
        address
        for address, status in facts["points"]
        if status in ("unverified", "verified") and key(address) not in bad
    ]
    return (
        now == "granted"
        and not (facts["archived_at"] or facts["erased_at"] or facts["asked_to_stop"])
        and bool(usable)
        and not denying & keys
    )


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    drawn=st.lists(PERSON, max_size=7),
    with_english=st.booleans(),
    suppressed=st.sets(st.sampled_from(["a@x.example", "c@x.example"])),
)
def test_the_set_sent_is_the_set_shown_and_nobody_gets_it_without_consent(
    coordinator, drawn, with_english, suppressed
):
    with transaction.atomic():
        check(coordinator, drawn, with_english, suppressed)
        transaction.set_rollback(True)


def check(coordinator, drawn, with_english, suppressed):
    for language in ("en", "de"):
        MailTemplateFactory(
            key="mailing-x",
            language=language,
            subject="News",
            body="{given} of {organisation}\n\n{stop_link}",
        )
    for address in suppressed:
        SuppressionFactory(match_key=address)
    made = make(drawn)
    values = {
        "title": "News",
        "kind": "newsletter",
        "template_key": "mailing-x",
        "with_english": with_english,
    }
    people = Person.objects.filter(pk__in=made)
    mailing = mailings.start_mailing(values, people, at=CLOCK, by=coordinator)
    rows = {row.person_id: row for row in mailing.recipients.all()}
    assert set(rows) == set(made)
    shown = {number for number, row in rows.items() if row.standing in MailingRecipient.SENDABLE}
    assert all(row.reason for number, row in rows.items() if number not in shown)

    if shown:
        release = {"seen": mailing.digest, "at": CLOCK, "by": coordinator}
        mailings.release_mailing(mailing, people_of(mailing, coordinator), **release)
    mails = list(OutgoingMail.objects.filter(mailing=mailing).select_related("message"))

    assert {mail.message.person_id for mail in mails} == shown
    assert len({key(mail.recipient) for mail in mails}) == len(mails) == len(shown)
    for mail in mails:
        facts = made[mail.message.person_id]
        assert may_get_it(facts, made.values(), suppressed)
        assert facts["has_organisation"]
        assert (mail.state == OutgoingMail.State.HELD_SAMPLE) == facts["is_sample"]
        # What somebody is called is never read as a placeholder, nor as the place of the link.
        assert mail.text.count(outbox.link_marker(mail.mail_id)) == 1
        spoken = facts["languages"] or ["en"]
        assert mail.message.language in spoken or (with_english and mail.message.language == "en")
    for number, facts in made.items():
        if may_get_it(facts, made.values(), suppressed) and number not in shown:
            assert rows[number].reason in ("duplicate", "no_wording", "missing")
