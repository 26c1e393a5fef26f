from datetime import date, datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models.marks import SampleMark, Visibility
from crm.models.places import PlacedQuerySet
from crm.search import SearchableModel
from visits import states
from visits.models.briefs import PlainText
from visits.models.links import new_salt
from visits.states import RequestState


class Mode(models.TextChoices):
    ON_SITE = "on_site", _("on site")
    ONLINE = "online", _("online")
    HYBRID = "hybrid", _("hybrid")
    UNSPECIFIED = "unspecified", _("not said")


class Channel(models.TextChoices):
    WEB = "web", _("form")
    EMAIL = "email", _("mail")
    PHONE = "phone", _("phone")
    EVENT_DESK = "event_desk", _("event desk")


class PartOfDay(models.TextChoices):
    ANY = "any", _("any time")
    MORNING = "morning", _("morning")
    AFTERNOON = "afternoon", _("afternoon")


class PendingRequest(models.Model):
    """A web form before its mail address is verified; no person sees it, no slot is held for it."""

    campaign = models.ForeignKey("visits.Campaign", on_delete=models.CASCADE)
    answers = models.JSONField()
    language = models.CharField(max_length=8)
    address_key = models.CharField(max_length=320, db_index=True)
    salt = models.CharField(max_length=64, default=new_salt)
    token_hash = models.CharField(max_length=64, null=True, unique=True)
    sent_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True, blank=True)
    request = models.OneToOneField(
        "visits.VisitRequest", null=True, blank=True, on_delete=models.SET_NULL
    )

    class Meta:
        verbose_name = _("unconfirmed form")
        verbose_name_plural = _("unconfirmed forms")


class VisitRequestQuerySet(PlacedQuerySet):
    def visible_to(self, user):
        """Coordinators see all; a host or expert sees the requests behind own visits."""
        if user.is_coordinator:
            return self
        if user.is_host:
            return self.filter(visits__host__user=user).distinct()
        if user.is_expert:
            return self.filter(visits__experts__user=user).distinct()
        return self.none()

    def valid(self):
        """In any state but merged and rejected: what the figures count."""
        return self.exclude(state__in=states.INVALID_REQUESTS)

    def open(self):
        return self.filter(state__in=states.OPEN_REQUESTS)

    def waiting_for_us(self):
        """Without a personal reply yet, or in need of a decision."""
        return self.filter(state__in=(RequestState.RECEIVED, RequestState.UNDER_REVIEW))

    def to_answer(self):
        """Open, and nobody has answered in a way that arrived: Today's list and its number."""
        return self.open().filter(first_reply_at=None)

    def in_order_of_need(self):
        """What waits for a first answer first, by its deadline; then open ones; then the rest."""
        need = models.Case(
            models.When(state__in=states.OPEN_REQUESTS, first_reply_at=None, then=0),
            models.When(state__in=(RequestState.RECEIVED, RequestState.UNDER_REVIEW), then=1),
            models.When(state__in=states.OPEN_REQUESTS, then=2),
            default=3,
        )
        return self.order_by(need, "due_at", "ref")

    def waiting_for_a_date(self):
        """Open requests that nobody has offered a date yet."""
        return self.filter(
            state__in=(
                RequestState.RECEIVED,
                RequestState.NEEDS_INFO,
                RequestState.UNDER_REVIEW,
                RequestState.WAITLISTED,
            )
        ).order_by("ref")

    def plannable(self):
        """What a plan from an empty calendar tries to place."""
        return self.exclude(
            state__in=(
                RequestState.MERGED,
                RequestState.REJECTED,
                RequestState.REFERRED,
            )
        )


