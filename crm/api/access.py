"""Who may call what: a viewset names roles for reading and for writing; nothing named, nobody."""

from rest_framework.permissions import SAFE_METHODS, BasePermission

from crm.permissions import has_role


class RolePermission(BasePermission):
    """`read_roles` for GET, HEAD and OPTIONS, `write_roles` for the rest; both deny by default."""

    def has_permission(self, request, view) -> bool:
        user = request.user
        if not user or not user.is_authenticated:
            return False
        wanted = "read_roles" if request.method in SAFE_METHODS else "write_roles"
        by_action = getattr(view, "action_roles", {})
        roles = by_action.get(getattr(view, "action", None), getattr(view, wanted, ()))
        return has_role(user, *roles)
