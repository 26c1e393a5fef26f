"""The WSGI entry point: `gunicorn config.wsgi`."""

import gc
import os
from importlib import import_module

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

from django.conf import settings  # noqa: E402 (the apps have to be loaded)

from crm.checks import refuse_unusable_database  # noqa: E402
from crm.encoding import Utf8Request  # noqa: E402
from crm.logs import scrub_server_logs  # noqa: E402

application.request_class = Utf8Request

scrub_server_logs()
refuse_unusable_database()

# Pages are loaded before the first visitor comes, and what is loaded by now stays: the collector
# need not walk through it again and again (5-7 % of a list page's CPU).
import_module(settings.ROOT_URLCONF)
gc.collect()
gc.freeze()
