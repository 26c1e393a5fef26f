"""The mail about an import that ran: who asked for it may have closed the page long ago."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.domain.staff_mail import tell_staff
from crm.models import ImportBatch, Message


def tell_result(batch: ImportBatch, *, at: datetime) -> Message | None:
    """Queue the result of an import to who asked for it: counts and a link, nothing of the file
    but its name."""
    user = batch.asked_by
    if user is None or not user.is_active:
        return None
    with translation.override(user.language):
        subject, body = words_of(batch)
    return tell_staff(user, subject=subject, body=body, at=at)


def words_of(batch: ImportBatch) -> tuple[str, str]:
    """Subject and text, in the active language."""
    link = settings.SITE_URL + reverse("visits:import-detail", args=[batch.pk])
    name = batch.file_name
    if batch.state == ImportBatch.State.FAILED:
        subject = _("%(file)s was not imported") % {"file": name}
        return subject, "\n\n".join([batch.error, _("Nothing was written."), link])
    subject = _("%(file)s is imported") % {"file": name}
    told = _(
        "New: %(created)d\nChanged: %(updated)d\nNothing new: %(skipped)d\nWith a fault: %(faulty)d"
    )
    counts = ("created", "updated", "skipped", "faulty")
    parts = [told % {count: getattr(batch, count) for count in counts}]
    if batch.event is not None:
        words = _("Put on the roster of %(event)s, new people and known ones: %(n)d")
        seated = batch.entries.filter(made__has_key="part").count()
        parts.append(words % {"event": batch.event.name, "n": seated})
    if batch.faulty:
        words = ngettext(
            "One line has a fault and stayed outside: %(link)s",
            "%(n)d lines have a fault and stayed outside: %(link)s",
            batch.faulty,
        )
        parts.append(words % {"n": batch.faulty, "link": f"{link}?show=error"})
    parts.append(_("Row by row, and the way to take it back: %(link)s") % {"link": link})
    return subject, "\n\n".join(parts)
