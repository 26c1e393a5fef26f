"""What makes the rows behind the addresses of pages.py, run by `manage.py shell` on the sample.

One draft letter, a form that waits for its address, a private link of every request, a sign-in
with a second step, and the longest name on a request, a person, a host and who is signed in.
"""

import json
from datetime import timedelta
from io import BytesIO

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import RequestFactory
from knox.models import AuthToken

from crm import clock
from crm.domain import duplicates
from crm.domain.follow_ups import open_follow_up
from crm.domain.imports.batches import ask_to_import, receive_file, work_off
from crm.domain.inbox.fetching import keep_raw
from crm.domain.inbox.senders import ignore_sender
from crm.domain.mailings import release_mailing, start_mailing
from crm.domain.merges import merge_people
from crm.domain.people import add_person
from crm.domain.stop_links import links_of, token_of
from crm.models import (
    DataRequest,
    Event,
    IncomingMail,
    MailFolder,
    Municipality,
    Organisation,
    OutgoingMail,
    Participation,
    Person,
    Place,
    User,
)
from crm.views.errors import problem
from visits.domain import links, verification
from visits.domain.closing import freeze_figures
from visits.domain.date_wishes import ask_for_date
from visits.domain.fill import journeys_ahead
from visits.domain.inbox import rounds as inbox
from visits.domain.letters import draft_letter
from visits.domain.plan_decisions import Wanted, decide
from visits.domain.plans import plan_of, solve_campaign, store_version
from visits.domain.promise_letters import draft_promise_letter
from visits.domain.proposals import take_back_proposal
from visits.domain.requests import Wish
from visits.domain.visits import postpone_visit
from visits.models import (
    CalendarDay,
    Campaign,
    Disruption,
    Expense,
    Host,
    Topic,
    TravelLeg,
    TravelOverride,
    Visit,
    VisitRequest,
)

LONG = "Maximilian-Alexander Sample-Platane"
at = clock.now()
coordinator = User.objects.get(email="coordinator@example.org")
User.objects.filter(pk=coordinator.pk).update(name=f"{LONG} (desk)")
Host.objects.filter(ref="H1").update(name=f"{LONG} (host)")
VisitRequest.objects.filter(ref__in=["R24", "R04", "R15"]).update(
    requester_name=LONG, department="Department for Public Space, Prevention and Security"
)
part = Participation.objects.filter(event__slug="rotterdam-2023").first()
Person.objects.filter(pk=part.person_id).update(
    given="Maximilian-Alexander", family="Sample-Platane"
)
waiting = VisitRequest.objects.get(ref="R24")
draft = draft_letter(waiting, "request_ack", at=at, by=coordinator)
chased = Person.objects.contactable().order_by("pk").first()
theirs = open_follow_up(
    "The floor plan", due_on=at.date(), at=at, by=coordinator, person=chased, owner="theirs"
)
chase = draft_promise_letter(chased, [theirs], at=at)
campaign = Campaign.objects.get(slug="february-2023")
answers = {
    "city": "Gent",
    "country": "BE",
    "zone": "Europe/Brussels",
    "language": "en",
    "place": Place.objects.filter(name="Gent").values_list("pk", flat=True).first(),
    "department": "Safety and Prevention",
    "requester_name": LONG,
    "requester_role": "",
    "address": "robin@ghent.example",
    "phone": "",
    "mode": "on_site",
    "topics": ["T01"],
    "wishes": [{"on": "2023-02-22", "part": "morning"}],
    "people": 12,
}
pending = verification.submit_form(campaign, answers, language="en", at=at)
vilnius = Visit.objects.get(ref="V10")
later = vilnius.starts_at + timedelta(days=5)
postpone_visit(
    vilnius,
    starts_at=later,
    ends_at=later + vilnius.duration,
    side="us",
    reason="No train runs.",
    at=at,
    by=coordinator,
)
ask_for_date(
    VisitRequest.objects.get(ref="R02"),
    wishes=[Wish(later.date(), "morning"), Wish(later.date() + timedelta(days=1))],
    reason=f"{LONG} is away that day.",
    at=at,
)
lisbon = Visit.objects.live().get(requests__ref="R11")
take_back_proposal(lisbon, reason="To plan it anew.", at=at, by=coordinator)
plan = store_version(solve_campaign(campaign, at=at, seconds=10), by=coordinator)
host = Host.objects.get(ref="H1")
lock = Wanted("lock", "The day before the carnival.", host=host, day=later.date())
decide(plan_of(campaign), lock, at=at, by=coordinator)
linked = {
    row.ref: "/en/visit/r/" + links.token_of(links.make_link(row)) + "/"
    for row in VisitRequest.objects.all()
}
linked["pending"] = "/en/visit/r/" + verification.token_of(pending) + "/"
second, newcomer = (
    User.objects.create_user(email, "a long enough password", name="Second (sample)")
    for email in ("second@example.org", "newcomer@example.org")
)
for user in (second, newcomer):
    user.groups.set(coordinator.groups.all())
