"""Every form and button of the desk carries the token that lets it be sent, and works with it."""

from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import Resolver404, resolve

from crm.models import ImportBatch, IncomingMail, Lookalike, Mailing, Merge, User
from tests.access_matrix import PAGES
from tests.factories.crm import (
    IgnoredSenderFactory,
    ImportBatchFactory,
    IncomingMailFactory,
    LookalikeFactory,
    MailingFactory,
    MailingRecipientFactory,
    MergeFactory,
    MessageFactory,
    PersonFactory,
)
from tests.factories.visits import (
    DateWishFactory,
    ExpenseFactory,
    FigureSnapshotFactory,
    HostAvailabilityFactory,
    PlanRunFactory,
    PlanVersionFactory,
    TravelLegFactory,
    TravelOverrideFactory,
)
from tests.visits.views.desk.front_door import do, said
from visits.models import (
    BriefEdition,
    CalendarDay,
    ChecklistItem,
    Expense,
    FigureSnapshot,
    Host,
    Plan,
    PlanRun,
    PlanVersion,
    TravelLeg,
    TravelOverride,
    Visit,
    VisitRequest,
)

# What a form carries does not depend on the database.
pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

# Between them they show every button of a request and of a visit.
REQUESTS = ("R24", "R12", "R04", "R19", "R20", "R05")
VISITS = ("V10", "V04", "V07", "V09", "V11", "V01", "V02")
# Not pages: files, and what scripts alone ask for.
FILES = {
    "visits:brief-changes-pdf",
    "visits:brief-pdf",
    "visits:duplicate-status",
    "visits:import-status",
    "visits:inbox-attachment",
    "visits:inbox-raw",
    "visits:mail-calendar",
    "visits:mail-preview",
    "visits:mailing-preview",
    "visits:mailing-status",
    "visits:note-sender",
    "visits:pack-file",
    "visits:person-copy",
    "visits:pack-status",
    "visits:plan-news",
    "visits:plan-reasons",
    "visits:plan-replan-status",
    "visits:plan-run-status",
    "visits:plan-verdicts",
    "visits:request-export",
    "visits:visit-ics",
}


