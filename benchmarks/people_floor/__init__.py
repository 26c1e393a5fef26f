"""The floor of the people list: bare Django and DRF on the same rows, signed in."""
