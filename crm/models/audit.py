from django.conf import settings
from django.db import models


class AuditEntryQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self if user.is_coordinator or user.is_administrator else self.none()

    def about(self, row: models.Model):
        return self.filter(model=row._meta.label_lower, row_id=row.pk)


class AuditEntry(models.Model):
    """Who did what when; append only. Names of fields, never values, so erasure leaves it true."""

    at = models.DateTimeField(db_index=True)
    recorded_at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    actor = models.CharField(max_length=60, blank=True)
    verb = models.CharField(max_length=60)
    model = models.CharField(max_length=60)
    row_id = models.CharField(max_length=40)
    row_ref = models.CharField(max_length=40, blank=True)
    fields = models.JSONField(default=list)
    from_state = models.CharField(max_length=20, blank=True)
    to_state = models.CharField(max_length=20, blank=True)
    is_sample = models.BooleanField(default=False, db_index=True)

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name_plural = "audit entries"
        indexes = [models.Index(fields=["model", "row_id"], name="audit_row")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.verb} {self.row_ref}"

    def save(self, *args, **kwargs):
        if self.pk is not None:
            raise ValueError("The audit log is append only.")
        super().save(*args, **kwargs)


class AuditNote(models.Model):
    """Why, in a person's words; kept apart from the entry so that it can be erased."""

    entry = models.OneToOneField(AuditEntry, on_delete=models.CASCADE, related_name="note")
    why = models.CharField(max_length=1_000)
