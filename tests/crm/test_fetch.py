"""The outgoing client against real servers: never to the inside, and never for long."""

import gzip
import ssl
import time

import pytest

from crm.fetch import Client, FetchFault, Limits, check_url, fetch, is_public, sentence_of
from tests.support.web import certificate, serving

PUBLIC = "93.184.216.34"


@pytest.fixture
def web():
    with serving() as site:
        yield site


def client_of(web, **choice):
    return Client(trusted=frozenset({web.origin}), **choice)


def fault_of(client, url):
    with pytest.raises(FetchFault) as caught:
        client.fetch(url)
    return caught.value.code


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.0.9",
        "168.63.129.16",
        "169.254.169.254",
        "172.31.0.1",
        "192.0.0.192",
        "192.168.1.1",
        "198.19.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:93.184.216.34",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "ff02::1",
        "localhost",
        "",
    ],
)
def test_what_is_not_the_public_internet_is_closed(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2606:2800:220:1::1", "2a00:1450::1"])
def test_public_addresses_are_open(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "host",
    [
        "127.1",
        "127.0.0.1",
        "0x7f000001",
        "0x7f.1",
        "2130706433",
        "0177.0.0.1",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "localhost",
        "１２７.0.0.1",
        "169.254.169.254",
    ],
)
def test_no_spelling_of_an_inner_address_is_reached(web, host):
    web.show("/", b"secret")
    assert fault_of(Client(), f"https://{host}:{web.port}/") in {"inside", "unknown_name"}
    assert web.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "http://calendar.example/a.ics",
        "ftp://calendar.example/",
        "file:///etc/passwd",
        "gopher://calendar.example/",
        "https://",
        "https:///a.ics",
        "//calendar.example/a.ics",
        "calendar.example/a.ics",
        "https://name:word@calendar.example/",
        "https://calendar.example@127.0.0.1/",
        "https://calendar.example:22/",
        "https://xn--/cal.ics",
        "https://xn--a/cal.ics",
        "https://xn--99999999.example/cal.ics",
        "https://-calendar.example/cal.ics",
        "https://calendar-.example/cal.ics",
        "https://cal,endar.example/cal.ics",
        "https://cal%65ndar.example/cal.ics",
        "https://calendar.example:99999/",
        "https://calendar.example:x/",
        "https://[::1/",
        "https://calendar.example/a\r\nHost: inside",
        "https://calendar.example/a b",
        "https://cal\u2028endar.example/",
        "https://" + "a" * 64 + ".example/",
        "https://calendar.example/" + "a" * 2_000,
        "",
    ],
)
def test_what_is_no_https_address_is_refused_before_anybody_is_asked(url):
    asked = []
    client = Client(resolve=lambda host, port: asked.append(host) or [PUBLIC])
    assert fault_of(client, url) == "address"
    assert asked == []


def test_a_name_that_leads_inside_is_refused():
    client = Client(resolve=lambda host, port: ["10.0.0.5"])
    assert fault_of(client, "https://intranet.example/") == "inside"


def test_one_inner_address_among_public_ones_is_enough_to_refuse():
    client = Client(resolve=lambda host, port: [PUBLIC, "::1"])
    assert fault_of(client, "https://both.example/") == "inside"


def test_a_name_is_asked_once_and_the_connection_goes_to_that_answer(tmp_path):
    """A name server that answers otherwise the second time gets no second question."""
    context, vouching = certificate(tmp_path, "calendar.example")
    trusting = ssl.create_default_context(cafile=str(vouching))
    answers = [["127.0.0.1"], ["10.0.0.5"]]
    with serving(context) as web:
        web.show("/a.ics?x=1", b"BEGIN:VCALENDAR")
        client = Client(
            resolve=lambda host, port: answers.pop(0),
            allows=lambda address: address == "127.0.0.1",
            context=trusting,
        )
        answer = client.fetch(f"https://calendar.example:{web.port}/a.ics?x=1")
    assert answer.body == b"BEGIN:VCALENDAR"
    assert len(answers) == 1
    assert web.names == ["calendar.example"]
    ((_path, headers),) = web.asked
    assert headers["host"] == f"calendar.example:{web.port}"


def test_a_server_must_prove_the_name_that_was_asked_for(tmp_path):
    context, vouching = certificate(tmp_path, "other.example")
    trusting = ssl.create_default_context(cafile=str(vouching))
    with serving(context) as web:
        client = Client(
            resolve=lambda host, port: ["127.0.0.1"], allows=lambda address: True, context=trusting
        )
        url = f"https://calendar.example:{web.port}/"
        assert fault_of(client, url) == "certificate"
        unknown = Client(resolve=lambda host, port: ["127.0.0.1"], allows=lambda address: True)
        assert fault_of(unknown, url) == "certificate"
    assert web.asked == []


