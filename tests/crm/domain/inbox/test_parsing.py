"""Hostile and ordinary mail taken apart: whatever the bytes, something readable comes back."""

import base64
import json
import resource
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.domain.inbox.bounds import Bounds
from crm.domain.inbox.html_text import html_to_text
from crm.domain.inbox.parsing import attachment_of, read_mail
from crm.domain.inbox.reading import read_attachment, read_facts
from tests.crm.domain.inbox.letters import MAIL_ID, committed, letter

BOUNDS = Bounds()
FIELDS = set(read_mail(b"", BOUNDS))


def is_fit_to_keep(told) -> bool:
    """Every field is there, and every database takes it."""
    written = json.dumps(told, ensure_ascii=False)
    written.encode()  # Lone surrogates raise.
    return set(told) == FIELDS and "\\u0000" not in written


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=2_000))
def test_any_bytes_are_read_without_an_exception(raw):
    assert is_fit_to_keep(read_mail(raw, BOUNDS))


HEADS = st.sampled_from(
    [
        "From", "To", "Subject", "Date", "Message-ID", "References", "Content-Type",
        "Content-Transfer-Encoding", "Content-Disposition", "Auto-Submitted", "Return-Path",
    ]
)  # fmt: skip
VALUES = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            "multipart/mixed; boundary=b", "message/rfc822", "message/delivery-status",
            "multipart/report; report-type=delivery-status; boundary=b", "base64", "uuencode",
            "text/html; charset=zip", "text/plain; charset*=''%FF", "=?utf-8?b?////?=", "((((((",
            "a@b, <c@d>", "attachment; filename*0*=x''%41; filename*2=b", "Mon, 99 Foo 99999",
            "=?punycode?q?aaaa?= <x@y>",
        ]
    ),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(HEADS, VALUES), max_size=12),
    st.lists(
        st.sampled_from(["--b", "--b--", "", "Content-Type: message/rfc822", "x" * 40, "\x00"])
    ),
)
def test_anything_that_looks_like_a_mail_is_read_without_an_exception(heads, lines):
    raw = "\r\n".join([*(f"{name}: {value}" for name, value in heads), "", *lines])

    assert is_fit_to_keep(read_mail(raw.encode("utf-8", "surrogatepass"), BOUNDS))


def test_a_letter_is_read_with_its_words_people_and_exchange():
    told = read_mail(committed("reply"), BOUNDS)

    assert told["sender"] == "Robin@City.invalid"
    assert told["sender_name"] == "Robin Example"
    assert told["recipients"] == [["Municipality outreach", "outreach@desk.example"]]
    assert told["text"] == "Thursday suits us. Café included."
    assert (told["message_id"], told["references"]) == ("<reply-1@city.invalid>", [MAIL_ID])
    assert told["sent_at"] == "2023-02-15T09:02:11+00:00"
    assert (told["automatic"], told["report"], told["faults"]) == ("", None, [])


def part(body: bytes, kind: str) -> bytes:
    return b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    ("body", "charset", "text", "is_true"),
    [
        ("Café".encode(), "us-ascii", "Café", False),
        ("Café".encode(), "iso-8859-1", "Café", False),
        ("Café".encode("latin-1"), "utf-8", "Café", False),
        ("Ελλάδα".encode("iso-8859-7"), "iso-8859-7", "Ελλάδα", True),
        ("Łódź".encode("iso-8859-2"), "ISO-8859-2", "Łódź", True),
        ("Łódź".encode("utf-16"), "utf-16", "Łódź", True),
        ("Café".encode(), "no-such-charset", "Café", False),
        (b"hello", "zip", "hello", True),
        (b"plain", "unicode_escape", "plain", True),
    ],
)
def test_a_charset_that_lies_does_not_garble_the_words(body, charset, text, is_true):
    told = read_mail(part(body, f"text/plain; charset={charset}"), BOUNDS)

    assert told["text"] == text
    assert ("charset" not in told["faults"]) == is_true


