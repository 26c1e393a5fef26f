from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models.follow_up_moves import FollowUpMove
from crm.models.marks import SampleMark
from crm.search import SearchableModel, SearchQuerySet


class FollowUpQuerySet(SearchQuerySet):
    def visible_to(self, user):
        """Coordinators see all promises; a host sees those given to him or her."""
        if user.is_coordinator:
            return self
        return self.filter(assigned_to=user) if user.is_host else self.none()

    def open(self):
        return self.filter(done_on=None)

    def due_by(self, day: date):
        return self.filter(due_on__lte=day)


class FollowUp(SampleMark, SearchableModel):
    """A promise, still to do or done; ours to keep or theirs."""

    class Owner(models.TextChoices):
        OURS = "ours", _("ours")
        THEIRS = "theirs", _("theirs")

    text = models.CharField(_("what was promised"), max_length=500)
    owner = models.CharField(_("whose promise"), max_length=8, choices=Owner, default=Owner.OURS)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="follow_ups",
        verbose_name=_("who keeps it"),
    )
    person = models.ForeignKey(
        "crm.Person",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="follow_ups",
    )
    organisation = models.ForeignKey(
        "crm.Organisation",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="follow_ups",
    )
    event = models.ForeignKey(
        "crm.Event",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="follow_ups",
    )
    due_on = models.DateField(_("due on"), db_index=True)
    done_on = models.DateField(_("done on"), null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created_at = models.DateTimeField()

    objects = FollowUpQuerySet.as_manager()

    class Meta:
        ordering = ["due_on", "pk"]
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="follow_up_says_what")]

    def __str__(self) -> str:
        return self.text

    @property
    def is_open(self) -> bool:
        return self.done_on is None

    @property
    def standing_moves(self) -> list[FollowUpMove]:
        """The times it was moved, the latest first, without those that were taken back."""
        standing: list[FollowUpMove] = []
        for move in reversed(self.moves.all()):
            if move.how != FollowUpMove.How.BACK:
                standing.append(move)
            elif standing:
                standing.pop()
        return standing[::-1]

    @property
    def promised_for(self) -> date:
        """The day it is judged by: the one in force when it came. Putting off what is late is
        no new promise, so the day of a move made too late does not count."""
        moves = self.standing_moves[::-1]
        day = moves[0].from_day if moves else self.due_on
        for move in moves:
            if move.made_on > day:
                break
            day = move.to_day
        return day

    @property
    def is_kept_in_time(self) -> bool:
        return self.done_on is not None and self.done_on <= self.promised_for

    def search_parts(self):
        person = self.person.name if self.person else ""
        organisation = self.organisation.name if self.organisation else ""
        return (self.text, person, organisation)
