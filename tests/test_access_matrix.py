"""Every route x GET, POST x role against the table in access_matrix.py."""

from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.db import transaction
from django.shortcuts import resolve_url
from django.test import Client
from django.urls import NoReverseMatch, reverse
from knox.models import AuthToken

from crm.models import ClockSetting
from crm.roles import Role
from tests.access_matrix import ANONYMOUS, EVERYBODY, GROUPS, MATRIX, Row
from tests.factories import crm, visits
from tests.routes import Route, routes
from visits.briefs.files import write_whole
from visits.domain import pack_runs

# Roles and routes are the same on both.
pytestmark = pytest.mark.one_database

RAW = b"Content-Type: application/pdf\r\n\r\n%PDF"
LISTED = {"number": 0, "name": "a.pdf", "type": "application/pdf", "size": 4}
SIGNED_IN = sorted(EVERYBODY)
OPEN, REFUSED, UNKNOWN, NO_METHOD, SIGN_IN = "open", "refused", "unknown", "no method", "sign in"


def group_of(name: str) -> str | None:
    return next((kind for prefix, kind in GROUPS.items() if name.startswith(prefix)), None)


# --- The world: one row of each noun, all of them the host's ---


@pytest.fixture(scope="module")
def _world_of_module(django_db_setup, django_db_blocker):
    """One row of each noun, made once per module inside a transaction that is rolled back."""
    with django_db_blocker.unblock():
        whole = transaction.atomic()
        # Each test nests its own transaction in this one, which Django must take as a test's.
        whole._from_testcase = True
        whole.__enter__()
        try:
            made = make_world()
            django_db_blocker.restore()
            yield made
        finally:
            django_db_blocker.unblock()
            transaction.set_rollback(True)
            whole.__exit__(None, None, None)


@pytest.fixture
def world(_world_of_module, db) -> SimpleNamespace:
    return _world_of_module


def make_world() -> SimpleNamespace:
    ClockSetting.objects.fix(crm.CLOCK)
    cast = {
        "coordinator": crm.UserFactory(role=Role.COORDINATOR),
        "reporter": crm.UserFactory(role=Role.REPORTER),
        "administrator": crm.UserFactory(role=Role.ADMINISTRATOR),
    }
    host, other, expert = visits.HostFactory(), visits.HostFactory(), visits.ExpertFactory()
    cast |= {"host": host.user, "other_host": other.user, "expert": expert.user}
    visit = visits.VisitFactory(
        host=host, experts=[expert], topics=[visits.TopicFactory()], address="Town hall"
    )
    mail = crm.OutgoingMailFactory(calendar="BEGIN:VCALENDAR")
    city = crm.MunicipalityFactory()
    point = crm.ContactPointFactory(person=crm.PersonFactory())
    part = crm.ParticipationFactory()
    token = AuthToken.objects.create(cast["coordinator"], expiry=timedelta(days=1))[0]
    version = visits.PlanVersionFactory()
    request = visit.requests.get()
    draft = crm.MessageFactory(status="draft")
    request.messages.add(draft)
    chase = crm.MessageFactory(status="draft", person=point.person)
    return SimpleNamespace(
        cast=cast,
        clients={name: _client(user) for name, user in cast.items()} | {"anonymous": _client(None)},
        visit=visit,
        request=request,
        offered=visits.HoldFactory().visit.requests.get(),
        draft=draft,
        chase=chase,
        host=host,
        mail=mail,
        city=city,
        point=point,
        lookalike=crm.LookalikeFactory(),
        merge=crm.MergeFactory(),
        part=part,
        token=token,
        version=version,
        run=visits.PlanRunFactory(plan=version.plan),
        edit=visits.PlanEditFactory(version=version),
        decision=visits.PlanDecisionFactory(plan=version.plan),
        frozen=visits.FigureSnapshotFactory(campaign=visit.campaign),
        view=crm.SavedViewFactory(owner=cast["coordinator"], is_shared=True),
        expense=visits.ExpenseFactory(visit=visit),
        leg=visits.TravelLegFactory(visit=visit, host=visit.host),
        note=visits.VisitNoteFactory(visit=visit),
        pack=a_finished_pack(host, visit, visits),
        item=visits.ChecklistItemFactory(visit=visit),
        promise=crm.FollowUpFactory(assigned_to=host.user),
        interaction=crm.InteractionFactory(),
        session=crm.SessionFactory(event=part.event),
        batch=crm.ImportBatchFactory(asked_by=cast["coordinator"]),
        incoming=crm.IncomingMailFactory(raw=RAW, attachments=[LISTED]),
        ignored=crm.IgnoredSenderFactory(),
        recipient=a_recipient(crm),
        consent=crm.ConsentRecordFactory(),
        wish=crm.DataRequestFactory(),
        post=crm.PostFactory(person=point.person),
        report=visits.VisitReportFactory(visit=visit),
        edition=visits.BriefEditionFactory(visit=visit, kind="public"),
        away=visits.HostAvailabilityFactory(host=host),
        own_calendar=visits.BusyFeedFactory(host=host),
        day=visits.CalendarDayFactory(),
        disruption=visits.DisruptionFactory(),
        campaign=visit.campaign,
        topic=visits.TopicFactory(),
        journey=visits.TravelOverrideFactory(),
    )


