"""Who may open a page or call a verb: predicates that read as sentences, one decorator."""

from collections.abc import Callable
from functools import wraps

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from crm.roles import Role


def has_role(user, *roles: str) -> bool:
    """Whether the signed-in user has one of the roles; a superuser counts as administrator."""
    held = set(user.roles) | ({Role.ADMINISTRATOR} if user.is_superuser else set())
    return bool(held & set(roles))


def require(*roles: str) -> Callable:
    """A view for users with one of the roles; everybody else gets 403 with a sentence."""

    def decorate(view: Callable) -> Callable:
        @wraps(view)
        def guarded(request, *args, **kwargs):
            if not has_role(request.user, *roles):
                raise PermissionDenied(_("This page is not part of your role."))
            return view(request, *args, **kwargs)

        guarded.roles = frozenset(roles)
        return guarded

    return decorate


class RoleRequired:
    """The same for class-based views: name the roles in `roles`."""

    roles: tuple[str, ...] = ()

    def dispatch(self, request, *args, **kwargs):
        if not has_role(request.user, *self.roles):
            raise PermissionDenied(_("This page is not part of your role."))
        return super().dispatch(request, *args, **kwargs)
