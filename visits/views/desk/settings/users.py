"""Accounts of staff, for administrators; API tokens, for everybody's own account."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from knox.models import AuthToken

from crm import clock
from crm.domain import users as verbs
from crm.domain.tokens import make_token, revoke_token
from crm.forms.users import TokenForm, UserForm
from crm.models import User
from crm.permissions import require
from crm.roles import Role
from visits.views.desk.toasts import add_errors, done, try_form

EVERYBODY = tuple(Role)


@require_safe
@require(Role.ADMINISTRATOR)
def user_list(request: HttpRequest) -> HttpResponse:
    users = User.objects.visible_to(request.user).prefetch_related("groups").order_by("email")
    return render(request, "visits/settings_users.html", {"users": users, "labels": _labels()})


def _labels() -> dict[str, str]:
    return {role.value: str(role.label) for role in Role}


@require_http_methods(["GET", "POST"])
@require(Role.ADMINISTRATOR)
def user_new(request: HttpRequest) -> HttpResponse:
    form = UserForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        typed = {name: form.cleaned_data[name] for name in ("email", "name", "roles", "time_zone")}
        try:
            user, password = verbs.add_user(**typed, at=clock.now(), by=request.user)
        except ValidationError as error:
            add_errors(form, error)
        else:
            return _show_password(request, user, password)
    return render(request, "visits/settings_user_form.html", {"form": form, "account": None})


def _show_password(request: HttpRequest, user: User, password: str) -> HttpResponse:
    context = {"account": user, "password": password}
    return render(request, "visits/settings_user_password.html", context)


@require_http_methods(["GET", "POST"])
@require(Role.ADMINISTRATOR)
def user_edit(request: HttpRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(_accounts(request), pk=pk)
    form = UserForm(request.POST or None, row=user)
    if (
        try_form(request, form, lambda values, **act: verbs.edit_user(user, **values, **act))
        is not None
    ):
        done(request, _("Saved."))
        return redirect("visits:user-list")
    context = {"form": form, "account": user}
    status = 409 if form.change else 200
    return render(request, "visits/settings_user_form.html", context, status=status)


def _accounts(request: HttpRequest) -> QuerySet[User]:
    return User.objects.visible_to(request.user)


@require_POST
@require(Role.ADMINISTRATOR)
def user_password(request: HttpRequest, pk: int) -> HttpResponse:
    """A new first password, shown once; the person's sessions and tokens end."""
    user = get_object_or_404(_accounts(request), pk=pk)
    if user == request.user:
        messages.error(request, _("Change your own password under your account."))
        return redirect(reverse("visits:user-edit", args=[pk]))
    password = verbs.renew_password(user, at=clock.now(), by=request.user)
    return _show_password(request, user, password)


@require_safe
@require(*EVERYBODY)
def token_list(request: HttpRequest) -> HttpResponse:
    return render(request, "visits/settings_tokens.html", _tokens(request))


def _tokens(request: HttpRequest) -> dict[str, Any]:
    rows = AuthToken.objects.filter(user=request.user).order_by("-created")
    return {"tokens": rows, "form": TokenForm(), "now": timezone.now()}


@require_POST
@require(*EVERYBODY)
def token_new(request: HttpRequest) -> HttpResponse:
    """A token for one's own account; it is shown on this answer and never again."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return render(request, "visits/settings_tokens.html", _tokens(request) | {"form": form})
    secret = make_token(request.user, days=form.cleaned_data["days"], at=clock.now())
    return render(request, "visits/settings_tokens.html", _tokens(request) | {"secret": secret})


@require_POST
@require(*EVERYBODY)
def token_revoke(request: HttpRequest, digest: str) -> HttpResponse:
    row = get_object_or_404(AuthToken, user=request.user, digest=digest)
    revoke_token(row, at=clock.now(), by=request.user)
    done(request, _("The token has ended."))
    return redirect("visits:token-list")
