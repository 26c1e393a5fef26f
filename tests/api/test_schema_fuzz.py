"""The API against its own description: whatever the schema allows or forbids, no 5xx and no lie.

Schemathesis walks every operation as a coordinator on the sample, a few cases each: some that the
description calls valid, some it calls invalid, on addresses of its own making and on rows that
are there. What a case changes is rolled back.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks

from crm.encoding import Utf8Request
from tests.api.conftest import Api
from tests.factories.crm import CoordinatorFactory

CASES_EACH = {GenerationMode.POSITIVE: 3, GenerationMode.NEGATIVE: 2}
CHECKS = (
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
)
KEYS = ("ref", "slug", "token_key", "id", "key")


@pytest.fixture(scope="module")
def description():
    """The schema as the program serves it, bound to the program itself."""
    schema = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(public=True))
    schema.app = get_wsgi_application()
    schema.app.request_class = Utf8Request
    return schema


@contextmanager
def kept_connection() -> Iterator[None]:
    """A request neither closes the connection that holds the test's transaction nor keeps data."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


def operations() -> list[tuple[str, str]]:
    paths = SchemaGenerator().get_schema(public=True)["paths"]
    return [(path, method) for path, item in paths.items() for method in item]


@pytest.fixture
def client(sample) -> Api:
    return Api(CoordinatorFactory())


def rows_of(client: Api, path: str) -> list[str]:
    """Keys of a few rows of the noun that a path is about."""
    noun = path.split("/")[3]
    if noun == "figures":
        return ["K1", "K7"]
    found = client.get(f"/{noun}/", limit="200").json()["results"]
    keys = [str(row[name]) for row in found for name in KEYS if name in row][:: len(found) // 5 + 1]
    return keys or ["1"]


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_operation_keeps_to_its_description(mode, description, client):
    faults, sent, walked = {}, 0, 0
    for path, method in operations():
        operation = description[path][method]
        if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query):
            # Without parameters and body there is little that its description forbids.
            continue
        try:
            sent += walk(operation, mode, client)
            walked += 1
        except Unsatisfiable:
            assert mode is GenerationMode.NEGATIVE
        except (FailureGroup, AssertionError) as failure:
            faults[f"{method} {path}"] = str(failure)
    assert faults == {}
    assert walked > 40
    assert sent >= walked * CASES_EACH[mode] / 2


def walk(operation, mode: GenerationMode, client: Api) -> int:
    """Send a few cases of one operation and hold each answer against the description."""
    strategy = operation.as_strategy(generation_mode=mode)
    rows = rows_of(client, operation.path) if "{" in operation.path else []
    sent = 0

    @settings(
        max_examples=CASES_EACH[mode],
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy, row=st.sampled_from([None, *rows]))
    def one(case, row) -> None:
        nonlocal sent
        headers = {"Authorization": f"Token {client.token}"}
        if row is not None:
            case.path_parameters = dict.fromkeys(case.path_parameters, row)
            headers["If-Match"] = "*"
        with kept_connection():
            response = case.call(headers=headers)
        sent += 1
        case.validate_response(response, checks=CHECKS)

    one()
    return sent
