"""Loads what an installation needs before anybody enters anything: places, projects, wordings.

Every function adds what is missing and leaves rows alone that are there, so that edits stay.
"""

from collections.abc import Collection, Iterator

from django.contrib.auth.models import Group
from django.db import connection, transaction

from crm import fixture_files as files
from crm.models import ConsentText, Initiative, MailTemplate, Place
from crm.models.places import name_keys
from crm.roles import Role

PLACE_COLUMNS = (
    "geoname_id",
    "name",
    "alternate_names",
    "name_keys",
    "country",
    "region",
    "latitude",
    "longitude",
    "zone",
    "population",
)


def load_roles() -> int:
    """One group per role; the number added."""
    return sum(Group.objects.get_or_create(name=role.value)[1] for role in Role)


@transaction.atomic
def load_places(only: Collection[int] | None = None) -> int:
    """Add the places of the register that are not there yet; the number added.

    `only` names the GeoNames numbers wanted, all when None. Written without model objects: three
    times as fast for 77,000 rows, and the demo waits for it.
    """
    known = set(Place.objects.values_list("geoname_id", flat=True))
    names = ", ".join(PLACE_COLUMNS)
    marks = ", ".join(["%s"] * len(PLACE_COLUMNS))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {Place._meta.db_table} ({names}) VALUES ({marks})",
            list(_places(known, only)),
        )
    return Place.objects.count() - len(known)


def _places(known: set[int], only: Collection[int] | None) -> Iterator[tuple]:
    """Rows in the order of PLACE_COLUMNS."""
    for row in files.rows("places.csv.gz"):
        number = int(row["geonameid"])
        if number in known or (only is not None and number not in only):
            continue
        yield (
            number,
            row["name"],
            row["alternate_names"],
            name_keys(row["name"], f"{row['ascii_name']}|{row['alternate_names']}"),
            row["country"],
            row["region"],
            float(row["lat"]),
            float(row["lon"]),
            row["zone"],
            int(row["population"] or 0),
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
                key=key,
                language=language,
                subject=words["subject"],
                body=words["body"],
            )
            for language, key, words in files.mail_templates()
            if (key, language) not in known
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
