from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.models.marks import SampleMark


class VisitNote(SampleMark, models.Model):
    """What a host wrote down about a visit, perhaps without a network; internal.

    `key` is made where the note is written, so that a note sent twice is one note.
    """

    visit = models.ForeignKey("visits.Visit", on_delete=models.CASCADE, related_name="host_notes")
    key = models.UUIDField(unique=True, editable=False)
    text = models.TextField(_("note"), max_length=4_000)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    written_at = models.DateTimeField()
    arrived_at = models.DateTimeField()
    visit_had_changed = models.BooleanField(default=False)

    class Meta:
        ordering = ["written_at", "pk"]

    def __str__(self) -> str:
        return f"{self.visit.ref} {self.written_at:%Y-%m-%d %H:%M}"
