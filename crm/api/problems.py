"""Errors as RFC 9457 problem details, made in one place."""

from itertools import groupby
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

TITLES = {
    400: "Bad request",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    409: "Conflict",
    412: "Changed meanwhile",
    413: "Too large",
    415: "Unsupported media type",
    422: "Cannot be done",
    428: "Precondition required",
    429: "Too many requests",
    503: "Busy",
}


# Keys under which faults of the whole body stand.
NOT_FIELDS = frozenset({"", "detail", "non_field_errors", "__all__"})


class Problem(exceptions.APIException):
    """A refusal with a status of its own and one clear sentence."""

    def __init__(self, status: int, detail: str, **extra: Any) -> None:
        self.status_code = status
        self.extra = extra
        super().__init__(detail)


def problem_details(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: every refusal as application/problem+json."""
    extra: dict[str, Any] = dict(getattr(error, "extra", {}))
    if isinstance(error, DjangoValidationError):
        error = _as_api_error(error)
    response = exception_handler(error, context)
    if response is None:
        return None
    set_rollback()
    status = response.status_code
    body: dict[str, Any] = {"type": "about:blank", "title": TITLES.get(status, "Error")}
    body |= {"status": status, **extra}
    if isinstance(error, exceptions.ValidationError):
        faults = response.data if isinstance(response.data, dict) else {"": response.data}
        body["errors"] = faults
        body["detail"] = _told(faults)[:1_000]
    else:
        body["detail"] = str(_detail(error))
    response.data = body
    response.content_type = "application/problem+json"
    return response


def _detail(error: Exception) -> Any:
    if isinstance(error, Http404):
        return "There is nothing at this address for you."
    if isinstance(error, PermissionDenied):
        return str(error) or "Your role does not allow this."
    return getattr(error, "detail", error)


def _as_api_error(error: DjangoValidationError) -> exceptions.ValidationError:
    if hasattr(error, "error_dict"):
        return exceptions.ValidationError(error.message_dict)
    return exceptions.ValidationError({"detail": error.messages})


def _told(faults: dict[str, Any]) -> str:
    """Every sentence once, after the names of the fields it is about."""
    fields_of: dict[str, list[str]] = {}
    for name, value in faults.items():
        for words in _sentences(value):
            names = fields_of.setdefault(words, [])
            if name not in NOT_FIELDS and name not in names:
                names.append(name)
    told = []
    for names, group in groupby(fields_of, key=lambda words: fields_of[words]):
        sentences = " ".join(group)
        told.append(f"{', '.join(names)}: {sentences}" if names else sentences)
    return " ".join(told)


def _sentences(faults: Any) -> list[str]:
    if isinstance(faults, dict):
        return [words for value in faults.values() for words in _sentences(value)]
    if isinstance(faults, list | tuple):
        return [words for value in faults for words in _sentences(value)]
    return [str(faults)]
