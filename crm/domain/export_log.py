"""Lists that leave the program: each is written down, and the administrators hear of large ones."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from crm.domain.audit import record
from crm.domain.staff_mail import tell_staff
from crm.models import User
from crm.roles import Role


@transaction.atomic
def note_export(name: str, rows: int, *, at: datetime, by: User) -> None:
    """Write down that `by` takes `rows` rows away as the file `name`.

    More rows than LARGE_EXPORT_ROWS are told to every other administrator by mail.
    """
    is_large = rows > settings.LARGE_EXPORT_ROWS
    verb = "export_large_list" if is_large else "export_list"
    record(by, verb, at=at, by=by, fields=[f"{name} ({rows})"])
    if not is_large:
        return
    for administrator in User.objects.with_role(Role.ADMINISTRATOR).exclude(pk=by.pk):
        with translation.override(administrator.language):
            subject = _("%(who)s took %(rows)d rows out") % {"who": by, "rows": rows}
            body = _(
                "%(who)s exported %(name)s with %(rows)d rows. If this was not meant to be, close "
                "the account under Settings, Users and roles."
            ) % {"who": by, "name": name, "rows": rows}
        tell_staff(administrator, subject=subject, body=body, at=at)
