"""The audit log and the consent ledger refuse changes in the database itself.

Rows may be deleted (erasure, removal of sample data) but never altered. Setting a foreign key to
NULL when its row goes is the one change let through.
"""

from django.db import migrations

FIXED = {
    "crm_auditentry": ["at", "actor", "verb", "model", "row_id", "fields", "to_state"],
    "crm_consentrecord": ["purpose", "status", "at", "address", "evidence", "channel"],
}


def add_guards(apps, schema_editor):
    for table, columns in FIXED.items():
        changed = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in columns)
        if schema_editor.connection.vendor == "postgresql":
            changed = changed.replace("NEW.fields", "NEW.fields::text").replace(
                "OLD.fields", "OLD.fields::text"
            )
            schema_editor.execute(
                f"CREATE FUNCTION {table}_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                f"IF {changed} THEN RAISE EXCEPTION 'append_only'; END IF; RETURN NEW; END $$"
            )
            schema_editor.execute(
                f"CREATE TRIGGER {table}_fixed BEFORE UPDATE ON {table} "
                f"FOR EACH ROW EXECUTE FUNCTION {table}_fixed()"
            )
        else:
            changed = changed.replace("IS DISTINCT FROM", "IS NOT")
            schema_editor.execute(
                f"CREATE TRIGGER {table}_fixed BEFORE UPDATE ON {table} WHEN {changed} "
                "BEGIN SELECT RAISE(ABORT, 'append_only'); END"
            )


def drop_guards(apps, schema_editor):
    for table in FIXED:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"DROP TRIGGER {table}_fixed ON {table}")
            schema_editor.execute(f"DROP FUNCTION {table}_fixed()")
        else:
            schema_editor.execute(f"DROP TRIGGER {table}_fixed")


class Migration(migrations.Migration):
    dependencies = [("crm", "0001_initial")]

    operations = [migrations.RunPython(add_guards, drop_guards)]
