"""One line behind a number: what it is called, for whom, and where it opens.

A city under embargo is never named here, not even by its key: whoever counts may pass the list on.
"""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from crm import wording
from crm.models import FollowUp, Organisation, Person
from visits.models import Visit, VisitRequest

if TYPE_CHECKING:
    from visits.domain.figures.basis import City


@dataclass(frozen=True)
class Row:
    """A row behind a number.

    `ref` goes into the JSON; `words` name no person and may be shown to a reporter, `name` may
    name one and is for coordinators; `link` is a URL name with its argument.
    """

    ref: str
    words: str
    name: str = ""
    group: str = ""
    amount: float | int | None = None
    link: tuple[str, Any] | None = None


class Namer:
    """Names rows as the numbers of one day may name them."""

    def __init__(self, today: date):
        self.today = today

    def hides(self, organisation: Organisation | None) -> bool:
        """Whether the organisation is a municipality under embargo."""
        municipality = getattr(organisation, "municipality", None)
        return municipality is not None and not municipality.may_be_named(self.today)

    def organisation(self, organisation: Organisation | None) -> str:
        if organisation is None:
            return _("no organisation")
        return _("a municipality under embargo") if self.hides(organisation) else organisation.name

    def person(self, person: Person, *, group: Any = "") -> Row:
        organisation = person.organisation
        kind = organisation.get_type_display() if organisation else _("no organisation")
        country = wording.country_name(organisation.country) if organisation else ""
        return Row(
            ref=person.key or f"person-{person.pk}",
            words=", ".join(part for part in (str(kind), country) if part),
            name=f"{person.name}, {self.organisation(organisation)}",
            group=str(group),
            link=("visits:person-detail", person.pk),
        )

    def country(self, code: str) -> Row:
        return Row(ref=code, words=wording.country_name(code))

    def city(self, city: "City") -> Row:
        if city.municipality is None:
            words = city.request.city if city.request else _("a municipality without a record")
            return Row(ref=_ref_of(city), words=words)
        organisation = city.municipality.organisation
        if self.hides(organisation):
            return Row(ref="under-embargo", words=_("a municipality under embargo"))
        return Row(
            ref=organisation.key or f"municipality-{city.municipality.pk}",
            words=f"{city.municipality.name} ({organisation.country})",
            group=_("pilot city") if city.is_pilot else "",
            link=("visits:organisation-detail", organisation.pk),
        )

    def _place(self, row: Visit | VisitRequest) -> str:
        municipality = row.municipality
        if municipality is not None and not municipality.may_be_named(self.today):
            return _("a municipality under embargo")
        return f"{row.city} ({row.country})"

    def request(self, request: VisitRequest, *, amount: float | None = None) -> Row:
        return Row(
            ref=request.ref,
            words=self._place(request),
            group=request.get_state_display(),
            amount=amount,
            link=("visits:request-detail", request.ref),
        )

    def visit(self, visit: Visit, *, amount: float | None = None, group: Any = "") -> Row:
        return Row(
            ref=visit.ref,
            words=f"{self._place(visit)}, {wording.day(visit.local_date)}",
            group=str(group) or f"{visit.get_mode_display()}, {visit.get_state_display()}",
            amount=amount,
            link=("visits:visit-detail", visit.ref),
        )

    def follow_up(self, promise: FollowUp) -> Row:
        visits = [visit.ref for visit in promise.visits.all()]
        refs = visits + [request.ref for request in promise.visit_requests.all()]
        if promise.is_open:
            state = _("open")
        elif promise.is_kept_in_time:
            state = _("kept")
        else:
            state = _("late")
        due = _("due %(day)s") % {"day": wording.day(promise.promised_for)}
        return Row(
            ref=f"follow-up-{promise.pk}",
            words=", ".join([*refs, due]),
            name=", ".join([promise.text, *refs, due]),
            group=state,
            link=("visits:visit-detail", visits[0]) if visits else None,
        )


def _ref_of(city: "City") -> str:
    return city.request.ref if city.request else city.key.replace(" ", "-")
