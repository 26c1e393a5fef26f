"""Loads what an installation needs before anybody enters anything: places, projects, wordings.

Every function adds what is missing and leaves rows alone that are there, so that edits stay.
"""

from collections.abc import Collection, Iterable, Iterator

from django.contrib.auth.models import Group

from crm import fixture_files as files
from crm.models import ConsentText, Initiative, MailTemplate, Place
from crm.models.places import name_keys
from crm.roles import Role

BATCH = 2_000


def load_roles() -> int:
    """One group per role; the number added."""
    return sum(Group.objects.get_or_create(name=role.value)[1] for role in Role)


def load_places(only: Collection[int] | None = None) -> int:
    """Add the places of the register that are not there yet; the number added.

    `only` names the GeoNames numbers wanted, all when None.
    """
    known = set(Place.objects.values_list("geoname_id", flat=True))
    added = 0
    for batch in batches(_places(known, only), BATCH):
        added += len(Place.objects.bulk_create(batch))
    return added


def batches(items: Iterable, size: int) -> Iterator[list]:
    """`items` in lists of at most `size`."""
    taken: list = []
    for item in items:
        taken.append(item)
        if len(taken) == size:
            yield taken
            taken = []
    if taken:
        yield taken


def _places(known: set[int], only: Collection[int] | None) -> Iterator[Place]:
    for row in files.rows("places.csv.gz"):
        number = int(row["geonameid"])
        if number in known or (only is not None and number not in only):
            continue
        yield Place(
            geoname_id=number,
            name=row["name"],
            alternate_names=row["alternate_names"],
            name_keys=name_keys(row["name"], f"{row['ascii_name']}|{row['alternate_names']}"),
            country=row["country"],
            region=row["region"],
            latitude=float(row["lat"]),
            longitude=float(row["lon"]),
            zone=row["zone"],
            population=int(row["population"] or 0),
        )


def load_initiatives() -> int:
    """The projects and the community that do the outreach together; the number added."""
    added = 0
    for row in files.document("sample/initiatives.json"):
        added += Initiative.objects.get_or_create(
            name=row["name"],
            defaults={
                "kind": row["kind"],
                "programme": row["programme"],
                "grant_no": row["grant_no"],
            },
        )[1]
    return added


def load_mail_templates() -> int:
    """The checked wordings, as version 1 where a key has none in that language."""
    known = set(MailTemplate.objects.values_list("key", "language"))
    return len(
        MailTemplate.objects.bulk_create(
            MailTemplate(
                key=row["key"],
                language=row["language"],
                subject=row["subject"],
                body=row["body"],
                placeholders=row["placeholders"],
            )
            for row in files.document("sample/templates.json")["templates"]
            if (row["key"], row["language"]) not in known
        )
    )


def load_consent_texts() -> int:
    """The words people agree to, version 1 per purpose, in English."""
    return sum(
        ConsentText.objects.get_or_create(
            purpose=row["purpose"],
            language=row["language"],
            version=row["version"],
            defaults={"text": row["text"]},
        )[1]
        for row in files.document("consent_texts.json")
    )
