from django.conf import settings
from django.db import models
from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _


class SavedViewQuerySet(models.QuerySet):
    def visible_to(self, user):
        """One's own, and those that others share."""
        return self.filter(Q(owner=user) | Q(is_shared=True))

    def kept(self):
        return self.filter(removed_at=None)

    def of_list(self, name: str):
        return self.filter(list=name).order_by("name", "pk")

    def numbered(self, typed: str):
        """The view with this number as it stands in an address; None without one."""
        if not (typed.isascii() and typed.isdecimal() and len(typed) < 19):
            return None
        return self.filter(pk=int(typed)).first()


class SavedView(models.Model):
    """A list's filters, search and order under a name; the rows are found anew at each look.

    `query` holds the parameters of the list's FilterSet, each with its values. A removed one is
    kept for an undo.
    """

    class List(models.TextChoices):
        PEOPLE = "people", _("People")
        ORGANISATIONS = "organisations", _("Organisations")
        EVENTS = "events", _("Events")
        FOLLOW_UPS = "follow_ups", _("Follow-ups")
        MAIL = "mail", _("Mail")
        REQUESTS = "requests", _("Requests")
        VISITS = "visits", _("Visits")
        CONSENTS = "consents", _("Consent")
        NOTICES = "notices", _("To be told")
        DATA_REQUESTS = "data_requests", _("Requests about data")

    list = models.CharField(max_length=16, choices=List)
    name = models.CharField(_("name"), max_length=80)
    query = models.JSONField(default=dict)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views"
    )
    is_shared = models.BooleanField(_("for everybody at the desk"), default=False)
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "list", "name"],
                condition=Q(removed_at=None),
                name="one_view_of_a_name_per_owner",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def under(self, query: QueryDict) -> QueryDict:
        """The kept filters and those of an address, which go first."""
        joined = query.copy()
        joined.pop("view", None)
        for name, values in self.query.items():
            if name not in joined:
                joined.setlist(name, values)
        return joined

    @property
    def address(self) -> str:
        """The query of the list's page."""
        query = QueryDict(mutable=True)
        for name, values in self.query.items():
            query.setlist(name, values)
        return f"?{query.urlencode()}" if query else "?"
