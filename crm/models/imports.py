from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm import clock


class ImportBatchQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Own ones, and those of the command line: what a file says about people is read by who
        brought it, and by others once it has become records."""
        if not user.is_coordinator:
            return self.none()
        return self.filter(models.Q(asked_by=user) | models.Q(asked_by=None))

    def waiting(self):
        return self.filter(state__in=ImportBatch.WAITING)

    def applied(self):
        return self.filter(state=ImportBatch.State.DONE)

    def undone(self):
        """Taken back, at least in part."""
        return self.filter(state=ImportBatch.State.UNDONE)


class ImportBatch(models.Model):
    """One file of people on its way in; the row is the truth, the worker does the work.

    `mapping` names, for each column, the field it goes to; empty for a column left out. Moments are
    the domain's, but for `beat_at`, the worker's last sign of life, which is real time.
    """

    class State(models.TextChoices):
        UPLOADED = "uploaded", _("waiting to be read")
        CHECKING = "checking", _("being read")
        READY = "ready", _("ready to import")
        QUEUED = "queued", _("waiting to be imported")
        RUNNING = "running", _("being imported")
        DONE = "done", _("imported")
        UNDONE = "undone", _("undone")
        FAILED = "failed", _("could not be read")

    WAITING = (State.UPLOADED, State.CHECKING, State.QUEUED, State.RUNNING)

    event = models.ForeignKey(
        "crm.Event", null=True, blank=True, on_delete=models.SET_NULL, related_name="imports"
    )
    basis = models.CharField(_("basis"), max_length=200)
    source = models.CharField(_("source"), max_length=200)
    overwrites = models.BooleanField(_("overwrite what differs"), default=False)
    # Of the answers about the newsletter in the file, where its rows do not say it themselves.
    newsletter_text = models.ForeignKey(
        "crm.ConsentText", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    newsletter_on = models.DateField(null=True, blank=True)
    newsletter_proof = models.CharField(max_length=500, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.UPLOADED)
    error = models.CharField(max_length=500, blank=True)
    file_name = models.CharField(_("file"), max_length=200)
    file = models.CharField(max_length=80, blank=True, editable=False)
    checksum = models.CharField(max_length=64, db_index=True)
    size = models.PositiveIntegerField(default=0)
    kind = models.CharField(max_length=8, blank=True)
    encoding = models.CharField(max_length=30, blank=True)
    is_encoding_sure = models.BooleanField(default=True)
    other_encodings = models.JSONField(default=list)
    delimiter = models.CharField(max_length=1, blank=True)
    sheet = models.CharField(max_length=60, blank=True)
    sheets = models.JSONField(default=list)
    # Organisations the file calls otherwise than we do, as the last look at it found them, with the
    # numbers of those that may be meant; and by name what somebody chose, 0 for a new one.
    suggestions = models.JSONField(default=list)
    organisations = models.JSONField(default=dict)
    heading_line = models.PositiveIntegerField(default=0)
    headings = models.JSONField(default=list)
    heading_key = models.CharField(max_length=64, blank=True, db_index=True)
    mapping = models.JSONField(default=list)
    ignored = models.JSONField(default=list)
    formulas = models.JSONField(default=list)
    rows = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    linked = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    faulty = models.PositiveIntegerField(default=0)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    asked_at = models.DateTimeField(default=clock.now, editable=False)
    beat_at = models.DateTimeField(null=True, blank=True)
    applied_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    objects = ImportBatchQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "import batches"

    def __str__(self) -> str:
        return f"{self.file_name} ({self.pk})"

    @property
    def is_waiting(self) -> bool:
        return self.state in self.WAITING

    @property
    def lines(self) -> int:
        """Rows of the file without heading and blank lines: those taken, and those with a fault."""
        return self.rows + self.faulty


class ImportRowQuerySet(models.QuerySet):
    def standing(self, batch):
        """Rows whose people are there because of them: of this batch as far as it is written, of
        imports that stand, and what an undo left alone."""
        stands = models.Q(batch=batch) | models.Q(batch__state=ImportBatch.State.DONE)
        stands |= models.Q(batch__state=ImportBatch.State.UNDONE) & ~models.Q(kept=[])
        return self.filter(stands).exclude(person=None)


class ImportRow(models.Model):
    """What one row of a file did, or would do: its verb, and every value before and after.

    `changes` holds [old, new] by field, `differs` what the file says otherwise and was not taken,
    `made` the keys of rows that exist only because of this one, `kept` what an undo left alone.
    """

    class Verb(models.TextChoices):
        CREATE = "create", _("new")
        UPDATE = "update", _("changed")
        LINK = "link", _("put on the roster")
        SKIP = "skip", _("nothing new")
        ERROR = "error", _("with a fault")

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="entries")
    line = models.PositiveIntegerField()
    verb = models.CharField(max_length=6, choices=Verb)
    person = models.ForeignKey(
        "crm.Person", null=True, blank=True, on_delete=models.SET_NULL, related_name="import_rows"
    )
    # Of what the row says, in whatever order its columns stand; empty for one with a fault.
    digest = models.CharField(max_length=32, blank=True, db_index=True)
    name = models.CharField(max_length=240, blank=True)
    changes = models.JSONField(default=dict)
    differs = models.JSONField(default=dict)
    made = models.JSONField(default=dict)
    kept = models.JSONField(default=list)
    remark = models.CharField(max_length=500, blank=True)
    field = models.CharField(max_length=20, blank=True)
    message = models.CharField(max_length=1_000, blank=True)

    objects = ImportRowQuerySet.as_manager()

    class Meta:
        ordering = ["batch", "line", "pk"]


class NoticeDueQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self if user.is_coordinator else self.none()

    def open(self):
        return self.filter(told_at=None)

    def due_by(self, day):
        return self.open().filter(due_on__lte=day)


class NoticeDue(models.Model):
    """Somebody whose data did not come from themselves must be told within a month (GDPR art. 14):
    that we have it, from where and on what basis."""

    person = models.ForeignKey("crm.Person", on_delete=models.CASCADE, related_name="notices_due")
    batch = models.ForeignKey(
        ImportBatch, null=True, blank=True, on_delete=models.SET_NULL, related_name="notices_due"
    )
    source = models.CharField(_("source"), max_length=200)
    basis = models.CharField(_("basis"), max_length=200)
    due_on = models.DateField(_("to be told by"), db_index=True)
    told_at = models.DateTimeField(null=True, blank=True)
    told_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    told_how = models.CharField(_("how they were told"), max_length=300, blank=True)

    objects = NoticeDueQuerySet.as_manager()

    class Meta:
        ordering = ["due_on", "pk"]
        verbose_name_plural = "notices due"
