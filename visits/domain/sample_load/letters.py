"""Words exchanged: letters with their deliveries, calls, meetings and notes."""

from typing import Any

from crm import fixture_files as files
from crm.models import ContactPoint, Interaction, MailTemplate, Message, OutgoingMail, Person
from crm.validators import address_key
from visits.domain.letters import AUTOMATIC
from visits.domain.sample_load.cast import Cast
from visits.models import Visit, VisitRequest

HARD_BOUNCE = "550 5.1.1 No such address (sample)"


def load_messages(cast: Cast) -> None:
    listed = files.document("sample/messages.json")
    templates = {(row.key, row.language): row for row in MailTemplate.objects.filter(version=1)}
    people = {
        point.match_key: point.person
        for point in ContactPoint.objects.filter(is_sample=True).select_related("person")
    }
    written = [_message(cast, row, templates, people) for row in listed]
    for message in written:
        message.refresh_search_key()
    made = Message.objects.bulk_create(written)
    cast.messages = {message.key: message for message in made}
    _tie(VisitRequest, "visitrequest_id", cast.requests, "request", cast, listed)
    _tie(Visit, "visit_id", cast.visits, "visit", cast, listed)
    OutgoingMail.objects.bulk_create(
        _delivery(cast.messages[row["id"]], bounced=row["status"] == "bounced")
        for row in listed
        if row["direction"] == "out"
    )


def _message(
    cast: Cast,
    row: dict,
    templates: dict[tuple[str, str], MailTemplate],
    people: dict[str, Person],
) -> Message:
    out = row["direction"] == Message.Direction.OUT
    address = row["to"] if out else row["from"]
    template = row["template"] or ""
    request = cast.requests.get(row["request"])
    return Message(
        key=row["id"],
        direction=row["direction"],
        channel=row["channel"],
        status=Message.Status.QUEUED if out else Message.Status.RECEIVED,
        template=templates.get((template, row["language"])) or templates.get((template, "en")),
        language=row["language"],
        subject=row["subject"],
        body=row["body"],
        person=people.get(address_key(address)),
        address=address,
        address_name=request.requester_name if request else "",
        written_by=cast.coordinator if out else None,
        # The first reply was written by hand on the wording of the acknowledgement.
        is_personal=out and (template not in AUTOMATIC or row["id"].endswith("-reply")),
        at=files.moment(row["at"]),
        is_sample=True,
    )


def _tie(model: Any, column: str, owners: dict, name: str, cast: Cast, listed: list[dict]) -> None:
    through = model.messages.through
    through.objects.bulk_create(
        through(**{column: owners[row[name]].pk, "message_id": cast.messages[row["id"]].pk})
        for row in listed
        if row[name]
    )


def _delivery(message: Message, *, bounced: bool) -> OutgoingMail:
    """Sample mail never leaves: kept as held, or as the bounce the story needs."""
    state = OutgoingMail.State.BOUNCED if bounced else OutgoingMail.State.HELD_SAMPLE
    return OutgoingMail(
        message=message,
        recipient=message.address,
        recipient_name=message.address_name,
        state=state,
        mail_id=f"<{message.key}@sample.invalid>",
        subject=message.subject,
        text=message.body,
        attempts=1 if bounced else 0,
        next_try_at=message.at,
        queued_at=message.at,
        error=HARD_BOUNCE if bounced else "",
        is_sample=True,
    )


def load_interactions(cast: Cast) -> None:
    said = [
        Interaction(
            kind=row["kind"],
            person=cast.people.get(row["owner"]),
            organisation=_organisation(cast, row["owner"]),
            at=files.moment(row["at"]),
            by=cast.actor(row["by"])[0],
            text=row["text"],
            is_sample=True,
        )
        for row in files.rows("sample/interactions.csv")
    ]
    for each in said:
        each.refresh_search_key()
    Interaction.objects.bulk_create(said)


def _organisation(cast: Cast, owner: str) -> Any:
    if owner in cast.people:
        return cast.people[owner].organisation
    municipality = cast.requests[owner].municipality
    return municipality.organisation if municipality else None