class VisitRequest(SampleMark, Visibility, SearchableModel):
    """A wish for a dialogue. It keeps its own copy of what the requester wrote."""

    municipality_fields = (
        "ref",
        "received_at",
        "city",
        "department",
        "requester_name",
        "requester_role",
        "topics",
        "questions",
        "mode",
        "preferred_dates",
        "people",
        "interpreter",
        "step_free",
        "state",
        "language",
    )

    ref = models.CharField(max_length=12, unique=True)
    campaign = models.ForeignKey(
        "visits.Campaign", on_delete=models.PROTECT, related_name="requests"
    )
    received_at = models.DateTimeField(_("received"), db_index=True)
    channel = models.CharField(_("channel"), max_length=12, choices=Channel)
    raw_text = models.TextField(_("original text"), blank=True, max_length=20_000)
    raw_language = models.CharField(_("language of the original"), max_length=8, blank=True)
    translation = models.TextField(_("translation"), blank=True, max_length=20_000)
    municipality = models.ForeignKey(
        "crm.Municipality",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="visit_requests",
        verbose_name=_("municipality"),
    )
    city = models.CharField(_("city"), max_length=200)
    country = models.CharField(_("country"), max_length=2)
    region = models.CharField(_("region"), max_length=120, blank=True)
    place = models.ForeignKey("crm.Place", null=True, blank=True, on_delete=models.PROTECT)
    zone = models.CharField(_("time zone"), max_length=64)
    department = models.CharField(_("department"), max_length=200, blank=True)
    requester_name = models.CharField(_("name"), max_length=200, blank=True)
    requester_role = models.CharField(_("role"), max_length=200, blank=True)
    address = models.CharField(_("mail address"), max_length=320, blank=True)
    address_key = models.CharField(max_length=320, blank=True, editable=False, db_index=True)
    phone = models.CharField(_("phone"), max_length=60, blank=True)
    address_bounced = models.BooleanField(_("the address refused our mail"), default=False)
    person = models.ForeignKey(
        "crm.Person",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="visit_requests",
        verbose_name=_("known person"),
    )
    language = models.CharField(_("language wanted"), max_length=8, default="en")
    topics = models.ManyToManyField("visits.Topic", blank=True, related_name="requests")
    questions = models.JSONField(_("questions"), default=list, blank=True)
    # What we mean to answer and who does, by question; internal.
    planned_answers = models.JSONField(default=dict, blank=True, editable=False, encoder=PlainText)
    mode = models.CharField(_("mode"), max_length=12, choices=Mode, default=Mode.ON_SITE)
    online_is_fine = models.BooleanField(_("online is fine too"), default=False)
    people = models.PositiveSmallIntegerField(_("number of people"), null=True, blank=True)
    interpreter = models.CharField(_("interpreter"), max_length=60, blank=True)
    step_free = models.BooleanField(_("step-free access needed"), default=False)
    secrecy = models.CharField(_("what must stay secret"), max_length=1_000, blank=True)
    state = models.CharField(
        _("state"),
        max_length=12,
        choices=RequestState,
        default=RequestState.RECEIVED,
        db_index=True,
    )
    state_since = models.DateTimeField(_("in this state since"))
    reason = models.CharField(_("reason"), max_length=1_000, blank=True)
    priority = models.PositiveSmallIntegerField(_("priority"), null=True, blank=True)
    duration_minutes = models.PositiveSmallIntegerField(_("minutes"), null=True, blank=True)
    on_site_ruled_out = models.CharField(_("why not on site"), max_length=300, blank=True)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="visit_requests",
        verbose_name=_("assigned to"),
    )
    first_reply_at = models.DateTimeField(_("first personal reply"), null=True, blank=True)
    due_at = models.DateTimeField(_("answer due"), null=True, blank=True)
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="merged"
    )
    messages = models.ManyToManyField("crm.Message", blank=True, related_name="visit_requests")
    follow_ups = models.ManyToManyField("crm.FollowUp", blank=True, related_name="visit_requests")
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = VisitRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-received_at", "ref"]
        constraints = [
            models.CheckConstraint(
                condition=Q(priority=None) | Q(priority__range=(1, 5)),
                name="priority_1_to_5",
            ),
            models.CheckConstraint(
                condition=Q(people=None) | Q(people__lte=500), name="at_most_500_people"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ref} {self.city}"

    def search_parts(self):
        return (
            self.ref,
            self.city,
            self.country,
            self.department,
            self.requester_name,
            self.requester_role,
            self.address,
        )

    def save(self, *args, **kwargs):
        from crm.validators import address_key

        self.address_key = address_key(self.address)
        super().save(*args, **kwargs)

    @property
    def is_open(self) -> bool:
        return self.state in states.OPEN_REQUESTS

    @property
    def needs_first_reply(self) -> bool:
        return self.is_open and self.first_reply_at is None

    def is_overdue(self, at: datetime) -> bool:
        return self.needs_first_reply and self.due_at is not None and self.due_at < at


class PreferredDate(models.Model):
    """One wished date, ranked, with the part of the day."""

    request = models.ForeignKey(
        VisitRequest, on_delete=models.CASCADE, related_name="preferred_dates"
    )
    rank = models.PositiveSmallIntegerField()
    on = models.DateField()
    part = models.CharField(max_length=10, choices=PartOfDay, default=PartOfDay.ANY)

    class Meta:
        ordering = ["request", "rank"]
        constraints = [
            models.UniqueConstraint(fields=["request", "rank"], name="one_wish_per_rank")
        ]

    def __str__(self) -> str:
        return self.on.isoformat()


class DateWishQuerySet(models.QuerySet):
    def unsettled(self):
        """Neither taken back by the city nor answered; whether its visit still stands is another
        question."""
        return self.filter(settled_at=None)

    def open(self):
        """What waits for our word: the date it is about still stands, and the city takes part."""
        return self.unsettled().filter(
            request__state=RequestState.SCHEDULED, visit__state__in=states.VISITS_TO_COME
        )

    def to_answer(self, at: datetime):
        """The open ones of visits ahead, the first due first."""
        return self.open().filter(visit__starts_at__gt=at).order_by("due_at", "pk")

    def visible_to(self, user):
        """Those of the requests one may see."""
        return self.filter(request__in=VisitRequest.objects.visible_to(user))


class DateWish(SampleMark, models.Model):
    """What a city asks for in place of an agreed date, which stands until it has another one.

    It ends by itself when the visit it is about does: moved, cancelled, begun. `days` are days with
    the part of the day, best first, as `on` and `part`.
    """

    class Outcome(models.TextChoices):
        WITHDRAWN = "withdrawn", _("taken back by the city")
        KEPT = "kept", _("the date was kept")

    request = models.ForeignKey(VisitRequest, on_delete=models.CASCADE, related_name="date_wishes")
    visit = models.ForeignKey("visits.Visit", on_delete=models.CASCADE, related_name="date_wishes")
    days = models.JSONField(default=list, blank=True)
    reason = models.TextField(_("reason"), blank=True, max_length=1_000)
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField(_("answer due"))
    settled_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=12, choices=Outcome, blank=True)

    objects = DateWishQuerySet.as_manager()

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["request", "visit"],
                condition=Q(settled_at=None),
                name="one_open_wish_for_a_date",
            )
        ]

    def __str__(self) -> str:
        return f"{self.visit.ref} {self.asked_at:%Y-%m-%d}"

    @property
    def campaign(self):
        return self.visit.campaign

    @property
    def wished(self) -> list[tuple[date, PartOfDay]]:
        """The days with the part of the day, best first."""
        return [(date.fromisoformat(day["on"]), PartOfDay(day["part"])) for day in self.days]
