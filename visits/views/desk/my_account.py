"""One's own account: the weekly digest, with this week's as it would go now."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from crm import clock
from crm.domain.users import edit_own_account
from crm.forms.fields import Form
from crm.permissions import require
from crm.roles import Role
from visits.domain.digests import digest_of, words_of
from visits.views.desk.toasts import done


class DigestForm(Form):
    wants_digest = forms.BooleanField(
        label=gettext_lazy("Send me a digest by mail every Monday at 08:00"),
        required=False,
        help_text=gettext_lazy(
            "What is overdue, due this week and promised to us, and whom nobody has heard of."
        ),
    )


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def my_account(request: HttpRequest) -> HttpResponse:
    form = DigestForm(
        request.POST if request.method == "POST" else None,
        initial={"wants_digest": request.user.wants_digest},
    )
    now = clock.now()
    if request.method == "POST" and form.is_valid():
        edit_own_account(request.user, **form.cleaned_data, at=now)
        done(request, _("Saved."))
        return redirect("visits:my-account")
    digest = digest_of(request.user, at=now)
    subject, body = words_of(digest)
    context = {"form": form, "digest": digest, "subject": subject, "body": body}
    return render(request, "visits/my_account.html", context)
