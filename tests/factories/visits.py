"""Factories of the visits app. The campaign is February 2023, the clock 15 February."""

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from uuid import uuid4

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from crm.roles import Role
from tests.factories.crm import (
    CLOCK,
    FollowUpFactory,
    InitiativeFactory,
    PlaceFactory,
    UserFactory,
)
from visits import models
from visits.models.reports import Audience
from visits.models.requests import Channel, Mode, PartOfDay
from visits.models.travel import TravelMode
from visits.states import RequestState, VisitState

# What one visit keeps its host busy after its end.
BUFFER = timedelta(minutes=30)


class CampaignFactory(DjangoModelFactory):
    """One campaign for the whole test unless another `slug` is given."""

    class Meta:
        model = models.Campaign
        django_get_or_create = ("slug",)

    slug = "february-2023"
    name = "On-site visits in February 2023"
    offer = "We visit municipalities."
    initiative = factory.SubFactory(InitiativeFactory)
    window_start = date(2023, 2, 1)
    window_end = date(2023, 2, 28)
    project_end = date(2023, 2, 28)
    audience_map = factory.LazyFunction(lambda: dict(AUDIENCE_MAP))


AUDIENCE_MAP = {
    "municipality": Audience.POLICY_MAKERS,
    "regional_authority": Audience.POLICY_MAKERS,
    "national_authority": Audience.POLICY_MAKERS,
    "eu_institution": Audience.POLICY_MAKERS,
    "research": Audience.SCIENTIFIC,
    "network": Audience.CIVIL_SOCIETY,
    "civil_society": Audience.CIVIL_SOCIETY,
    "industry": Audience.INDUSTRY,
    "law_enforcement": Audience.OTHER,
    "media": Audience.MEDIAS,
    "other": Audience.OTHER,
}


class TopicFactory(DjangoModelFactory):
    class Meta:
        model = models.Topic
        django_get_or_create = ("code",)

    code = factory.Sequence(lambda n: f"X{n:02}")
    name = factory.LazyAttribute(lambda topic: f"Topic {topic.code}")
    plain_text = "What it is, in plain words."


class HostFactory(DjangoModelFactory):
    """A host in Oslo with a user in the role host; `user=None` for one who cannot sign in."""

    class Meta:
        model = models.Host

    ref = factory.Sequence(lambda n: f"HX{n}")
    name = factory.Sequence(lambda n: f"Host {n}")
    title = "Visit host"
    user = factory.SubFactory(UserFactory, role=Role.HOST, name=factory.SelfAttribute("..name"))
    home = factory.SubFactory(
        PlaceFactory,
        name="Oslo",
        alternate_names="",
        country="NO",
        region="Oslo",
        latitude=59.91273,
        longitude=10.74609,
        zone="Europe/Oslo",
        population=580_000,
    )
    zone = "Europe/Oslo"
    languages = factory.LazyFunction(lambda: ["en", "nb"])


class ExpertFactory(HostFactory):
    kind = models.Host.Kind.EXPERT
    user = factory.SubFactory(UserFactory, role=Role.EXPERT, name=factory.SelfAttribute("..name"))


class VisitRequestFactory(DjangoModelFactory):
    """A received wish of Ghent; `wishes=[date(2023, 2, 9), …]` and `topics=[…]` may be given."""

    class Meta:
        model = models.VisitRequest
        skip_postgeneration_save = True

    ref = factory.Sequence(lambda n: f"RX{n:03}")
    campaign = factory.SubFactory(CampaignFactory)
    received_at = datetime(2023, 2, 14, 9, 0, tzinfo=UTC)
    channel = Channel.WEB
    raw_text = "We would like a visit."
    raw_language = "en"
    city = "Ghent"
    country = "BE"
    zone = "Europe/Brussels"
    place = factory.SubFactory(
        PlaceFactory,
        name=factory.SelfAttribute("..city"),
        country=factory.SelfAttribute("..country"),
        zone=factory.SelfAttribute("..zone"),
    )
    department = "Safety and Prevention"
    requester_name = "Robin Example"
    requester_role = "Head of prevention"
    address = factory.Sequence(lambda n: f"requester{n}@city.example")
    mode = Mode.ON_SITE
    people = 10
    state = RequestState.RECEIVED
    state_since = factory.SelfAttribute("received_at")

    @factory.post_generation
    def wishes(self, create, extracted, **kwargs):
        for rank, day in enumerate((extracted or ()) if create else (), start=1):
            PreferredDateFactory(request=self, rank=rank, on=day)

    @factory.post_generation
    def topics(self, create, extracted, **kwargs):
        if create and extracted:
            self.topics.set(extracted)


class PreferredDateFactory(DjangoModelFactory):
    class Meta:
        model = models.PreferredDate

    request = factory.SubFactory(VisitRequestFactory)
    rank = 1
    on = date(2023, 2, 23)
    part = PartOfDay.ANY


