"""How the parts are wired; every choice a site makes comes from the environment."""

from datetime import timedelta
from pathlib import Path

from csp.constants import NONCE, NONE, SELF

from config import env, safety

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = env.private_directory(Path(env.text("DATA_DIR", str(BASE_DIR / "data"))))

DEBUG = env.flag("DEBUG")
SECRET_KEY = env.secret_key(DATA_DIR)
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
SITE_URL = env.text("SITE_URL", "http://127.0.0.1:8000").rstrip("/")
TRUSTED_PROXY_COUNT = env.number("TRUSTED_PROXY_COUNT", 0)
EMBEDDING_SITES = env.sites("EMBEDDING_SITES")
# Where addresses that people type in may lead although they are not public: a calendar server of
# the own house, as http://calendar.intern:8080.
FETCH_TRUSTED_ORIGINS = env.words("FETCH_TRUSTED_ORIGINS")
# How old the last good copy of a host's own calendar may be before free time counts as unknown.
CALENDAR_STALE_HOURS = env.number("CALENDAR_STALE_HOURS", 24)

INSTALLED_APPS = [
    "visits",
    "crm",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_filters",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "knox",
    "rest_framework",
]

MIDDLEWARE = [
    "crm.middleware.ClockMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "visits.public.framing.FramingMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "crm.middleware.SafeInputMiddleware",
    "crm.middleware.PrivatePagesMiddleware",
    "crm.sent_once.SentOnceMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

FORM_RENDERER = "crm.forms.renderer.Renderer"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "visits.views.frame.frame",
            ],
            "builtins": ["crm.templatetags.ui"],
        },
    }
]

DATABASES = {"default": env.database(DATA_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
    }
}

AUTH_USER_MODEL = "crm.User"
AUTHENTICATION_BACKENDS = [
    "crm.authentication.PasswordBackend",
    "crm.authentication.AccountBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"

ACCOUNT_ADAPTER = "crm.accounts.ClosedSignUpAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}
# Nobody signs up with another person's address here: an administrator makes each account.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
USERSESSIONS_TRACK_ACTIVITY = False

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
SECURE_SITE = SITE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SITE
SESSION_COOKIE_NAME = "__Host-session" if SECURE_SITE else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE_SITE else "csrf"
SECURE_SSL_REDIRECT = SECURE_SITE and env.flag("SECURE_SSL_REDIRECT", True)
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_SITE else 0
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if TRUSTED_PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CSRF_TRUSTED_ORIGINS = [SITE_URL] if SECURE_SITE else []
CSRF_FAILURE_VIEW = "crm.views.errors.csrf_failure"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", "English"),
    ("nb", "Norsk bokmål"),
    ("nl", "Nederlands"),
    ("it", "Italiano"),
    ("fr", "Français"),
    ("de", "Deutsch"),
    ("es", "Español"),
    ("pl", "Polski"),
    ("el", "Ελληνικά"),
]
# Languages whose catalogue is complete; the public pages offer only these. A new one waits outside.
COMPLETE_LANGUAGES = [code for code, _name in LANGUAGES]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = env.private_directory(DATA_DIR / "static")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
MEDIA_ROOT = DATA_DIR / "media"
# Finished packs and sheets, for a week; every process that shows or makes them reads this folder.
PACK_DIR = DATA_DIR / "packs"
# A list of more rows leaves only after the password once more, and administrators are told.
LARGE_EXPORT_ROWS = env.number("LARGE_EXPORT_ROWS", 1_000)
# Files of people between upload and import, a week at most; read by server and worker alike.
IMPORT_DIR = DATA_DIR / "imports"

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = env.text("SMTP_HOST", "127.0.0.1")
EMAIL_PORT = env.number("SMTP_PORT", 1025)
EMAIL_HOST_USER = env.text("SMTP_USER")
EMAIL_HOST_PASSWORD = env.text("SMTP_PASSWORD")
EMAIL_USE_TLS = env.flag("SMTP_STARTTLS")
EMAIL_TIMEOUT = 30
DEFAULT_FROM_EMAIL = env.text("MAIL_FROM", "outreach@localhost")
# Takes "unsubscribe" by mail, beside the link that every mail of a mailing carries; may be empty.
UNSUBSCRIBE_MAIL = env.text("UNSUBSCRIBE_MAIL")
MAIL_SENDER_NAME = env.text("MAIL_SENDER_NAME", "Municipality outreach")
# The demo's mail server delivers nothing, so the Mail page is where its letters are read.
MAIL_IS_CAUGHT = env.flag("MAIL_IS_CAUGHT")
# Turns a mail's link key into the private address, at the moment it is shown or sent.
MAIL_LINK_RESOLVER = "visits.domain.links.address_of"
# Makes the documents a message carries, at the moment it is sent.
MAIL_ATTACHER = "visits.domain.briefing.attachments_of"
# Told of each mail whose address refused it for good.
MAIL_REFUSAL_NOTER = "visits.domain.refusals.note_refusal"
# Which days offices of a place are closed.
CLOSED_DAYS = "visits.domain.closed_days.closed_days"