def a_recipient(crm):
    """A row of a draft mailing whose letter can be read."""
    event = crm.EventFactory()
    wording = crm.MailTemplateFactory(key="mailing-x", body="Hello {stop_link}", subject="News")
    mailing = crm.MailingFactory(template_key=wording.key, event=event)
    return crm.MailingRecipientFactory(mailing=mailing)


def a_finished_pack(host, visit, visits):
    """A pack whose file lies where finished files lie."""
    write_whole(pack_runs.folder() / "matrix.pdf", b"%PDF-1.7")
    done = {"state": "done", "file": "matrix.pdf", "name": "V01-attendance-en.pdf"}
    return visits.PackRunFactory(kind="attendance", host=host, visit=visit, **done)


def _client(user) -> Client:
    client = Client(raise_request_exception=False)
    if user is not None:
        client.force_login(user, backend="crm.authentication.PasswordBackend")
    return client


def arguments(name: str, world: SimpleNamespace) -> dict:
    """The arguments of a route for the row of the world it is about; the longest prefix wins."""
    known = {
        "visits:visit-": {"ref": world.visit.ref, "pk": world.item.pk, "step": "cancel"},
        "visits:expense-": {"ref": world.visit.ref, "pk": world.expense.pk},
        "visits:saved-view-": {"pk": world.view.pk},
        "api:saved-views-": {"pk": world.view.pk},
        "visits:tag-": {"noun": "people"},
        "visits:data-request-": {"pk": world.wish.pk},
        "visits:figures-frozen": {"pk": world.frozen.pk},
        "visits:leg-": {"ref": world.visit.ref, "pk": world.leg.pk},
        "visits:pack-": {"ref": world.visit.ref, "kind": "attendance", "pk": world.pack.pk},
        "visits:checklist-": {"ref": world.visit.ref, "pk": world.item.pk},
        "visits:brief-": {
            "ref": world.visit.ref,
            "kind": "public",
            "pk": world.edition.pk,
        },
        "visits:request-": {"ref": world.request.ref, "pk": world.draft.pk, "step": "decline"},
        "visits:request-take-back": {"ref": world.offered.ref},
        "visits:host-": {"ref": world.host.ref},
        "visits:availability-": {"ref": world.host.ref, "pk": world.away.pk},
        "visits:busy-feed-": {"ref": world.host.ref, "pk": world.own_calendar.pk},
        "visits:plan-": {
            "pk": world.run.pk,
            "number": world.version.number,
            "edit": world.edit.number,
            "kind": "pin",
        },
        "visits:plan-decision-": {"pk": world.decision.pk},
        "visits:import-": {"pk": world.batch.pk},
        "api:imports-": {"pk": world.batch.pk},
        "visits:person-": {"pk": world.point.person_id, "other": world.part.person_id},
        "visits:person-post-": {"pk": world.point.person_id, "post": world.post.pk},
        "visits:person-unmerge": {"pk": world.merge.pk},
        "visits:duplicate-": {"pk": world.lookalike.pk},
        "visits:contact-point-": {"pk": world.point.person_id, "point": world.point.pk},
        "visits:organisation-": {"pk": world.city.organisation_id},
        "visits:city-": {"pk": world.city.organisation_id},
        "visits:event-": {"slug": world.part.event.slug},
        "visits:debrief-": {"slug": world.part.event.slug, "pk": world.part.pk},
        "visits:participation-": {"slug": world.part.event.slug},
        "visits:attendance": {"slug": world.part.event.slug, "pk": world.part.pk},
        "visits:follow-up-": {"pk": world.promise.pk},
        "visits:inbox-": {"pk": world.incoming.pk, "number": 0},
        "visits:inbox-hear": {"pk": world.ignored.pk},
        "api:incoming-mails-": {"pk": world.incoming.pk},
        "visits:mail-outbox": {"step": "stop"},
        "visits:wording-": {"key": world.recipient.mailing.template_key, "language": "en"},
        "visits:mailing-": {
            "pk": world.recipient.mailing_id,
            "person": world.recipient.person_id,
            "step": "stop",
        },
        "api:mailings-": {"pk": world.recipient.mailing_id},
        "api:mailing-recipients-": {"pk": world.recipient.pk},
        "visits:mail-draft": {"pk": world.chase.pk},
        "visits:mail-": {"pk": world.mail.pk, "step": "hold"},
        "visits:figure-": {"key": "K1"},
        "visits:user-": {"pk": world.cast["host"].pk},
        "visits:campaign-": {"slug": world.campaign.slug},
        "visits:topic-": {"pk": world.topic.pk},
        "visits:calendar-day-": {"pk": world.day.pk},
        "visits:disruption-": {"pk": world.disruption.pk},
        "visits:journey-": {"pk": world.journey.pk},
        "visits:factor-": {"key": "drive_speed"},
        "visits:token-": {"digest": world.token.digest},
        "visits:calendar-feed": {"token": "x" * 43},
        "api:organisations-": {"pk": world.city.organisation_id},
        "api:municipalities-": {"pk": world.city.pk},
        "api:people-": {"pk": world.point.person_id},
        "api:lookalikes-": {"pk": world.lookalike.pk},
        "api:merges-": {"pk": world.merge.pk},
        "api:events-": {"slug": world.part.event.slug},
        "api:sessions-": {"pk": world.session.pk},
        "api:participations-": {"pk": world.part.pk},
        "api:interactions-": {"pk": world.interaction.pk},
        "api:messages-": {"pk": world.mail.message_id},
        "api:follow-ups-": {"pk": world.promise.pk},
        "api:consents-": {"pk": world.consent.pk},
        "api:tokens-": {"token_key": world.token.token_key},
        "api:campaigns-": {"slug": world.campaign.slug},
        "api:requests-": {"ref": world.request.ref},
        "api:visits-": {"ref": world.visit.ref},
        "api:reports-": {"pk": world.report.pk},
        "api:expenses-": {"pk": world.expense.pk},
        "api:visit-notes-": {"pk": world.note.pk},
        "api:packs-": {"pk": world.pack.pk},
        "api:briefs-": {"pk": world.edition.pk},
        "api:hosts-": {"ref": world.host.ref},
        "api:availability-": {"pk": world.away.pk},
        "api:calendar-days-": {"pk": world.day.pk},
        "api:disruptions-": {"pk": world.disruption.pk},
        "api:plans-": {"pk": world.version.pk},
        "api:figures-": {"key": "K1"},
    }
    fitting = [prefix for prefix in known if name.startswith(prefix)]
    return known[max(fitting, key=len)] if fitting else {}


