"""How a browser test goes from one page to the next without looking in between."""

from playwright.sync_api import Locator, Page


def follow(page: Page, control: Locator, *, key: str = "") -> None:
    """Click a link or button, or press `key` on it, and wait until the page it leads to stands.

    A click returns while the old page is still there; what is read then may be of either page.
    """
    with page.expect_navigation():
        if key:
            control.press(key)
        else:
            control.click()
