"""Who counts as one network, and how often something may be tried."""

from datetime import UTC, datetime, timedelta

import pytest

from crm.domain import limits
from crm.models import RateHit

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("proxies", "seen", "forwarded", "network"),
    [
        (0, "203.0.113.7", "198.51.100.1", "203.0.113.7"),
        (1, "10.0.0.1", "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        (2, "10.0.0.1", "evil, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        (1, "10.0.0.1", "", "unknown"),
        (2, "10.0.0.1", "203.0.113.7", "10.0.0.1"),
        (0, "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        (0, "2001:db8:1:2:ffff::1", "", "2001:db8:1:2::/64"),
        (0, "::ffff:203.0.113.7", "", "203.0.113.7"),
        (0, "", "", "unknown"),
    ],
)
def test_network_is_what_the_own_proxies_saw(settings, proxies, seen, forwarded, network):
    settings.TRUSTED_PROXY_COUNT = proxies
    meta = {"REMOTE_ADDR": seen, "HTTP_X_FORWARDED_FOR": forwarded}

    assert limits.network_of(meta) == network


def test_attempts_beyond_the_limit_wait_until_the_first_is_old(db):
    tries = [limits.allow("form", "a", most=2, within=HOUR, at=NOON) for _ in range(4)]

    assert tries == [True, True, False, False]
    assert limits.allow("form", "a", most=2, within=HOUR, at=NOON + HOUR) is False
    assert limits.allow("form", "a", most=2, within=HOUR, at=NOON + HOUR + timedelta(seconds=1))


def test_limits_of_two_keys_and_two_scopes_are_apart(db):
    for scope, key in (("form", "a"), ("form", "b"), ("link", "a")):
        assert limits.allow(scope, key, most=1, within=HOUR, at=NOON)


def test_stored_key_names_nobody(db):
    limits.allow("form", "robin@ghent.example", most=1, within=HOUR, at=NOON)

    stored = RateHit.objects.get().key
    assert (len(stored), "robin" in stored) == (64, False)