def test_html_becomes_plain_words_without_script_style_and_comments():
    source = (
        "<head><title>no</title><style>p{}</style></head><p>Dear&nbsp;all,</p>"
        "<script>alert(1)</script><!-- secret --><table><tr><td>a</td><td>b</td></tr></table>"
        "1 < 2 <br>end<img src=https://track.example/x.png onerror=alert(1)>"
    )

    assert html_to_text(source, most=10_000).split("\n\n") == ["Dear all,", "a b", "1 < 2\nend"]


@pytest.mark.parametrize(
    "source",
    ["<" * 1_000_000, "<!--" * 250_000, "<script>" * 120_000, "&" * 1_000_000, "<a " * 300_000],
    ids=["open", "comments", "scripts", "entities", "tags"],
)
def test_html_takes_time_in_proportion_to_its_length(source):
    began = time.process_time()
    html_to_text(source[:250_000], most=1_000_000)
    quarter = time.process_time() - began
    began = time.process_time()
    html_to_text(source, most=1_000_000)

    # Four times the letters; a square would take sixteen times as long.
    assert time.process_time() - began < 10 * quarter + 0.3


def test_five_megabytes_of_html_are_cut_and_said_to_be():
    raw = part(b"<p>word</p>" * 480_000, "text/html; charset=utf-8")

    told = read_facts(raw)

    assert told["text"].startswith("word\n\nword")
    assert len(told["text"]) <= BOUNDS.letters
    assert "cut" in told["faults"]


def multipart(*parts: bytes, boundary: bytes = b"b") -> bytes:
    inner = b"".join(b"--" + boundary + b"\r\n" + each + b"\r\n" for each in parts)
    head = (
        b'From: a@city.invalid\r\nContent-Type: multipart/mixed; boundary="'
        + boundary
        + b'"\r\n\r\n'
    )
    return head + inner + b"--" + boundary + b"--\r\n"


def test_ten_thousand_attachments_are_counted_up_to_a_bound_and_fifty_are_listed():
    each = b"Content-Disposition: attachment; filename=a.txt\r\n\r\nx"

    told = read_facts(multipart(part(b"hello", "text/plain"), *[each] * 10_000))

    assert told["text"] == "hello"
    assert (told["attachment_count"], len(told["attachments"])) == (999, 50)
    assert told["faults"] == ["parts"]


def test_attachments_keep_only_the_last_part_of_their_name_and_come_back_whole():
    content = bytes(range(256))
    held = (
        b"Content-Type: application/x-sh\r\nContent-Transfer-Encoding: base64\r\n"
        b'Content-Disposition: attachment; filename="../../etc\\\\evil.sh"\r\n\r\n'
        + base64.b64encode(content)
    )
    raw = multipart(part(b"hello", "text/plain"), held)

    (listed,) = read_facts(raw)["attachments"]

    assert listed == {"number": 1, "name": "evil.sh", "type": "application/x-sh", "size": 256}
    assert read_attachment(raw, 1) == content
    assert attachment_of(raw, 99, BOUNDS) is None
    assert read_attachment(raw, 99) is None


def nested(depth: int) -> bytes:
    raw = b"Content-Type: text/plain\r\n\r\ninside"
    for number in range(depth):
        name = b"b%d" % number
        raw = (
            b'Content-Type: multipart/mixed; boundary="' + name + b'"\r\n\r\n--' + name
            + b"\r\n" + raw + b"\r\n--" + name + b"--\r\n"
        )  # fmt: skip
    return b"From: a@city.invalid\r\nSubject: bomb\r\n" + raw


@pytest.mark.parametrize("depth", [100, 1_500])
def test_a_mail_nested_beyond_reason_is_read_by_its_head(depth):
    told = read_facts(nested(depth))

    assert (told["sender"], told["subject"]) == ("a@city.invalid", "bomb")
    assert "structure" in told["faults"]


def test_mails_inside_mails_are_one_attachment():
    inner = letter(subject="inner", text="inner words")
    for _ in range(5):
        inner = part(inner, "message/rfc822")

    told = read_facts(multipart(part(b"outer words", "text/plain"), inner))

    assert told["text"] == "outer words"
    assert [each["type"] for each in told["attachments"]] == ["message/rfc822"]


def test_a_mail_that_takes_too_long_is_read_by_its_head():
    slow = Bounds(seconds=1)
    many = b"".join(b"--b%d\r\n" % n for n in range(200_000))
    raw = nested(90).replace(b"inside", many)

    told = read_facts(raw, bounds=slow)

    assert told["subject"] == "bomb"


