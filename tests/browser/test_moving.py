"""An agreed visit changed in a browser: from the hint on a visit at risk to the move taken back."""

from playwright.sync_api import Page, expect

from tests.support.browsing import follow


def test_visit_at_risk_is_met_online_and_the_move_taken_back(page: Page, fresh_site):
    fresh_site.sign_in(page)
    page.goto(f"{fresh_site.url}/visits/V08/")
    follow(page, page.get_by_role("link", name="Meet online…"))
    main = page.get_by_role("main")
    expect(main).to_contain_text("What it would be")
    expect(main).to_contain_text("12:00–13:30 Berlin (CET)")
    expect(main).to_contain_text("No rule speaks against it.")
    expect(main).to_contain_text("Stuttgart")
    # Another start: what was shown is no longer what is asked for, so it is shown first.
    page.get_by_label("New start").fill("2023-02-17T14:00")
    page.get_by_label("Why").fill("The strike stops the flight.")
    follow(page, page.get_by_role("button", name="Change the visit"))
    expect(page.get_by_role("alert")).to_contain_text("This is not what was shown.")
    expect(main).to_contain_text("14:00–15:30 Berlin (CET)")
    expect(page.get_by_label("Why")).to_have_value("The strike stops the flight.")
    follow(page, page.get_by_role("button", name="Change the visit"))
    expect(page.locator(".toast")).to_contain_text("waits for its city; nothing was sent.")
    expect(main).to_contain_text("Moved; the city has not agreed yet")
    expect(main).to_contain_text("A letter waits for you")
    follow(page, page.get_by_role("button", name="Take the move back"))
    expect(main).not_to_contain_text("Moved; the city has not agreed yet")
    expect(main).to_contain_text("12:00–15:00 Berlin (CET)")
    expect(main).not_to_contain_text("A letter waits for you")