def address(route: Route, world: SimpleNamespace) -> str:
    given = arguments(route.name, world) | {"language": "en"}
    if group_of(route.name):
        given |= {"token": "x" * 43, "app_label": "auth"}
    try:
        return reverse(route.name, kwargs={name: given.get(name, "1") for name in route.arguments})
    except NoReverseMatch as error:
        raise AssertionError(
            f"{route.name} needs arguments in tests/test_access_matrix.py"
        ) from error


# --- What a call comes to ---


def outcome(client: Client, method: str, path: str) -> str:
    """What the call comes to, in one word; whatever it changed is taken back."""
    is_api = path.startswith("/api/")
    with transaction.atomic():
        kind = {"content_type": "application/json"} if is_api and method == "POST" else {}
        response = client.generic(method, path, b"{}" if kind else b"", **kind)
        transaction.set_rollback(True)
    # readyz says 503 where no worker runs; nothing else may break.
    assert response.status_code < 500 or path == "/readyz", (
        f"{method} {path}: {response.status_code}"
    )
    goes_to = response.get("Location", "").split("?")[0]
    if response.status_code == 401 or goes_to in SIGN_IN_PAGES:
        return SIGN_IN
    return {403: REFUSED, 404: UNKNOWN, 405: NO_METHOD}.get(response.status_code, OPEN)


