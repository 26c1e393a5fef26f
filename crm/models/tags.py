from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.models.marks import SampleMark
from crm.search import search_key


class Tag(SampleMark, models.Model):
    """A word of our own that people and organisations are gathered by; internal."""

    name = models.CharField(_("name"), max_length=40)
    key = models.CharField(max_length=80, unique=True, editable=False)

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args, **kwargs):
        self.key = search_key(self.name)
        super().save(*args, **kwargs)
