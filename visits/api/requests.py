"""Requests as a resource, with every step a coordinator takes as a sub-resource."""

from django.db import transaction
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError

from crm.api.resources import Listed, verb
from crm.domain.places import place_fault, resolve_city, zone_of_country
from crm.roles import Role
from visits.api import reading, writing
from visits.api.refusals import refusals_as_problems, refuse_broken_rules, refuse_taken_slots
from visits.domain import requests as verbs
from visits.domain.acquaintances import link_person, take_over_contact, unlink_person
from visits.domain.booking import hold_until, lock_resources
from visits.domain.date_wishes import ask_for_date, keep_date
from visits.domain.letters import draft_letter, send_draft
from visits.domain.proposals import offer_letter, propose_dates
from visits.domain.requests import RequestAnswers, Wish
from visits.filters import VisitRequestFilter
from visits.models import VisitRequest

STAFF = (Role.COORDINATOR, Role.HOST, Role.EXPERT)
# Searching, sorting or narrowing by these would tell what the answer leaves out.
ORACLES = frozenset({"q", "sort"})


class RequestViewSet(Listed):
    """Wishes for a visit. Hosts and experts read those behind their own visits, in part."""

    queryset = VisitRequest.objects.none()
    serializer_class = reading.RequestSerializer
    serializers = {
        Role.HOST: reading.RequestForHostSerializer,
        Role.EXPERT: reading.RequestForExpertSerializer,
    }
    hidden_parameters = dict.fromkeys((Role.HOST, Role.EXPERT), ORACLES)
    saved_list = "requests"
    filterset_class = VisitRequestFilter
    read_roles, write_roles = STAFF, (Role.COORDINATOR,)
    lookup_field = "ref"
    lookup_value_converter = "str"
    has_versions = True

    def get_queryset(self):
        rows = VisitRequest.objects.visible_to(self.request.user)
        return rows.select_related(
            "campaign", "municipality", "place", "merged_into"
        ).prefetch_related("topics", "preferred_dates", "date_wishes__visit", "visits")

    @extend_schema(request=writing.RequestInput)
    def create(self, request):
        """Note a request by hand; the same verb as the public form."""
        said = self.read(writing.RequestInput)
        where = find_place(said)
        wishes = [Wish(**wish) for wish in said.pop("wishes", [])]
        campaign, channel = said.pop("campaign"), said.pop("channel")
        person = said.pop("person", None)
        answers = RequestAnswers(
            **{**said, **where},
            wishes=wishes,
            raw_language=said["language"],
        )
        made = verbs.receive_request(
            campaign,
            answers,
            channel=channel,
            received_at=self.now,
            by=request.user,
            person=person,
        )
        return self.answer(made, status=201)

    @verb("review", takes=writing.ReviewInput)
    def review(self, row, *, why=""):
        """Take up for a decision."""
        verbs.start_review(row, why=why, **self.act)

    @verb("needs-info", takes=writing.WhatInput)
    def needs_info(self, row, *, what):
        """Wait until the city tells what is missing."""
        verbs.ask_for_information(row, what=what, **self.act)

    @verb("waitlist", takes=writing.ReasonInput)
    def waitlist(self, row, *, reason):
        """Keep for a slot that may come free."""
        verbs.waitlist_request(row, reason=reason, **self.act)

    @verb("decline", takes=writing.ReasonInput)
    def decline(self, row, *, reason):
        """Say no, for a reason."""
        verbs.decline_request(row, reason=reason, **self.act)

    @verb("reject", takes=writing.ReasonInput)
    def reject(self, row, *, reason):
        """Put aside what is no request of a municipality."""
        verbs.reject_request(row, reason=reason, **self.act)

    @verb("refer", takes=writing.ReferInput)
    def refer(self, row, *, initiative, reason):
        """Hand over to another initiative, with the requester's consent."""
        verbs.refer_request(row, initiative=initiative, reason=reason, **self.act)

    @verb("merge", takes=writing.MergeInput)
    def merge(self, row, *, into):
        """Mark as the same wish as another request."""
        verbs.merge_request(row, into=into, **self.act)

    @verb("withdraw", takes=writing.ReasonInput)
    def withdraw(self, row, *, reason):
        """End the wish on the city's word."""
        with refusals_as_problems():
            verbs.withdraw_request(row, reason=reason, **self.act)

    @verb("ask-for-date", takes=writing.AnotherDateInput)
    def ask_for_date(self, row, *, wishes=(), reason=""):
        """Ask for another date than the agreed one on the city's word; the agreed one stands."""
        wished = [Wish(**wish) for wish in wishes]
        with refusals_as_problems():
            ask_for_date(row, wishes=wished, reason=reason, **self.act)

    @verb("keep-date", takes=writing.AnswerInput)
    def keep_date(self, row, *, answer):
        """Answer that wish: the agreed date stays. The answer is mailed as it is written.

        `warnings` in the answer says when no letter could be written.
        """
        with refusals_as_problems():
            if not keep_date(row, answer=answer, **self.act):
                words = _("The date stays, but no letter could be written; tell the city yourself.")
                self.warnings.append(words)

    @verb("reopen", takes=writing.ReasonInput)
    def reopen(self, row, *, reason):
        """Take up again what was declined, withdrawn or has expired."""
        verbs.reopen_request(row, reason=reason, **self.act)

    @verb("triage", takes=writing.TriageInput)
    def triage(self, row, **values):
        """Set how much it weighs and how long its visit takes."""
        verbs.triage_request(row, **values, **self.act)

    @verb("take-over", takes=writing.TakeOverInput)
    def take_over(self, row, *, person=None):
        """Tie to its municipality, making it when it is new to us."""
        verbs.take_over_request(row, person=person, **self.act)

    @verb("link-person", takes=writing.LinkPersonInput)
    def link_person(self, row, *, person, add_address=False, add_phone=False):
        """Say that a known person is who asks; what we have of them is never changed."""
        link_person(row, person, add_address=add_address, add_phone=add_phone, **self.act)

    @verb("unlink-person")
    def unlink_person(self, row):
        """Take the link to a person back."""
        unlink_person(row, **self.act)

    @verb("take-over-contact")
    def take_over_contact(self, row):
        """Make a new person of who asks, and link the request to them."""
        take_over_contact(row, **self.act)

    @verb("propose", takes=writing.ProposalInput)
    def propose(self, row, *, host, mode, slots, letter, expires_at=None, override_reason=""):
        """Offer one to four dates, each held until the deadline.

        409 with `taken` and `other_times` when the host's time is gone, 422 with `rules` when a
        date breaks a rule and no override_reason is given. Nothing is held then.
        """
        offered = [(slot["starts_at"], slot["ends_at"]) for slot in slots]
        with refusals_as_problems(), transaction.atomic():
            lock_resources([host.resource])
            refuse_taken_slots(row, host, mode, offered, at=self.now)
            if not override_reason:
                refuse_broken_rules(row, host, mode, offered, at=self.now)
            visit = propose_dates(
                row,
                host=host,
                mode=mode,
                slots=offered,
                expires_at=expires_at
                or hold_until(row.campaign, self.now, before=min(start for start, _end in offered)),
                override_reason=override_reason,
                **self.act,
            )
            if letter != "none":
                draft = draft_letter(row, offer_letter(visit), visit=visit, **self.act)
                if letter == "send":
                    send_draft(draft, row, **self.act)


def find_place(said):
    """Where it is, as answers say it: a place of the register, or a city kept as typed.

    400 with the candidates when several could be meant, or when the country is another one.
    """
    from crm.models import Place

    number = said.pop("place", None)
    if number is not None:
        place = Place.objects.filter(pk=number).first()
        if place is None:
            raise ValidationError({"place": [_("There is no such place in the register.")]})
        return _at(place)
    country = said.get("country", "")
    found = resolve_city(said["city"], country=country)
    if found.place is not None:
        return _at(found.place)
    named = [f"{each.label} = {each.pk}" for each in found.candidates or found.elsewhere]
    if fault := place_fault(found, country=country):
        raise ValidationError({"country": [fault, *named]})
    if not named:
        return {"city": said["city"], "country": country, "zone": zone_of_country(country)}
    raise ValidationError(
        {"place": [_("Several places have this name; send one of these numbers."), *named]}
    )


def _at(place):
    return {"place": place, "city": place.name, "country": place.country}