def test_a_head_of_a_megabyte_and_a_thousand_fields_is_cut():
    many = b"".join(b"X-%d: y\r\n" % n for n in range(2_000))
    raw = b"From: a@city.invalid\r\nSubject: " + b"long " * 200_000 + b"\r\n" + many + b"\r\nhello"

    told = read_facts(raw)

    assert (told["sender"], told["text"]) == ("a@city.invalid", "hello")
    assert len(told["subject"]) <= 300
    assert "headers" in told["faults"]


def test_two_senders_are_said_to_be_two():
    told = read_mail(b"From: a@city.invalid, b@city.invalid\r\n\r\nx", BOUNDS)

    assert (told["sender"], told["faults"]) == ("a@city.invalid", ["several_senders"])


def test_direction_marks_and_control_signs_are_taken_out():
    told = read_mail("Subject: inv\u202eoice\x07.exe\r\n\r\nx\u202ey\x00z".encode(), BOUNDS)

    assert (told["subject"], told["text"]) == ("invoice.exe", "xyz")


@pytest.mark.parametrize(
    ("header", "value", "why"),
    [
        ("Auto-Submitted", "auto-replied (vacation)", "auto-submitted"),
        ("Auto-Submitted", "no", ""),
        ("X-Autoreply", "yes", "x-autoreply"),
        ("Precedence", "bulk", "precedence"),
        ("Precedence", "first-class", ""),
        ("List-Id", "<news.city.invalid>", "list"),
        ("Return-Path", "<>", "return-path"),
        ("Return-Path", "<robin@city.invalid>", ""),
        ("Subject", "Réponse automatique : Your request", "subject"),
        ("Subject", "Re: office hours", ""),
    ],
)
def test_what_a_program_wrote_is_told_from_what_a_person_wrote(header, value, why):
    assert read_mail(f"{header}: {value}\r\n\r\nx".encode(), BOUNDS)["automatic"] == why


@pytest.mark.parametrize(
    ("name", "action", "status"),
    [
        ("postfix", "failed", "5.1.1"),
        ("postfix_delayed", "delayed", "4.4.1"),
        ("postfix_gave_up", "failed", "4.4.1"),
        ("postfix_delivered", "delivered", "2.1.5"),
        ("exchange", "failed", "5.1.10"),
        ("gmail", "failed", "5.1.1"),
        ("exim", "failed", "5.1.1"),
        ("qmail", "failed", "5.0.0"),
    ],
)
def test_delivery_reports_of_many_servers_name_recipient_status_and_our_mail(name, action, status):
    report = read_facts(committed(name))["report"]

    (row,) = report["recipients"]
    assert (row["original"] or row["final"]) == "robin@city.invalid"
    assert (row["action"], row["status"]) == (action, status)
    assert row["diagnostic"]
    assert report["message_ids"] == [MAIL_ID]


@pytest.mark.parametrize("name", ["reply", "away_exchange", "away_gmail", "away_without_headers"])
def test_letters_and_absence_notes_are_no_delivery_reports(name):
    told = read_mail(committed(name), BOUNDS)

    assert told["report"] is None
    assert bool(told["automatic"]) == (name != "reply")


def test_the_child_takes_no_more_memory_than_it_may_and_writes_nothing(tmp_path):
    code = (
        "from crm.confinement import shut_in; from crm.domain.inbox.bounds import Bounds\n"
        "given = Bounds()\n"
        "shut_in(memory_bytes=given.memory_bytes, seconds=given.seconds, may_write=False)\n"
        "for deed in (lambda: open('x', 'w'), lambda: __import__('socket').socket(),"
        " lambda: bytearray(900_000_000), lambda: __import__('os').system('true')):\n"
        "    try:\n        deed()\n        print('done')\n"
        "    except (PermissionError, MemoryError) as error:\n        print(type(error).__name__)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["PermissionError"] * 2 + ["MemoryError", "PermissionError"]
    assert resource.getrlimit(resource.RLIMIT_CPU)[0] == resource.RLIM_INFINITY