class PendingRequestFactory(DjangoModelFactory):
    class Meta:
        model = models.PendingRequest

    campaign = factory.SubFactory(CampaignFactory)
    answers = factory.LazyFunction(dict)
    language = "en"
    address_key = factory.Sequence(lambda n: f"pending{n}@city.example")
    token_hash = factory.Sequence(lambda n: sha256(f"pending {n}".encode()).hexdigest())
    expires_at = factory.LazyFunction(lambda: datetime.now(UTC) + timedelta(days=2))


class VisitFactory(DjangoModelFactory):
    """A confirmed visit of one request on 23 February, 10:00-13:00 in Brussels.

    `requests=[…]` replaces the one made for it, `requests=[]` makes none. `reserved=True` also
    books the host as a live visit has it.
    """

    class Meta:
        model = models.Visit
        skip_postgeneration_save = True

    ref = factory.Sequence(lambda n: f"VX{n:03}")
    campaign = factory.SubFactory(CampaignFactory)
    city = "Ghent"
    country = "BE"
    zone = "Europe/Brussels"
    mode = Mode.ON_SITE
    starts_at = datetime(2023, 2, 23, 9, 0, tzinfo=UTC)
    ends_at = factory.LazyAttribute(lambda visit: visit.starts_at + timedelta(hours=3))
    host = factory.SubFactory(HostFactory)
    state = VisitState.CONFIRMED
    state_since = CLOCK
    confirmed_at = factory.LazyAttribute(
        lambda visit: None if visit.state == VisitState.TENTATIVE else CLOCK
    )
    ics_uid = factory.LazyAttribute(lambda visit: f"{visit.ref}@outreach.example")

    @factory.post_generation
    def requests(self, create, extracted, **kwargs):
        if not create:
            return
        if extracted is None:
            extracted = [
                VisitRequestFactory(
                    campaign=self.campaign,
                    city=self.city,
                    country=self.country,
                    zone=self.zone,
                    municipality=self.municipality,
                    state=RequestState.SCHEDULED,
                )
            ]
        self.requests.set(extracted)

    @factory.post_generation
    def topics(self, create, extracted, **kwargs):
        if create and extracted:
            self.topics.set(extracted)

    @factory.post_generation
    def experts(self, create, extracted, **kwargs):
        if create and extracted:
            self.experts.set(extracted)

    @factory.post_generation
    def reserved(self, create, extracted, **kwargs):
        if create and extracted:
            ReservationFactory(visit=self)


class DateWishFactory(DjangoModelFactory):
    """A city that would rather have 27 February, in the morning."""

    class Meta:
        model = models.DateWish

    request = factory.SubFactory(VisitRequestFactory, state=RequestState.SCHEDULED)
    visit = factory.SubFactory(VisitFactory, state=VisitState.CONFIRMED)
    days = factory.LazyFunction(lambda: [{"on": "2023-02-27", "part": "morning"}])
    reason = "The mayor is away."
    asked_at = CLOCK
    due_at = CLOCK + timedelta(days=1)


class ReservationFactory(DjangoModelFactory):
    """The time of a visit with its buffer, taken from its host."""

    class Meta:
        model = models.Reservation

    visit = factory.SubFactory(VisitFactory)
    resource = factory.LazyAttribute(lambda row: row.visit.host.resource)
    starts_at = factory.LazyAttribute(lambda row: row.visit.starts_at)
    ends_at = factory.LazyAttribute(lambda row: row.visit.ends_at + BUFFER)


class HoldFactory(DjangoModelFactory):
    """The hold of a tentative visit with its reservation."""

    class Meta:
        model = models.Hold

    visit = factory.SubFactory(VisitFactory, state=VisitState.TENTATIVE)
    starts_at = factory.SelfAttribute("visit.starts_at")
    ends_at = factory.SelfAttribute("visit.ends_at")
    expires_at = datetime(2023, 2, 17, 16, 0, tzinfo=UTC)
    reservation = factory.SubFactory(
        ReservationFactory,
        visit=factory.SelfAttribute("..visit"),
        starts_at=factory.SelfAttribute("..starts_at"),
        ends_at=factory.LazyAttribute(lambda row: row.factory_parent.ends_at + BUFFER),
    )


class BusyFeedFactory(DjangoModelFactory):
    """A host's own calendar, read well just now; `good_at=None` for one not read yet."""

    class Meta:
        model = models.BusyFeed

    host = factory.SubFactory(HostFactory)
    url = factory.Sequence(lambda n: f"https://calendar.example/private-{n}/basic.ics")
    added_at = factory.LazyFunction(timezone.now)
    good_at = factory.LazyFunction(timezone.now)
    known_until = datetime(2023, 12, 31, tzinfo=UTC)
    next_try_at = factory.LazyFunction(lambda: timezone.now() + timedelta(minutes=30))


