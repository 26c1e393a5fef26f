"""The WSGI entry point: `gunicorn config.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

from crm.checks import refuse_unusable_database  # noqa: E402 (the apps have to be loaded)
from crm.encoding import Utf8Request  # noqa: E402
from crm.logs import scrub_server_logs  # noqa: E402

application.request_class = Utf8Request

scrub_server_logs()
refuse_unusable_database()