# The mailbox that takes replies, bounces and copies of what is written elsewhere; empty: none.
IMAP_HOST = env.text("IMAP_HOST").strip()
IMAP_TLS = env.choice("IMAP_TLS", ("tls", "starttls", "off"))
IMAP_PORT = env.number("IMAP_PORT", 993 if IMAP_TLS == "tls" else 143)
IMAP_USER = env.text("IMAP_USER")
IMAP_PASSWORD = env.text("IMAP_PASSWORD")
IMAP_FOLDER = env.text("IMAP_FOLDER", "INBOX")
# Where mails go once they are kept here; empty: they stay, marked as seen.
IMAP_DONE_FOLDER = env.text("IMAP_DONE_FOLDER")
# The name under which the receiving server writes Authentication-Results (RFC 8601).
IMAP_TRUSTED_SERVER = env.text("IMAP_TRUSTED_SERVER").strip().lower()
# How long the mail as it came is kept beside what was read of it.
IMAP_RAW_DAYS = env.number("IMAP_RAW_DAYS", 30)

# A server that speaks OSRM's protocol knows drives better than an estimate; empty: we estimate.
ROAD_TIMES_URL = env.web_address("ROAD_TIMES_URL")
ROAD_TIMES_SECONDS = env.number("ROAD_TIMES_SECONDS", 10)
ROAD_TIMES_DAYS = env.number("ROAD_TIMES_DAYS", 90)

DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "crm.api.authentication.CountedTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["crm.api.access.RolePermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["crm.api.parsers.SafeJSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["crm.api.filters.StrictFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "crm.api.pagination.CappedPagination",
    "DEFAULT_SCHEMA_CLASS": "crm.api.schema.ProblemSchema",
    "EXCEPTION_HANDLER": "crm.api.problems.problem_details",
    "PAGE_SIZE": 50,
}
REST_KNOX = {"TOKEN_TTL": timedelta(days=90), "AUTO_REFRESH": False}
SPECTACULAR_SETTINGS = {
    "TITLE": "Municipality Outreach CRM",
    "DESCRIPTION": "People, events, visit requests, plans, visits and briefs.",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SERVE_PUBLIC": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "crm.api.schema.optional_for_some",
    ],
    "ENUM_NAME_OVERRIDES": {
        "AddressKind": "crm.models.people.ContactPoint.Kind",
        "AddressStatus": "crm.models.people.ContactPoint.Status",
        "AttendanceStatus": "crm.models.events.Participation.Status",
        "AvailabilityKind": "visits.models.availability.HostAvailability.Kind",
        "BriefKind": "visits.models.briefs.BriefEdition.Kind",
        "CalendarDayKind": "visits.models.calendars.CalendarDay.Kind",
        "ConsentStatus": "crm.models.consent.ConsentRecord.Status",
        "Country": "crm.api.fields.COUNTRY_CODES",
        "DisruptionKind": "visits.models.calendars.Disruption.Kind",
        "DisruptionStatus": "visits.models.calendars.Disruption.Status",
        "ExpenseCategory": "visits.models.travel.Expense.Category",
        "ExpenseEligible": "visits.models.travel.Expense.Eligible",
        "IncomingMailKind": "crm.models.inbox.IncomingMail.Kind",
        "IncomingMailState": "crm.models.inbox.IncomingMail.State",
        "HostKind": "visits.models.hosts.Host.Kind",
        "InteractionKind": "crm.models.messages.Interaction.Kind",
        "MailingKind": "crm.models.mailings.Mailing.Kind",
        "MailingState": "crm.models.mailings.Mailing.State",
        "MessageStatus": "crm.models.messages.Message.Status",
        "PackKind": "visits.models.packs.PackRun.Kind",
        "TravelMode": "visits.models.travel.TravelMode",
        "VisitMode": "visits.models.requests.Mode",
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"private": {"()": "crm.logs.PrivateFilter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "filters": ["private"]}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
    # `runserver` writes paths through a handler of its own, which knows no filter.
    "loggers": {
        "django.server": {"handlers": ["console"], "propagate": False},
        # It tells of every connection, once a minute.
        "imapclient": {"level": "WARNING"},
    },
}

# Nobody but this machine is served; everything else has to be set up as a real site.
SITE_IS_LOCAL = safety.is_loopback_only(globals())
safety.refuse_unsafe(globals())
