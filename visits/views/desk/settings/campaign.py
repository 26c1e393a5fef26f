"""The offer: its words, window, office hours and promises."""

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from crm import clock
from crm.domain.edits import ChangedMeanwhile
from crm.permissions import require
from crm.roles import Role
from visits.domain.campaigns import edit_campaign
from visits.forms.settings import CampaignForm
from visits.models import Campaign
from visits.views.desk.access import current_campaign
from visits.views.desk.toasts import add_errors, done


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR, Role.ADMINISTRATOR)
def campaign_edit(request: HttpRequest, slug: str = "") -> HttpResponse:
    campaign = find_campaign(request, slug)
    form = CampaignForm(request.POST or None, row=campaign)
    if request.method == "POST" and form.is_valid():
        seen = form.cleaned_data["seen"] or None
        try:
            edit_campaign(campaign, form.values, seen=seen, at=clock.now(), by=request.user)
        except ChangedMeanwhile as change:
            form.show_change(change)
        except ValidationError as error:
            add_errors(form, error)
        else:
            done(request, _("Saved."))
            return redirect("visits:settings")
    context = {"form": form, "campaign": campaign}
    status = 409 if form.change else 200
    return render(request, "visits/settings_campaign.html", context, status=status)


def find_campaign(request: HttpRequest, slug: str) -> Campaign:
    """The campaign of this slug, or the newest one."""
    if not slug:
        found = current_campaign(request.user)
    else:
        found = Campaign.objects.visible_to(request.user).filter(slug=slug).first()
    if found is None:
        raise Http404
    return found
