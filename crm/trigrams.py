"""An index by three letters over the search column, so that a fragment of a name is found at once.

PostgreSQL has one built in (`pg_trgm`). On SQLite it is an FTS5 table beside the rows (trigram
tokenizer, `detail=none`: it keeps which row holds which three letters, not the text), fed by
triggers. On both `narrowing` decides when to use it: a rare fragment is looked up, a common one is
met soon enough by walking the rows in their order. PostgreSQL, left to itself, takes fragments of
names for more common than they are, and walks on where it should look up.
"""

from django.apps import apps
from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import RawSQL

INDEXED = ("crm.Person", "crm.Message", "crm.Interaction")
LETTERS = 3
# A fragment found in more rows is common: walking a list in its order meets fifty of them soon.
RARE_UP_TO = 5_000
# Fewer on PostgreSQL, which is told their numbers one by one.
NAMED_UP_TO = 2_000


def keep_index(using: str = "default", **_signal: object) -> None:
    """Make what is missing of the index; called after migrations, which may remake a table.

    Without the extension of PostgreSQL the search works and is slow; nothing else depends on it.
    """
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    for label in INDEXED:
        table = apps.get_model(label)._meta.db_table
        if table not in tables:
            continue
        if connection.vendor == "postgresql":
            _keep_on_postgresql(connection, table)
        elif connection.vendor == "sqlite":
            _keep_on_sqlite(connection, table)


def narrowing(model: type[models.Model], words: list[str], using: str) -> RawSQL | list[int] | None:
    """The numbers of the rows that hold all three-letter pieces of `words`, when they are few.

    None when the table has no index, the words are too short, or many rows hold them. Rows found
    still have to be compared, because the pieces may stand apart.
    """
    connection = connections[using]
    if model._meta.label not in INDEXED:
        return None
    if connection.vendor == "postgresql":
        return _named(model, [word for word in words if len(word) >= LETTERS], using)
    pieces = {word[at : at + LETTERS] for word in words for at in range(len(word) - LETTERS + 1)}
    if not pieces:
        return None
    index = _index_of(model._meta.db_table)
    match = " AND ".join('"{}"'.format(piece.replace('"', '""')) for piece in sorted(pieces))
    probe = f"SELECT count(*) FROM (SELECT 1 FROM {index} WHERE {index} MATCH %s LIMIT %s)"
    with connection.cursor() as cursor:
        cursor.execute(probe, [match, RARE_UP_TO + 1])
        (count,) = cursor.fetchone()
    if count > RARE_UP_TO:
        return None
    return RawSQL(f"SELECT rowid FROM {index} WHERE {index} MATCH %s", [match])


def _named(model: type[models.Model], words: list[str], using: str) -> list[int] | None:
    if not words:
        return None
    rows = model._base_manager.using(using).order_by()
    for word in words:
        rows = rows.filter(search_key__contains=word)
    numbers = list(rows.values_list("pk", flat=True)[: NAMED_UP_TO + 1])
    return numbers if len(numbers) <= NAMED_UP_TO else None


def _index_of(table: str) -> str:
    return f"{table}_trigrams"


def _keep_on_postgresql(connection: BaseDatabaseWrapper, table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'")
        if cursor.fetchone() is None:
            return
        cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        cursor.execute(
            f"CREATE INDEX IF NOT EXISTS {_index_of(table)}"
            f" ON {table} USING gin (search_key gin_trgm_ops)"
        )


def _keep_on_sqlite(connection: BaseDatabaseWrapper, table: str) -> None:
    index = _index_of(table)
    put_in = f"INSERT INTO {index}(rowid, search_key) VALUES (new.id, new.search_key);"
    take_out = (
        f"INSERT INTO {index}({index}, rowid, search_key)"
        " VALUES ('delete', old.id, old.search_key);"
    )
    triggers = {
        f"{index}_in": f"AFTER INSERT ON {table} BEGIN {put_in} END",
        f"{index}_out": f"AFTER DELETE ON {table} BEGIN {take_out} END",
        f"{index}_anew": (
            f"AFTER UPDATE OF search_key ON {table}"
            f" WHEN old.search_key IS NOT new.search_key BEGIN {take_out} {put_in} END"
        ),
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE tbl_name IN (%s, %s)", [table, index])
        missing = {index, *triggers} - {name for (name,) in cursor.fetchall()}
        if not missing:
            return
        cursor.execute(
            f"CREATE VIRTUAL TABLE IF NOT EXISTS {index} USING fts5("
            f"search_key, content='{table}', content_rowid='id', tokenize='trigram', detail=none)"
        )
        for name, body in triggers.items():
            cursor.execute(f"CREATE TRIGGER IF NOT EXISTS {name} {body}")
        cursor.execute(f"INSERT INTO {index}({index}) VALUES ('rebuild')")
