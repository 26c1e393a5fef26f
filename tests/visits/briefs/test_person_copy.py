"""The printed copy of a person's data: in their language, by their clock, no name of a column."""

import pytest

from crm.models import (
    ContactPoint,
    FollowUp,
    ImportRow,
    IncomingMail,
    Interaction,
    MailingRecipient,
    Message,
    OutgoingMail,
    Participation,
)
from tests.factories.crm import CLOCK, PersonFactory
from visits.briefs.copy_words import CODES, NAMES, SECTIONS
from visits.domain import person_export
from visits.domain.dossiers import dossier_of
from visits.domain.person_export import gather_export

ENUMS = {
    "contact_points.kind": ContactPoint.Kind,
    "contact_points.status": ContactPoint.Status,
    "participations.status": Participation.Status,
    "interactions.kind": Interaction.Kind,
    "promises.owner": FollowUp.Owner,
    "messages.direction": Message.Direction,
    "messages.status": Message.Status,
    "messages.deliveries.state": OutgoingMail.State,
    "mails_received.state": IncomingMail.State,
    "mailings.standing": MailingRecipient.Standing,
    "mailings.reason": MailingRecipient.Reason,
    "imported.verb": ImportRow.Verb,
}


@pytest.mark.parametrize("where", ENUMS)
def test_every_code_that_is_kept_has_words(where):
    assert set(CODES[where]) == set(ENUMS[where].values)


@pytest.mark.django_db
def test_every_section_and_every_name_that_is_gathered_has_words():
    told = gather_export(dossier_of(PersonFactory()), at=CLOCK)
    assert set(SECTIONS) == set(told) - {"exported_at"}
    lists = [value for name, value in vars(person_export).items() if name.isupper()]
    names = {name for value in lists if isinstance(value, tuple) for name in value}
    assert names | set(told["people"][0]) <= set(NAMES)
