"""`api(user)` speaks to the API as a program does: with a token, in JSON, over the whole stack."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from knox.models import AuthToken

from crm.models import ClockSetting
from tests.factories.crm import CLOCK

NOT_SENT: Any = object()


class Api:
    """A client with one user's token; paths are relative to /api/v1."""

    def __init__(self, user) -> None:
        self.user = user
        self.client = Client(raise_request_exception=False)
        self.token = ""
        if user is not None:
            self.token = AuthToken.objects.create(user, expiry=timedelta(days=1))[1]

    def send(
        self,
        method: str,
        path: str,
        body: Any = NOT_SENT,
        headers: dict | None = None,
        **query: Any,
    ):
        sent = {"Authorization": f"Token {self.token}"} if self.token else {}
        raw = b"" if body is NOT_SENT else body if isinstance(body, bytes) else json.dumps(body)
        return self.client.generic(
            method,
            path if path.startswith("/api/") else f"/api/v1{path}",
            raw,
            content_type="application/json",
            headers=sent | (headers or {}),
            query_params=query or None,
        )

    def get(self, path: str, **query: Any):
        return self.send("GET", path, **query)

    def post(self, path: str, body: Any = NOT_SENT, **headers: str):
        return self.send("POST", path, body, headers=_named(headers))

    def patch(self, path: str, body: Any, **headers: str):
        return self.send("PATCH", path, body, headers=_named(headers))

    def delete(self, path: str):
        return self.send("DELETE", path)

    def names(self, path: str, field: str, **query: Any) -> list:
        """One field of every row of a list."""
        response = self.get(path, **query)
        assert response.status_code == 200, response.content
        return [row[field] for row in response.json()["results"]]


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


@pytest.fixture
def api(db) -> Callable[[Any], Api]:
    return Api


@pytest.fixture
def clock(db):
    """The domain's clock stands at 15 February 2023, 10:00 in Oslo."""
    ClockSetting.objects.fix(CLOCK)
    return CLOCK


@pytest.fixture
def desk(coordinator, clock) -> Api:
    """The coordinator's client, at the demo clock."""
    return Api(coordinator)
