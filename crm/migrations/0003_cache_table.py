"""The table behind the database cache, which holds the limits on sign-in."""

from django.core.management import call_command
from django.db import migrations


def add_table(apps, schema_editor):
    call_command("createcachetable", database=schema_editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    dependencies = [("crm", "0002_append_only")]

    operations = [migrations.RunPython(add_table, migrations.RunPython.noop)]
