from datetime import date

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crm.models.marks import SampleMark


class PostQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self if user.is_coordinator else self.none()

    def held_on(self, day: date):
        """Posts that had begun by the day and had not ended before it; an unknown first day is
        taken as begun."""
        return self.filter(Q(from_on=None) | Q(from_on__lte=day), to_on__gte=day)


class Post(SampleMark, models.Model):
    """What somebody was before: role, department and organisation, until when.

    The present post stands in the person's own fields; a new one puts the present one here.
    """

    person = models.ForeignKey("crm.Person", on_delete=models.CASCADE, related_name="posts")
    organisation = models.ForeignKey(
        "crm.Organisation",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="former_posts",
        verbose_name=_("organisation"),
    )
    role = models.CharField(_("role"), max_length=200, blank=True)
    department = models.CharField(_("department"), max_length=200, blank=True)
    from_on = models.DateField(_("from"), null=True, blank=True)
    to_on = models.DateField(_("until"), db_index=True)

    objects = PostQuerySet.as_manager()

    class Meta:
        ordering = ["-to_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(from_on=None) | Q(from_on__lte=F("to_on")), name="post_ends_after_start"
            )
        ]

    def __str__(self) -> str:
        parts = (self.role, self.department, self.organisation.name if self.organisation else "")
        return ", ".join(part for part in parts if part)
