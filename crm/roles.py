"""The roles of staff, held as groups, and the questions asked about them."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    COORDINATOR = "coordinator", _("Coordinator")
    HOST = "host", _("Host")
    EXPERT = "expert", _("Partner expert")
    REPORTER = "reporter", _("Reporter")
    ADMINISTRATOR = "administrator", _("Administrator")
