"""What an installation still needs before its first campaign works."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.models import MailTemplate, Place, User
from crm.permissions import has_role
from crm.roles import Role
from visits.models import Campaign, Host, Topic, VisitRequest

# Where the demo listens for mail, and where mail goes until a server is named.
SINK_PORT = 1025
OFFICE = (Role.COORDINATOR, Role.ADMINISTRATOR)


@dataclass(frozen=True)
class Step:
    """One thing to do: what, why, whether it is done, and the page for it (none: not by page)."""

    words: str
    why: str
    is_done: bool
    path: str = ""
    is_next: bool = False


def form_address(campaign: Campaign) -> str:
    """Where the public finds the form of this campaign."""
    path = reverse("public:form", kwargs={"language": "en"})
    return f"{settings.SITE_URL}{path}?{urlencode({'campaign': campaign.slug})}"


def first_steps(user: User) -> list[Step]:
    """The way to the first campaign for whoever can go it; empty once a request has come."""
    if not has_role(user, *OFFICE) or VisitRequest.objects.exists():
        return []
    steps = [
        Step(
            _("Load the reference data"),
            _("Places, calendar days and mail templates: run “manage.py load_reference”."),
            Place.objects.exists() and MailTemplate.objects.exists(),
        ),
        Step(
            _("Name a coordinator"),
            _(
                "Administrators keep accounts and settings; a coordinator answers and plans. "
                "One person may have both roles."
            ),
            User.objects.with_role(Role.COORDINATOR).exists(),
            reverse("visits:user-list") if user.is_administrator else "",
        ),
        Step(
            _("Open a campaign"),
            _("The offer with its window of dates; its form is open from then on."),
            Campaign.objects.exists(),
            reverse("visits:campaign-new"),
        ),
        Step(
            _("List the topics"),
            _("What a visit can be about. Without topics the form asks for questions alone."),
            Topic.objects.exists(),
            reverse("visits:topic-new"),
        ),
        Step(
            _("Add a host"),
            _("Who leads visits, from which city; without one no date can be offered."),
            Host.objects.who_lead().exists(),
            reverse("visits:host-new"),
        ),
        Step(
            _("Set up mail"),
            _(
                "SMTP_HOST, MAIL_FROM and MAIL_SENDER_NAME in the environment; "
                "until then no mail leaves this machine."
            ),
            _leaves_this_machine(),
            reverse("visits:health"),
        ),
    ]
    return _with_the_next_one(steps)


def _leaves_this_machine() -> bool:
    """Whether mail goes to a server of the project's own, not to the demo's sink."""
    return not settings.MAIL_IS_CAUGHT and settings.EMAIL_PORT != SINK_PORT


def _with_the_next_one(steps: list[Step]) -> list[Step]:
    """The first step that is open stands out."""
    at = next((number for number, step in enumerate(steps) if not step.is_done), None)
    return [replace(step, is_next=number == at) for number, step in enumerate(steps)]
