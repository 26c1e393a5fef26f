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

    def save(self, *args, update_fields=None, **kwargs):
        """With the key of the name; tags out of which names were taken may read the same, so each
        further one has its number in the key."""
        self.key = search_key(self.name)
        if self.pk and Tag.objects.filter(key=self.key).exclude(pk=self.pk).exists():
            self.key = f"{self.key[:60]} {self.pk}"
        if update_fields is not None:
            update_fields = {*update_fields, "key"}
        super().save(*args, update_fields=update_fields, **kwargs)
