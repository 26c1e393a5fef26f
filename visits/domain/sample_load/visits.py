"""The 18 visits: who, where, programme, reserved time, what came of them."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import translation

from crm import fixture_files as files
from crm.models import FollowUp
from visits.domain import booking
from visits.domain.sample_load.cast import Cast
from visits.domain.visits import ROOM
from visits.models import AgendaItem, AttendanceCount, ChecklistItem, Visit, VisitReport
from visits.models.requests import Mode
from visits.states import HELD_VISITS, LIVE_VISITS, VisitState

PREPARED = {*HELD_VISITS, VisitState.BRIEFED, VisitState.POSTPONED}


def load_visits(cast: Cast) -> None:
    history = list(files.rows("sample/visit_history.csv"))
    since = {step["visit"]: files.moment(step["at"]) for step in history}
    confirmed = {
        step["visit"]: files.moment(step["at"])
        for step in history
        if step["to_state"] == VisitState.CONFIRMED
    }
    for row in files.rows("sample/visits.csv"):
        visit = _make_visit(cast, row, since[row["id"]], confirmed.get(row["id"]))
        cast.visits[row["id"]] = visit
        _take_time(visit, row)
    for step in history:
        verb = "visit_step" if step["from_state"] else "make_visit"
        cast.note_step(cast.visits[step["visit"]], verb, step)


def _make_visit(
    cast: Cast, row: dict[str, str], since: datetime | None, confirmed_at: datetime | None
) -> Visit:
    requests = [cast.requests[ref] for ref in row["requests"].split()]
    first = requests[0]
    agreed_at = files.moment(row["agreed_at"])
    visit = Visit.objects.create(
        ref=row["id"],
        campaign=cast.campaign,
        municipality=first.municipality,
        city=first.city,
        country=first.country,
        place=first.place,
        mode=row["mode"],
        starts_at=_local(row, "starts"),
        ends_at=_local(row, "ends"),
        zone=row["zone"],
        address=", ".join(part for part in (row["place"], row["room"]) if part),
        meeting_link=row["link"],
        host=cast.hosts[row["host"]],
        backup=cast.hosts.get(row["backup"]),
        local_contact_name=row["contact_name"],
        local_contact_address=row["contact_email"],
        local_contact_verified_at=agreed_at if row["contact_verified"] == "1" else None,
        notes=row["note"],
        state=row["state"],
        state_since=since,
        confirmed_at=confirmed_at,
        agreement=_agreement(row, agreed_at),
        at_risk=row["at_risk"] == "1",
        brief_void=row["brief_void"] == "1",
        replaces=cast.visits.get(row["replaces"]),
        cancel_side=row["cancel_side"],
        cancel_reason=row["cancel_reason"],
        ics_uid=row["ics_uid"],
        ics_sequence=int(row["ics_sequence"]),
        is_sample=True,
    )
    visit.requests.set(requests)
    visit.topics.set(cast.topics_of(row["topics"]))
    visit.experts.set(cast.hosts[key] for key in row["experts"].split())
    return visit


def _local(row: dict[str, str], which: str) -> datetime:
    """The local clock time of the file as a moment; the UTC column must say the same."""
    at = datetime.fromisoformat(f"{row['date']}T{row[which]}").replace(tzinfo=ZoneInfo(row["zone"]))
    if f"{at.astimezone(ZoneInfo('UTC')):%H:%M}" != row[f"{which}_utc"]:
        raise ValueError(f"{row['id']}: local and UTC time differ.")
    return at


def _agreement(row: dict[str, str], agreed_at: datetime | None) -> str:
    if agreed_at is None:
        return ""
    return f"{row['agreed_by']}, {agreed_at:%d %b %Y}, message {row['agreement_evidence']}"


def _take_time(visit: Visit, row: dict[str, str]) -> None:
    """Live visits keep their host's time, tentative ones until their offer expires."""
    if visit.state not in LIVE_VISITS:
        return
    expires_at = files.moment(row["hold_expires_at"])
    if expires_at is None:
        booking.reserve(visit, starts_at=visit.starts_at, ends_at=visit.ends_at)
        return
    booking.hold_slot(
        visit,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        rank=1,
        expires_at=expires_at,
    )


def load_programmes(cast: Cast) -> None:
    """Agendas, and the room checklist of visits on the spot."""
    AgendaItem.objects.bulk_create(
        AgendaItem(
            visit=cast.visits[ref],
            order=order,
            minutes=item["minutes"],
            title=item["title"],
            speaker=_speaker(cast, cast.visits[ref], item["speaker"]),
            is_sample=True,
        )
        for ref, items in files.document("sample/agendas.json").items()
        for order, item in enumerate(items, 1)
    )
    with translation.override("en"):
        ChecklistItem.objects.bulk_create(
            ChecklistItem(
                visit=visit,
                key=key,
                text=str(text),
                owner=ChecklistItem.Owner.THEIRS,
                done=visit.state in PREPARED,
                is_sample=True,
            )
            for visit in cast.visits.values()
            if visit.mode != Mode.ONLINE
            for key, text in ROOM
        )


def _speaker(cast: Cast, visit: Visit, word: str) -> str:
    if word in cast.hosts:
        return cast.hosts[word].name
    return {"local": visit.city, "all": "Everybody"}.get(word, word)


def load_reports(cast: Cast) -> None:
    for row in files.document("sample/reports.json"):
        visit = cast.visits[row["visit"]]
        report = VisitReport.objects.create(
            visit=visit,
            summary=row["summary"],
            notes=row["notes"],
            outcome=row["outcome"],
            evidence=row["evidence"],
            expected=row["expected"],
            written_at=files.moment(row["written_at"]),
            written_by=visit.host.user,
            validated_at=files.moment(row["validated_at"]),
            is_sample=True,
        )
        report.topics_covered.set(cast.topics_of(row["topics_covered"]))
        AttendanceCount.objects.bulk_create(
            AttendanceCount(report=report, audience=audience, people=people, is_sample=True)
            for audience, people in row["counts"].items()
        )


def load_follow_ups(cast: Cast) -> None:
    reported = {row["visit"]: row["written_at"] for row in files.document("sample/reports.json")}
    for row in files.document("sample/follow_ups.json"):
        visit = cast.visits[row["visit"]]
        done_at = files.moment(row["done_at"])
        user = cast.users.get(row["assigned_to"])
        promise = FollowUp.objects.create(
            text=row["title"],
            owner=row["owner"],
            assigned_to=user,
            organisation=visit.municipality.organisation if visit.municipality else None,
            due_on=files.day(row["due_on"]),
            done_on=done_at.date() if done_at else None,
            done_by=user if done_at else None,
            created_at=files.moment(reported[row["visit"]]),
            is_sample=True,
        )
        visit.follow_ups.add(promise)
