"""An address that has not answered is seen by no person, also not on the Mail page."""

import pytest
from django.urls import reverse

from crm.models import Message, OutgoingMail
from tests.visits.public.conftest import campaign, filled, ghent, path_of  # noqa: F401
from visits.models import PendingRequest

ADDRESS = "robin@ghent.example"


@pytest.fixture
def mail(client, ghent):  # noqa: F811 - the fixture of the public pages
    """The mail that asks the address, after a form was sent."""
    client.post("/en/visit/", filled())
    return OutgoingMail.objects.get()


def seen(client, coordinator, mail) -> list[bool]:
    """Whether the address shows in the list, the list's file, the mail's own page and the API."""
    client.force_login(coordinator)
    pages = [client.get("/mail/"), client.get("/mail/?as=csv"), client.get("/api/v1/messages/")]
    shown = [ADDRESS.encode() in page.getvalue() for page in pages]
    own = client.get(reverse("visits:mail-detail", args=[mail.pk]))
    client.logout()
    return [*shown, own.status_code == 200]


def test_mail_to_an_address_that_has_not_answered_is_seen_by_nobody(client, coordinator, mail):
    OutgoingMail.objects.update(state=OutgoingMail.State.UNKNOWN)

    assert seen(client, coordinator, mail) == [False] * 4
    assert OutgoingMail.objects.needing_a_person().count() == 0


def test_it_is_part_of_the_request_once_the_address_answered(client, coordinator, mail):
    client.get(path_of(mail))
    client.post("/en/visit/mine/verify/", {"choice": PendingRequest.objects.get().pk})

    assert seen(client, coordinator, mail)[0] is True
    assert Message.objects.get(deliveries=mail).visit_requests.get().address == ADDRESS


def test_demo_shows_it_because_its_mail_arrives_nowhere_else(client, coordinator, mail, settings):
    settings.MAIL_IS_CAUGHT = settings.SITE_IS_LOCAL = True

    assert seen(client, coordinator, mail)[0] is True
