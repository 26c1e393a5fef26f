"""Settings that must not start: each fault alone gives one sentence, and a real site gives none."""

import stat
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import safety

KEY = "q7Jx-2fVt_9LmZr4WcKp8sYbHdNg3eUa6iXo5TlRzQwEvBnMyC1k"
SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": "/srv/outreach/outreach.sqlite3",
    "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL;"},
}


def site(**changes):
    """The settings of a real site that is set up well, but for `changes`."""
    return {
        "ALLOWED_HOSTS": ["visits.example.eu"],
        "DATABASES": {"default": SQLITE},
        "DATA_DIR": "/srv/outreach",
        "DEBUG": False,
        "DEFAULT_FROM_EMAIL": "visits@example.eu",
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": "smtp.example.eu",
        "EMAIL_HOST_PASSWORD": "",
        "EMAIL_PORT": 587,
        "EMAIL_USE_TLS": True,
        "IMAP_HOST": "",
        "IMAP_PASSWORD": "",
        "IMAP_USER": "",
        "MEDIA_ROOT": "/srv/outreach/media",
        "SECRET_KEY": KEY,
        "SECRET_KEY_FALLBACKS": [],
        "SECURE_HSTS_SECONDS": 31_536_000,
        "SESSION_COOKIE_SECURE": True,
        "SITE_URL": "https://visits.example.eu",
        "TRUSTED_PROXY_COUNT": 0,
    } | changes


LOCAL = {
    "ALLOWED_HOSTS": ["127.0.0.1", "localhost", "[::1]"],
    "SITE_URL": "http://127.0.0.1:8000",
    "SECURE_HSTS_SECONDS": 0,
    "SESSION_COOKIE_SECURE": False,
}


def test_well_set_up_site_has_no_fault():
    assert safety.faults(site(), {}) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"DEBUG": True}, "DEBUG shows secrets to every visitor; set DEBUG=false."),
        (
            {"ALLOWED_HOSTS": ["*"]},
            "Any host name is answered; set ALLOWED_HOSTS to the names of this site.",
        ),
        (
            {"SITE_URL": "http://visits.example.eu"},
            "Links in mails would travel in clear; set SITE_URL to this site's https:// address.",
        ),
        (
            {"SITE_URL": "https://other.example.eu"},
            "SITE_URL leads to other.example.eu; add that name to ALLOWED_HOSTS.",
        ),
        (
            {"SECURE_HSTS_SECONDS": 0},
            "Browsers may fall back to http; leave the HSTS and cookie settings as shipped.",
        ),
        (
            {"SESSION_COOKIE_SECURE": False},
            "Browsers may fall back to http; leave the HSTS and cookie settings as shipped.",
        ),
        (
            {"TRUSTED_PROXY_COUNT": -1},
            "TRUSTED_PROXY_COUNT is negative; set it to the number of proxies in front.",
        ),
        (
            {"SECRET_KEY": KEY[:40]},
            "SECRET_KEY can be guessed; unset it to have one made, or set 50 random characters.",
        ),
        (
            {"SECRET_KEY_FALLBACKS": ["short"]},
            "A key in SECRET_KEY_FALLBACKS can be guessed; take it out.",
        ),
        (
            {"DEFAULT_FROM_EMAIL": "outreach@localhost"},
            "Mail has no sender; set MAIL_FROM to an address of your organisation.",
        ),
        (
            {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": 1025},
            "Mail would go to the demo's own sink; set SMTP_HOST and SMTP_PORT to your server.",
        ),
        (
            {"EMAIL_HOST_PASSWORD": "word", "EMAIL_USE_TLS": False},
            "The mail password would travel in clear; set SMTP_STARTTLS=true.",
        ),
        (
            {"DATABASES": {"default": SQLITE | {"OPTIONS": {"transaction_mode": "IMMEDIATE"}}}},
            "SQLite does not write ahead; set PRAGMA journal_mode=WAL in the init_command.",
        ),
    ],
)
def test_single_fault_gives_its_sentence(changes, sentence):
    assert safety.faults(site(**changes), {}) == [sentence]


def test_all_faults_are_named_at_once():
    changes = {"DEBUG": True, "SECRET_KEY": "short", "DEFAULT_FROM_EMAIL": ""}

    assert len(safety.faults(site(**changes), {})) == 3


def test_loopback_may_run_as_a_trial():
    trial = LOCAL | {"DEBUG": True, "DEFAULT_FROM_EMAIL": "outreach@localhost", "EMAIL_PORT": 1025}

    assert safety.faults(site(**trial), {}) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"ALLOWED_HOSTS": []},
        {"ALLOWED_HOSTS": ["*"]},
        {"ALLOWED_HOSTS": ["localhost", "visits.example.eu"]},
        {"ALLOWED_HOSTS": ["0.0.0.0"]},
        {"ALLOWED_HOSTS": ["10.0.0.5"]},
        {"ALLOWED_HOSTS": ["localhost.example.eu"]},
        {"SITE_URL": "http://visits.example.eu"},
        {"SITE_URL": ""},
    ],
)
def test_anything_beyond_the_loopback_is_a_real_site(changes):
    assert not safety.is_loopback_only(site(**(LOCAL | changes)))


@pytest.mark.parametrize(
    "hosts", [["127.0.0.1"], ["localhost"], ["[::1]"], ["127.8.9.1", "crm.localhost"]]
)
def test_loopback_is_recognised(hosts):
    assert safety.is_loopback_only(site(**(LOCAL | {"ALLOWED_HOSTS": hosts})))


@pytest.mark.parametrize(
    "key",
    [
        "",
        "a" * 80,
        "ab" * 40,
        "django-insecure-" + KEY,
        "please-changeme-" + KEY,
        KEY[:49],
    ],
)
def test_weak_key_is_recognised(key):
    assert safety.is_weak_key(key)


def test_key_made_on_first_start_is_strong(tmp_path, monkeypatch):
    from config import env

    monkeypatch.delenv("SECRET_KEY", raising=False)

    assert not safety.is_weak_key(env.secret_key(tmp_path))


def test_files_others_may_read_are_named_with_their_remedy():
    found = safety.faults(
        site(),
        {
            Path("/srv/outreach"): stat.S_IFDIR | 0o755,
            Path("/srv/outreach/secret_key"): stat.S_IFREG | 0o640,
            Path("/srv/outreach/outreach.sqlite3"): stat.S_IFREG | 0o600,
        },
    )

    assert found == [
        "Other accounts may read /srv/outreach; run: chmod 700 /srv/outreach",
        "Other accounts may read /srv/outreach/secret_key; run: chmod 600 /srv/outreach/secret_key",
    ]


def test_private_paths_hold_key_database_and_its_side_files():
    assert [path.name for path in safety.private_paths(site())] == [
        "outreach",
        "secret_key",
        "media",
        "outreach.sqlite3",
        "outreach.sqlite3-wal",
        "outreach.sqlite3-shm",
    ]


def test_refusal_lists_every_fault_on_its_own_line(tmp_path):
    unsafe = site(DEBUG=True, SECRET_KEY="short", DATA_DIR=tmp_path, MEDIA_ROOT=tmp_path / "media")
    tmp_path.chmod(0o700)

    with pytest.raises(ImproperlyConfigured) as refused:
        safety.refuse_unsafe(unsafe)

    assert str(refused.value).splitlines() == [
        "This site is not safe to start:",
        "- DEBUG shows secrets to every visitor; set DEBUG=false.",
        "- SECRET_KEY can be guessed; unset it to have one made, or set 50 random characters.",
    ]
