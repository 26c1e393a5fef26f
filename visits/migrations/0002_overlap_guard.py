"""Two active reservations of one resource never overlap, whoever writes.

PostgreSQL has an exclusion constraint for this; on SQLite triggers do the same work. A model-level
ExclusionConstraint could not be migrated on SQLite.
"""

from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations

TABLE = "visits_reservation"
CLASH = f"""
    SELECT RAISE(ABORT, 'reservation_overlap')
    FROM {TABLE} other
    WHERE NEW.active AND other.active AND other.resource = NEW.resource AND other.id IS NOT NEW.id
      AND other.starts_at < NEW.ends_at AND other.ends_at > NEW.starts_at;
"""


def add_guard(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            f"ALTER TABLE {TABLE} ADD CONSTRAINT reservation_overlap EXCLUDE USING gist "
            "(resource WITH =, tstzrange(starts_at, ends_at, '[)') WITH &&) WHERE (active)"
        )
        return
    for moment in ("INSERT", "UPDATE"):
        schema_editor.execute(
            f"CREATE TRIGGER reservation_overlap_{moment.lower()} BEFORE {moment} ON {TABLE} "
            f"BEGIN {CLASH} END"
        )


def drop_guard(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER TABLE {TABLE} DROP CONSTRAINT reservation_overlap")
        return
    for moment in ("insert", "update"):
        schema_editor.execute(f"DROP TRIGGER reservation_overlap_{moment}")


class Migration(migrations.Migration):
    dependencies = [("visits", "0001_initial")]

    operations = [BtreeGistExtension(), migrations.RunPython(add_guard, drop_guard)]