class HostAvailabilityFactory(DjangoModelFactory):
    class Meta:
        model = models.HostAvailability

    host = factory.SubFactory(HostFactory)
    starts_at = datetime(2023, 2, 20, 8, 0, tzinfo=UTC)
    ends_at = datetime(2023, 2, 20, 16, 0, tzinfo=UTC)


class AgendaItemFactory(DjangoModelFactory):
    class Meta:
        model = models.AgendaItem

    visit = factory.SubFactory(VisitFactory)
    order = factory.Sequence(lambda n: n)
    minutes = 30
    title = "Lessons from the pilots"


class ChecklistItemFactory(DjangoModelFactory):
    class Meta:
        model = models.ChecklistItem

    visit = factory.SubFactory(VisitFactory)
    text = "Room with 12 to 20 seats"
    owner = models.ChecklistItem.Owner.THEIRS


class CalendarDayFactory(DjangoModelFactory):
    """A public holiday of Estonia, 24 February, hard."""

    class Meta:
        model = models.CalendarDay

    country = "EE"
    first_on = date(2023, 2, 24)
    last_on = factory.SelfAttribute("first_on")
    kind = models.CalendarDay.Kind.PUBLIC
    name = "Independence Day"
    hardness = models.CalendarDay.Hardness.HARD


class DisruptionFactory(DjangoModelFactory):
    class Meta:
        model = models.Disruption

    kind = models.Disruption.Kind.STRIKE
    name = factory.Sequence(lambda n: f"Strike {n}")
    starts_at = datetime(2023, 2, 16, 20, 0, tzinfo=UTC)
    ends_at = datetime(2023, 2, 17, 23, 0, tzinfo=UTC)


class PlanFactory(DjangoModelFactory):
    class Meta:
        model = models.Plan
        django_get_or_create = ("campaign",)

    campaign = factory.SubFactory(CampaignFactory)


class PlanVersionFactory(DjangoModelFactory):
    """A draft; `published=True` for a published one."""

    class Meta:
        model = models.PlanVersion

    class Params:
        published = factory.Trait(state=models.PlanVersion.State.PUBLISHED, published_at=CLOCK)

    plan = factory.SubFactory(PlanFactory)
    number = factory.Sequence(lambda n: n + 100)
    made_at = CLOCK


class PlacementFactory(DjangoModelFactory):
    class Meta:
        model = models.Placement
        skip_postgeneration_save = True

    version = factory.SubFactory(PlanVersionFactory)
    visit = factory.SubFactory(VisitFactory)
    host = factory.SelfAttribute("visit.host")
    mode = factory.SelfAttribute("visit.mode")
    starts_at = factory.SelfAttribute("visit.starts_at")
    ends_at = factory.SelfAttribute("visit.ends_at")
    zone = factory.SelfAttribute("visit.zone")

    @factory.post_generation
    def requests(self, create, extracted, **kwargs):
        if create:
            self.requests.set(self.visit.requests.all() if extracted is None else extracted)


class UnplacedFactory(DjangoModelFactory):
    class Meta:
        model = models.Unplaced

    version = factory.SubFactory(PlanVersionFactory)
    request = factory.SubFactory(VisitRequestFactory)
    reason_code = "window"
    reason = "Every wished date lies outside the window."


class PlanEditFactory(DjangoModelFactory):
    """A request placed from the tray."""

    class Meta:
        model = models.PlanEdit

    version = factory.SubFactory(PlanVersionFactory)
    number = factory.Sequence(lambda n: n + 1)
    request = factory.SubFactory(VisitRequestFactory)
    at = CLOCK
    to_host = factory.SubFactory(HostFactory)
    to_start = CLOCK + timedelta(days=7)


class PlanDecisionFactory(DjangoModelFactory):
    """A request that must not be placed on one day."""

    class Meta:
        model = models.PlanDecision

    plan = factory.SubFactory(PlanFactory)
    kind = models.PlanDecision.Kind.FORBID
    request = factory.SubFactory(VisitRequestFactory)
    day = CLOCK.date()
    reason = "The council meets."
    made_at = CLOCK


class PlanRunFactory(DjangoModelFactory):
    class Meta:
        model = models.PlanRun

    plan = factory.SubFactory(PlanFactory)


class FigureSnapshotFactory(DjangoModelFactory):
    class Meta:
        model = models.FigureSnapshot

    campaign = factory.SubFactory(CampaignFactory)
    taken_at = CLOCK
    note = "Interim report"
    figures = factory.LazyFunction(
        lambda: {
            "K1": {
                "label": "Event participation",
                "unit": "people",
                "value": 2,
                "rows": [],
                "detail": {},
            }
        }
    )


