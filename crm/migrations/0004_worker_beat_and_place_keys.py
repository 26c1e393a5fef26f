import re

from django.db import migrations, models

SIGNS = re.compile(r"[^a-z0-9]+")


def fold_signs(apps, schema_editor):
    """Names are looked up without hyphens and other signs from now on; see crm.search.name_key."""
    names = apps.get_model("crm", "PlaceName").objects.using(schema_editor.connection.alias)
    old, new = [], []
    for pk, key, population, place in names.values_list("pk", "key", "population", "place"):
        folded = " ".join(SIGNS.sub(" ", key).split())
        if folded != key:
            old.append(pk)
            new.append((folded, population, place))
    for start in range(0, len(old), 500):
        names.filter(pk__in=old[start : start + 500]).delete()
    rows = [
        names.model(key=key, population=population, place_id=place)
        for key, population, place in sorted(set(new))
        if key
    ]
    # Two spellings of a place may have become one.
    names.bulk_create(rows, batch_size=500, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0003_cache_table"),
    ]

    operations = [
        migrations.AddField(
            model_name="workerbeat",
            name="failing",
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.RunPython(fold_signs, migrations.RunPython.noop, elidable=True),
    ]
