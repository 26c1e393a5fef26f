"""The rows that hang on another row, gathered as a list within the query that reads that row."""

from typing import Any

from django.db.models import JSONField, QuerySet, Subquery
from django.db.models.functions import JSONObject


class JsonRows(Subquery):
    """A column with a list of objects, one per row of `queryset` in its order; empty when none.

    `JsonRows(Tag.objects.filter(people=OuterRef("pk")), "key", "name")` adds
    `[{"key": …, "name": …}, …]` to each person, without a query of its own as a prefetch has.
    """

    template = "(SELECT json_group_array(json(one_row)) FROM (%(subquery)s) AS listed)"

    def __init__(self, queryset: QuerySet, *fields: str) -> None:
        objects = queryset.values(one_row=JSONObject(**{name: name for name in fields}))
        super().__init__(objects, output_field=JSONField())

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = (
            "(SELECT COALESCE(jsonb_agg(one_row), '[]'::jsonb) FROM (%(subquery)s) AS listed)"
        )
        return self.as_sql(compiler, connection, template=template, **extra)
