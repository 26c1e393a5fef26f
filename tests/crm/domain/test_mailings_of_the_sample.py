"""The newsletter to the sample: as many as the figure says, and none of it ever leaves."""

from crm.audiences import people_of
from crm.domain import mailings
from crm.models import Mailing, MailingRecipient, OutgoingMail, Participation, Person
from tests.factories.crm import CLOCK

Standing = MailingRecipient.Standing


def test_the_newsletter_of_the_sample_reaches_those_of_the_figure(sample, coordinator):
    """K11, contacts who want news, is 35 at the demo clock."""
    values = {
        "title": "Newsletter 4",
        "kind": Mailing.Kind.NEWSLETTER,
        "event": Participation.objects.first().event,
        "template_key": "newsletter4_notice",
        "with_english": True,
        "values": {
            "newsletter_link": "https://impetus.example/4",
            "deadline": "2023-02-28",
            "sender": "Joe Gorman",
        },
    }
    everybody = Person.objects.all()
    mailing = mailings.start_mailing(values, everybody, at=CLOCK, by=coordinator)

    counts = mailings.counts_of(mailing)
    assert (counts[Standing.SAMPLE], counts[Standing.GOES]) == (35, 0)

    people = people_of(mailing, coordinator)
    seen = mailing.digest
    assert mailings.release_mailing(mailing, people, seen=seen, at=CLOCK, by=coordinator) == 35
    states = set(mailing.mails.values_list("state", flat=True))
    assert states == {OutgoingMail.State.HELD_SAMPLE}
