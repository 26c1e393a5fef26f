"""How staff come in: by an account an administrator made, through one sign-in."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.http import HttpRequest


class ClosedSignUpAdapter(DefaultAccountAdapter):
    """Nobody makes an account for themselves; an administrator makes it."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str | None) -> bool:
        """Where "next" may lead; an address nobody can read leads nowhere."""
        try:
            return super().is_safe_url(url)
        except ValueError:
            return False


def route_admin_sign_in() -> None:
    """Send the admin's own sign-in form through ours, with its limits and second factor."""
    admin.site.login = secure_admin_login(admin.site.login)