class Page(HTMLParser):
    """The links of a page, and its posted forms: where each leads and the fields it sends."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[tuple[str, dict[str, str]]] = []
        self._fields: dict[str, str] | None = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and given.get("href", "").startswith(("/", "?")):
            self.links.append(given["href"])
        elif tag == "form":
            self._fields = {}
            if given.get("method", "").lower() == "post":
                self.forms.append((given.get("action", ""), self._fields))
        elif tag in ("input", "button") and self._fields is not None and given.get("name"):
            self._fields.setdefault(given["name"], given.get("value", ""))

    def handle_endtag(self, tag):
        if tag == "form":
            self._fields = None


def route_of(path: str) -> str:
    try:
        return resolve(path.split("?")[0]).view_name
    except Resolver404:
        return ""


@dataclass
class Walk:
    """The pages that opened, and the links that led to no page with the page they stand on."""

    pages: dict[str, Page] = field(default_factory=dict)
    dead: list[tuple[str, str, int]] = field(default_factory=list)
    opened: set[str] = field(default_factory=set)


def walk(client, starts, most: int) -> Walk:
    """Every page of the desk one can click to, each kind of page so many times."""
    waiting, seen, of_kind, done = [(path, "") for path in starts], set(), Counter(), Walk()
    while waiting:
        path, origin = waiting.pop(0)
        name = route_of(path)
        if path in seen or name not in PAGES or name in FILES or PAGES[name].get is None:
            continue
        if origin and of_kind[name] >= most:
            continue
        seen.add(path)
        of_kind[name] += 1
        answer = client.get(path)
        if answer.status_code >= 400:
            if origin:
                done.dead.append((origin, path, answer.status_code))
            continue
        done.opened.add(name)
        if answer.status_code != 200:
            continue
        done.pages[path] = Page(answer.text)
        if name == "visits:components":
            continue  # Its samples show links, wherever they lead.
        for link in done.pages[path].links:
            target = path.split("?")[0] + link if link.startswith("?") else link
            # Sorting, filtering and paging show the same forms; a tab has its own.
            if "?" in target and "?tab=" not in target:
                target = target.split("?")[0]
            waiting.append((target, path))
    return done


@pytest.fixture
def everything(sample, coordinator, client):
    """Drafts, a run, an absence, a cancellation to undo and more, beside the sample."""
    client.force_login(coordinator)
    do(client, "request-answer", "R24", template="needs_info")
    do(client, "visit-step", "V10", "cancel", side="us", reason="The host cannot travel.")
    plan = Plan.objects.get()
    PlanVersionFactory(plan=plan)
    TravelOverrideFactory()
    PlanRunFactory(plan=plan, state=PlanRun.State.QUEUED)
    HostAvailabilityFactory(host=Host.objects.get(ref="H1"))
    DateWishFactory(request=VisitRequest.objects.get(ref="R02"), visit=Visit.objects.get(ref="V04"))
    ExpenseFactory(visit=Visit.objects.get(ref="V01"))
    TravelLegFactory(visit=Visit.objects.get(ref="V07"))
    FigureSnapshotFactory(campaign=plan.campaign)
    ImportBatchFactory(state="ready")
    ImportBatchFactory()
    LookalikeFactory()
    MergeFactory()
    MessageFactory(status="draft", person=PersonFactory())
    IncomingMailFactory()
    IncomingMailFactory(state="filed", why="by_hand")
    IgnoredSenderFactory()
    mailed = MailingRecipientFactory(mailing__template_key="newsletter4_notice")
    MailingRecipientFactory(mailing=MailingFactory(state="released"), person=mailed.person)
    Visit.objects.filter(ref="V07").update(address="Another hall 9")


def starts() -> list[str]:
    """Where people begin, and the pages no link leads to; who may not open one passes it by."""
    return [
        *("/", "/search/?q=ghent", "/settings/", "/settings/components/", "/follow-ups/"),
        *(f"/requests/{ref}/" for ref in REQUESTS),
        *(f"/visits/{ref}/" for ref in VISITS),
        f"/settings/calendar/{CalendarDay.objects.first().pk}/",
        *("/settings/campaign/", "/settings/campaign/february-2023/"),
        *("/my-week/?host=H1", f"/settings/journeys/{TravelOverride.objects.last().pk}/"),
        f"/plan/v{PlanVersion.objects.last().number}/move/?request=R24",
        *(f"/visits/V07/?tab={tab}" for tab in ("money", "checklist", "brief")),
        *("/visits/V07/expenses/new/", "/visits/V07/checklist/new/"),
        f"/visits/V07/journeys/{TravelLeg.objects.last().pk}/edit/",
        *("/visits/V07/journeys/new/", f"/figures/frozen/{FigureSnapshot.objects.last().pk}/"),
        *(f"/people/imports/{batch.pk}/" for batch in ImportBatch.objects.all()),
        f"/people/imports/{ImportBatch.objects.get(state='done').pk}/undo/",
        f"/people/{Lookalike.objects.last().one_id}/merge/",
        f"/people/{Lookalike.objects.last().one_id}/merge/{Lookalike.objects.last().other_id}/",
        *(f"/mail/inbox/{mail.pk}/" for mail in IncomingMail.objects.all()),
        f"/people/merges/{Merge.objects.last().pk}/undo/",
        f"/visits/V01/expenses/{Expense.objects.last().pk}/edit/",
        f"/visits/V07/checklist/{ChecklistItem.objects.filter(visit__ref='V07').first().pk}/edit/",
        f"/visits/V07/brief/changes/{BriefEdition.objects.filter(visit__ref='V07').first().pk}/",
        *(f"/mail/mailings/{mailing.pk}/" for mailing in Mailing.objects.all()),
        *("/my-week/visits/V01/after/", "/my-week/cannot-travel/"),
        *("/my-week/visits/V07/note/", "/visits/V09/assign/"),
    ]


@pytest.mark.parametrize("most", [3, pytest.param(12, marks=pytest.mark.full)])
@pytest.mark.parametrize("who", ["coordinator", "administrator", "host"])
def test_every_posted_form_of_every_page_carries_its_token(everything, who, most, request):
    user = User.objects.get(host__ref="H1") if who == "host" else request.getfixturevalue(who)
    client = Client()
    client.force_login(user)
    walked = walk(client, starts(), most)
    without = [
        (path, action)
        for path, page in walked.pages.items()
        for action, fields in page.forms
        if not fields.get("csrfmiddlewaretoken")
    ]
    assert without == []
    assert walked.dead == [], "links that lead to no page for this person"
    may_open = {name for name, row in PAGES.items() if row.get and who in row.get}
    assert may_open - FILES - walked.opened == set(), "pages no link leads to: add a start"


# --- Pressed as a browser does, with the check of the token switched on ---


@pytest.fixture
def browser(sample, coordinator):
    client = Client(enforce_csrf_checks=True)
    client.force_login(coordinator)
    return client


def press(browser, page, action):
    """Open the page and send the form that leads to `action`, with all it carries."""
    forms = Page(browser.get(page).text).forms
    fields = next(fields for path, fields in forms if path == action)
    return browser.post(action, fields, follow=True)


def test_button_without_its_token_is_refused(browser):
    assert browser.post("/requests/R24/review/").status_code == 403


def test_start_review_is_pressed(browser):
    answer = press(browser, "/requests/R24/", "/requests/R24/review/")
    assert said(answer) == ["R24 is under review."]
    assert VisitRequest.objects.get(ref="R24").state == "under_review"


def test_plan_again_is_pressed(browser):
    press(browser, "/plan/", "/plan/start/")
    assert PlanRun.objects.get().state == PlanRun.State.QUEUED


def test_item_of_the_checklist_is_pressed_done(browser):
    item = Visit.objects.get(ref="V09").checklist.filter(done=False).first()
    action = f"/visits/V09/checklist/{item.pk}/"
    press(browser, "/visits/V09/?tab=checklist", action)
    item.refresh_from_db()
    assert item.done


def test_programme_is_pressed_on_its_way(browser):
    answer = press(browser, "/visits/V04/?tab=brief", "/visits/V04/brief/send/")
    assert said(answer) == ["The programme of V04 is in the outbox."]


def test_visit_is_pressed_closed(browser):
    Visit.objects.get(ref="V01").follow_ups.update(done_on="2023-02-15")
    answer = press(browser, "/visits/V01/", "/visits/V01/close/")
    assert said(answer) == ["Closed."]
    assert Visit.objects.get(ref="V01").state == "closed"
