"""How the API describes itself: headers, refusals and sign-in that every operation shares."""

from typing import Any

import django_filters as filters
from drf_spectacular.contrib.django_filters import DjangoFilterExtension
from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from drf_spectacular.drainage import set_override
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

WHOLE = {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}
# Fields of an answer that are left out for some roles, by component.
SEEN_IN_PART: dict[str, set[str]] = {}

KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Of your making, new for each wish. The same request with the same key has one "
    "effect and gets the same answer.",
)
MATCH = OpenApiParameter(
    "If-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    required=True,
    description="The ETag of the version you saw; 412 tells what it is now, 428 asks for it.",
)
PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457 problem details.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "One sentence for a person."},
        "errors": {
            "type": "object",
            "description": "Sentences by field.",
            "additionalProperties": {},
        },
    },
    "required": ["type", "title", "status", "detail"],
}
ALWAYS = {
    "400": "What was sent cannot be used; `errors` says what, by field.",
    "401": "Not signed in.",
    "403": "Your role does not allow this.",
    "404": "There is nothing at this address for you.",
    "406": "Only JSON is spoken here.",
    "429": "Too many attempts; `Retry-After` says when to come back.",
    "503": "Busy; nothing was written. `Retry-After` says when to try again.",
}
ON_WRITES = {
    "409": "Somebody else was faster.",
    "413": "The body is too large.",
    "415": "Send JSON.",
    "422": "This Idempotency-Key was used for another request.",
}
ON_EDITS = {
    "412": "Changed meanwhile; `fields` holds both values, `etag` the present version.",
    "428": "The header If-Match is missing.",
}


class CountedTokenScheme(KnoxTokenScheme):
    target_class = "crm.api.authentication.CountedTokenAuthentication"
    name = "token"


class StrictFilterScheme(DjangoFilterExtension):
    """Describes parameters without asking a database, so that every one tells the same."""

    target_class = "crm.api.filters.StrictFilterBackend"
    priority = 1

    def resolve_filter_field(self, auto_schema, model, filterset_class, field_name, filter_field):
        if (schema := _parameter_schema(filter_field)) is not None:
            set_override(filter_field, "field", schema)
        return super().resolve_filter_field(
            auto_schema, model, filterset_class, field_name, filter_field
        )


def _parameter_schema(parameter: filters.Filter) -> dict[str, Any] | None:
    said = {"description": str(parameter.label)} if parameter.label else {}
    if isinstance(parameter, filters.ModelChoiceFilter | filters.ModelMultipleChoiceFilter):
        by_name = parameter.extra.get("to_field_name")
        return {"type": "string", **said} if by_name else {**WHOLE, **said}
    if isinstance(parameter, filters.NumberFilter):
        return {**WHOLE, **said}
    if isinstance(parameter, filters.CharFilter):
        return {"type": "string", "maxLength": parameter.extra.get("max_length", 200), **said}
    return None


class ProblemSchema(AutoSchema):
    """Adds to every operation the headers it reads and the problems it may answer with."""

    def get_override_parameters(self):
        if self.method == "POST":
            return [KEY]
        return [MATCH] if self.method == "PATCH" else []

    def get_tags(self):
        words = [part for part in self.path.split("/") if part]
        return [words[2]] if len(words) > 2 else ["api"]

    def _get_response_bodies(self, direction="response"):
        bodies = super()._get_response_bodies(direction)
        refusals = dict(ALWAYS)
        if self.method != "GET":
            refusals |= ON_WRITES
        if self.method in ("PATCH", "POST"):
            refusals |= ON_EDITS
        content = {"application/problem+json": {"schema": self._problem().ref}}
        for code, words in sorted(refusals.items()):
            bodies.setdefault(code, {"description": words, "content": content})
        return bodies

    def _problem(self) -> ResolvedComponent:
        component = ResolvedComponent(
            name="Problem", type=ResolvedComponent.SCHEMA, object="Problem", schema=PROBLEM
        )
        self.registry.register_on_missing(component)
        return component


def seen_in_part(serializer, *others):
    """Remember which fields of `serializer` the `others`, for roles that see less, leave out."""
    kept = set.intersection(*(set(other.Meta.fields) for other in others))
    name = serializer.__name__.removesuffix("Serializer")
    SEEN_IN_PART[name] = set(serializer.Meta.fields) - kept
    return serializer


def optional_for_some(result: dict[str, Any], generator, request, public) -> dict[str, Any]:
    """spectacular's last step: a field that some roles do not see is no required field."""
    for name, fields in SEEN_IN_PART.items():
        schema = result["components"]["schemas"].get(name)
        if schema is not None:
            schema["required"] = [each for each in schema.get("required", []) if each not in fields]
    return result