class TravelLegFactory(DjangoModelFactory):
    class Meta:
        model = models.TravelLeg

    visit = factory.SubFactory(VisitFactory)
    host = factory.SelfAttribute("visit.host")
    mode = TravelMode.FLY
    origin = factory.SelfAttribute("host.home")
    destination = factory.SubFactory(PlaceFactory)
    departs_at = factory.LazyAttribute(lambda leg: leg.visit.starts_at - timedelta(hours=15))
    arrives_at = factory.LazyAttribute(lambda leg: leg.visit.starts_at - timedelta(hours=11))
    cost = 220
    co2_kg = 180.0


class TravelOverrideFactory(DjangoModelFactory):
    class Meta:
        model = models.TravelOverride

    origin = factory.SubFactory(PlaceFactory)
    destination = factory.SubFactory(PlaceFactory)
    mode = TravelMode.RAIL
    minutes = 90


class ExpenseFactory(DjangoModelFactory):
    class Meta:
        model = models.Expense

    visit = factory.SubFactory(VisitFactory)
    amount = 25
    what = "Tram tickets"
    spent_on = date(2023, 2, 23)


class VisitNoteFactory(DjangoModelFactory):
    class Meta:
        model = models.VisitNote

    visit = factory.SubFactory(VisitFactory)
    key = factory.LazyFunction(uuid4)
    text = "They want cameras."
    written_at = CLOCK
    arrived_at = CLOCK


class PackRunFactory(DjangoModelFactory):
    class Meta:
        model = models.PackRun

    kind = models.PackRun.Kind.TRIP
    host = factory.SubFactory(HostFactory)
    first = date(2023, 2, 1)
    last = date(2023, 2, 28)


class BriefEditionFactory(DjangoModelFactory):
    class Meta:
        model = models.BriefEdition

    visit = factory.SubFactory(VisitFactory)
    kind = models.BriefEdition.Kind.PUBLIC
    version = factory.Sequence(lambda n: n + 1)
    data_hash = "0" * 64
    built_at = CLOCK


class VisitReportFactory(DjangoModelFactory):
    """The report of a completed visit; `counts={Audience.POLICY_MAKERS: 7}` adds who came."""

    class Meta:
        model = models.VisitReport
        skip_postgeneration_save = True

    visit = factory.SubFactory(
        VisitFactory,
        state=VisitState.COMPLETED,
        starts_at=datetime(2023, 2, 13, 9, 0, tzinfo=UTC),
    )
    summary = "We talked about the pilots."
    notes = "They are short of staff."
    outcome = models.reports.Outcome.INTERESTED
    written_at = CLOCK

    @factory.post_generation
    def counts(self, create, extracted, **kwargs):
        for audience, people in (extracted or {}).items() if create else ():
            AttendanceCountFactory(report=self, audience=audience, people=people)


class AttendanceCountFactory(DjangoModelFactory):
    class Meta:
        model = models.AttendanceCount

    report = factory.SubFactory(VisitReportFactory)
    audience = Audience.POLICY_MAKERS
    people = 7


class VisitFollowUpFactory(FollowUpFactory):
    """A promise made at a visit, given as `visit=…`."""

    class Meta:
        skip_postgeneration_save = True

    @factory.post_generation
    def visit(self, create, extracted, **kwargs):
        if create:
            (extracted or VisitFactory()).follow_ups.add(self)


class ReferralFactory(DjangoModelFactory):
    class Meta:
        model = models.Referral

    request = factory.SubFactory(VisitRequestFactory, state=RequestState.REFERRED)
    initiative = factory.SubFactory(InitiativeFactory)
    at = CLOCK


class DisseminationActivityFactory(DjangoModelFactory):
    class Meta:
        model = models.DisseminationActivity

    type = models.DisseminationActivity.Type.EVENT
    name = "Final event"
    campaign = factory.SubFactory(CampaignFactory)
    held_on = date(2023, 1, 31)


class PrivateLinkFactory(DjangoModelFactory):
    """A usable link; `token` is the secret whose hash is kept, also set on the row for tests."""

    class Meta:
        model = models.PrivateLink
        exclude = ("token",)

    token = factory.Sequence(lambda n: f"token-for-tests-{n}")
    request = factory.SubFactory(VisitRequestFactory)
    token_hash = factory.LazyAttribute(lambda link: sha256(link.token.encode()).hexdigest())


class CalendarFeedFactory(DjangoModelFactory):
    class Meta:
        model = models.CalendarFeed
        exclude = ("token",)

    token = factory.Sequence(lambda n: f"feed-for-tests-{n}")
    host = factory.SubFactory(HostFactory)
    token_hash = factory.LazyAttribute(lambda feed: sha256(feed.token.encode()).hexdigest())
