from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _


class PlainText(DjangoJSONEncoder):
    """Letters as they are, so that a name can be searched for in what is stored."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options | {"ensure_ascii": False})


class BriefEditionQuerySet(models.QuerySet):
    def visible_to(self, user):
        from visits.models.visits import Visit

        seen = self.filter(visit__in=Visit.objects.visible_to(user))
        return seen.filter(kind=BriefEdition.Kind.PUBLIC) if user.is_expert else seen

    def without_content(self):
        """For lists: the words stay in the database, `has_content` says whether they are kept."""
        is_kept = models.Q(content__isnull=False)
        return self.defer("content").annotate(
            has_content=models.ExpressionWrapper(is_kept, models.BooleanField())
        )

    def current(self):
        return self.filter(void=False)


class BriefEdition(models.Model):
    """One built edition of a visit's brief: what it said, and the hash that is compared."""

    class Kind(models.TextChoices):
        INTERNAL = "internal", _("internal")
        PUBLIC = "public", _("public")

    visit = models.ForeignKey("visits.Visit", on_delete=models.CASCADE, related_name="editions")
    kind = models.CharField(max_length=8, choices=Kind)
    language = models.CharField(max_length=8, default="en")
    version = models.PositiveIntegerField()
    data_hash = models.CharField(max_length=64)
    content = models.JSONField(null=True, editable=False, encoder=PlainText)
    built_at = models.DateTimeField()
    built_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    sent_at = models.DateTimeField(null=True, blank=True)
    void = models.BooleanField(default=False)
    is_sample = models.BooleanField(default=False, editable=False)

    objects = BriefEditionQuerySet.as_manager()

    class Meta:
        ordering = ["visit", "kind", "-version"]
        constraints = [
            models.UniqueConstraint(
                fields=["visit", "kind", "language", "version"],
                name="one_edition_per_version",
            )
        ]

    def __str__(self) -> str:
        return f"{self.visit.ref} {self.kind} v{self.version}"
