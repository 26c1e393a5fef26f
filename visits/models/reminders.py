from django.db import models
from django.db.models import Q

from crm.models import Message


class ReminderQuerySet(models.QuerySet["Reminder"]):
    """Reminders, and what may be done to many of them at once."""

    def of_visits(self) -> "ReminderQuerySet":
        """Those that speak of a visit, not of a promise."""
        return self.filter(follow_up=None)

    def call_off(self) -> int:
        """Take back the letters among them that nobody sent; how many."""
        drafts = Message.objects.filter(reminders__in=self, status=Message.Status.DRAFT)
        called_off: int = Message.objects.filter(pk__in=drafts.values("pk")).update(
            status=Message.Status.CANCELLED
        )
        return called_off


class Reminder(models.Model):
    """A reminder of a visit or of a promise that was made, so that it is made once.

    `days` counts from the day of the visit, or from the day promised, in calendar days of the
    place: -3 is three days before, 10 ten days after. `message` is the letter, if there is one.
    """

    visit = models.ForeignKey(
        "visits.Visit", null=True, blank=True, on_delete=models.CASCADE, related_name="reminders"
    )
    request = models.ForeignKey(
        "visits.VisitRequest",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="reminders",
    )
    follow_up = models.ForeignKey(
        "crm.FollowUp", null=True, blank=True, on_delete=models.CASCADE, related_name="reminders"
    )
    days = models.SmallIntegerField()
    # The day promised that the chase counted from: a promise that moved is chased anew.
    due_on = models.DateField(null=True, blank=True)
    made_at = models.DateTimeField()
    message = models.ForeignKey(
        "crm.Message", null=True, blank=True, on_delete=models.SET_NULL, related_name="reminders"
    )

    objects = ReminderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["visit", "request", "days"],
                condition=Q(follow_up=None),
                name="one_reminder_of_a_visit",
            ),
            models.UniqueConstraint(
                fields=["follow_up", "due_on", "days"],
                condition=Q(follow_up__isnull=False),
                name="one_chase_of_a_promise",
            ),
        ]
