"""Copies every row of the test database and puts the rows back, faster than making them again."""

from dataclasses import dataclass, field

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection

# Filled when the database is made, and the same in every snapshot.
OF_DJANGO = {"django_migrations", "django_content_type", "auth_permission"}


@dataclass
class Snapshot:
    """Rows by table, as the database itself writes them."""

    rows: dict[str, bytes | list[tuple]] = field(default_factory=dict)

    def take(self) -> None:
        """Keep every row as it stands, uncommitted ones included."""
        with connection.cursor() as cursor:
            names = set(connection.introspection.table_names(cursor)) - OF_DJANGO
            for name in sorted(names):
                if connection.vendor == "postgresql":
                    with cursor.copy(f'COPY "{name}" TO STDOUT') as stream:
                        self.rows[name] = b"".join(bytes(part) for part in stream)
                else:
                    # An expression has no declared type, so its value comes as it is stored.
                    found = connection.introspection.get_table_description(cursor, name)
                    columns = ", ".join(f'+"{column.name}"' for column in found)
                    cursor.execute(f'SELECT {columns} FROM "{name}"')
                    self.rows[name] = cursor.fetchall()

    def put_back(self) -> None:
        """Exactly the kept rows, into the running transaction."""
        with connection.cursor() as cursor:
            for name, rows in self.rows.items():
                cursor.execute(f'DELETE FROM "{name}"')
                if not rows:
                    continue
                if isinstance(rows, bytes):
                    with cursor.copy(f'COPY "{name}" FROM STDIN') as stream:
                        stream.write(rows)
                else:
                    values = ", ".join("?" * len(rows[0]))
                    connection.connection.executemany(
                        f'INSERT INTO "{name}" VALUES ({values})', rows
                    )
            for statement in connection.ops.sequence_reset_sql(no_style(), apps.get_models()):
                cursor.execute(statement)

    def count(self) -> None:
        """Tell PostgreSQL how many rows there are, which nobody sees before they are rolled back.

        Otherwise it may take the tables for empty and join tens of thousands of places row by row.
        """
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE " + ", ".join(f'"{name}"' for name in self.rows))
