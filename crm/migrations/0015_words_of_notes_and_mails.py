from django.db import migrations, models

from crm.search import phone_digits, search_key

AT_ONCE = 500


def fill(apps, schema_editor):
    """The keys of what was written before, and the digits of the phone numbers of people."""
    using = schema_editor.connection.alias
    note, mail = apps.get_model("crm", "Interaction"), apps.get_model("crm", "Message")
    for model, names in (
        (note, ("text",)),
        (mail, ("subject", "address", "address_name", "body")),
    ):
        rows = model.objects.using(using).only("pk", "search_key", *names)
        write(rows, lambda row, names=names: search_key(*(getattr(row, name) for name in names)))
    people = apps.get_model("crm", "Person").objects.using(using)
    people = people.filter(contact_points__kind="phone").distinct().only("pk", "search_key")
    write(people.prefetch_related("contact_points"), with_digits)


def with_digits(person):
    points = person.contact_points.all()
    found = [phone_digits(point.value) for point in points if point.kind == "phone"]
    return search_key(person.search_key, *found)


def write(rows, key_of):
    some = []
    for row in rows.iterator(chunk_size=AT_ONCE):
        row.search_key = key_of(row)
        some.append(row)
        if len(some) == AT_ONCE:
            rows.model.objects.using(rows.db).bulk_update(some, ["search_key"])
            some = []
    rows.model.objects.using(rows.db).bulk_update(some, ["search_key"])


class Migration(migrations.Migration):
    dependencies = [("crm", "0014_people_by_organisation")]

    operations = [
        migrations.AddField(
            model_name="interaction",
            name="search_key",
            field=models.TextField(blank=True, default="", editable=False),
        ),
        migrations.AddField(
            model_name="message",
            name="search_key",
            field=models.TextField(blank=True, default="", editable=False),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