@pytest.mark.parametrize(
    "target",
    [
        "https://127.0.0.1:{port}/inside",
        "http://127.0.0.1:{other}/inside",
        "https://0x7f000001:{port}/inside",
        "https://[::ffff:127.0.0.1]:{port}/inside",
    ],
)
def test_a_redirect_to_the_inside_is_not_followed(web, target):
    with serving() as inside:
        inside.show("/inside", b"secret")
        where = target.format(port=inside.port, other=inside.port)
        url = web.show("/a", status=302, headers={"Location": where})
        assert fault_of(client_of(web), url) in {"inside", "address"}
        assert inside.asked == []


def test_redirects_are_followed_three_times_and_not_a_fourth(web):
    for n in range(5):
        web.show(f"/{n}", status=302, headers={"Location": f"/{n + 1}"})
    web.show("/5", b"here")
    client = client_of(web)
    assert client.fetch(web.origin + "/2").body == b"here"
    assert fault_of(client, web.origin + "/1") == "redirects"


def test_a_redirect_without_an_address_is_no_loop(web):
    url = web.show("/a", status=302)
    assert fault_of(client_of(web), url) == "redirects"


def test_the_whole_time_is_limited_not_each_read(web):
    url = web.show("/drip", b"x" * 200, piece=1, wait=0.1)
    began = time.monotonic()
    assert fault_of(client_of(web, limits=Limits(seconds=1)), url) == "too_slow"
    assert time.monotonic() - began < 5


def test_a_name_server_that_never_answers_is_not_waited_for():
    client = Client(
        resolve=lambda host, port: time.sleep(5) or [PUBLIC], limits=Limits(seconds=0.3)
    )
    began = time.monotonic()
    assert fault_of(client, "https://slow.example/") == "too_slow"
    assert time.monotonic() - began < 3


def test_a_large_answer_is_refused_with_and_without_its_length(web):
    limits = Limits(size=1_000)
    told = web.show("/told", b"x" * 1_001)
    assert fault_of(client_of(web, limits=limits), told) == "too_large"
    just = web.show("/just", b"x" * 1_000)
    assert len(client_of(web, limits=limits).fetch(just).body) == 1_000


def test_a_packed_answer_is_unpacked_within_the_limit(web):
    limits = Limits(size=100_000)
    small = gzip.compress(b"BEGIN:VCALENDAR" * 100)
    url = web.show("/small", small, headers={"Content-Encoding": "gzip"})
    assert client_of(web, limits=limits).fetch(url).body == b"BEGIN:VCALENDAR" * 100
    bomb = web.show("/bomb", gzip.compress(b"0" * 50_000_000), headers={"Content-Encoding": "gzip"})
    assert fault_of(client_of(web, limits=limits), bomb) == "too_large"


@pytest.mark.parametrize("coding", ["br", "gzip", "gzip, gzip"])
def test_a_packing_we_do_not_know_or_that_is_broken_is_a_fault(web, coding):
    url = web.show("/x", b"not packed at all", headers={"Content-Encoding": coding})
    assert fault_of(client_of(web), url) == "garbled"


def test_an_answer_that_broke_off_is_a_fault_and_not_a_short_answer(web):
    whole = gzip.compress(b"x" * 10_000)
    cut = web.show("/cut", whole[:20], headers={"Content-Encoding": "gzip"})
    assert fault_of(client_of(web), cut) == "garbled"
    short = web.show("/short", b"BEGIN", length=500, headers={"Connection": "close"})
    assert fault_of(client_of(web, limits=Limits(seconds=2)), short) in {"garbled", "too_slow"}


def test_a_closed_port_is_said_to_be_unreachable(web):
    with serving() as gone:
        origin = gone.origin
    assert fault_of(Client(trusted=frozenset({origin})), origin + "/") == "unreachable"


def test_an_error_status_is_an_answer_and_has_a_sentence(web):
    assert client_of(web).fetch(web.origin + "/none").status == 404
    assert "404" in sentence_of("status", "404")
    assert "503" in sentence_of("status", "503")


def test_trusted_origins_come_from_the_settings_alone(web, settings):
    web.show("/a", b"x")
    with pytest.raises(FetchFault):
        fetch(web.origin + "/a")
    settings.FETCH_TRUSTED_ORIGINS = [web.origin]
    assert fetch(web.origin + "/a").body == b"x"
    check_url(web.origin + "/a")
    with pytest.raises(FetchFault):
        check_url(f"http://127.0.0.1:{web.port + 1}/a")
