"""Everything we keep about one human, whoever wrote it and wherever it lies.

Export and erasure both start here, so that what a person is shown is what is taken away.
"""

import html
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from crm.models import (
    AuditEntry,
    AuditNote,
    ConsentRecord,
    ContactPoint,
    DataRequest,
    FollowUp,
    ImportRow,
    IncomingMail,
    Interaction,
    MailingRecipient,
    Message,
    NoticeDue,
    OutgoingMail,
    Participation,
    Person,
    Post,
)
from crm.validators import address_key
from visits.models import (
    AgendaItem,
    BriefEdition,
    ChecklistItem,
    DateWish,
    Expense,
    PendingRequest,
    TravelLeg,
    Visit,
    VisitNote,
    VisitReport,
    VisitRequest,
)
from visits.models.availability import HostAnswer

# Shorter words stand in too many other words to be looked for.
SHORTEST_WORD = 3


@dataclass(frozen=True)
class Dossier:
    """The rows about one human; `people` are the records merged into one, the kept one first."""

    people: list[Person]

    @property
    def person(self) -> Person:
        return self.people[0]

    @cached_property
    def contact_points(self) -> list[ContactPoint]:
        return list(ContactPoint.objects.filter(person__in=self.people).order_by("pk"))

    @cached_property
    def addresses(self) -> list[str]:
        """Keys of the mail addresses that are theirs and nobody else's."""
        mails = ContactPoint.objects.filter(kind=ContactPoint.Kind.EMAIL)
        keys = set(mails.filter(person__in=self.people).values_list("match_key", flat=True))
        asked = VisitRequest.objects.filter(person__in=self.people).exclude(address_key="")
        keys |= set(asked.values_list("address_key", flat=True))
        shared = mails.filter(match_key__in=keys).exclude(person__in=self.people)
        return sorted(keys - set(shared.values_list("match_key", flat=True)))

    def written_to(self, field: str) -> Q:
        """Rows whose `field` is one of the addresses, however it was typed."""
        found = Q(pk__in=[])
        for key in self.addresses:
            found |= Q(**{f"{field}__iexact": key})
        return found

    @cached_property
    def requests(self) -> list[VisitRequest]:
        own = Q(person__in=self.people) | Q(person=None, address_key__in=self.addresses)
        return list(VisitRequest.objects.filter(own).order_by("ref"))

    @cached_property
    def pending(self) -> list[PendingRequest]:
        """Forms of theirs not verified yet, and colleagues asked to take a request over."""
        return list(
            PendingRequest.objects.filter(
                Q(address_key__in=self.addresses)
                | Q(request__in=self.requests)
                | Q(answers__change_address_of__in=[request.ref for request in self.requests])
            )
        )

    @cached_property
    def visits(self) -> list[Visit]:
        """Visits that serve their requests, or where they are the contact."""
        found = Visit.objects.filter(
            Q(requests__in=self.requests) | self.written_to("local_contact_address")
        )
        return list(found.distinct().order_by("ref"))

    @cached_property
    def notes(self) -> list[VisitNote]:
        """What hosts wrote on the road about these visits, where it names them."""
        pattern = word_pattern(self.own_words)
        rows = VisitNote.objects.filter(visit__in=self.visits).select_related("visit")
        return [row for row in rows if pattern and pattern.search(row.text)]

    def is_contact_of(self, visit: Visit) -> bool:
        """Whether they are the local contact, by address or by name."""
        names = {request.requester_name for request in self.requests} | {
            person.name for person in self.people
        }
        if visit.local_contact_address:
            return address_key(visit.local_contact_address) in self.addresses
        return bool(visit.local_contact_name) and visit.local_contact_name in names

    @cached_property
    def messages(self) -> list[Message]:
        """Letters from and to them, also those that carry only an address."""
        found = Message.objects.filter(
            Q(person__in=self.people)
            | Q(person=None) & (Q(visit_requests__in=self.requests) | self.written_to("address"))
        )
        return list(found.distinct().order_by("at", "pk"))

    @cached_property
    def mails(self) -> list[OutgoingMail]:
        found = OutgoingMail.objects.filter(
            Q(message__in=self.messages) | self.written_to("recipient")
        )
        return list(found.distinct().order_by("queued_at", "pk"))

    @cached_property
    def incoming(self) -> list[IncomingMail]:
        """Mails as they came in: filed to them, from them, or written to them by one of us."""
        found = Q(messages__in=self.messages) | Q(sender_key__in=self.addresses)
        for key in self.addresses:
            found |= Q(recipients__icontains=key)
        rows = IncomingMail.objects.filter(found).distinct()
        return list(rows.defer("raw").order_by("received_at", "pk"))

    @cached_property
    def consents(self) -> list[ConsentRecord]:
        found = ConsentRecord.objects.filter(
            Q(person__in=self.people) | Q(person=None) & self.written_to("address")
        )
        return list(found.select_related("text").order_by("at", "pk"))

    @cached_property
    def data_requests(self) -> list[DataRequest]:
        found = DataRequest.objects.filter(
            Q(person__in=self.people) | Q(person=None) & self.written_to("address")
        )
        return list(found.order_by("received_at", "pk"))

    @cached_property
    def participations(self) -> list[Participation]:
        found = Participation.objects.filter(person__in=self.people)
        return list(found.select_related("event").order_by("event__starts_on", "pk"))

    @cached_property
    def imported(self) -> list[ImportRow]:
        """Rows of files that brought or changed them."""
        found = ImportRow.objects.filter(person__in=self.people)
        return list(found.select_related("batch").order_by("batch", "line"))

    @cached_property
    def notices_due(self) -> list[NoticeDue]:
        return list(NoticeDue.objects.filter(person__in=self.people).order_by("due_on", "pk"))

    @cached_property
    def posts(self) -> list[Post]:
        """What they were before."""
        rows = Post.objects.filter(person__in=self.people).select_related("organisation")
        return list(rows.order_by("to_on", "pk"))

    @cached_property
    def briefs(self) -> list[BriefEdition]:
        """Editions of the briefs of their visits that still hold words."""
        rows = BriefEdition.objects.filter(visit__in=self.visits).exclude(content=None)
        return list(rows.order_by("pk"))

    @cached_property
    def remarks(self) -> list[Any]:
        """Notes of hosts from their visits, and reasons somebody gave in the log."""
        reasons = AuditNote.objects.filter(entry__in=self.changes)
        return [*self.notes, *reasons.order_by("pk")]

    @cached_property
    def mailings(self) -> list[MailingRecipient]:
        """Mailings they were on, whether a letter went or not."""
        found = MailingRecipient.objects.filter(person__in=self.people)
        return list(found.select_related("mailing", "mail").order_by("mailing", "pk"))

    @cached_property
    def interactions(self) -> list[Interaction]:
        return list(Interaction.objects.filter(person__in=self.people).order_by("at", "pk"))

    @cached_property
    def follow_ups(self) -> list[FollowUp]:
        """Promises to or from them."""
        return list(FollowUp.objects.filter(person__in=self.people).order_by("due_on", "pk"))

    @cached_property
    def changes(self) -> QuerySet:
        """The audit log of their record and of their requests: names of fields, no values."""
        people = Q(model="crm.person", row_id__in=[str(row.pk) for row in self.people])
        asked = Q(
            model="visits.visitrequest", row_id__in=[str(request.pk) for request in self.requests]
        )
        return AuditEntry.objects.filter(people | asked).order_by("at", "pk")

    def around(self) -> dict[type[models.Model], list[Any]]:
        """Rows around their requests and visits as they stand now, where a single name means this
        person."""
        visits, asked = self.visits, self.requests
        tied = Q(visits__in=visits) | Q(visit_requests__in=asked) | Q(person__in=self.people)
        entries = [str(row.pk) for row in visits]
        return {
            Visit: visits,
            AgendaItem: list(AgendaItem.objects.filter(visit__in=visits)),
            DateWish: list(DateWish.objects.filter(visit__in=visits)),
            ChecklistItem: list(ChecklistItem.objects.filter(visit__in=visits)),
            VisitReport: list(VisitReport.objects.filter(visit__in=visits)),
            Expense: list(Expense.objects.filter(visit__in=visits)),
            HostAnswer: list(HostAnswer.objects.filter(visit__in=visits)),
            VisitNote: list(VisitNote.objects.filter(visit__in=visits)),
            TravelLeg: list(TravelLeg.objects.filter(visit__in=visits)),
            VisitRequest: asked,
            FollowUp: list(FollowUp.objects.filter(tied).distinct()),
            AuditNote: list(
                AuditNote.objects.filter(entry__model="visits.visit", entry__row_id__in=entries)
            ),
        }

    def own_rows(self) -> dict[type[models.Model], list[Any]]:
        """What is about them, in which single names go anyway."""
        return {
            **self.around(),
            Person: self.people,
            Interaction: self.interactions,
            Participation: self.participations,
            DataRequest: self.data_requests,
            IncomingMail: self.incoming,
            Message: self.messages,
            NoticeDue: self.notices_due,
        }

    @cached_property
    def sure_words(self) -> list[str]:
        """Words that mean this human wherever they stand: whole names, addresses, numbers."""
        names = [person.name for person in self.people]
        names += [person.script_variant for person in self.people]
        names += [request.requester_name for request in self.requests]
        names += [visit.local_contact_name for visit in self.visits if self.is_contact_of(visit)]
        reversed_names = [f"{row.family} {row.given}" for row in self.people if row.family]
        whole = [name for name in [*names, *reversed_names] if len(name.split()) > 1]
        points = [point.value for point in self.contact_points]
        numbers = [
            point.value for point in self.contact_points if point.kind == ContactPoint.Kind.PHONE
        ]
        phones = [request.phone for request in self.requests]
        phones += [row.local_contact_phone for row in self.visits if self.is_contact_of(row)]
        mails = [word for word in points if address_key(word) in self.addresses]
        return _longest_first([*whole, *mails, *numbers, *self.addresses, *phones])

    @cached_property
    def own_words(self) -> list[str]:
        """The same and single names, which mean them only in what is about them."""
        single = [word for row in self.people for word in (row.given, row.family)]
        single += [row.script_variant for row in self.people]
        single += [request.requester_name for request in self.requests]
        return _longest_first([*self.sure_words, *single])


