"""Demo users, organisations, municipalities, people with their addresses, the event."""

from django.contrib.auth.models import Group

from crm import fixture_files as files
from crm.models import (
    ContactPoint,
    Event,
    Initiative,
    Municipality,
    Organisation,
    Participation,
    Person,
    Place,
    Session,
    User,
)
from visits.domain.sample_load.cast import Cast
from visits.models import Topic


def load_users(cast: Cast) -> None:
    demo = files.document("sample/demo_users.json")
    groups = {group.name: group for group in Group.objects.all()}
    for row in demo["users"]:
        user = User.objects.create_user(
            row["email"], demo["password"], name=row["name"], is_sample=True
        )
        user.groups.add(groups[row["role"]])
        cast.users[row["email"]] = user


def look_up_reference(cast: Cast) -> None:
    cast.initiatives = {row.name: row for row in Initiative.objects.all()}


def load_topics(cast: Cast) -> None:
    """What the project of the sample talks about; every other project has topics of its own."""
    made = Topic.objects.bulk_create(
        Topic(
            code=row["key"],
            name=row["name"],
            plain_text=row["text"],
            limits=row["limits"],
            materials=row["material"],
            needs_expert=bool(row["expert"]),
            order=order,
            is_sample=True,
        )
        for order, row in enumerate(files.rows("sample/topics.csv"), 1)
    )
    cast.topics = {row.code: row for row in made}


def load_organisations(cast: Cast) -> None:
    links = []
    for row in files.rows("sample/organisations.csv"):
        organisation = Organisation.objects.create(
            key=row["org"],
            name=row["name"],
            type=row["type"],
            country=row["country"],
            is_sample=True,
        )
        cast.organisations[row["org"]] = organisation
        if row["initiative"]:
            links.append((organisation, cast.initiatives[row["initiative"]]))
    through = Organisation.initiatives.through
    through.objects.bulk_create(
        through(organisation=organisation, initiative=initiative)
        for organisation, initiative in links
    )


def load_municipalities(cast: Cast) -> None:
    listed = list(files.rows("sample/municipalities.csv"))
    places = Place.objects.in_bulk([int(row["geonameid"]) for row in listed])
    made = Municipality.objects.bulk_create(
        Municipality(
            organisation=cast.organisations[row["org"]],
            place=places[int(row["geonameid"])],
            name=row["name"],
            names=dict(pair.split("=", 1) for pair in files.parts(row["names"])),
            region=row["region"],
            time_zone=row["zone"],
            languages=files.parts(row["languages"]),
            is_pilot=row["is_pilot"] == "1",
            embargo_until=files.day(row["embargo_until"]),
            is_sample=True,
        )
        for row in listed
    )
    cast.municipalities = {
        row["org"]: municipality for row, municipality in zip(listed, made, strict=True)
    }


def load_event(cast: Cast) -> None:
    told = files.document("sample/event.json")
    cast.event = Event.objects.create(
        slug=told["slug"],
        name=told["title"],
        starts_on=told["starts_on"],
        ends_on=told["ends_on"],
        venue=told["venue"],
        city=told["city"],
        country=told["country"],
        attendance_words=told["participants_text"],
        goals=told["goals"],
        description=f"{told['intro']}\n\n{told['theme']}",
        is_sample=True,
    )
    cast.event.initiatives.set(cast.initiatives[key] for key in told["initiatives"])
    for row in told["sessions"]:
        session = Session.objects.create(
            event=cast.event,
            day=row["day"],
            order=row["order"],
            title=row["title"],
            detail=row["text"],
            starts_at=files.moment(row["starts"]),
            ends_at=files.moment(row["ends"]),
            is_sample=True,
        )
        session.speakers.set(cast.people[key] for key in row["speakers"])


def part_and_role(row: dict[str, str]) -> tuple[str, str]:
    """What a person did at the event and what he or she is otherwise.

    Of the four the event page names, only the part it tells is known.
    """
    if row["sample"] == "1":
        return "", row["role"]
    part, _semicolon, role = row["role"].partition("; ")
    return part, role


def load_people(cast: Cast) -> None:
    listed = list(files.rows("sample/participations.csv"))
    links = []
    for row in listed:
        person = Person.objects.create(
            key=row["id"],
            given=row["given"],
            family=row["family"],
            script_variant=row["script_variant"],
            role=part_and_role(row)[1],
            organisation=cast.organisations[row["org"]],
            languages=[row["lang"]] if row["lang"] else [],
            notes=row["note"],
            is_sample=True,
        )
        cast.people[row["id"]] = person
        links += [(person, cast.initiatives[key]) for key in files.parts(row["init"], "+")]
    through = Person.initiatives.through
    through.objects.bulk_create(
        through(person=person, initiative=initiative) for person, initiative in links
    )
    _load_addresses(cast, listed)
    for row in files.rows("sample/merges.csv"):
        if row["kind"] == "person":
            cast.people[row["merged"]].merged_into = cast.people[row["kept"]]
    for person in cast.people.values():
        person.refresh_search_key()
    Person.objects.bulk_update(cast.people.values(), ["search_key", "merged_into"])


def _load_addresses(cast: Cast, listed: list[dict[str, str]]) -> None:
    exceptions = {row["owner"]: row["status"] for row in files.rows("sample/addresses.csv")}
    for row in listed:
        if row["email"]:
            # save() and not bulk: it makes the key under which other spellings match.
            ContactPoint.objects.create(
                person=cast.people[row["id"]],
                value=row["email"],
                status=exceptions.get(row["id"], ContactPoint.Status.VERIFIED),
                is_sample=True,
            )


def load_participations(cast: Cast) -> None:
    Participation.objects.bulk_create(
        Participation(
            person=cast.people[row["id"]],
            event=cast.event,
            status=row["status"],
            day_1=files.YES_NO[row["d1"]],
            day_2=files.YES_NO[row["d2"]],
            walk=files.YES_NO[row["walk"]],
            part=part_and_role(row)[0],
            source="event page" if row["sample"] == "0" else "signed list (sample)",
            note=row["note"],
            is_sample=True,
        )
        for row in files.rows("sample/participations.csv")
    )