TOTP.activate(second, generate_totp_secret())
codes = RecoveryCodes.activate(second)
AuthToken.objects.create(coordinator)
journey = TravelOverride.objects.create(
    origin=vilnius.host.home,
    destination=vilnius.place,
    mode="fly",
    minutes=290,
    source="Timetable of spring 2023, by way of Warsaw",
)
expense = Expense.objects.create(
    visit=Visit.objects.get(ref="V08"),
    amount="118.40",
    what="Train to Stuttgart and back, second class, with a seat",
    category="travel",
    eligible="no",
    why="Booked a day before the window",
    spent_on=at.date(),
)
stuttgart = Visit.objects.get(ref="V08")
leg = TravelLeg.objects.create(
    host=stuttgart.host,
    visit=stuttgart,
    mode="rail",
    origin=stuttgart.place,
    destination=stuttgart.host.home,
    departs_at=stuttgart.ends_at + timedelta(hours=1),
    arrives_at=stuttgart.ends_at + timedelta(hours=22),
    cost="212.00",
    status="booked",
    note="Night train, seat 41, coach 12",
)
frozen = freeze_figures(campaign, note="Interim report to the funder", at=at, by=coordinator)
imports = {}
for name, content in (
    ("ready", "Navn;E-post;Wage\nAna Nu\u00f1ez;ana@new.example;1\nBad;bad;2\n".encode("cp1252")),
    ("done", b"Name,E-mail\nBo Dahl (sample),bo@new.example\n"),
    ("failed", b"%PDF-1.7"),
):
    words = {"event": Event.objects.first(), "basis": "contract", "source": "a list (sample)"}
    batch = receive_file(BytesIO(content), f"{name}.csv", **words, by=coordinator)
    work_off()
    batch.refresh_from_db()
    if name == "done":
        ask_to_import(batch)
        work_off()
    imports[f"{name}_import"] = batch.pk
