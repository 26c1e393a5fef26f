"""The mailbox as an operator meets it: settings that fit, certificates, the command, kills."""

import ipaddress
import json
import random
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from config import safety
from crm.domain.inbox import fetching
from crm.models import MailFolder
from tests.crm.domain.inbox.letters import letter
from tests.support.imap import Mailbox, find
from tests.support.installation import ROOT

PLAIN = {
    "IMAP_HOST": "",
    "IMAP_USER": "",
    "IMAP_PASSWORD": "",
    "IMAP_FOLDER": "INBOX",
    "IMAP_DONE_FOLDER": "",
    "IMAP_PORT": 993,
    "IMAP_TLS": "tls",
    "IMAP_RAW_DAYS": 30,
}
WHOLE = PLAIN | {"IMAP_HOST": "imap.desk.example", "IMAP_USER": "drop", "IMAP_PASSWORD": "x"}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (PLAIN, None),
        (WHOLE, None),
        (PLAIN | {"IMAP_HOST": "x"}, "set IMAP_USER and IMAP_PASSWORD too"),
        (PLAIN | {"IMAP_PASSWORD": "x"}, "set IMAP_HOST and IMAP_USER too"),
        (WHOLE | {"IMAP_FOLDER": " "}, "set IMAP_FOLDER"),
        (WHOLE | {"IMAP_DONE_FOLDER": "INBOX"}, "set IMAP_DONE_FOLDER to another folder"),
        (WHOLE | {"IMAP_PORT": 0}, "set a number from 1 to 65535"),
        (WHOLE | {"IMAP_TLS": "off"}, "set IMAP_TLS to tls or starttls"),
        (WHOLE | {"IMAP_TLS": "off", "IMAP_HOST": "127.0.0.1"}, None),
        (WHOLE | {"IMAP_RAW_DAYS": 0}, "set IMAP_RAW_DAYS to 1 or more"),
    ],
)
def test_a_mailbox_set_up_by_half_is_refused_with_what_to_set(given, sentence):
    faults = list(safety._mailbox_faults(given))

    assert len(faults) == (sentence is not None)
    assert not sentence or sentence in faults[0]


def test_the_command_refuses_without_a_mailbox(installation):
    refused = installation.manage("read_mail", status=1)

    assert "set IMAP_HOST, IMAP_USER and IMAP_PASSWORD" in refused.stderr


@pytest.fixture
def own_mailbox(tmp_path):
    """A server of the test's own, with a certificate for 127.0.0.1 that nobody knows."""
    if find() is None:
        pytest.skip("No Dovecot: install the system package dovecot-imapd.")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    alone = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime.now(UTC) + timedelta(days=30))
        .add_extension(alone, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = tmp_path / "certificate.pem", tmp_path / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    server = Mailbox(certificate=(certificate, secret)).start()
    server.empty()
    yield server
    server.stop()


@pytest.mark.django_db
@pytest.mark.parametrize("tls", ["tls", "starttls"])
def test_an_encrypted_mailbox_is_read_only_when_its_certificate_is_trusted(
    tls, own_mailbox, settings, monkeypatch
):
    own_mailbox.deliver(letter())
    port = own_mailbox.tls_port if tls == "tls" else own_mailbox.port
    for name, value in own_mailbox.settings(IMAP_TLS=tls, IMAP_PORT=port).items():
        setattr(settings, name, value)

    assert fetching.fetch_new() == 0
    assert "certificate is not trusted" in MailFolder.objects.get().fault

    monkeypatch.setenv("SSL_CERT_FILE", str(own_mailbox.certificate[0]))
    assert fetching.fetch_new() == 1
    assert MailFolder.objects.get().fault == ""


def environment(server: Mailbox) -> dict[str, str]:
    return {name: str(value) for name, value in server.settings().items()}


def test_the_command_says_what_it_read_and_that_the_server_is_away(installation, own_mailbox):
    own_mailbox.deliver(letter(), letter(message_id="<2@city.invalid>"))

    told = installation.manage("read_mail", **environment(own_mailbox)).stdout
    assert "to look at: 2" in told
    assert "Mails read: 2. To look at: 2." in told

    own_mailbox.halt()
    away = installation.manage("read_mail", status=1, **environment(own_mailbox))
    assert "The mail server cannot be read (" in away.stderr


ROWS = """
import django; django.setup()
import ipaddress
import json
from crm.models import IncomingMail
print(json.dumps(list(IncomingMail.objects.values_list("message_id", "state", "raw_hash"))))
"""
FORGET_LEASE = """
import django; django.setup()
from crm.models import IncomingMail, MailFolder
MailFolder.objects.update(busy_until=None)
IncomingMail.objects.filter(state="new").update(next_try_at=None)
"""


def run(installation, code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=installation.environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("kills", "mails"), [(3, 40), pytest.param(40, 400, marks=pytest.mark.full)]
)
def test_a_killed_reader_loses_no_mail_and_keeps_none_twice(
    kills, mails, installation, own_mailbox
):
    own_mailbox.deliver(*[letter(message_id=f"<{n}@city.invalid>") for n in range(mails)])
    chance = random.Random(2023)
    for _ in range(kills):
        reader = installation.start("read_mail", **environment(own_mailbox))
        time.sleep(chance.uniform(1.0, 4.0))
        reader.kill()
        reader.wait()
        run(installation, FORGET_LEASE)
    for _ in range(mails // fetching.AT_ONCE + 1):
        installation.manage("read_mail", timeout=600, **environment(own_mailbox))
        run(installation, FORGET_LEASE)

    rows = json.loads(run(installation, ROWS))
    assert sorted(row[0] for row in rows) == sorted(f"<{n}@city.invalid>" for n in range(mails))
    assert {row[1] for row in rows} == {"review"}
    assert all(b"\\Seen" in flags for flags in own_mailbox.flags().values())
