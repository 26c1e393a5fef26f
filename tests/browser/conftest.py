"""What the browser tests share."""

from contextlib import contextmanager

import pytest


@pytest.fixture
def newcomer(browser):
    """Opens a page as a new visitor: `with newcomer(javascript=False, …) as page`."""

    @contextmanager
    def open_page(*, javascript: bool, viewport: dict, scheme: str):
        context = browser.new_context(
            viewport=viewport, color_scheme=scheme, java_script_enabled=javascript
        )
        try:
            yield context.new_page()
        finally:
            context.close()

    return open_page
