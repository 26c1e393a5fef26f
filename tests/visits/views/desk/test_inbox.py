"""Incoming mail at the desk: the queue, one mail read safely, what a click does and undoes."""

import pytest
from django.urls import reverse

from crm.models import IgnoredSender, IncomingMail, Message
from tests.factories.crm import (
    ContactPointFactory,
    IgnoredSenderFactory,
    IncomingMailFactory,
    MailFolderFactory,
    OrganisationFactory,
    OutgoingMailFactory,
    PersonFactory,
    PlaceFactory,
)
from tests.factories.visits import CampaignFactory, VisitRequestFactory
from visits.models import VisitRequest

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, coordinator):
    client.force_login(coordinator)
    return client


def press(desk, name, *args, **fields):
    return desk.post(reverse(f"visits:{name}", args=args), fields, follow=True)


def page(desk, mail, **query):
    return desk.get(reverse("visits:inbox-detail", args=[mail.pk]), query)


def test_the_list_begins_with_what_waits_for_a_look(desk):
    IncomingMailFactory(subject="Waits")
    IncomingMailFactory(subject="Done", state="filed", why="reply")

    first = desk.get("/mail/inbox/").text
    filed = desk.get("/mail/inbox/?state=filed").text

    assert "Waits" in first
    assert "Done" not in first
    assert "Done" in filed
    assert "Waits" not in filed
    assert "The recipient of our mail answered it." in filed


def test_search_finds_sender_subject_and_words(desk):
    IncomingMailFactory(subject="Waits", sender="kim@city.example", text="about drones")
    IncomingMailFactory(subject="Other")

    for words in ("kim@city", "waits", "drones"):
        found = desk.get("/mail/inbox/", {"q": words}).text
        assert "Waits" in found
        assert "Other" not in found


def test_hostile_words_stay_words(desk):
    evil = "<script>window.__xss=1</script>"
    mail = IncomingMailFactory(
        subject=evil,
        sender_name=evil,
        sender='"<img/onerror=x>"@city.example',
        text=f"{evil} [click](javascript:alert(1))",
        recipients=[[evil, f"{evil}@city.example"]],
        attachments=[{"number": 1, "name": evil, "type": evil, "size": 3}],
        attachment_count=1,
        about=evil,
        why="report_unmatched",
        answer=evil,
    )

    for shown in (desk.get("/mail/inbox/").text, page(desk, mail, q=evil).text):
        assert evil not in shown
        assert "<img/onerror" not in shown
        assert "javascript:alert" not in shown or 'href="javascript' not in shown


def test_a_sender_in_disguise_is_shown_as_the_network_knows_it(desk):
    mail = IncomingMailFactory(sender="ana@exаmple.com")

    assert "really at xn--exmple-4nf.com" in desk.get("/mail/inbox/").text
    assert "Look twice at the sender" in page(desk, mail).text


def test_filing_offers_whom_the_mail_seems_to_concern(desk):
    wish = VisitRequestFactory(ref="R51", address="kim@city.example")
    kim = ContactPointFactory(value="kim@city.example", person=PersonFactory(given="Kim")).person
    mail = IncomingMailFactory(sender="kim@city.example")

    shown = page(desk, mail).text
    assert f'value="{kim.pk}"' in shown
    assert "checked" in shown
    assert 'value="R51"' in shown
    answer = press(desk, "inbox-file", mail.pk, people=[kim.pk], request="r51")

    assert "Filed." in answer.text
    message = Message.objects.get()
    assert (message.person, list(message.visit_requests.all())) == (kim, [wish])
    press(desk, "inbox-undo", mail.pk)
    assert not Message.objects.exists()
    assert IncomingMail.objects.get().state == "review"


def test_a_search_finds_others_to_file_to(desk):
    mail, bo = IncomingMailFactory(), PersonFactory(given="Boguslawa")
    body = OrganisationFactory(name="Boguslaw Union")

    shown = page(desk, mail, q="boguslaw").text

    assert "Boguslawa" in shown
    assert "Boguslaw Union" in shown
    press(desk, "inbox-file", mail.pk, people=[bo.pk], organisation=body.pk)
    assert IncomingMail.objects.get().organisation == body


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Choose a person, an organisation or a request"),
        ({"request": "R999"}, "There is no request R999."),
        ({"people": ["x"]}, "is not a valid value"),
        ({"people": ["999999"]}, "is not one of the available choices"),
    ],
)
def test_filing_nowhere_or_to_nobody_says_so(fields, sentence, desk):
    mail = IncomingMailFactory()

    answer = desk.post(reverse("visits:inbox-file", args=[mail.pk]), fields)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert IncomingMail.objects.get().state == "review"


def test_ignoring_and_always_ignoring(desk):
    mail = IncomingMailFactory(sender="news@noise.example")

    press(desk, "inbox-ignore", mail.pk)
    assert IncomingMail.objects.get().state == "ignored"
    press(desk, "inbox-undo", mail.pk)
    shown = press(desk, "inbox-ignore-sender", mail.pk).text

    assert "Letters of news@noise.example are put aside from now on." in shown
    assert IncomingMail.objects.get().state == "ignored"
    row = IgnoredSender.objects.get()
    assert row.address in desk.get("/mail/inbox/senders/").text
    press(desk, "inbox-hear", row.pk)
    assert not IgnoredSender.objects.exists()


