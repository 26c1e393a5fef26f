"""Requests are read as UTF-8, whatever a Content-Type claims."""

from django.core.handlers.wsgi import WSGIRequest
from django.utils.http import parse_header_parameters


class Utf8Request(WSGIRequest):
    """Takes no charset from the client: Django looks names like "zlib" or "hex" up as text
    encodings, and a request that carries one would end as an error before any view is reached."""

    def _set_content_type_params(self, meta):
        self.content_type, self.content_params = parse_header_parameters(
            meta.get("CONTENT_TYPE", "")
        )