def _longest_first(words: list[str]) -> list[str]:
    """Each once, with its spelling in HTML, the longest first."""
    found = {word.strip() for word in words}
    found |= {html.escape(word) for word in found}
    return sorted(
        (word for word in found if len(word) >= SHORTEST_WORD), key=lambda word: (-len(word), word)
    )


def word_pattern(words: list[str]) -> re.Pattern[str] | None:
    """What finds any of the words as a word of its own; None without words."""
    if not words:
        return None
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})(?!\w)", re.IGNORECASE)


def dossier_of(person: Person) -> Dossier:
    """The dossier of the human behind a record, with all records merged into one."""
    seen = {person.pk}
    while person.merged_into is not None and person.merged_into_id not in seen:
        person = person.merged_into
        seen.add(person.pk)
    people, fresh = [person], [person]
    while fresh:
        known = [each.pk for each in people]
        fresh = list(Person.objects.filter(merged_into__in=fresh).exclude(pk__in=known))
        people += fresh
    return Dossier(people)


def find_person(number: str) -> Person:
    """The person of this number or key; raises ValidationError when there is none."""
    wanted = Q(key=number)
    if number.isdecimal() and number.isascii() and len(number) < 19:
        wanted |= Q(pk=int(number))
    person = Person.objects.filter(wanted).first()
    if person is None:
        raise ValidationError(
            _("There is no person %(number)s; take the number from the address of their page."),
            code="unknown",
            params={"number": number[:40]},
        )
    return person
