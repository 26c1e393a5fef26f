"""What the tests of imports look at: the whole database, and what each row did."""

from django.db import connection

HEAD = "Name;E-mail;Organisation;Country;Role;Day 1"
# Kept on purpose: who did what, and the account of the import itself.
ACCOUNT = {"crm_auditentry", "crm_auditnote", "crm_importbatch", "crm_importrow"}


def dump() -> dict[str, list]:
    """Every row of every table of ours but the account, as the database writes it."""
    with connection.cursor() as cursor:
        names = connection.introspection.table_names(cursor)
        told = {}
        for name in names:
            # The tables of the search index are no rows: they say which rows hold which letters.
            is_index = "_trigrams" in name
            if not name.startswith(("crm_", "visits_")) or name in ACCOUNT or is_index:
                continue
            cursor.execute(f'SELECT * FROM "{name}" ORDER BY 1')
            told[name] = cursor.fetchall()
    return told


def verbs(batch) -> list[str]:
    return list(batch.entries.order_by("line").values_list("verb", flat=True))
