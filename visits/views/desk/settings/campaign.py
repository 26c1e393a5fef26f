"""The offers: their words, windows, office hours and promises, and which one the desk works on."""

from functools import partial

from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import clock
from crm.permissions import require
from crm.roles import Role
from visits.domain.campaigns import add_campaign, edit_campaign
from visits.domain.first_steps import form_address
from visits.forms.settings import CampaignForm
from visits.models import Campaign
from visits.views.desk.access import back_to, current_campaign
from visits.views.desk.toasts import add_errors, done, try_form
from visits.views.frame import CHOSEN

KEEPERS = (Role.COORDINATOR, Role.ADMINISTRATOR)


@require_safe
@require(*KEEPERS)
def campaign_list(request: HttpRequest) -> HttpResponse:
    rows = Campaign.objects.visible_to(request.user).annotate(request_count=Count("requests"))
    context = {
        "campaigns": rows.order_by("-window_start", "-pk"),
        "current": current_campaign(request),
        "today": clock.now().date(),
    }
    return render(request, "visits/settings_campaigns.html", context)


@require_http_methods(["GET", "POST"])
@require(*KEEPERS)
def campaign_new(request: HttpRequest) -> HttpResponse:
    form = CampaignForm(request.POST or None, initial={"zone": request.user.time_zone})
    if request.method == "POST" and form.is_valid():
        slug = form.cleaned_data["slug"]
        try:
            made = add_campaign(form.values, slug=slug, at=clock.now(), by=request.user)
        except ValidationError as error:
            add_errors(form, error)
        else:
            request.session[CHOSEN] = made.slug
            done(request, _("%(name)s is open; its form can be shown.") % {"name": made.name})
            return redirect("visits:campaign-edit-one", made.slug)
    return render(request, "visits/settings_campaign.html", {"form": form, "campaign": None})


@require_http_methods(["GET", "POST"])
@require(*KEEPERS)
def campaign_edit(request: HttpRequest, slug: str = "") -> HttpResponse:
    """The campaign of this slug, or the one the desk works on; the first one is made here."""
    if not slug and current_campaign(request) is None:
        return redirect("visits:campaign-new")
    campaign = find_campaign(request, slug)
    form = CampaignForm(request.POST or None, row=campaign)
    if try_form(request, form, partial(edit_campaign, campaign)) is not None:
        done(request, _("Saved."))
        return redirect("visits:settings")
    context = {"form": form, "campaign": campaign, "address": form_address(campaign)}
    status = 409 if form.change else 200
    return render(request, "visits/settings_campaign.html", context, status=status)


def find_campaign(request: HttpRequest, slug: str) -> Campaign:
    """The campaign of this slug, or the one the desk works on."""
    seen = Campaign.objects.visible_to(request.user)
    if slug:
        return get_object_or_404(seen, slug=slug)
    return get_object_or_404(seen, pk=getattr(current_campaign(request), "pk", None))


@require_POST
@require(*Role)
def campaign_choose(request: HttpRequest, slug: str) -> HttpResponse:
    """Let the desk show this campaign until the person signs out."""
    campaign = find_campaign(request, slug)
    request.session[CHOSEN] = campaign.slug
    done(request, _("You work on %(name)s now.") % {"name": campaign.name})
    return back_to(request, "visits:today")
