"""Requests, offers and visits under every order of steps: the invariants of domain.md section 6."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.factories.visits import CampaignFactory, HostFactory, TopicFactory, VisitRequestFactory
from visits import states
from visits.domain import cancellations, municipality, proposals, requests, visits
from visits.domain.booking import SlotTaken
from visits.models import Hold, Reservation, Visit, VisitRequest
from visits.models.visits import Side
from visits.states import RequestState, VisitState

AT = datetime(2023, 2, 6, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
REFUSALS = (ValidationError, SlotTaken)


class Story(RuleBasedStateMachine):
    """Two requests, one host, and whatever people may do in whatever order."""

    @initialize()
    def begin(self):
        # Rolled back in teardown, so that every example starts from an empty table.
        self.frame = transaction.atomic()
        self.frame.__enter__()
        campaign = CampaignFactory()
        topic = TopicFactory()
        self.host = HostFactory()
        self.by = self.host.user
        self.wishes = [VisitRequestFactory(campaign=campaign) for _ in range(2)]
        for wish in self.wishes:
            wish.topics.add(topic)

    def teardown(self):
        if hasattr(self, "frame"):
            transaction.set_rollback(True)
            self.frame.__exit__(None, None, None)

    def attempt(self, verb, *args, **kwargs):
        """A person tries; a refusal is an answer and changes nothing."""
        before = self.picture()
        try:
            with transaction.atomic():
                verb(*args, **kwargs)
        except REFUSALS:
            assert self.picture() == before

    def picture(self):
        return (
            list(VisitRequest.objects.order_by("pk").values_list("pk", "state")),
            list(Visit.objects.order_by("pk").values_list("pk", "state", "starts_at")),
            list(Reservation.objects.order_by("pk").values_list("pk", "active")),
        )

    def wish(self, which):
        return VisitRequest.objects.get(pk=self.wishes[which].pk)

    which = st.integers(0, 1)

    @rule(which=which)
    def review(self, which):
        self.attempt(requests.start_review, self.wish(which), at=AT, by=self.by, why="again")

    @rule(which=which)
    def put_on_waiting_list(self, which):
        self.attempt(requests.waitlist_request, self.wish(which), reason="full", at=AT, by=self.by)

    @rule(which=which)
    def decline(self, which):
        self.attempt(requests.decline_request, self.wish(which), reason="late", at=AT, by=self.by)

    @rule(which=which)
    def withdraw(self, which):
        self.attempt(requests.withdraw_request, self.wish(which), reason="no longer", at=AT)

    @rule(which=which, hours=st.lists(st.integers(24, 60), min_size=1, max_size=3, unique=True))
    def propose(self, which, hours):
        slots = [(AT + timedelta(hours=h), AT + timedelta(hours=h + 2)) for h in hours]
        self.attempt(
            proposals.propose_dates,
            self.wish(which),
            host=self.host,
            mode="on_site",
            slots=slots,
            expires_at=AT + timedelta(hours=8),
            at=AT,
            by=self.by,
        )

    @rule(number=st.integers(0, 8))
    def accept(self, number):
        holds = list(Hold.objects.order_by("pk"))
        if holds:
            hold = holds[number % len(holds)]
            self.attempt(proposals.accept_slot, hold, at=AT, evidence="by their page")

    @rule(number=st.integers(0, 8))
    def ask_for_other_dates(self, number):
        if visit := self.some_visit(number):
            self.attempt(proposals.ask_other_dates, visit, reason="not then", at=AT)

    @rule()
    def let_offers_end(self):
        proposals.expire_proposals(at=AT + timedelta(hours=9))

    @rule(number=st.integers(0, 8))
    def complete_the_facts(self, number):
        if visit := self.some_visit(number):
            Visit.objects.filter(pk=visit.pk).update(
                address="Town hall", local_contact_verified_at=AT, agreement="mail"
            )
            visit.refresh_from_db()
            self.attempt(visits.confirm_visit, visit, at=AT, by=self.by)

    @rule(number=st.integers(0, 8))
    def cancel(self, number):
        if visit := self.some_visit(number):
            self.attempt(visits.cancel_visit, visit, side=Side.US, reason="ill", at=AT)

    @rule(which=which)
    def undo_the_withdrawal(self, which):
        self.attempt(municipality.undo_withdrawal, self.wish(which), at=AT + HOUR)

    @rule(number=st.integers(0, 8))
    def undo_the_cancellation(self, number):
        if visit := self.some_visit(number):
            self.attempt(cancellations.undo_cancellation, visit, at=AT + HOUR, why="a slip")

    @rule(number=st.integers(0, 8))
    def free_what_is_kept(self, number):
        if visit := self.some_visit(number):
            words = {"reason": "needed", "at": AT, "by": self.by}
            self.attempt(cancellations.free_kept_slot, visit, **words)

    @rule()
    def let_kept_time_end(self):
        cancellations.free_expired_slots(at=AT + timedelta(hours=24))

    @rule(number=st.integers(0, 8), hours=st.integers(24, 60))
    def move(self, number, hours):
        if visit := self.some_visit(number):
            start = AT + timedelta(hours=hours)
            self.attempt(
                visits.postpone_visit,
                visit,
                starts_at=start,
                ends_at=start + timedelta(hours=2),
                side=Side.MUNICIPALITY,
                reason="later",
                at=AT,
                by=self.by,
            )

    @rule(number=st.integers(0, 8))
    def hold_it(self, number):
        if visit := self.some_visit(number):
            over = visit.ends_at
            self.attempt(visits.complete_visit, visit, counts={"other": 5}, at=over, by=self.by)

    @rule(number=st.integers(0, 8))
    def hold_it_too_early(self, number):
        if visit := self.some_visit(number):
            before = self.picture()
            self.attempt(visits.complete_visit, visit, counts={"other": 5}, at=AT, by=self.by)
            assert self.picture() == before

    def some_visit(self, number):
        found = list(Visit.objects.order_by("pk"))
        return found[number % len(found)] if found else None

    @invariant()
    def no_two_active_reservations_overlap(self):
        if not hasattr(self, "frame"):
            return
        rows = list(Reservation.objects.active().order_by("resource", "starts_at"))
        for one, other in zip(rows, rows[1:], strict=False):
            assert one.resource != other.resource or one.ends_at <= other.starts_at

    @invariant()
    def only_live_visits_reserve_time_and_cancelled_ones_until_a_deadline(self):
        if hasattr(self, "frame"):
            active = Reservation.objects.active().exclude(visit__state__in=states.LIVE_VISITS)
            kept = Hold.objects.kept().exclude(accepted_at=None)
            assert not active.exclude(hold__in=kept).exists()

    @invariant()
    def an_agreed_visit_reserves_its_host_once(self):
        if hasattr(self, "frame"):
            for visit in Visit.objects.agreed():
                assert Reservation.objects.active().filter(visit=visit).count() == 1

    @invariant()
    def a_scheduled_request_has_exactly_one_live_visit(self):
        if hasattr(self, "frame"):
            for wish in VisitRequest.objects.filter(state=RequestState.SCHEDULED):
                assert wish.visits.live().count() == 1

    @invariant()
    def a_request_that_ended_has_no_live_visit(self):
        if hasattr(self, "frame"):
            ended = VisitRequest.objects.exclude(state__in=states.OPEN_REQUESTS)
            assert not Visit.objects.live().filter(requests__in=ended).exists()

    @invariant()
    def every_confirmed_visit_has_what_it_needs(self):
        if hasattr(self, "frame"):
            for visit in Visit.objects.filter(state=VisitState.CONFIRMED):
                assert visits.missing_for_confirmation(visit) == []


@pytest.mark.parametrize("stories", [12, pytest.param(100, marks=pytest.mark.full)])
@pytest.mark.django_db(transaction=True)
def test_story_keeps_its_invariants_in_any_order(stories):
    run_state_machine_as_test(
        Story,
        settings=settings(
            max_examples=stories,
            stateful_step_count=18,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