def test_bulk_ignores_all_or_none(desk):
    first, second = IncomingMailFactory(), IncomingMailFactory()
    filed = IncomingMailFactory(state="filed")

    refused = press(desk, "inbox-bulk", verb="ignore", rows=[first.pk, filed.pk])
    assert "Nothing was done" in refused.text
    assert IncomingMail.objects.filter(state="ignored").count() == 0

    done = press(desk, "inbox-bulk", verb="ignore", rows=[first.pk, second.pk])
    assert "2 mails put aside." in done.text
    again = press(desk, "inbox-bulk", verb="take_back", rows=[first.pk, second.pk])
    assert "2 mails to look at again." in again.text


def test_a_request_is_made_of_a_mail_with_its_words_and_its_moment(desk):
    campaign, place = CampaignFactory(), PlaceFactory(name="Gent")
    mail = IncomingMailFactory(
        sender="kim@gent.example", sender_name="Kim", subject="Besuch", text="Bitte kommen Sie."
    )
    address = f"{reverse('visits:request-new')}?mail={mail.pk}"

    shown = desk.get(address).text
    assert "Bitte kommen Sie." in shown
    assert "kim@gent.example" in shown
    fields = {
        "campaign": campaign.pk,
        "channel": "email",
        "city": "Gent",
        "country": "BE",
        "place": place.pk,
        "raw_text": "Besuch\r\n\r\nBitte kommen Sie.",
        "address": "kim@gent.example",
        "language": "de",
        "mode": "on_site",
    }
    desk.post(address, fields)

    wish = VisitRequest.objects.get()
    assert (wish.channel, wish.raw_language, wish.received_at) == ("email", "de", mail.received_at)
    assert "Bitte kommen Sie." in wish.raw_text
    assert wish.messages.get().direction == "in"
    mail.refresh_from_db()
    assert (mail.state, mail.why, mail.about) == ("filed", "made_request", wish.ref)
    assert desk.post(address, fields).status_code == 422
    assert VisitRequest.objects.count() == 1


def test_attachments_are_only_ever_kept_as_files(desk):
    raw = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n"
        b'Content-Disposition: attachment; filename="x.html"\r\n\r\n<script>1</script>\r\n--b--\r\n'
    )
    listed = {"number": 0, "name": "x\r\n.html", "type": "text/html", "size": 18}
    mail = IncomingMailFactory(raw=raw, attachments=[listed])

    answer = desk.get(reverse("visits:inbox-attachment", args=[mail.pk, 0]))

    assert answer.content == b"<script>1</script>"
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert desk.get(reverse("visits:inbox-attachment", args=[mail.pk, 1])).status_code == 404
    whole = desk.get(reverse("visits:inbox-raw", args=[mail.pk]))
    assert (whole.content, whole["Content-Type"]) == (raw, "application/octet-stream")


def test_what_is_no_longer_kept_is_named_and_not_linked(desk):
    listed = {"number": 0, "name": "plan.pdf", "type": "application/pdf", "size": 18}
    mail = IncomingMailFactory(attachments=[listed], attachment_count=1)

    shown = page(desk, mail).text

    assert "plan.pdf" in shown
    assert "attachments/0/" not in shown
    assert desk.get(reverse("visits:inbox-raw", args=[mail.pk])).status_code == 404


def test_today_mail_and_the_frame_say_how_many_wait(desk):
    CampaignFactory()
    IncomingMailFactory(), IncomingMailFactory()

    assert "2 mails to look at" in desk.get("/").text
    assert "Incoming mail (2)" in desk.get("/mail/").text


def test_a_mail_of_ours_shows_the_reports_about_it(desk):
    sent = OutgoingMailFactory()
    IncomingMailFactory(state="bounce", bounce="delayed", kind="report", outgoing=sent)

    assert "late, still being tried" in desk.get(reverse("visits:mail-detail", args=[sent.pk])).text


def test_health_says_when_the_mailbox_was_read_or_since_when_it_is_away(desk, settings):
    settings.IMAP_HOST = ""
    assert "No mailbox is set up" in desk.get("/settings/health/").text

    settings.IMAP_HOST, settings.IMAP_PORT = "imap.desk.example", 993
    settings.IMAP_USER, settings.IMAP_FOLDER = "drop", "INBOX"
    assert "Not read yet" in desk.get("/settings/health/").text
    folder = MailFolderFactory(name="drop@imap.desk.example:993/INBOX")
    assert "Read last" in desk.get("/settings/health/").text
    folder.failing_since, folder.fault = folder.read_at, "The mail server cannot be read (x)."
    folder.save()

    for path in ("/settings/health/", "/mail/inbox/"):
        assert "The mail server cannot be read (x)." in desk.get(path).text


def test_the_api_tells_coordinators_what_came_in(desk, client, host):
    mail = IncomingMailFactory(filed_to=[])
    IgnoredSenderFactory()

    told = desk.get("/api/v1/incoming-mails/").json()["results"]

    assert [(row["id"], row["why"]) for row in told] == [
        (mail.pk, "We know nobody with this address.")
    ]
    assert "raw" not in told[0]
    assert desk.get("/api/v1/incoming-mails/?state=filed").json()["results"] == []
