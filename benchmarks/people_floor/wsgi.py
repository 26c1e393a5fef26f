"""Serves the floor on the database that DATA_DIR or DATABASE_URL names, with Django's defaults."""

import os
from pathlib import Path

import django
from django.conf import settings

from config import env

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF="benchmarks.people_floor.views",
    SECRET_KEY="a floor keeps no secret",
    AUTH_USER_MODEL="floor.User",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    LOGIN_URL="/enter/",
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "django.contrib.sessions",
        "django.contrib.messages",
        "rest_framework",
        "django_filters",
        "benchmarks.people_floor.apps.FloorConfig",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    DATABASES={"default": env.database(Path(os.environ["DATA_DIR"]))},
    USE_TZ=True,
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402

application = get_wsgi_application()
