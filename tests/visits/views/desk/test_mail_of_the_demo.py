"""In the demo no mail arrives anywhere, so its private links are followed from the Mail page."""

import re

import pytest
from django.urls import reverse

from crm.domain import reference
from crm.models import ClockSetting, OutgoingMail
from tests.factories.crm import CLOCK
from tests.factories.visits import CampaignFactory, VisitRequestFactory
from visits.domain.letters import send_letter

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client, coordinator):
    """Opens the Mail page of a letter to a real address: `page().content`."""
    ClockSetting.objects.fix(CLOCK)
    reference.load_mail_templates()
    asked = VisitRequestFactory(
        campaign=CampaignFactory(funding_line="Grant agreement No 883286."),
        ref="R30",
        address="robin@ghent.example",
    )
    mail = send_letter(asked, "request_ack", at=CLOCK)
    OutgoingMail.objects.filter(pk=mail.pk).update(state=OutgoingMail.State.SENT)
    client.force_login(coordinator)
    return lambda: client.get(reverse("visits:mail-detail", args=[mail.pk])).content.decode()


def private_link(words: str) -> str | None:
    found = re.search(r'href="https?://[^/"]+(/en/visit/r/[^"]+)"', words)
    return found and found[1]


def test_a_letter_of_the_demo_leads_to_the_city_s_page(page, client, settings):
    settings.MAIL_IS_CAUGHT = settings.SITE_IS_LOCAL = True

    answer = client.get(private_link(page()), follow=True)

    assert "R30" in answer.content.decode()


@pytest.mark.parametrize(("caught", "local"), [(False, True), (True, False)])
def test_elsewhere_a_letter_keeps_its_link_to_itself(page, settings, caught, local):
    settings.MAIL_IS_CAUGHT, settings.SITE_IS_LOCAL = caught, local

    assert private_link(page()) is None
    assert "/visit/r/" not in page()
