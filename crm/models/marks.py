"""Marks that many rows carry."""

from django.db import models


class SampleMark(models.Model):
    """Sample rows are shown as such, never mailed, and removable in one action."""

    is_sample = models.BooleanField(default=False, editable=False, db_index=True)

    class Meta:
        abstract = True


class Visibility:
    """Who may read which field. A field named in neither tuple is internal.

    Public output and output to a municipality are gathered from these names only; a test plants
    secrets in all other fields and looks for them outside.
    """

    public_fields: tuple[str, ...] = ()
    municipality_fields: tuple[str, ...] = ()
