"""A real IMAP server for tests: Dovecot from the system, in a folder and on ports of its own.

It runs as whoever runs the tests, needs nothing under /etc, and is gone afterwards. Mails are put
in by IMAP, as a mail server would deliver them.
"""

import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from imapclient import IMAPClient

USER, PASSWORD = "drop@desk.example", "a-mailbox-password"
FOLDER = "Drop box"
USUAL = ("/usr/sbin/dovecot", "/usr/local/sbin/dovecot", "/opt/homebrew/sbin/dovecot")
CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = {tls}
{certificate}
disable_plaintext_auth = no
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
default_vsz_limit = 0
first_valid_uid = 0
mail_location = maildir:{folder}/mail/%u
mail_uid = {user}
mail_gid = {group}
mail_fsync = never
mail_max_userip_connections = 50
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = {implicit}
  }}
}}
"""


class Missing(Exception):
    """No Dovecot; the message says in one sentence what to do."""


def find() -> str | None:
    """The path of Dovecot's program; None when there is none."""
    wanted = [os.environ.get("DOVECOT", ""), shutil.which("dovecot") or "", *USUAL]
    return next((path for path in wanted if path and Path(path).exists()), None)


@dataclass
class Mailbox:
    """One running server with one mailbox, for which any name is good."""

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="dovecot-")))
    port: int = 0
    tls_port: int = 0
    certificate: tuple[Path, Path] | None = None
    process: subprocess.Popen | None = None

    def start(self) -> "Mailbox":
        program = find()
        if program is None:
            raise Missing("No Dovecot: install the system package dovecot-imapd.")
        self.port = self.port or free_port()
        self.tls_port = self.tls_port or free_port()
        (self.folder / "run").mkdir(exist_ok=True)
        (self.folder / "mail").mkdir(exist_ok=True)
        # Root's Dovecot hands the mailbox to somebody who is not root.
        owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        if os.geteuid() == 0:
            self.folder.chmod(0o755)
            shutil.chown(self.folder / "mail", owner.pw_uid, owner.pw_gid)
        written = CONFIG.format(
            folder=self.folder,
            tls="yes" if self.certificate else "no",
            implicit="yes" if self.certificate else "no",
            certificate=""
            if self.certificate is None
            else "ssl_cert = <{}\nssl_key = <{}".format(*self.certificate),
            user=owner.pw_name,
            group=grp.getgrgid(owner.pw_gid).gr_name,
            password=PASSWORD,
            port=self.port,
            tls_port=self.tls_port,
        )
        config = self.folder / "dovecot.conf"
        config.write_text(written)
        self.process = subprocess.Popen(
            [program, "-F", "-c", str(config)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "errors").open("w"),
            start_new_session=True,
        )
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1) as link:
                    if link.recv(4).startswith(b"* OK"):
                        return self
            except OSError:
                pass
            time.sleep(0.05)
        told = [
            (self.folder / name).read_text()
            for name in ("errors", "log")
            if (self.folder / name).exists()
        ]
        self.stop()
        raise AssertionError("Dovecot did not start: " + "\n".join(told))

    def stop(self) -> None:
        self.halt()
        shutil.rmtree(self.folder, ignore_errors=True)

    def halt(self) -> None:
        """End the server and keep its mails, as a server that is away."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    def awake(self) -> None:
        """Start again what was halted."""
        if self.process is None:
            self.start()

    def empty(self) -> None:
        """An empty folder, under a UIDVALIDITY of its own."""
        with self.client() as client:
            for _flags, _separator, name in client.list_folders():
                if name != "INBOX":
                    client.delete_folder(name)
            client.create_folder(FOLDER)

    def client(self) -> IMAPClient:
        client = IMAPClient("127.0.0.1", port=self.port, ssl=False, timeout=20)
        client.login(USER, PASSWORD)
        return client

    def deliver(self, *mails: bytes, at: datetime | None = None) -> None:
        with self.client() as client:
            for mail in mails:
                client.append(FOLDER, mail, msg_time=at)

    def flags(self) -> dict[int, tuple[bytes, ...]]:
        with self.client() as client:
            client.select_folder(FOLDER, readonly=True)
            return dict(client.get_flags(client.search()))

    def count_anew(self) -> None:
        """The same mails in a folder made anew, under another UIDVALIDITY and other numbers."""
        with self.client() as client:
            client.select_folder(FOLDER)
            rows = client.fetch(client.search(), ["BODY.PEEK[]"])
            client.unselect_folder()
            client.delete_folder(FOLDER)
            client.create_folder(FOLDER)
            for uid in sorted(rows, reverse=True):
                client.append(FOLDER, rows[uid][b"BODY[]"])

    def settings(self, **more: object) -> dict[str, object]:
        """Names and values that make the program read this mailbox."""
        return {
            "IMAP_HOST": "127.0.0.1",
            "IMAP_PORT": self.port,
            "IMAP_USER": USER,
            "IMAP_PASSWORD": PASSWORD,
            "IMAP_FOLDER": FOLDER,
            "IMAP_TLS": "off",
            "IMAP_DONE_FOLDER": "",
            "IMAP_TRUSTED_SERVER": "",
            "IMAP_RAW_DAYS": 30,
            **more,
        }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
