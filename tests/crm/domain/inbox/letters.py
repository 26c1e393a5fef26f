"""Mails for tests: the committed ones, and any made from a few words."""

from email.message import EmailMessage
from pathlib import Path

FOLDER = Path(__file__).parent / "mails"
MAIL_ID = "<mail-of-ours-0a1b2c3d4e5f@desk.example>"


def committed(name: str, mail_id: str = MAIL_ID) -> bytes:
    """The mail `mails/<name>.eml`, about or in answer to `mail_id`, with network line ends."""
    text = (FOLDER / f"{name}.eml").read_text(encoding="utf-8").replace("{mail_id}", mail_id)
    return text.replace("\n", "\r\n").encode()


def letter(
    sender: str = "Robin Example <robin@city.invalid>",
    to: str = "outreach@desk.example",
    *,
    subject: str = "A question",
    text: str = "Could you visit us?",
    message_id: str = "<letter-1@city.invalid>",
    **headers: str,
) -> bytes:
    """A plain letter; further header fields by name, with _ for -."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Message-ID"] = message_id
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))
