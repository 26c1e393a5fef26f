"""One's own account: clock and language, and the weekly digest as it would go now."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from crm import clock
from crm.domain.users import edit_own_account
from crm.forms.fields import Form, ZoneField
from crm.permissions import require
from crm.roles import Role
from visits.domain.briefs import languages_of
from visits.domain.digests import digest_of, words_of
from visits.models.briefs import BriefEdition
from visits.views.desk.toasts import done


class AccountForm(Form):
    time_zone = ZoneField(
        label=gettext_lazy("Time zone"),
        help_text=gettext_lazy("Times that belong to no city are shown by this clock."),
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language of the mails to me"),
        help_text=gettext_lazy("The digest, and how an import of mine ended."),
    )
    wants_digest = forms.BooleanField(
        label=gettext_lazy("Send me a digest by mail every Monday at 08:00"),
        required=False,
        help_text=gettext_lazy(
            "What is overdue, due this week and promised to us, and whom nobody has heard of."
        ),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["language"].choices = list(languages_of(BriefEdition.Kind.INTERNAL).items())


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def my_account(request: HttpRequest) -> HttpResponse:
    first = {name: getattr(request.user, name) for name in AccountForm.base_fields}
    form = AccountForm(request.POST if request.method == "POST" else None, initial=first)
    now = clock.now()
    if request.method == "POST" and form.is_valid():
        edit_own_account(request.user, **form.cleaned_data, at=now)
        done(request, _("Saved."))
        return redirect("visits:my-account")
    digest = digest_of(request.user, at=now)
    with translation.override(request.user.language):
        subject, body = words_of(digest)
    status = 422 if form.errors else 200
    context = {"form": form, "digest": digest, "subject": subject, "body": body}
    return render(request, "visits/my_account.html", context, status=status)
