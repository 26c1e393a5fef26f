"""Taking back the last action, whatever it was and wherever one has walked since."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm.permissions import require
from crm.roles import Role
from visits.views.desk.access import back_to
from visits.views.desk.toasts import last_action


@require_POST
@require(*Role)
def undo_last(request: HttpRequest) -> HttpResponse:
    """Go on to the address that takes the last action back, still as a POST."""
    said = last_action(request)
    if said is None:
        messages.info(request, _("There is nothing to take back."))
        return back_to(request, "visits:today")
    return redirect(said["undo"], preserve_request=True)
