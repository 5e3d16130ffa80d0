"""The lesson's four neurons in a row: their numbers are those of NumPy, and a prediction is checked."""

import re

import numpy as np
import pytest

pytestmark = pytest.mark.slow


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def forward(nudge):
    """Return the last weight, its sum, the output and the cost."""
    w3 = 1.2 + nudge
    z = w3 * sigmoid(-sigmoid(1.5 * 0.8 - 0.5) + 0.6) + 0.1
    return np.array([w3, z, sigmoid(z), (sigmoid(z) - 1) ** 2])


@pytest.mark.parametrize("nudge", [-1, -0.05, 0.3, 1])
def test_changes_ratios_and_slopes_are_those_of_numpy(nudge, watch, path):
    page = watch(path, "#lesson=11")
    now = page.evaluate("ripple", nudge)
    changes = forward(nudge) - forward(0)
    np.testing.assert_allclose(now["changes"], changes, rtol=1e-6)
    np.testing.assert_allclose(now["ratios"], changes[1:] / changes[:-1], rtol=1e-6)
    tiny = forward(1e-6) - forward(-1e-6)
    np.testing.assert_allclose(now["slopes"], tiny[1:] / tiny[:-1], rtol=1e-6)


def test_pulled_weight_ripples_to_the_cost(watch, path):
    page = watch(path, "#lesson=11")
    page.page.locator("#nudge").fill("0.5")
    page.settle()
    changes = forward(0.5) - forward(0)
    texts = page.page.locator("#ripple > :not(.link) b").all_inner_texts()
    assert [float(text.replace("−", "-")) for text in texts] == pytest.approx(changes, abs=6e-5)
    product = page.text("#product").replace("−", "-")
    assert f"Times the change of w3: {changes[3]:+.4f}" in product
    assert f"w3 {1.7:.2f}" in page.page.locator("#chain-picture").get_attribute("aria-label")


def test_prediction_is_checked_and_another_is_asked_for(watch, path):
    page = watch(path, "#lesson=11")
    asked = float(re.search(r"changed by ([+−]\d+\.\d+)", page.text("#asked"))[1].replace("−", "-"))
    page.page.locator("#guess").fill("0.25")
    page.page.locator("#check").click()
    page.settle()
    assert f"Measured: {forward(asked)[3]:.4f}. You said 0.2500." in page.text("#checked")
    assert float(page.page.locator("#nudge").input_value()) == asked
    assert f"{asked:+.2f}" not in page.text("#asked").replace("−", "-")
    page.page.locator("#guess").fill("much")
    page.page.locator("#check").click()
    assert "A number such as" in page.text("#checked")


def test_chain_fits_a_phone_and_leaves_the_network_as_it_was(watch, path):
    page = watch(path, "#lesson=11", viewport={"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.page.locator("#lesson-button").click()
    page.settle()
    assert page.page.locator("#stage").is_visible() and not page.page.locator("#chain").is_visible()
