"""What only a look into the database can tell at start: is it usable, whole, and free of demo keys.

Run by `manage.py check --database default`, by `migrate`, and before the server's first request.
"""

import json
from collections.abc import Sequence

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.core.checks import CheckMessage, Error, Tags, register, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

LARGEST_FILE_TO_CHECK = 200_000_000


def refuse_unusable_database() -> None:
    """Raises ImproperlyConfigured, one line per fault, when the default database cannot serve."""
    found = run_checks(tags=[Tags.database], databases=["default"])
    errors = [fault for fault in found if fault.id and fault.id.startswith("crm.E")]
    if not errors:
        errors = is_empty_database(connections["default"])
    if errors:
        raise ImproperlyConfigured("\n".join(f"{fault.msg} {fault.hint}" for fault in errors))


@register(Tags.database)
def is_usable_database(
    app_configs: object = None, databases: Sequence[str] | None = None, **options: object
) -> list[CheckMessage]:
    """Opens the database, and finds WAL off, damage, and demo accounts on a public site."""
    if not databases or "default" not in databases:
        return []
    connection = connections["default"]
    try:
        return [*_sqlite_faults(connection), *_demo_account_faults(connection)]
    except DatabaseError as error:
        return [
            Error(
                f"The database cannot be read ({str(error).strip().splitlines()[0]}).",
                hint="Check DATABASE_URL or DATA_DIR; if it is damaged, restore a backup with "
                "`manage.py restore FILE`.",
                id="crm.E001",
            )
        ]


def is_empty_database(connection: BaseDatabaseWrapper) -> list[CheckMessage]:
    """An empty database serves nobody: either the site is new, or its file has gone."""
    if "django_migrations" in connection.introspection.table_names():
        return []
    return [
        Error(
            "The database is empty.",
            hint="Run `manage.py migrate` for a new site, or `manage.py restore FILE` for one that "
            "lost its data.",
            id="crm.E004",
        )
    ]


def is_small_enough_to_check(cursor: CursorWrapper) -> bool:
    """Whether reading every page delays a start by well under a second."""
    pages = cursor.execute("PRAGMA page_count").fetchone()[0]
    return pages * cursor.execute("PRAGMA page_size").fetchone()[0] <= LARGEST_FILE_TO_CHECK


def _sqlite_faults(connection: BaseDatabaseWrapper) -> list[CheckMessage]:
    if connection.vendor != "sqlite":
        connection.ensure_connection()
        return []
    found: list[CheckMessage] = []
    with connection.cursor() as cursor:
        mode = cursor.execute("PRAGMA journal_mode").fetchone()[0]
        if is_small_enough_to_check(cursor):
            [word] = cursor.execute("PRAGMA quick_check(1)").fetchone()
            if word != "ok":
                raise DatabaseError(word)
    if mode not in {"wal", "memory"}:
        found.append(
            Error(
                f"SQLite's journal mode is {mode}, not WAL.",
                hint="Put DATA_DIR on a local disk; network file systems cannot do it.",
                id="crm.E002",
            )
        )
    if connection.transaction_mode != "IMMEDIATE":  # type: ignore[attr-defined]
        found.append(
            Error(
                "SQLite transactions do not lock first.",
                hint='Set OPTIONS["transaction_mode"] to "IMMEDIATE".',
                id="crm.E002",
            )
        )
    return found


def _demo_account_faults(connection: BaseDatabaseWrapper) -> list[CheckMessage]:
    """Demo accounts have a published password, so no public site may let them in."""
    from crm.models import User

    if settings.SITE_IS_LOCAL or User._meta.db_table not in connection.introspection.table_names():
        return []
    published = published_password()
    accounts = User.objects.filter(is_sample=True, is_active=True).values_list("email", "password")
    open_doors = sorted(email for email, kept in accounts if check_password(published, kept))
    if not open_doors:
        return []
    return [
        Error(
            f"Demo accounts with a published password may sign in: {', '.join(open_doors)}.",
            hint="Run `manage.py remove_sample`, or give each a password of its own.",
            id="crm.E003",
        )
    ]


def published_password() -> str:
    """The password of the demo accounts, as the fixtures give it to everybody."""
    text = (settings.BASE_DIR / "fixtures" / "sample" / "demo_users.json").read_text("utf-8")
    return json.loads(text)["password"]