# Recorded again with a slip, and one of two records already merged.
doubles = [
    add_person(
        {"given": given, "family": "Sample-Platane", "role": role, "notes": f"{LONG} came late."},
        address=address,
        at=at,
        by=coordinator,
        is_sample=True,
    )
    for given, role, address in (
        ("Maximilian-Alexandre", "Head of Prevention", "platane@city.example"),
        ("Maximilian-Alexander", "Prevention", "platane@city.example"),
        ("Maximilian", "", "m.platane@city.example"),
    )
]
merge = merge_people(doubles[1], doubles[2], at=at, by=coordinator)
shared = {
    "title": "Newsletter 4 (sample)",
    "kind": "newsletter",
    "event": Event.objects.first(),
    "template_key": "newsletter4_notice",
    "with_english": True,
    "values": {"newsletter_link": "https://impetus.example/4", "deadline": "2023-02-28"},
}
everybody = Person.objects.all()
sent_mailing = start_mailing(
    shared | {"values": shared["values"] | {"sender": "Joe Gorman"}},
    everybody,
    at=at,
    by=coordinator,
)
release_mailing(sent_mailing, everybody, seen=sent_mailing.digest, at=at, by=coordinator)
draft_mailing = start_mailing(
    shared | {"title": "Thank you (sample)", "kind": "event", "template_key": "event_thanks"},
    everybody,
    at=at,
    by=coordinator,
)
blocked = draft_mailing.recipients.filter(standing="blocked").first()
duplicates.ask_for_scan(by=coordinator)
duplicates.work_off()
# Mails as the world sends them, read by the program itself.
folder = MailFolder.objects.create(name="drop@desk.example", uidvalidity=1, read_at=at)
letter_out = OutgoingMail.objects.exclude(message__channel="confirmation").latest("pk")
came = {}
for uid, (name, raw) in enumerate(
    {
        "incoming": (
            "From: Ana <ana@ex\u0430mple.com>\r\nTo: drop@desk.example\r\nSubject: "
            + "A very long question about the visit " * 5
            + "\r\nMessage-ID: <in-1@city.example>\r\nContent-Type: multipart/mixed; boundary=b"
            "\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Could you come?</p>"
            "<script>window.__xss = 1</script>\r\n--b\r\nContent-Type: image/svg+xml\r\n"
            'Content-Disposition: attachment; filename="plan.svg"\r\n\r\n<svg/>\r\n--b--\r\n'
        ),
        "filed": (
            f"From: {letter_out.recipient}\r\nTo: drop@desk.example\r\nSubject: Re: the visit\r\n"
            f"Message-ID: <in-2@city.example>\r\nIn-Reply-To: {letter_out.mail_id}\r\n\r\nYes."
        ),
        "report": (
            "From: mailer-daemon@city.example\r\nContent-Type: multipart/report; boundary=b;"
            " report-type=delivery-status\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n"
            "\r\nReporting-MTA: dns; city.example\r\n\r\nFinal-Recipient: rfc822; x@city.example"
            "\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 nobody\r\n"
            "\r\n--b--\r\n"
        ),
    }.items(),
    start=1,
):
    row = IncomingMail.objects.create(
        folder=folder, uidvalidity=1, uid=uid, received_at=at, size=len(raw)
    )
    keep_raw(row, raw.encode(), is_stub=False)
    came[name] = row.pk
inbox.work_off(at=at)
ignore_sender("newsletter@noise.example", at=at, by=coordinator)
broken = {
    status: problem(RequestFactory().get("/"), status, "The fault is in our log.").content.decode()
    for status in (400, 409, 500, 503)
}
print(  # noqa: T201 - the test reads it
    "WORLD"
    + json.dumps(
        {
            "city": Municipality.objects.get(name="Bergen").organisation_id,
            "organisation": Organisation.objects.filter(municipality=None).first().pk,
            "person": part.person_id,
            "part": part.pk,
            "wish": DataRequest.objects.first().pk,
            "twin": doubles[0].pk,
            "other": doubles[1].pk,
            "merge": merge.pk,
            "draft": draft.pk,
            "chase": chase.pk,
            "draft_plan": plan.number,
            "edition": Visit.objects.get(ref="V07").editions.first().pk,
            "checklist_item": Visit.objects.get(ref="V08").checklist.first().pk,
            "mail": OutgoingMail.objects.exclude(message__channel="confirmation").latest("pk").pk,
            "user": coordinator.pk,
            "draft_mailing": draft_mailing.pk,
            "sent_mailing": sent_mailing.pk,
            "stop": token_of(links_of([doubles[1]], "newsletter")[doubles[1].pk]),
            "mailed_person": sent_mailing.recipients.filter(standing="queued").first().person_id,
            "blocked_person": blocked.person_id,
            "topic": Topic.objects.first().pk,
            "day": CalendarDay.objects.first().pk,
            "journey": journey.pk,
            "expense": expense.pk,
            "frozen": frozen.pk,
            "leg": leg.pk,
            **imports,
            **came,
            "disruption": Disruption.objects.first().pk,
            "way": journeys_ahead(campaign, at=at)[0].query,
            "uid": user_pk_to_url_str(second),
            "key": default_token_generator.make_token(second),
            "links": linked,
            "codes": codes.get_unused_codes(),
            "broken": broken,
        }
    )
)