SIGN_IN_PAGES = {resolve_url(settings.LOGIN_URL), "/admin/login/"}


def expected(row: Row, method: str, who: str) -> str:
    may = row.get if method == "GET" else row.post
    if may is None:
        return NO_METHOD
    if who not in may:
        return REFUSED
    return UNKNOWN if who in row.strangers_404 else OPEN


def test_every_route_has_a_row_and_every_row_a_route():
    names = {route.name for route in routes()}
    own = {name for name in names if group_of(name) is None} - ANONYMOUS
    assert own - MATRIX.keys() == set(), "routes without a row in tests/access_matrix.py"
    assert MATRIX.keys() - names == set(), "rows without a route"
    assert ANONYMOUS - names == set(), "open to strangers without a route"


@pytest.mark.parametrize("name", sorted(MATRIX))
def test_route_is_open_to_whom_the_table_says(name, world):
    row = MATRIX[name]
    path = address(next(route for route in routes() if route.name == name), world)
    found = {
        (method, who): outcome(world.clients[who], method, path)
        for method in ("GET", "POST")
        for who in SIGNED_IN
    }
    assert found == {
        (method, who): expected(row, method, who) for method in ("GET", "POST") for who in SIGNED_IN
    }


# What pages read a number from, in the address or in what is posted.
NUMBERED = (
    "person", "organisation", "mailing", "mail", "view", "for", "disruption", "absence", "edits",
    "version", "left", "right", "rows", "meeting", "promise", "added", "page", "seen", "host",
    "campaign", "initiative", "assigned_to", "owner", "place", "request", "event", "tag", "point",
    "twin", "into", "topic", "expert", "met_by", "slot", "hold", "by", "ids", "was",
)  # fmt: skip
TOO_LARGE = "9" * 20


@pytest.mark.parametrize("name", sorted(MATRIX))
def test_no_number_is_too_large_for_a_page(name, world):
    route = next(route for route in routes() if route.name == name)
    path = address(route, world)
    query = urlencode(dict.fromkeys(NUMBERED, TOO_LARGE))
    for who in ("coordinator", "host"):
        outcome(world.clients[who], "GET", f"{path}?{query}")
    if MATRIX[name].post and not path.startswith("/api/"):
        with transaction.atomic():
            answer = world.clients["coordinator"].post(path, dict.fromkeys(NUMBERED, TOO_LARGE))
            transaction.set_rollback(True)
        assert answer.status_code < 500, f"{path}"
    if not {"pk", "number"}.isdisjoint(route.arguments):
        given = arguments(name, world) | {"language": "en"}
        given |= dict.fromkeys({"pk", "number"} & set(route.arguments), int(TOO_LARGE))
        kwargs = {each: given.get(each, "1") for each in route.arguments}
        for method in ("GET", "POST"):
            outcome(world.clients["coordinator"], method, reverse(name, kwargs=kwargs))


def test_a_stranger_gets_nothing_that_is_not_on_the_list(world):
    found = {}
    for route in routes():
        if route.name in ANONYMOUS or group_of(route.name) == "public":
            continue
        path = address(route, world)
        for method in ("GET", "POST"):
            found[route.name, method] = outcome(world.clients["anonymous"], method, path)
    assert {call: word for call, word in found.items() if word != SIGN_IN} == {}


def test_public_routes_answer_a_stranger_without_breaking(world):
    open_to_all = []
    for route in routes():
        if route.name not in ANONYMOUS and group_of(route.name) != "public":
            continue
        path = address(route, world)
        words = [outcome(world.clients["anonymous"], method, path) for method in ("GET", "POST")]
        open_to_all.append((route.name, words))
    assert {name for name, _words in open_to_all} >= ANONYMOUS


def test_the_machine_room_is_closed_to_everybody_of_the_cast(world):
    found = set()
    for route in routes():
        if group_of(route.name) != "superuser" or route.name in ("admin:login", "admin:logout"):
            continue
        path = address(route, world)
        found |= {outcome(world.clients[who], "GET", path) for who in SIGNED_IN}
    assert found <= {SIGN_IN, REFUSED, UNKNOWN}
