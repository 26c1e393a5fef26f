"""The floor a page is measured against: a bare Django view with one query and one template.

`benchmarks.floor:application` serves it on the database that DATA_DIR names, without middleware,
sessions, forms or translations.
"""

import os
from functools import cache
from pathlib import Path

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path

PAGE = """<!doctype html><html lang="en"><head><title>Floor</title></head><body>
<h1>{{ name }}</h1><form method="post">{% for number in fields %}
<p><label for="f{{ number }}">Field {{ number }}</label><input id="f{{ number }}"></p>{% endfor %}
</form></body></html>"""


@cache
def _template():
    return engines["django"].from_string(PAGE)


def floor(request: HttpRequest) -> HttpResponse:
    """One row of the database in a page with forty fields, about as many as the form has."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM visits_campaign LIMIT 1")
        (name,) = cursor.fetchone() or ("",)
    return HttpResponse(_template().render({"name": name, "fields": range(40)}, request))


urlpatterns = [path("", floor), path("healthz", floor)]

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=__name__,
        SECRET_KEY="a floor keeps no secret",
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": Path(os.environ["DATA_DIR"]) / "outreach.sqlite3",
            }
        },
    )
    django.setup()
    application = get_wsgi_application()
