"""Loads what an installation needs before anybody enters anything: places, projects, wordings.

Every function adds what is missing and leaves rows alone that are there, so that edits stay.
"""

from collections.abc import Collection, Sequence

from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.db.models import Model

from crm import fixture_files as files
from crm.models import ConsentText, Initiative, MailTemplate, Place, PlaceName
from crm.models.places import name_keys
from crm.roles import Role

PLACE_COLUMNS = (
    "geoname_id",
    "name",
    "alternate_names",
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
    """Add the places of the register that are not there yet, and their names; the number added.

    `only` names the GeoNames numbers wanted, all when None. Written without model objects: three
    times as fast for 77,000 places with 230,000 names, and the demo waits for it.
    """
    known = set(Place.objects.values_list("pk", flat=True))
    named = set(PlaceName.objects.order_by().values_list("place", flat=True).distinct())
    places: list[tuple] = []
    names: list[tuple[str, int, int]] = []
    for row in files.rows("places.csv.gz"):
        number = int(row["geonameid"])
        if only is not None and number not in only:
            continue
        people = int(row["population"] or 0)
        if number not in known:
            places.append(_place(number, people, row))
        if number not in named:
            others = files.parts(row["alternate_names"])
            keys = name_keys(row["name"], row["ascii_name"], *others)
            names += [(key, people, number) for key in keys]
    _insert(Place, PLACE_COLUMNS, places)
    _insert(PlaceName, ("key", "population", "place_id"), sorted(names))
    return len(places)


def _place(number: int, population: int, row: dict[str, str]) -> tuple:
    """Values in the order of PLACE_COLUMNS."""
    return (
        number,
        row["name"],
        row["alternate_names"],
        row["country"],
        row["region"],
        float(row["lat"]),
        float(row["lon"]),
        row["zone"],
        population,
    )


def _insert(model: type[Model], columns: Sequence[str], rows: Sequence[tuple]) -> None:
    """Write many rows the fastest way the database has."""
    table, names = model._meta.db_table, ", ".join(columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            # Until it is told, the planner takes the table for empty and reads it whole for every
            # look-up, and for every foreign key that is checked.
            cursor.execute(f"ANALYZE {table}")
            return
        marks = ", ".join(["%s"] * len(columns))
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)


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
    """The words people agree to, version 1 per purpose: in English, and in some other languages."""
    return sum(
        ConsentText.objects.get_or_create(
            purpose=row["purpose"],
            language=row["language"],
            version=row["version"],
            defaults={"text": row["text"]},
        )[1]
        for row in files.document("consent_texts.json")
    )
