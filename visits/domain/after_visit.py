"""What a host tells right after a visit, kept all at once or not at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.domain.audit import record
from crm.domain.follow_ups import open_follow_up
from crm.models import ConsentRecord, ConsentText, FollowUp, User
from crm.models.consent import Purpose
from crm.validators import address_key, clean_line, mail_address
from visits.domain.report_check import CHECKABLE
from visits.domain.reports import report_visit
from visits.domain.visits import complete_visit, counted, write_counts
from visits.models import Visit, VisitReport
from visits.states import AGREED_VISITS


@dataclass(frozen=True)
class Promise:
    """What somebody promised at the visit, and until when."""

    text: str
    due_on: date
    owner: str = FollowUp.Owner.OURS


@dataclass(frozen=True)
class Holder:
    """Somebody who may agree to photos, found again by the address."""

    name: str
    address: str
    person: int | None = None

    @property
    def key(self) -> str:
        return address_key(self.address)


def may_tell(visit: Visit) -> bool:
    """Whether there is something to tell: agreed, or held and not closed yet."""
    return visit.state in AGREED_VISITS | CHECKABLE


@transaction.atomic
def tell_of_visit(
    visit: Visit,
    *,
    counts: Mapping[str, int],
    summary: str,
    notes: str,
    outcome: str,
    evidence: str,
    promises: Sequence[Promise] = (),
    photos: Sequence[Holder] = (),
    at: datetime,
    by: User,
) -> VisitReport:
    """Who came, what was said, what was promised and who agreed to photos.

    What was told before is put right; a promise or leave that is kept already is not kept twice.
    Raises ValidationError as the verbs it calls do, and then nothing is kept.
    """
    if visit.state in CHECKABLE:
        mark = {"is_sample": visit.is_sample}
        known, _made = VisitReport.objects.get_or_create(visit=visit, defaults=mark)
        write_counts(known, counted(counts))
    else:
        complete_visit(visit, counts=counts, at=at, by=by)
    report = report_visit(
        visit,
        summary=summary,
        notes=notes,
        outcome=outcome,
        evidence=evidence,
        at=at,
        by=by,
    )
    for promise in promises:
        keep_promise(visit, promise, at=at, by=by)
    agree_to_photos(visit, photos, at=at, by=by)
    return report


def keep_promise(visit: Visit, promise: Promise, *, at: datetime, by: User) -> FollowUp:
    """A promise made at the visit becomes a follow-up tied to it."""
    words = clean_line(promise.text)
    known = visit.follow_ups.filter(text=words, due_on=promise.due_on, owner=promise.owner)
    if found := known.first():
        return found
    made = open_follow_up(
        words,
        due_on=promise.due_on,
        owner=promise.owner,
        organisation=visit.municipality.organisation if visit.municipality else None,
        assigned_to=by,
        at=at,
        by=by,
    )
    visit.follow_ups.add(made)
    return made


def photo_text(language: str) -> ConsentText | None:
    """The newest words about photos in the language, else in English."""
    texts = ConsentText.objects.filter(purpose=Purpose.PHOTO, is_asked=True).order_by("-version")
    return texts.filter(language=language).first() or texts.filter(language="en").first()


def known_holders(visit: Visit) -> list[Holder]:
    """Whom we know at the place: who asked, and the local contact."""
    found = [
        Holder(row.requester_name or row.address, row.address, row.person_id)
        for row in visit.requests.all()
        if row.address
    ]
    if visit.local_contact_address:
        name = visit.local_contact_name or visit.local_contact_address
        found.append(Holder(name, visit.local_contact_address))
    return list({holder.key: holder for holder in reversed(found)}.values())[::-1]


def agreed_to_photos(visit: Visit, holders: Sequence[Holder]) -> set[str]:
    """The keys of those who have agreed already."""
    granted = ConsentRecord.objects.granted(Purpose.PHOTO)
    by_person = set(granted.exclude(person=None).values_list("person", flat=True))
    by_address = {address_key(each) for each in granted.values_list("address", flat=True)}
    return {
        holder.key
        for holder in holders
        if holder.person in by_person or (holder.person is None and holder.key in by_address)
    }


def agree_to_photos(visit: Visit, holders: Sequence[Holder], *, at: datetime, by: User) -> None:
    """Keep who agreed on the spot to be shown in photos, with the words they agreed to.

    Raises ValidationError when there are no such words, or an address cannot be one.
    """
    known = agreed_to_photos(visit, holders)
    fresh = [holder for holder in holders if holder.key not in known]
    if not fresh:
        return
    language = visit.requests.values_list("language", flat=True).first() or "en"
    text = photo_text(language)
    if text is None:
        raise ValidationError(
            _("There are no words about photos yet; nobody can agree to them."), code="no_text"
        )
    for holder in fresh:
        ConsentRecord.objects.create(
            person_id=holder.person,
            address=mail_address(holder.address),
            purpose=Purpose.PHOTO,
            status=ConsentRecord.Status.GRANTED,
            text=text,
            language=text.language,
            at=at,
            channel="visit",
            evidence=f"Said at {visit.ref} to the host.",
            is_sample=visit.is_sample,
        )
    record(visit, "agree_to_photos", at=at, by=by)
