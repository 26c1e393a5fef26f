"""What may be written down, and what is refused in one sentence."""

import pytest
from django.core.exceptions import ValidationError

from crm.validators import mail_address


def test_an_address_as_long_as_mail_servers_carry_is_taken():
    longest = "a" * 64 + "@" + ".".join(["b" * 60] * 3) + ".eu"
    assert mail_address(f" {longest} ") == longest


@pytest.mark.parametrize(
    "address",
    [
        "a" * 65 + "@city.example",
        "a" * 60 + "@" + ".".join(["b" * 60] * 4) + ".eu",
        "a" * 290 + "@city.example",
    ],
)
def test_an_address_no_server_can_reach_is_refused(address):
    with pytest.raises(ValidationError, match="is not a mail address; write it like"):
        mail_address(address)
