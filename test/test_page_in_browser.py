"""The page in a headless Chromium, on a live server.

These tests need the optional group ``browser``, and a Chromium on PATH or in POWERPLANT_BROWSER. Otherwise they are
skipped.
"""

from __future__ import annotations

import base64
import json
import random
import re
import shlex
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pytest
import requests
from conftest import BootServer
from live_server import ROOT, fetch
from payloads import hard_payload
from werkzeug.serving import make_server

from powerplant import create_app

pytest.importorskip("playwright.sync_api", reason="no Playwright: poetry install --with browser")
pytest.importorskip("axe_playwright_python", reason="no axe: poetry install --with browser")

from axe_playwright_python.sync_playwright import Axe
from browsing import BLANK, CHROMIUM, DESK, PHONE, OpenPage, until_still, windows
from playwright.sync_api import Browser, BrowserContext, Locator, Page, ViewportSize, expect

if CHROMIUM is None:
    pytest.skip("no Chromium on PATH, and none named by POWERPLANT_BROWSER", allow_module_level=True)

pytestmark = pytest.mark.slow

EXAMPLES_OF_THE_PAGE = ROOT / "powerplant" / "web" / "page" / "examples"
EXAMPLES = ["payload1", "payload2", "payload3"]
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return open_page()


@pytest.fixture(scope="module")
def opened_once(browser: Browser, contexts: dict[str, BrowserContext], page_url: str) -> Iterator[Page]:
    for open_window in windows(browser, contexts, page_url):
        yield open_window()


@pytest.fixture
def first_view(opened_once: Page) -> Page:
    """The page as it opens, for tests that leave it so: they share one window."""
    opened_once.bring_to_front()
    return opened_once


def example(name: str) -> Any:
    return json.loads((ROOT / "example_payloads" / f"{name}.json").read_text(encoding="utf-8"))


def choose(page: Page, name: str) -> None:
    """Choose an example, and wait for its plan."""
    page.select_option("#example", name)
    payload = json.loads((EXAMPLES_OF_THE_PAGE / f"{name}.json").read_text(encoding="utf-8"))
    plants = len(payload["powerplants"])
    expect(page.locator("#load-number")).to_have_value(f"{payload['load']}")
    expect(page.locator("#fleet tbody tr")).to_have_count(plants)
    expect(page.locator("#problem")).to_be_hidden()
    expect(page.locator(".load-label")).to_have_text(f"Load {payload['load']:,.1f}\u00a0MW")
    expect(page.locator("#plants tbody tr")).to_have_count(plants)


def resize(page: Page, width: int, height: int) -> None:
    """Give the window another size, and wait until the page is drawn for it."""
    page.set_viewport_size(ViewportSize(width=width, height=height))
    until_still(page)


def payload_of(page: Page) -> Any:
    """The payload that the page shows as JSON."""
    view = page.locator("[name=view]:checked").get_attribute("value")
    page.check("[name=view][value=json]")
    payload = json.loads(page.input_value("#json"))
    page.check(f"[name=view][value={view}]")
    return payload


class Box(NamedTuple):
    """A rectangle of a drawing, in pixels."""

    left: float
    right: float
    top: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top


def boxes(page: Page, layer: str, tone: str = "tone") -> list[Box]:
    """The blocks of a layer of the chart that have this colour, from left to right."""
    paths = page.locator(f".merit-order .{layer} path.{tone}").evaluate_all(
        "all => all.map(one => one.getAttribute('d'))"
    )
    numbers = [[float(number) for number in re.findall(r"-?[\d.]+", box)] for d in paths for box in d.split("Z") if box]
    return sorted(Box(left, right, min(y, y2), max(y, y2)) for left, y, y2, right, *_ in numbers)


def point_at(page: Page, position: int) -> None:
    """Move the mouse over a plant of the chart, counted from the left."""
    box, stage = boxes(page, "able")[position], page.locator("#chart").bounding_box()
    assert stage
    page.mouse.move(stage["x"] + (box.left + box.right) / 2, stage["y"] + 60)


def cost(page: Page) -> str:
    text: str = page.locator("#totals .figure").first.inner_text()
    return text.replace("\u00a0", " ")


def expect_cost(page: Page, euro: str) -> None:
    expect(page.locator("#totals .figure").first).to_have_text(f"{euro}\u00a0€")


def output(page: Page, plant: str) -> str:
    text: str = page.locator(f"#plants tr[data-plant='{plant}'] .output > span").inner_text()
    return text


def slide(page: Page, slider: str, value: float) -> None:
    page.locator(f"#{slider}-slider").evaluate(
        "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input', { bubbles: true })) }",
        value,
    )


def difference(page: Page, term: str) -> str:
    line = page.locator("#difference dl > div").filter(has=page.locator("dt", has_text=re.compile(f"^{term}$")))
    text: str = line.locator("dd").inner_text()
    return text.replace("\u00a0", " ")


# --- The first view --------------------------------------------------------------------------------------------------


def test_it_opens_with_the_plan_of_an_example(first_view: Page) -> None:
    expect_cost(first_view, "24,976.36")
    assert output(first_view, "gasfiredbig2") == "338.4"
    assert first_view.locator("#plants tbody tr").count() == 6
    assert first_view.locator("#certainty-label").inner_text() == "✓ Proven cheapest"


def test_each_total_has_its_unit(first_view: Page) -> None:
    assert first_view.locator("#totals .unit").all_inner_texts() == ["\u00a0€", "\u00a0€/MWh", "\u00a0€/MWh", "\u00a0t"]


def test_an_example_can_be_chosen(page: Page) -> None:
    for name, euro in [("payload1", "11,524.66"), ("payload2", "15,015.85")]:
        choose(page, name)
        expect_cost(page, euro)


# --- The chart -------------------------------------------------------------------------------------------------------


def test_the_width_of_a_block_is_its_pmax_and_the_filled_part_its_output(first_view: Page) -> None:
    able, gives = boxes(first_view, "able"), boxes(first_view, "gives")
    assert (len(able), len(gives)) == (6, 4)
    assert able[2].width / able[4].width == pytest.approx(460 / 210, rel=0.02)
    assert gives[3].width / able[3].width == pytest.approx(338.4 / 460, rel=0.02)


def test_the_height_of_a_block_is_its_marginal_cost(first_view: Page) -> None:
    able = boxes(first_view, "able")
    assert able[5].height / able[3].height == pytest.approx(169.33 / 31.28, rel=0.01)


def test_blocks_of_cost_0_are_visible(first_view: Page) -> None:
    wind = boxes(first_view, "gives", "wind")
    assert len(wind) == 2
    assert all(box.height >= 4 for box in wind)


def test_plants_that_are_off_are_hatched(first_view: Page) -> None:
    assert [box.left for box in boxes(first_view, "off")] == [box.left for box in boxes(first_view, "able")[4:]]
    fills = first_view.locator(".merit-order .off path").evaluate_all("all => all.map(one => one.getAttribute('fill'))")
    assert fills == ["url(#hatch-gas)", "url(#hatch-kerosine)"]
    hatching = first_view.locator("pattern#hatch-gas line")
    assert hatching.evaluate("line => getComputedStyle(line).stroke") != "none"


def test_blocks_of_negative_cost_are_below_zero(page: Page) -> None:
    choose(page, "negative-gas")
    expect_cost(page, "\u221212,351.20")
    top = "one => one.getBoundingClientRect().top"
    zero = page.locator(".merit-order .zero").evaluate(top) - page.locator(".merit-order").evaluate(top)
    block = boxes(page, "able")[0]
    assert block.top == pytest.approx(zero, abs=2)
    assert block.height > 10


def test_load_marginal_price_and_each_pmin_are_marked(first_view: Page) -> None:
    assert first_view.locator(".merit-order .load-label").text_content() == "Load 910.0\u00a0MW"
    assert first_view.locator(".merit-order .price-label").text_content() == "Marginal price 31.28\u00a0€/MWh"
    lines = first_view.locator(".merit-order path.pmin").evaluate_all(
        "all => all.map(one => one.getAttribute('d')).join('')"
    )
    at = sorted(float(x) for x in re.findall(r"M([\d.]+)", lines))
    blocks = [block for block in boxes(first_view, "able") if block.width > 60][-3:]
    shares = [(x - block.left) / block.width for x, block in zip(at, blocks, strict=True)]
    assert shares == pytest.approx([100 / 460, 100 / 460, 40 / 210], abs=0.02)


def test_pointing_at_a_block_shows_its_numbers_and_its_reason(first_view: Page) -> None:
    point_at(first_view, 4)
    tip = first_view.locator("#tip").inner_text()
    assert all(
        part in tip for part in ["gasfiredsomewhatsmaller", "40.0 to 210.0", "42.22", "would cost 437.33 euro more"]
    )
    for view in ("#plants tr", "#bars li"):
        assert first_view.locator(f"{view}.pointed").get_attribute("data-plant") == "gasfiredsomewhatsmaller"
    first_view.keyboard.press("Escape")
    expect(first_view.locator("#tip")).to_be_hidden()


def test_pointing_at_a_bar_marks_its_block(first_view: Page) -> None:
    first_view.hover("#bars li[data-plant=gasfiredbig2]")
    expect(first_view.locator("#tip")).to_contain_text("Between its limits")
    column, stage = first_view.locator("#cursor .column").bounding_box(), first_view.locator("#chart").bounding_box()
    assert column
    assert stage
    assert column["x"] - stage["x"] == pytest.approx(boxes(first_view, "able")[3].left, abs=2)
    first_view.mouse.move(5, 5)
    expect(first_view.locator("#tip")).to_be_hidden()


def test_the_chart_has_its_numbers_as_text_for_screen_readers_and_in_a_table(page: Page) -> None:
    page.focus("#cursor")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    words = page.locator("#cursor").get_attribute("aria-valuetext") or ""
    assert all(
        part in words for part in ["gasfiredbig2", "338.4 of 460 MW", "pmin 100 MW", "31.28 euro per MWh", "Between"]
    )
    row = page.locator("#plants tr[data-plant=gasfiredbig2]").inner_text()
    assert all(
        part in row for part in ["Gas-fired", "338.4", "100.0 to 460.0", "31.28", "10,586.17", "101.5", "Between"]
    )


# --- Beside the chart ------------------------------------------------------------------------------------------------


def bar(page: Page, plant: str, part: str) -> float:
    """The width of a part of a plant's bar, in pixels."""
    locator = page.locator(f"#bars li[data-plant={plant}] .{part}")
    while (box := locator.bounding_box()) is None:  # it is being redrawn
        page.wait_for_timeout(20)
    width: float = box["width"]
    return width


def test_bars_show_each_output_against_pmin_and_pmax_on_one_scale(first_view: Page) -> None:
    whole = bar(first_view, "gasfiredbig2", "able")
    assert bar(first_view, "gasfiredbig1", "able") == pytest.approx(whole, abs=0.5)
    assert bar(first_view, "gasfiredbig2", "given") / whole == pytest.approx(338.4 / 460, abs=0.01)
    assert bar(first_view, "gasfiredsomewhatsmaller", "off") / whole == pytest.approx(210 / 460, abs=0.01)
    line, start = first_view.evaluate(  # both at once: the bars are drawn again when the report arrives
        """() => ["pmin", "able"].map((part) => {
            const box = document.querySelector(`#bars li[data-plant=gasfiredbig2] .${part}`).getBoundingClientRect();
            return { x: box.x, width: box.width };
        })"""
    )
    assert (line["x"] + line["width"] / 2 - start["x"]) / whole == pytest.approx(100 / 460, abs=0.02)
    outputs = [text.split()[0] for text in first_view.locator("#bars li .gives").all_inner_texts()]
    assert outputs == ["90.0", "21.6", "460.0", "338.4", "0.0", "0.0"]


def test_chart_bars_totals_and_sliders_fit_on_one_screen(page: Page) -> None:
    for width in (1120, 1280, 1920):
        resize(page, width, 900)
        chart, bars, totals, sliders = (
            page.locator(part).bounding_box() for part in ("#chart", "#bars", "#totals", "#quantities")
        )
        assert chart
        assert bars
        assert totals
        assert sliders
        assert chart["x"] + chart["width"] <= min(bars["x"], totals["x"]), width
        assert chart["width"] > 1.5 * bars["width"], width
        figure = page.locator(".merit").bounding_box()
        assert figure
        assert bars["y"] + bars["height"] <= figure["y"] + figure["height"] + 1, width
        assert sliders["y"] + sliders["height"] <= 900, width


def test_of_many_plants_only_the_visible_bars_are_drawn(page: Page) -> None:
    choose(page, "fleet30")
    assert page.locator("#bars li").count() < 20
    page.focus("#cursor")
    page.keyboard.press("End")
    pointed = page.locator("#bars li.pointed")
    expect(pointed).to_have_attribute("aria-posinset", "30")
    expect(pointed).to_be_in_viewport()


def test_plants_that_can_produce_nothing_are_listed_below_the_chart(page: Page) -> None:
    choose(page, "payload2")
    expect(page.locator("#not-drawn")).to_contain_text("windpark1 and windpark2")


# --- The payload -----------------------------------------------------------------------------------------------------


def test_an_edit_in_the_table_changes_plan_and_json(page: Page) -> None:
    page.fill("[data-pointer='/powerplants/0/pmax']", "400")
    expect(page.locator("#plants tr[data-plant=gasfiredbig1] .output > span")).to_have_text("400.0")
    assert payload_of(page)["powerplants"][0]["pmax"] == 400


def test_plants_can_be_added_and_removed(page: Page) -> None:
    page.click("#add")
    assert page.evaluate("document.activeElement.dataset.pointer") == "/powerplants/6/name"
    page.keyboard.type("new one")
    expect(page.locator("#plants tr[data-plant='new one']")).to_be_visible()
    page.click("[aria-label='Remove tj1']")
    expect(page.locator("#plants tr[data-plant=tj1]")).to_have_count(0)
    assert [plant["name"] for plant in payload_of(page)["powerplants"]][-1] == "new one"


def test_an_edit_of_the_json_changes_plan_and_table(page: Page) -> None:
    page.check("[name=view][value=json]")
    page.fill("#json", json.dumps({**example("payload1"), "load": 300}))
    expect(page.locator("#load-number")).to_have_value("300")
    expect(page.locator(".load-label")).to_have_text("Load 300.0\u00a0MW")


def test_invalid_json_shows_an_error_and_changes_nothing(page: Page) -> None:
    page.check("[name=view][value=json]")
    page.fill("#json", '{"load": ')
    expect(page.locator("#json-fault")).to_contain_text("Not JSON yet")
    expect_cost(page, "24,976.36")


def test_json_that_is_not_a_payload_shows_its_faults(page: Page) -> None:
    page.check("[name=view][value=json]")
    for text in ["null", "[]", "5", '{"powerplants": 3}', '{"powerplants": [null]}']:
        page.fill("#json", text)
        expect(page.locator("#problem"), text).to_contain_text("The payload is not valid")
        page.fill("#json", json.dumps(example("payload1")))
        expect(page.locator("#problem"), text).to_be_hidden()
        expect_cost(page, "11,524.66")


def test_a_payload_can_be_loaded_from_a_file(page: Page) -> None:
    page.set_input_files("#file", ROOT / "example_payloads" / "payload2.json")
    expect_cost(page, "15,015.85")
    expect(page.locator("#source-note")).to_have_text("Loaded from payload2.json.")


def test_a_payload_can_be_pasted_with_the_button_and_the_keyboard(page: Page) -> None:
    page.evaluate("text => navigator.clipboard.writeText(text)", json.dumps(example("payload1")))
    page.click("#paste")
    expect_cost(page, "11,524.66")
    page.evaluate("text => navigator.clipboard.writeText(text)", json.dumps(example("payload2")))
    page.keyboard.press("Control+V")
    expect_cost(page, "15,015.85")


def test_pasted_text_that_is_not_json_can_be_edited(page: Page) -> None:
    page.evaluate("navigator.clipboard.writeText('{load: 480}')")
    page.click("#paste")
    expect(page.locator("#json")).to_have_value("{load: 480}")
    expect(page.locator("#json-fault")).to_contain_text("Not JSON yet")


def test_a_decimal_comma_is_accepted(page: Page) -> None:
    page.fill("#gas-number", "20,5")
    expect(page.locator("#plants tr[data-plant=gasfiredbig1]")).to_contain_text("44.68")


# --- Links, files ----------------------------------------------------------------------------------------------------


def test_a_link_opens_the_payload_in_another_window(page: Page, open_page: OpenPage, page_url: str) -> None:
    page.fill("#load-number", "700.5")
    page.fill("[data-pointer='/powerplants/0/name']", "Höchst 1 ⚡ 'a'")
    page.uncheck("#co2")
    page.click("#copy-link")
    expect(page.locator("#copy-link")).to_have_text("Copied")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(f"{page_url}/#z=")
    other = open_page(link.removeprefix(f"{page_url}/"))
    expect(other.locator("#load-number")).to_have_value("700.5")
    expect(other.locator("#co2")).not_to_be_checked()
    assert payload_of(other) == payload_of(page)
    assert cost(other) == cost(page)


def test_a_reload_keeps_the_payload(page: Page) -> None:
    expect(page).to_have_url(re.compile("#z="))
    before = page.url
    slide(page, "load", 500)
    expect(page.locator(".load-label")).to_have_text("Load 500.0\u00a0MW")
    expect(page).not_to_have_url(before)
    page.reload()
    expect(page.locator("#load-number")).to_have_value("500")
    expect(page.locator(".load-label")).to_have_text("Load 500.0\u00a0MW")


def test_links_work_in_browsers_without_compression(open_page: OpenPage) -> None:
    page = open_page(script="delete window.CompressionStream")
    page.fill("#load-number", "600")
    expect(page).to_have_url(re.compile("#j="))
    page.click("#copy-link")
    expect(page.locator("#copy-link")).to_have_text("Copied")
    other = open_page(page.evaluate("location.hash"))
    expect(other.locator("#load-number")).to_have_value("600")


@pytest.mark.parametrize("fragment", ["#z=AAAA", "#j=e30", "#z=", "#elsewhere", "#j=bnVsbA"])
def test_a_broken_link_opens_the_page_with_a_note(open_page: OpenPage, fragment: str) -> None:
    page = open_page(fragment)
    expect_cost(page, "24,976.36")
    expect(page.locator("#source-note")).to_contain_text("not complete")


def test_plan_and_report_can_be_downloaded(first_view: Page, page_url: str) -> None:
    for name, address in [("plan", "productionplan"), ("report", "productionplan/report")]:
        with first_view.expect_download() as download:
            first_view.click(f"#download-{name}")
        assert download.value.suggested_filename == f"{name}.json"
        answer = fetch("POST", f"{page_url}/{address}", json=example("payload3"))
        assert Path(download.value.path()).read_bytes() == answer.content


def test_the_curl_command_requests_the_same_plan(page: Page) -> None:
    page.fill("[data-pointer='/powerplants/0/name']", "it's big")
    page.uncheck("#co2")
    page.click("#copy-curl")
    expect(page.locator("#copy-curl")).to_have_text("Copied")
    line = shlex.split(page.evaluate("navigator.clipboard.readText()"))
    assert line[:4] == ["curl", "-i", "-H", "Content-Type: application/json"]
    answer: requests.Response = fetch("POST", line[-1], data=line[line.index("-d") + 1].encode())
    assert cost(page) == f"{float(answer.headers['Plan-Cost']):,.2f} €"
    assert "it's big" in answer.text


# --- Differences -----------------------------------------------------------------------------------------------------


def test_moving_a_slider_shows_the_differences(page: Page) -> None:
    slide(page, "load", 1100)
    expect(page.locator(".load-label")).to_have_text("Load 1,100.0\u00a0MW")
    expect(page.locator("#difference dl")).to_be_visible()
    assert difference(page, "Switched on") == "gasfiredsomewhatsmaller"
    assert difference(page, "Switched off") == "none"
    assert difference(page, "Cost").startswith("+6,")
    assert difference(page, "Cost").endswith(" €")
    assert difference(page, "CO₂ emitted") == difference(page, "CO₂ charged") == "+57.0 t"


def test_each_slider_changes_the_plan_or_its_prices(page: Page) -> None:
    moves = {
        "wind": (0, "windpark1"),
        "gas": (50, "gasfiredbig1"),
        "co2": (100, "gasfiredbig1"),
        "kerosine": (100, "tj1"),
    }
    for slider, (value, changed) in moves.items():
        row = page.locator(f"#plants tr[data-plant={changed}]")
        before, fuels = row.inner_text(), payload_of(page)["fuels"]
        slide(page, slider, value)
        expect(row, slider).not_to_have_text(before, use_inner_text=True)
        now = payload_of(page)["fuels"]
        assert [key.split("(")[0] for key in fuels if now[key] != fuels[key]] == [slider]


def test_reset_returns_to_the_plan_that_keep_saved(page: Page) -> None:
    slide(page, "load", 700)
    expect(page.locator(".load-label")).to_have_text("Load 700.0\u00a0MW")
    page.click("#keep")
    expect(page.locator("#reset")).to_be_disabled()
    slide(page, "wind", 10)
    expect(page.locator("#difference dl")).to_be_visible()
    slide(page, "load", 400)
    expect(page.locator(".load-label")).to_have_text("Load 400.0\u00a0MW")
    page.click("#reset")
    expect(page.locator(".load-label")).to_have_text("Load 700.0\u00a0MW")
    expect(page.locator("#wind-number")).to_have_value("60")


LATE = """() => {
const real = window.fetch;
window.late = 0;
window.asked = new Set();
window.fetch = async (address, options) => {
    if (String(address).includes("productionplan")) window.asked.add(JSON.parse(options.body).load);
    if (!String(address).includes("report")) return real(address, options);
    const answer = await real(address, options);
    const wait = window.late;
    window.late = 0;
    if (wait) await new Promise((done, failed) => {
        setTimeout(done, wait);
        options.signal.addEventListener("abort", () => failed(new DOMException("aborted", "AbortError")));
    });
    return answer;
};
}"""


def test_a_late_answer_to_an_older_request_is_ignored(page: Page) -> None:
    page.evaluate(LATE)
    page.evaluate("window.late = 2500")
    slide(page, "load", 500)
    page.wait_for_timeout(50)
    slide(page, "load", 800)
    expect(page.locator(".load-label")).to_have_text("Load 800.0\u00a0MW", timeout=1500)
    page.wait_for_timeout(2800)
    expect(page.locator(".load-label")).to_have_text("Load 800.0\u00a0MW")


def test_differences_are_to_the_chosen_example_even_if_its_report_is_late(page: Page) -> None:
    page.evaluate(LATE)
    page.evaluate("window.late = 2500")
    choose(page, "payload1")
    slide(page, "load", 600)
    expect(page.locator(".load-label")).to_have_text("Load 600.0\u00a0MW")
    expect(page.locator("#difference dl")).to_be_visible()
    assert difference(page, "CO₂ emitted") == "+36.0 t"


def test_only_the_first_and_the_last_of_many_fast_moves_are_requested(page: Page) -> None:
    page.evaluate(LATE)
    page.evaluate("window.asked.clear(); window.late = 200")
    page.locator("#load-slider").evaluate(
        """slider => {
            for (let load = 500; load < 600; load += 5) {
                slider.value = load;
                slider.dispatchEvent(new Event("input"));
            }
        }"""
    )
    expect(page.locator(".load-label")).to_have_text("Load 595.0\u00a0MW")
    assert page.evaluate("[...window.asked]") == [500, 595]


# --- Large fleets ----------------------------------------------------------------------------------------------------


def fleet_of(plants: int) -> dict[str, Any]:
    """A mixed fleet, and a load in its middle."""
    choose = random.Random(plants)
    fleet: list[dict[str, Any]] = []
    for number in range(plants):
        kind = choose.choices(["gasfired", "turbojet", "windturbine"], [5, 1, 2])[0]
        pmax = choose.randrange(100, 1400) / 10
        pmin = round(pmax * choose.uniform(0.2, 0.5), 1) if kind == "gasfired" else 0.0
        efficiency = choose.randrange(300, 600) / 1000
        fleet.append({"name": f"plant{number}", "type": kind, "efficiency": efficiency, "pmin": pmin, "pmax": pmax})
    load = round(sum(plant["pmax"] for plant in fleet) * 0.55)
    return {"load": load, "fuels": example("payload3")["fuels"], "powerplants": fleet}


def load_fleet(page: Page, payload: dict[str, Any]) -> None:
    """Load a payload from a file, and wait for its plan."""
    content = json.dumps(payload).encode()
    page.set_input_files("#file", {"name": "fleet.json", "mimeType": "application/json", "buffer": content})
    expect(page.locator(".load-label")).to_have_text(f"Load {payload['load']:,.1f}\u00a0MW", timeout=20_000)


@pytest.mark.parametrize("plants", [200, 10_000])
def test_large_fleets_can_be_moved_with_a_slider(page: Page, plants: int) -> None:
    payload = fleet_of(plants)
    load_fleet(page, payload)
    page.wait_for_timeout(500)
    load = f"{payload['load'] - 10:.0f}"
    page.locator("#load-slider").fill(load)
    expect(page.locator(".load-label")).to_have_text(f"Load {float(load):,.1f}\u00a0MW", timeout=20_000)
    assert page.locator(".merit-order *").count() < 300  # one path for each type of plant
    assert page.locator("#bars li").count() < 30


REPORTS = """() => {
const real = window.fetch;
window.open_now = window.open_at_once = window.begun = window.hold = 0;
window.fetch = async (address, options) => {
    if (!String(address).includes("report")) return real(address, options);
    window.begun += 1;
    window.open_now += 1;
    window.open_at_once = Math.max(window.open_at_once, window.open_now);
    try {
        await new Promise((done) => setTimeout(done, window.hold));
        if (window.broken) return new Response("{}", { status: 503 });
        return await real(address, options);
    } finally {
        window.open_now -= 1;
    }
};
}"""


def test_during_a_slow_report_the_plan_is_shown_and_no_other_report_is_requested(page: Page) -> None:
    expect(page.locator("#certainty-meaning")).to_contain_text("Method: ")  # the report of the first plan is there
    page.evaluate(REPORTS)
    page.evaluate("window.hold = 1500")
    choose(page, "payload1")
    expect(page.locator("#proof")).to_contain_text("reasons are being computed")
    for load in (450, 440, 430, 420):
        slide(page, "load", load)
        expect(page.locator(".load-label")).to_have_text(f"Load {load}.0\u00a0MW", timeout=1000)
    expect(page.locator("#certainty-meaning")).to_contain_text("Method: ", timeout=8000)
    expect(page.locator("#plants tr[data-plant=tj1] .why")).to_contain_text("switching it on would cost")
    assert page.evaluate("window.open_at_once") == 1
    assert page.evaluate("window.begun") == 2  # that of the example, and that of the last move


def test_a_plan_without_a_report_stays_visible(page: Page) -> None:
    page.evaluate(REPORTS)
    page.evaluate("window.broken = true")
    choose(page, "payload1")
    expect_cost(page, "11,524.66")
    expect(page.locator("#certainty-meaning")).to_contain_text("No plan for this payload costs less than 11,524.66")
    expect(page.locator("#problem")).to_be_hidden()


ODD = {
    "load": 61.3,
    "fuels": {"gas(euro/MWh)": -3.7, "kerosine(euro/Mwh)": 50.87, "co2(euro/ton)": 21.5, "wind(%)": 57},
    "powerplants": [
        {"name": "fine", "type": "gasfired", "efficiency": 0.37, "pmin": 10.01, "pmax": 40.19},
        {"name": "never", "type": "gasfired", "efficiency": 0.5, "pmin": 10.01, "pmax": 10.09},
        {"name": "jet", "type": "turbojet", "efficiency": 0.29, "pmin": 0, "pmax": 16.3},
        {"name": "breeze", "type": "windturbine", "pmax": 36},
        {"name": "gust", "type": "windturbine", "pmax": 0.7},
    ],
}

SKETCH = """
async ([payload, co2, step]) => {
    const { planOf } = await import("./web/js/api.js");
    return planOf({ payload, co2, step, roundLoad: true, feasible: false });
}
"""


def any_fleet_of(plants: int) -> dict[str, Any]:
    """A fleet with every member of a plant, and a load off the grid of 0.1 MW."""
    choose = random.Random(plants)
    fleet = fleet_of(plants)["powerplants"]
    for number in range(plants):
        pmax = choose.randrange(1000, 90_000) / 1000
        plant: dict[str, Any] = {
            "name": f"other{number}",
            "type": choose.choice(["coal", "solar", "windturbine"]),
            "pmax": pmax,
        }
        if choose.random() < 0.5:
            plant |= {"fuel": choose.choice(["coal", "gas"]), "efficiency": choose.randrange(300, 600) / 1000}
        if plant["type"] != "windturbine" and ("fuel" not in plant or choose.random() < 0.3):
            plant["profile"] = choose.choice(["solar", "wind"])
        if "profile" not in plant or choose.random() < 0.4:
            plant["pmin"] = choose.randrange(0, int(pmax * 400)) / 1000
        if choose.random() < 0.4:
            plant["curtailable"] = choose.random() < 0.5
        if choose.random() < 0.5:
            plant["cost(euro/MWh)"] = choose.randrange(-200, 400) / 10
        if choose.random() < 0.5:
            plant["co2(ton/MWh)"] = choose.randrange(0, 1000) / 1000
        plant["available"] = choose.random() < 0.8
        plant["must_run"] = choose.random() < 0.2
        fleet.append(plant)
    fuels = example("payload3")["fuels"] | {"coal(euro/MWh)": 9.1, "solar(%)": 37.3}
    load = sum(plant["pmax"] for plant in fleet) * 0.6 + 0.0377
    return {"load": load, "fuels": fuels, "powerplants": fleet}


@pytest.mark.parametrize(
    ("payload", "co2", "step"),
    [
        *((example, True, "0.1") for example in EXAMPLES),
        *(("fleet30", co2, step) for co2, step in [(True, "0.1"), (False, "0.1"), (True, "1"), (False, "0.001")]),
        ("odd", False, "0.1"),
        (40, True, "1"),
        (150, False, "0.001"),
        ("any 12", True, "0.001"),
        ("any 60", False, "0.1"),
    ],
    ids=str,
)
def test_the_numbers_shown_before_the_report_are_those_of_the_report(
    first_view: Page, page_url: str, payload: str | int, co2: bool, step: str
) -> None:
    if isinstance(payload, int):
        content = fleet_of(payload)
    elif payload.startswith("any"):
        content = any_fleet_of(int(payload.split()[1]))
    else:
        content = ODD if payload == "odd" else example(payload)
    sketch = first_view.evaluate(SKETCH, [content, co2, step])
    address = f"{page_url}/productionplan/report?co2={str(co2).lower()}&step={step}&round_load=true"
    report = fetch("POST", address, json=content).json()
    tonnes = ("co2_tonnes", "co2_emitted_tonnes")
    for name in ("status", "load", "lower_bound", *tonnes, "average_price", "curtailed_wind", "cost", "headroom"):
        assert sketch[name] == pytest.approx(report[name], abs=0.0051), name
    prices = sketch["marginal_price"]["commitment_as_it_is"]
    assert prices == pytest.approx(report["marginal_price"]["commitment_as_it_is"])
    for drawn, reported in zip(sketch["powerplants"], report["powerplants"], strict=True):
        for name in ("name", "type", "p", "pmin", "pmax", "state", "alternative"):
            assert drawn[name] == reported[name], reported["name"]
        assert drawn["marginal_cost"] == pytest.approx(reported["marginal_cost"]), reported["name"]
        for name in ("cost", *tonnes):
            assert drawn[name] == pytest.approx(reported[name]), reported["name"]


# --- Errors ----------------------------------------------------------------------------------------------------------


def test_an_infeasible_load_offers_the_nearest_loads(page: Page) -> None:
    choose(page, "payload2")
    page.fill("#load-number", "20")
    buttons = page.locator("#problem .buttons button")
    expect(buttons).to_have_text(["Plan for 16.0\u00a0MW", "Plan for 40.0\u00a0MW"])
    expect(page.locator("#problem")).to_contain_text("No plan meets the load")
    buttons.nth(1).click()
    expect(page.locator("#load-number")).to_have_value("40")
    expect(page.locator(".load-label")).to_have_text("Load 40.0\u00a0MW")
    expect(page.locator("#problem")).to_be_hidden()


def test_a_load_above_capacity_has_one_nearest_load(page: Page) -> None:
    page.fill("#load-number", "2000")
    buttons = page.locator("#problem .buttons button")
    expect(buttons).to_have_text(["Plan for 1,257.6\u00a0MW"])
    expect(page.locator("#totals dd").first).to_be_hidden()  # without a plan there are no totals
    buttons.click()
    expect_cost(page, "40,355.12")


def test_a_fault_is_shown_below_its_field(page: Page) -> None:
    for field, value, words in [
        ("[data-pointer='/powerplants/0/pmin']", "500", "must not be above pmax"),
        ("[data-pointer='/powerplants/3/efficiency']", "1.5", "must be at most 1"),
        ("[data-pointer='/powerplants/1/name']", "", "must not be empty"),
        ("#gas-number", "", "is missing"),
        ("#wind-number", "120", "must be at most 100"),
        ("#load-number", "much", "must be a number"),
    ]:
        was = page.input_value(field)
        page.fill(field, value)
        place = page.locator(field)
        expect(place).to_have_attribute("aria-invalid", "true")
        fault = page.locator(f"#{place.get_attribute('aria-describedby')}")
        expect(fault).to_contain_text(words)
        below, above = fault.bounding_box(), place.bounding_box()
        assert below
        assert above
        assert 0 < below["y"] - above["y"] < 90, field
        page.fill(field, was)
        expect(page.locator(".fault.placed")).to_have_count(0)
        expect(page.locator("#problem")).to_be_hidden()


def test_the_list_of_faults_links_to_each_field(page: Page) -> None:
    page.fill("[data-pointer='/powerplants/2/pmin']", "x")
    page.click("#problem >> text=plant 3, pmin")
    expect(page.locator("[data-pointer='/powerplants/2/pmin']")).to_be_focused()


def test_both_spellings_of_kerosine_are_one_field(page: Page) -> None:
    payload = example("payload3")
    payload["fuels"]["kerosine(euro/Mwh)"] = payload["fuels"].pop("kerosine(euro/MWh)")
    page.check("[name=view][value=json]")
    page.fill("#json", json.dumps(payload))
    expect(page.locator("#kerosine-number")).to_have_value("50.8")
    page.fill("#kerosine-number", "-")
    expect(page.locator("#kerosine-number")).to_have_attribute("aria-invalid", "true")


def test_after_the_time_limit_the_best_plan_found_can_be_shown_and_is_marked(
    open_page: OpenPage, boot_server: BootServer
) -> None:
    page = open_page(url=boot_server({"POWERPLANT_TIME_LIMIT": "1"}).url)
    page.set_default_timeout(15_000)
    content = json.dumps(hard_payload()).encode()
    page.set_input_files("#file", {"name": "hard.json", "mimeType": "application/json", "buffer": content})
    buttons = page.locator("#problem .buttons button")
    expect(buttons).to_have_text(["Show the best plan found", "Ask again"], timeout=15_000)
    expect(page.locator("#result")).not_to_have_attribute("aria-busy", "true")
    buttons.first.click()
    doubt = page.locator("#unproven")
    expect(doubt).to_be_visible(timeout=15_000)
    expect(page.locator("#problem")).to_be_hidden()
    expect(page.locator("#result")).to_be_focused()
    assert re.search(r"Not proven to be the cheapest. It costs at most [\d,]+\.\d\d\s€ more", doubt.inner_text())
    expect(page.locator("#announcer")).to_contain_text("Not proven to be the cheapest")
    page.click("#copy-curl")
    expect(page.locator("#copy-curl")).to_have_text("Copied")
    assert "co2=true&accept=feasible" in page.evaluate("navigator.clipboard.readText()")
    expect(page.locator("#certainty-label")).to_have_text(re.compile(r"Gap: at most [\d,]+\.\d\d\s€"))
    expect(page.locator("#certainty-meaning")).to_contain_text("Method: ", timeout=15_000)
    page.wait_for_timeout(400)
    link = page.evaluate("location.hash")
    page.click("#prove")
    expect(buttons.first).to_be_visible(timeout=15_000)
    expect(doubt).to_be_hidden()
    assert page.evaluate("location.hash") != link
    choose(page, "payload1")
    expect_cost(page, "11,524.66")


def test_accepting_unproven_plans_is_part_of_the_link_and_ends_with_the_next_payload(open_page: OpenPage) -> None:
    asked: list[str] = []
    content = json.dumps({"payload": example("payload1"), "co2": True, "feasible": True}).encode()
    other = open_page("#j=" + base64.urlsafe_b64encode(content).decode().rstrip("="))
    other.on("request", lambda request: asked.append(request.url) if "productionplan" in request.url else None)
    slide(other, "load", 481)
    expect(other.locator(".load-label")).to_have_text("Load 481.0\u00a0MW")
    other.wait_for_load_state("networkidle")  # its report has arrived too
    assert asked
    assert all(url.endswith("accept=feasible") for url in asked)
    expect(other.locator("#unproven")).to_be_hidden()  # a proven plan is not marked
    asked.clear()
    choose(other, "payload2")
    assert not any(url.endswith("accept=feasible") for url in asked)


GONE = """() => {
const real = window.fetch;
window.gone = true;
window.fetch = (...all) => window.gone ? Promise.reject(new TypeError("gone")) : real(...all);
}"""


def test_an_unreachable_server_shows_an_error_and_a_retry(page: Page) -> None:
    page.evaluate(GONE)
    page.select_option("#example", "payload1")
    expect(page.locator("#source-note")).to_have_text("The server does not answer.")
    expect(page.locator("#example")).to_have_value("payload3")
    slide(page, "load", 500)
    expect(page.locator("#problem")).to_contain_text("The server does not answer")
    expect(page.locator("#problem .buttons button")).to_have_text(["Ask again"])
    page.evaluate("window.gone = false")
    page.click("text=Ask again")
    expect(page.locator(".load-label")).to_have_text("Load 500.0\u00a0MW")
    expect(page.locator("#problem")).to_be_hidden()


# --- Accessibility ---------------------------------------------------------------------------------------------------


def tab_to(page: Page, selector: str) -> None:
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    pytest.fail(f"Tab does not lead to {selector}")


def test_everything_works_with_the_keyboard(page: Page) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    expect(page.locator("#result")).to_be_focused()
    tab_to(page, "#cursor")
    page.keyboard.press("End")
    expect(page.locator("#tip")).to_contain_text("tj1")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#tip")).to_contain_text("gasfiredsomewhatsmaller")
    tab_to(page, "#load-slider")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".load-label")).to_have_text("Load 911.0\u00a0MW")
    tab_to(page, "#wind-number")
    page.keyboard.type("0")
    expect(page.locator("#not-drawn")).to_be_visible()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    tab_to(page, "[data-remove='0']")
    page.keyboard.press("Enter")
    expect(page.locator("#fleet tbody tr")).to_have_count(5)
    expect(page.locator("[data-remove='0']")).to_be_focused()
    tab_to(page, "#add")
    page.keyboard.press("Enter")
    expect(page.locator("#fleet tbody tr")).to_have_count(6)


def test_the_focus_stays_on_the_same_plant_when_the_plan_changes(page: Page) -> None:
    page.focus("#cursor")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(page.locator("#tip")).to_contain_text("338.4")
    slide(page, "load", 905)
    expect(page.locator(".load-label")).to_have_text("Load 905.0\u00a0MW")
    expect(page.locator("#cursor")).to_be_focused()
    expect(page.locator("#tip")).to_contain_text("333.4")


def test_screen_readers_announce_the_plan_once_when_the_slider_stops(page: Page) -> None:
    page.wait_for_timeout(1000)
    page.evaluate(
        "window.announced = 0; new MutationObserver(() => window.announced += 1)"
        ".observe(document.getElementById('announcer'), { childList: true, characterData: true, subtree: true })"
    )
    for load in (500, 600, 700):
        slide(page, "load", load)
        page.wait_for_timeout(60)
    expect(page.locator("#announcer")).to_contain_text("Plan for 700.0 MW")
    assert page.evaluate("window.announced") == 1


SCENES = [
    "payload3",
    "what if",
    "infeasible",
    "faults",
    "json",
    "not proven",
    "negative-gas",
    "fleet30",
    "further",
    "long",
]


def long_names() -> dict[str, Any]:
    """A payload with names as long as they may be."""
    name = "W" * 200
    plant = {"name": name, "type": name, "profile": name, "pmax": 50, "fuel": name, "efficiency": 0.5, name: 1}
    return {"load": 10, "fuels": {f"{name}(%)": 50, f"{name}(euro/MWh)": 5, "unused(%)": 50}, "powerplants": [plant]}


def set_scene(page: Page, scene: str) -> None:
    """Change the page from any of these scenes to another one."""
    choose(page, scene if scene in {"negative-gas", "fleet30"} else "payload3")
    page.check(f"[name=view][value={'json' if scene == 'json' else 'table'}]")
    if scene == "what if":
        slide(page, "load", 1100)
        expect(page.locator("#difference dl")).to_be_visible()
    elif scene == "infeasible":
        page.fill("#load-number", "2000")
        expect(page.locator("#problem .buttons")).to_be_visible()
    elif scene == "faults":
        page.fill("#gas-number", "")
        page.fill("[data-pointer='/powerplants/0/pmin']", "500")
        expect(page.locator(".fault.placed")).to_have_count(2)
    elif scene == "not proven":
        page.evaluate("for (const id of ['unproven', 'tip']) document.getElementById(id).hidden = false")
        page.focus("#cursor")
    elif scene == "further":
        page.click("#plant-0-further")
        page.fill("#fuel-name", "coal")
        page.click("#add-fuel button")
        page.check("#round-load")
        page.fill("#load-number", "910.12")
        expect(page.locator("#planned")).not_to_be_empty()
    elif scene == "long":
        load_fleet(page, long_names())
        page.click("#plant-0-further")
        expect(page.locator("#remarks")).to_be_visible()
    else:
        expect(page.locator("#problem")).to_be_hidden()
    until_still(page)


def serious_findings(page: Page) -> list[tuple[str, list[Any]]]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")
    return [
        (finding["id"], [node["target"] for node in finding["nodes"]])
        for finding in found["violations"]
        if finding["impact"] in {"serious", "critical"}
    ]


def test_no_screen_scrolls_sideways_or_has_a_serious_finding_of_axe(page: Page) -> None:
    """Axe checks a wide window in light colours and a narrow one in dark colours."""
    for scene in SCENES:
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(DESK)
        set_scene(page, scene)
        for width in (1280, 1060, 768, 390, 320):
            resize(page, width, 800)
            drawn = page.evaluate("document.documentElement.scrollWidth")
            if drawn > width:  # it is drawn for this width a little later
                page.wait_for_timeout(1000)
                drawn = page.evaluate("document.documentElement.scrollWidth")
            assert drawn <= width, f"{scene}, {width}"
            if width == DESK["width"]:
                assert serious_findings(page) == [], f"{scene}, light"
            elif width == PHONE["width"]:
                page.emulate_media(color_scheme="dark")
                until_still(page)
                assert serious_findings(page) == [], f"{scene}, dark"


def test_on_a_phone_the_result_stays_visible_while_a_slider_moves(open_page: OpenPage) -> None:
    page = open_page(viewport={"width": 390, "height": 664}, has_touch=True)
    glance = page.locator("#glance")
    bars = glance.locator("svg path[d]")
    for slider in ("load", "wind", "gas", "kerosine", "co2"):
        page.locator(f"#{slider}-slider").evaluate("slider => slider.scrollIntoView({ block: 'center' })")
        expect(glance).to_be_in_viewport(ratio=1)
        before = glance.inner_text()
        drawn = bars.evaluate_all("all => all.map(one => one.getAttribute('d')).join()")
        slide(page, slider, 30)
        expect(glance, slider).not_to_have_text(before, use_inner_text=True)
        expect(glance).to_contain_text("€")
        expect(glance).to_contain_text("CO₂")
        expect(glance.locator("small"), slider).to_have_count(2)  # the differences
        if slider == "load":
            assert bars.evaluate_all("all => all.map(one => one.getAttribute('d')).join()") != drawn
        expect(glance).to_be_in_viewport(ratio=1)
        expect(page.locator(f"#{slider}-slider")).to_be_in_viewport(ratio=1)
        top = page.evaluate(
            "id => { const { x, y, width, height } = document.getElementById(id).getBoundingClientRect();"
            "return document.elementFromPoint(x + width / 2, y + height / 2).id }",
            f"{slider}-slider",
        )
        assert top == f"{slider}-slider"  # the strip does not cover it
        page.click("#reset")
        expect(page.locator("#reset")).to_be_disabled()


def test_axe_has_no_serious_finding_in_the_documentation(open_page: OpenPage, page_url: str) -> None:
    page = open_page(color_scheme="dark")
    page.goto(f"{page_url}/docs")
    operations = page.locator(".opblock-summary-control")
    expect(operations).not_to_have_count(0)
    for operation in operations.all()[:3]:
        if operation.get_attribute("aria-expanded") != "true":
            operation.click()
    page.wait_for_timeout(500)
    assert serious_findings(page) == []


def background(page: Page) -> str:
    colour: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return colour


def test_light_and_dark_follow_the_system_until_one_is_chosen(open_page: OpenPage) -> None:
    page = open_page(color_scheme="dark")
    dark = background(page)
    page.emulate_media(color_scheme="light")
    light = background(page)
    assert light != dark
    page.check("[name=theme][value=dark]")
    assert background(page) == dark
    page.reload()
    page.wait_for_selector("#chart svg")
    assert background(page) == dark
    page.check("[name=theme][value=auto]")
    assert background(page) == light


def test_reduced_motion_disables_transitions(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    moving = page.evaluate(
        """[...document.querySelectorAll("*")]
            .filter(one => parseFloat(getComputedStyle(one).transitionDuration) > 0).length"""
    )
    assert moving == 0


# --- CO2 -------------------------------------------------------------------------------------------------------------


def test_co2_that_is_not_charged_is_still_emitted(page: Page) -> None:
    emitted = page.locator("#others > div").nth(2)
    expect(emitted).to_contain_text("239.5")
    expect(emitted).to_contain_text("239.5\u00a0t charged")
    page.uncheck("#co2")
    expect(emitted).to_contain_text("0.0\u00a0t charged")
    expect(emitted.locator(".figure")).to_have_text("239.5\u00a0t")
    assert difference(page, "CO₂ emitted") == "0.0 t"
    assert difference(page, "CO₂ charged") == "\u2212239.5 t"
    expect(page.locator("#plants tr[data-plant=gasfiredbig1]")).to_contain_text("138.0")


# --- The baseline, undo and redo -------------------------------------------------------------------------------------


def test_a_change_of_the_fleet_is_compared_with_the_baseline(page: Page) -> None:
    page.fill("[data-pointer='/powerplants/0/pmax']", "400")
    expect(page.locator("#difference dl")).to_be_visible()
    assert difference(page, "Cost") == "0.00 €"  # the second one is as cheap
    page.click("[aria-label='Remove gasfiredbig2']")
    expect(page.locator("#problem")).to_be_visible()
    expect(page.locator("#difference")).to_have_text("There is no plan now.")
    slide(page, "load", 600)
    expect(page.locator("#difference dl")).to_be_visible()
    assert difference(page, "Switched off") == "gasfiredbig2"
    page.click("#reset")
    expect(page.locator("#fleet tbody tr")).to_have_count(6)
    expect_cost(page, "24,976.36")
    expect(page.locator("#reset")).to_be_disabled()


def test_a_baseline_can_be_set_and_is_part_of_the_link(page: Page, open_page: OpenPage) -> None:
    slide(page, "load", 800)
    expect(page.locator(".load-label")).to_have_text("Load 800.0\u00a0MW")
    page.click("#keep")
    expect(page.locator("#keep")).to_be_disabled()
    slide(page, "load", 810)
    expect(page.locator(".load-label")).to_have_text("Load 810.0\u00a0MW")
    expect(page.locator("#difference dl")).to_be_visible()
    assert difference(page, "Cost") == "+312.83 €"
    page.click("#copy-link")
    expect(page.locator("#copy-link")).to_have_text("Copied")
    other = open_page(page.evaluate("location.hash"))
    expect(other.locator("#difference dl")).to_be_visible()
    assert difference(other, "Cost") == "+312.83 €"
    other.click("#reset")
    expect(other.locator("#load-number")).to_have_value("800")


def test_changes_can_be_undone_and_redone(page: Page) -> None:
    expect(page.locator("#undo")).to_be_disabled()
    page.fill("[data-pointer='/powerplants/0/pmax']", "300")
    expect(page.locator("#plants tr[data-plant=gasfiredbig1] .output > span")).to_have_text("300.0")
    page.click("[aria-label='Remove tj1']")
    slide(page, "load", 500)
    expect(page.locator(".load-label")).to_have_text("Load 500.0\u00a0MW")
    page.click("#undo")
    expect(page.locator("#load-number")).to_have_value("910")
    page.click("#undo")
    expect(page.locator("#fleet tbody tr")).to_have_count(6)
    page.click("#undo")
    expect(page.locator("[data-pointer='/powerplants/0/pmax']")).to_have_value("460")
    expect(page.locator("#undo")).to_be_disabled()
    expect(page.locator("#redo")).to_be_focused()
    expect(page.locator("#example")).to_have_value("payload3")
    for _ in range(3):
        page.click("#redo")
    expect(page.locator("#fleet tbody tr")).to_have_count(5)
    expect(page.locator(".load-label")).to_have_text("Load 500.0\u00a0MW")
    expect(page.locator("#redo")).to_be_disabled()


def test_keys_undo_outside_text_fields_only(page: Page) -> None:
    slide(page, "load", 500)
    page.wait_for_timeout(1100)  # a pause: the next move is a step of its own
    for load in (600, 610, 620):
        slide(page, "load", load)
    page.focus("#load-slider")
    page.keyboard.press("Control+Z")
    expect(page.locator("#load-number")).to_have_value("500")
    page.keyboard.press("Control+Shift+Z")
    expect(page.locator("#load-number")).to_have_value("620")
    page.focus("#gas-number")
    page.keyboard.press("Control+Z")
    expect(page.locator("#load-number")).to_have_value("620")


def test_loading_another_payload_can_be_undone_with_its_baseline(page: Page) -> None:
    slide(page, "load", 920)
    expect(page.locator("#difference dl")).to_be_visible()
    choose(page, "payload1")
    expect(page.locator("#difference dl")).to_have_count(0)
    page.click("#undo")
    expect(page.locator("#load-number")).to_have_value("920")
    expect(page.locator("#difference dl")).to_be_visible()
    assert difference(page, "Cost") == "+312.83 €"


def test_a_plant_that_is_not_available_is_off_and_stays_in_the_plan(page: Page, open_page: OpenPage) -> None:
    sent: list[Any] = []
    page.on("request", lambda request: sent.append(request.post_data_json) if request.method == "POST" else None)
    slide(page, "load", 700)
    expect(page.locator(".load-label")).to_have_text("Load 700.0\u00a0MW")
    page.uncheck("[data-pointer='/powerplants/1/available']")
    expect(page.locator("#plants tr[data-plant=gasfiredbig2] .why")).to_have_text("Off: it is not available.")
    assert sent[-1] == payload_of(page)
    assert sent[-1]["powerplants"][1]["available"] is False
    expect(page.locator("#not-drawn")).to_have_text("Not available: gasfiredbig2.")
    expect(page.locator("#fleet-note")).to_contain_text("1 plant is not available")
    assert difference(page, "Switched off") == "gasfiredbig2"
    page.click("#copy-link")
    expect(page.locator("#copy-link")).to_have_text("Copied")
    other = open_page(page.evaluate("location.hash"))
    expect(other.locator("[data-pointer='/powerplants/1/available']")).not_to_be_checked()
    other.check("[data-pointer='/powerplants/1/available']")
    expect(other.locator("#not-drawn")).to_be_hidden()
    assert payload_of(other)["powerplants"] == example("payload3")["powerplants"]


# --- Any fuel --------------------------------------------------------------------------------------------------------


def field_of(page: Page, *path: str | int) -> Locator:
    """The field for a place of the payload."""
    pointer = "".join("/" + str(key).replace("/", "~1") for key in path)
    return page.locator(f"[data-pointer='{pointer}']")


def quantity(page: Page, key: str) -> Locator:
    """The row of a price or a profile."""
    return page.locator(".quantity").filter(has=field_of(page, "fuels", key))


def test_each_price_and_profile_of_the_payload_has_a_field_a_unit_and_a_slider(page: Page) -> None:
    choose(page, "fleet30")
    fuels = example("fleet30")["fuels"]
    assert page.locator(".quantity").count() == len(fuels) + 1
    for key, value in fuels.items():
        row = quantity(page, key)
        unit = "%" if key.endswith("(%)") else "€/t" if "ton" in key else "€/MWh"
        expect(row.locator("label small")).to_have_text(unit)
        expect(row.locator("input:not([type])")).to_have_value(f"{value}")
        expect(row.locator("input[type=range]")).to_have_value(f"{value}")
    slider = quantity(page, "coal(euro/MWh)").locator("input[type=range]")
    expect(slider).to_have_attribute("aria-label", "coal in €/MWh, slider")
    slider.fill("25")
    expect(page.locator("#plants tr[data-plant='Hafen 4']")).to_contain_text(f"{25 / 0.39 + 3.4 + 0.87 * 68:.2f}")
    assert payload_of(page)["fuels"] == fuels | {"coal(euro/MWh)": 25}


def test_a_fuel_can_be_added_used_and_removed(page: Page) -> None:
    page.fill("#fuel-name", "hard coal")
    page.keyboard.press("Enter")
    price = field_of(page, "fuels", "hard coal(euro/MWh)")
    expect(price).to_be_focused()
    expect(price).to_have_value("0")
    page.keyboard.type("9.5")
    remove = quantity(page, "hard coal(euro/MWh)").get_by_role("button")
    expect(remove).to_have_accessible_name("Remove hard coal (€/MWh), which no plant uses")
    page.click("#plant-0-further")
    field_of(page, "powerplants", 0, "fuel").fill("hard coal")
    expect(page.locator("#plants tr[data-plant=gasfiredbig1]")).to_contain_text(f"{9.5 / 0.53 + 6:.2f}")
    expect(remove).to_be_hidden()
    assert page.locator("#fuel-names option").evaluate_all("all => all.map(one => one.value)") == [
        *("gas", "kerosine", "hard coal"),
    ]
    field_of(page, "powerplants", 0, "fuel").fill("")
    remove.click()
    expect(price).to_have_count(0)
    expect(page.locator("#fuel-name")).to_be_focused()
    assert payload_of(page) == example("payload3")
    page.click("#undo")
    expect(price).to_have_value("9.5")


def test_a_profile_can_be_added_and_limits_a_plant(page: Page) -> None:
    page.fill("#fuel-name", "offshore")
    page.select_option("#fuel-kind", "profile")
    page.click("#add-fuel button")
    expect(field_of(page, "fuels", "offshore(%)")).to_have_value("100")
    page.keyboard.type("50")
    page.click("#plant-4-further")
    field_of(page, "powerplants", 4, "profile").fill("offshore")
    expect(page.locator("#plants tr[data-plant=windpark1] .output > span")).to_have_text("75.0")
    expect(page.locator("#proof")).to_contain_text("All offshore and wind is used.")


def test_a_name_that_cannot_be_added_is_refused_with_a_reason(page: Page) -> None:
    name = page.locator("#fuel-name")
    for text, words in [
        ("gas", "is there already"),
        ("  ", "name without parentheses"),
        ("a(b", "without parentheses"),
    ]:
        name.fill(text)
        page.click("#add-fuel button")
        expect(name).to_be_focused()
        assert words in name.evaluate("field => field.validationMessage")
        assert payload_of(page) == example("payload3")


def test_a_price_that_plants_need_has_a_field_although_the_payload_does_not_have_it(page: Page) -> None:
    page.click("#plant-0-further")
    field_of(page, "powerplants", 0, "fuel").fill("peat")
    price = field_of(page, "fuels", "peat(euro/MWh)")
    expect(price).to_have_attribute("aria-invalid", "true")
    page.click("#problem >> text=peat(euro/MWh)")
    expect(price).to_be_focused()
    page.keyboard.type("7")
    expect(page.locator("#problem")).to_be_hidden()
    expect(page.locator("#plants tr[data-plant=gasfiredbig1]")).to_contain_text(f"{7 / 0.53 + 6:.2f}")


# --- Any plant -------------------------------------------------------------------------------------------------------


def test_a_type_can_be_any_label_and_its_fault_opens_the_further_members(page: Page) -> None:
    kind = field_of(page, "powerplants", 2, "type")
    assert "coal" in kind.evaluate("field => [...field.list.options].map(option => option.value)")
    kind.fill("import")
    expect(kind).to_have_attribute("aria-invalid", "true")
    cost = field_of(page, "powerplants", 2, "cost(euro/MWh)")
    expect(cost).to_be_visible()
    expect(field_of(page, "powerplants", 2, "efficiency")).to_be_disabled()  # it burns nothing
    cost.fill("20")
    row = page.locator("#plants tr[data-plant=gasfiredsomewhatsmaller]")
    expect(row).to_contain_text("20.00")
    expect(row.locator("small").first).to_have_text("import")
    expect(page.locator("#cost .more")).to_contain_text("4,200.00\u00a0€ other")
    assert payload_of(page)["powerplants"][2] == {
        **example("payload3")["powerplants"][2],
        "type": "import",
        "cost(euro/MWh)": 20,
    }


def test_a_further_member_changes_the_plan_and_its_default_leaves_the_payload(page: Page) -> None:
    page.click("#plant-2-further")
    must_run = field_of(page, "powerplants", 2, "must_run")
    must_run.check()
    why = page.locator("#plants tr[data-plant=gasfiredsomewhatsmaller] .why")
    expect(why).to_have_text("At its minimum: it must run.")
    expect(page.locator("#plant-2-further")).to_have_text("More (1) of gasfiredsomewhatsmaller")
    must_run.uncheck()
    expect(why).to_contain_text("would cost")
    assert payload_of(page) == example("payload3")
    field_of(page, "powerplants", 2, "co2(ton/MWh)").fill("0,5")
    expect(page.locator("#plants tr[data-plant=gasfiredsomewhatsmaller]")).to_contain_text(f"{13.4 / 0.37 + 10:.2f}")
    assert field_of(page, "powerplants", 2, "fuel").get_attribute("placeholder") == "gas"


def test_wind_that_may_be_trimmed_is_curtailed_to_the_load(page: Page) -> None:
    page.click("#plant-4-further")
    curtailable = field_of(page, "powerplants", 4, "curtailable")
    expect(curtailable).not_to_be_checked()
    curtailable.check()
    expect(field_of(page, "powerplants", 4, "pmin")).to_be_enabled()
    page.fill("#load-number", "50")
    why = page.locator("#plants tr[data-plant=windpark1] .why")
    expect(why).to_contain_text("Curtailed to 50.0 of 90.0 MW")
    expect(page.locator("#plants tr[data-plant=windpark1] .limits")).to_have_text("0.0 to 90.0\u00a0MW")
    expect(page.locator("#proof")).to_contain_text("61.6\u00a0MW of available wind is not used.")


MORE = {
    "load": 480,
    "comment": "kept",
    "fuels": {"gas(euro/MWh)": 13.4, "coal(euro/MWh)": 9, "co2(euro/ton)": 20, "sun": 3},
    "powerplants": [
        {"name": "old", "type": "coal", "fuel": "coal", "efficiency": 0.4, "pmin": 100, "pmax": 400, "ramp_up": 3},
        {"name": "new", "type": "gasfired", "efficiency": 0.5, "pmin": 0, "pmax": 300, "color": [1, {"a": None}]},
        {"name": "tiny", "type": "import", "cost(euro/MWh)": 3, "pmin": 1.02, "pmax": 1.08, "available": True},
    ],
}


def load_more(page: Page) -> None:
    page.evaluate("text => navigator.clipboard.writeText(text)", json.dumps(MORE))
    page.click("#paste")
    expect(page.locator(".load-label")).to_have_text("Load 480.0\u00a0MW")
    expect(page.locator("#remarks")).to_contain_text("comment is ignored")


def test_every_member_is_kept_sent_and_part_of_link_undo_and_redo(page: Page, open_page: OpenPage) -> None:
    sent: list[Any] = []
    page.on("request", lambda request: sent.append(request.post_data_json) if request.method == "POST" else None)
    load_more(page)
    assert sent[-1] == payload_of(page) == MORE
    page.click("#plant-0-further")
    expect(page.locator("tr.further .note")).to_have_text("The JSON has further members: ramp_up.")
    field_of(page, "powerplants", 0, "must_run").check()
    field_of(page, "powerplants", 1, "pmax").fill("250")
    must: Any = {**MORE["powerplants"][0], "must_run": True}  # type: ignore[index]
    other: Any = {**MORE["powerplants"][1], "pmax": 250}  # type: ignore[index]
    edited = {**MORE, "powerplants": [must, other, MORE["powerplants"][2]]}  # type: ignore[index]
    assert payload_of(page) == edited
    page.click("#undo")
    page.click("#undo")
    assert payload_of(page) == MORE
    page.click("#redo")
    page.click("#redo")
    assert payload_of(page) == edited
    page.click("#copy-link")
    expect(page.locator("#copy-link")).to_have_text("Copied")
    assert payload_of(open_page(page.evaluate("location.hash"))) == edited


def test_what_is_ignored_never_runs_or_is_to_be_known_is_shown_with_the_plan(page: Page) -> None:
    load_more(page)
    remarks = page.locator("#remarks li").all_inner_texts()
    assert remarks[0].startswith("comment is ignored: it is not a known key")
    assert remarks[1].startswith("sun is ignored: it is not a known key")
    assert remarks[2] == "plant 1, ramp_up is ignored: it has no meaning for a single hour."
    assert remarks[3].startswith("plant 2, color is ignored")
    assert remarks[4].startswith("tiny: It can never run, since no multiple of 0.1 MW")
    assert remarks[5].startswith("old burns coal, and the payload does not say how much CO2")
    assert len(remarks) == 6
    choose(page, "payload1")  # the challenge says nothing of the CO2 of turbojets
    expect(page.locator("#remarks li")).to_have_text([re.compile("^tj1 burns kerosine, and the payload does not say")])
    page.click("#plant-3-further")
    field_of(page, "powerplants", 3, "co2(ton/MWh)").fill("0.8")
    expect(page.locator("#remarks")).to_be_hidden()


def test_a_fault_of_a_further_member_opens_its_row_and_is_beside_its_field(page: Page) -> None:
    payload = example("payload3")
    payload["powerplants"][5] |= {"must_run": "no"}
    payload["powerplants"][0] |= {"co2(ton/MWh)": -1}
    content = json.dumps(payload).encode()
    page.set_input_files("#file", {"name": "faults.json", "mimeType": "application/json", "buffer": content})
    for index, key in [(5, "must_run"), (0, "co2(ton/MWh)")]:
        field = field_of(page, "powerplants", index, key)
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(page.locator(f"#{field.get_attribute('aria-describedby')}")).to_contain_text("must be")
    page.click("#problem >> text=plant 6, must_run")
    expect(field_of(page, "powerplants", 5, "must_run")).to_be_focused()
    page.keyboard.press("Space")  # yes
    page.keyboard.press("Space")  # and no again, which is the default
    field_of(page, "powerplants", 0, "co2(ton/MWh)").fill("")
    expect(page.locator("#problem")).to_be_hidden()
    assert payload_of(page) == example("payload3")


def test_further_members_are_reached_with_the_keyboard(page: Page) -> None:
    page.focus("#plant-1-further")
    page.keyboard.press("Enter")
    expect(page.locator("#plant-1-further")).to_have_attribute("aria-expanded", "true")
    tab_to(page, "#plant-1-fuel")
    page.keyboard.type("kerosine")
    tab_to(page, "#plant-1-must_run")
    page.keyboard.press("Space")
    expect(page.locator("#plants tr[data-plant=gasfiredbig2] .why")).to_contain_text("it must run.")
    page.focus("#plant-1-further")
    page.keyboard.press("Enter")
    expect(page.locator("#plant-1-fuel")).to_have_count(0)
    expect(page.locator("#plant-1-further")).to_have_attribute("aria-expanded", "false")


# --- Colours ---------------------------------------------------------------------------------------------------------

COLOURS = """
() => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    const bright = (colour) => {
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        const [red, green, blue] = [...canvas.getImageData(0, 0, 1, 1).data].map((part) => linear(part / 255));
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const probe = document.body.appendChild(document.createElement("i"));
    const colour = (tone, name) => {
        probe.className = `tone ${tone}`;
        probe.style.color = `var(--${name})`;
        return getComputedStyle(probe).color;
    };
    const contrast = (tone, one, other) => {
        const [low, high] = [one, other].map((name) => bright(colour(tone, name))).sort((a, b) => a - b);
        return (high + 0.05) / (low + 0.05);
    };
    return [...document.querySelectorAll("pattern.hatch:not(#hatch-none)")].map((pattern) => {
        const tone = pattern.id.replace("hatch-", "");
        const pairs = [["tone-ink", "surface"], ["tone-ink", "tone-pale"], ["on-fill", "tone"]];
        return [tone, colour(tone, "tone"), ...pairs.map((pair) => contrast(tone, ...pair))];
    });
}
"""


def test_each_colour_has_enough_contrast_and_is_another(page: Page) -> None:
    shades = set()
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        colours = page.evaluate(COLOURS)
        assert len({colour for _, colour, *_ in colours}) == len(colours) >= 16
        assert {tone: figures for tone, _, *figures in colours if min(figures) < 3} == {}, scheme
        shades.add(background(page))
    assert len(shades) == len(SCHEMES)


def test_each_fuel_and_profile_has_a_colour_in_legend_chart_and_table(page: Page) -> None:
    choose(page, "fleet30")
    sources = page.locator("#sources li").all_inner_texts()
    assert set(sources) == {
        *("Wind", "Gas", "Kerosine", "coal", "lignite", "uranium", "biomass", "waste"),
        *("offshore", "solar", "river", "hydro", "import"),
    }
    colour = "one => getComputedStyle(one).backgroundColor"
    swatches = page.evaluate(f"[...document.querySelectorAll('#sources .swatch')].map({colour})")
    assert len(set(swatches)) == len(sources)
    coal = page.locator("#sources li", has_text="coal").locator(".swatch").evaluate(colour)
    assert page.locator("#plants tr[data-plant='Hafen 5'] .swatch").evaluate(colour) == coal
    assert page.locator(".merit-order .gives path.coal").evaluate("one => getComputedStyle(one).fill") == coal
    assert len(boxes(page, "gives", "coal")) == 2  # the plant that must run is more expensive


def test_more_fuels_than_colours_share_them_and_the_legend_ends(page: Page) -> None:
    plant = {"type": "any", "efficiency": 0.5, "pmin": 0, "pmax": 10}
    payload = {
        "load": 100,
        "fuels": {f"fuel {number}(euro/MWh)": number for number in range(100)},
        "powerplants": [{**plant, "name": f"p{number}", "fuel": f"fuel {number}"} for number in range(100)],
    }
    load_fleet(page, payload)
    expect(page.locator("#sources li")).to_have_count(17)
    expect(page.locator("#sources li").last).to_have_text("and 84 more")
    assert len(boxes(page, "gives")) == 10
    expect(page.locator(".quantity")).to_have_count(61)
    expect(page.locator("#fuels-note")).to_have_text(
        "40 more prices and profiles have no field; the JSON has all of them."
    )


def test_colours_stay_in_forced_colours(page: Page) -> None:
    page.emulate_media(forced_colors="active")
    swatches, fills = page.evaluate(
        """[["#sources .swatch", "backgroundColor"], [".merit-order .gives path", "fill"]].map(([all, property]) =>
            [...document.querySelectorAll(all)].map((one) => getComputedStyle(one)[property]))"""
    )
    assert len(set(swatches)) == 3
    assert fills == swatches[:2]


# --- Step and rounding -----------------------------------------------------------------------------------------------


def test_the_step_is_that_of_outputs_limits_and_load(page: Page, open_page: OpenPage) -> None:
    page.fill("#load-number", "910.12")
    expect(page.locator("#problem")).to_contain_text("No plan meets the load")
    page.select_option("#step", "0.01")
    expect(page.locator(".load-label")).to_have_text("Load 910.12\u00a0MW")
    assert output(page, "gasfiredbig2") == "338.52"
    page.click("#copy-curl")
    expect(page.locator("#copy-curl")).to_have_text("Copied")
    assert "?co2=true&step=0.01'" in page.evaluate("navigator.clipboard.readText()")
    page.click("#copy-link")
    expect(page.locator("#copy-link")).to_have_text("Copied")
    other = open_page(page.evaluate("location.hash"))
    expect(other.locator("#step")).to_have_value("0.01")
    expect(other.locator(".load-label")).to_have_text("Load 910.12\u00a0MW")
    page.bring_to_front()
    page.click("#undo")
    expect(page.locator("#step")).to_have_value("0.1")
    expect(page.locator("#problem")).to_be_visible()


def test_a_load_off_the_grid_can_be_rounded_and_the_load_planned_for_is_shown(page: Page, open_page: OpenPage) -> None:
    page.fill("#load-number", "910.17")
    buttons = page.locator("#problem .buttons button")
    expect(buttons).to_have_text(["Round the load", "Plan for 910.1\u00a0MW", "Plan for 910.2\u00a0MW"])
    buttons.first.click()
    expect(page.locator("#round-load")).to_be_checked()
    expect(page.locator(".load-label")).to_have_text("Load 910.2\u00a0MW")
    expect(page.locator("#planned")).to_have_text("Planned for 910.2\u00a0MW")
    expect(page.locator("#load-number")).to_have_value("910.17")
    page.click("#copy-curl")
    expect(page.locator("#copy-curl")).to_have_text("Copied")
    assert "?co2=true&round_load=true'" in page.evaluate("navigator.clipboard.readText()")
    expect(page).to_have_url(re.compile("#z="))
    page.wait_for_timeout(400)
    other = open_page(page.evaluate("location.hash"))
    expect(other.locator("#planned")).to_have_text("Planned for 910.2\u00a0MW")
    page.bring_to_front()
    page.fill("#load-number", "910")
    expect(page.locator(".load-label")).to_have_text("Load 910.0\u00a0MW")
    expect(page.locator("#planned")).to_be_empty()


def test_the_page_begins_with_the_step_of_its_server(open_page: OpenPage, boot_server: BootServer) -> None:
    page = open_page(url=boot_server({"POWERPLANT_STEP": "1"}).url)
    expect(page.locator("#step")).to_have_value("1")
    expect(page.locator("#plants tr[data-plant=windpark2] .output > span")).to_have_text("21.0")
    page.select_option("#step", "0.1")
    expect(page.locator("#plants tr[data-plant=windpark2] .output > span")).to_have_text("21.6")


# --- Cells of a spreadsheet ------------------------------------------------------------------------------------------


def paste_text(page: Page, text: str) -> None:
    page.evaluate("text => navigator.clipboard.writeText(text)", text)
    page.keyboard.press("Control+V")


CELLS = [["peaker", "Turbojet", "0,3", "0", "1.250,5"], ["gasfiredbig1", "gas", "55 %", "100", "460"]]
CELLS_BELOW_HEADINGS = [
    ["pmax (MW)", "name", "Remarks", "type", "efficiency", "pmin (MW)"],
    ["1250.5", "peaker", "new", "turbojet", "0.3", "0"],
    ["460", "gasfiredbig1", "", "gas-fired", "0.55", "100"],
]


def test_cells_below_headings_can_have_every_member(page: Page) -> None:
    lines = [
        [
            "Name",
            "Type",
            "Fuel",
            "Efficiency",
            "Profile",
            "pmin",
            "pmax",
            "cost(euro/MWh)",
            "co2 (ton/MWh)",
            "Must run",
        ],
        ["old", "coal", "gas", "40 %", "", "10", "50", "1,5", "0,8", "yes"],
        ["park", "solar", "", "", "wind", "", "80", "", "", "no"],
    ]
    page.focus("#load-slider")
    paste_text(page, "\n".join("\t".join(line) for line in lines))
    expect(page.locator("#fleet tbody tr")).to_have_count(8)
    old: dict[str, Any] = {"name": "old", "type": "coal", "fuel": "gas", "efficiency": 0.4, "pmin": 10, "pmax": 50}
    assert payload_of(page)["powerplants"][6:] == [
        old | {"cost(euro/MWh)": 1.5, "co2(ton/MWh)": 0.8, "must_run": True},
        {"name": "park", "type": "solar", "profile": "wind", "pmax": 80, "must_run": False},
    ]
    expect(page.locator("#plants tr[data-plant=old] .why")).to_contain_text("it must run")


def test_pasted_cells_become_plants(page: Page) -> None:
    peaker = {"name": "peaker", "type": "turbojet", "efficiency": 0.3, "pmin": 0, "pmax": 1250.5}
    for place in ("#load-slider", "[data-pointer='/powerplants/0/name']"):
        for lines in (CELLS, CELLS_BELOW_HEADINGS):
            page.focus(place)
            paste_text(page, "".join("\t".join(line) + "\r\n" for line in lines))
            expect(page.locator("#fleet tbody tr")).to_have_count(7)
            assert payload_of(page)["powerplants"] == [
                {**example("payload3")["powerplants"][0], "efficiency": 0.55},
                *example("payload3")["powerplants"][1:],
                peaker,
            ]
            expect(page.locator("#source-note")).to_have_text("From the clipboard: 1 plant added, 1 changed.")
            page.focus("#load-slider")
            page.keyboard.press("Control+Z")
            expect(page.locator("#fleet tbody tr")).to_have_count(6)
            assert payload_of(page) == example("payload3")


def test_the_other_pasted_cells_decide_whether_a_point_is_decimal(page: Page) -> None:
    cells: list[tuple[str, str, float | str]] = [
        ("0,3", "1.100", 1100),
        ("0.3", "1,100", 1100),
        ("0.3", "1.100", 1.1),
        ("30%", "1.100", "1.100"),
        ("30%", "1.100.000", 1_100_000),
        ("30%", "1 100", 1100),
        ("0,3", "1.2.3", "1.2.3"),
    ]
    for efficiency, pmax, number in cells:
        page.focus("#load-slider")
        paste_text(page, f"peaker\tturbojet\t{efficiency}\t0\t{pmax}\r\n")
        expect(page.locator("#fleet tbody tr")).to_have_count(7)
        plant = payload_of(page)["powerplants"][-1]
        assert (plant["efficiency"], plant["pmax"]) == (0.3, number), (efficiency, pmax)
        page.focus("#load-slider")
        page.keyboard.press("Control+Z")
        expect(page.locator("#fleet tbody tr")).to_have_count(6)


def test_text_pasted_into_a_field_stays_text(page: Page) -> None:
    page.fill("[data-pointer='/powerplants/0/name']", "")
    page.focus("[data-pointer='/powerplants/0/name']")
    paste_text(page, "one name")
    expect(page.locator("[data-pointer='/powerplants/0/name']")).to_have_value("one name")
    expect(page.locator("#fleet tbody tr")).to_have_count(6)


# --- The proof beside the cost ---------------------------------------------------------------------------------------


def test_what_the_proof_means_is_one_click_away_from_the_cost(page: Page) -> None:
    label, figure = page.locator("#certainty-label").bounding_box(), page.locator("#cost").bounding_box()
    assert label
    assert figure
    assert figure["y"] <= label["y"] < figure["y"] + figure["height"]
    meaning = page.locator("#certainty-meaning")
    expect(meaning).to_be_hidden()
    page.click("#certainty-label")
    expect(meaning).to_contain_text("No plan for this payload costs less than 24,976.36\u00a0€")
    slide(page, "load", 900)
    expect(meaning).to_contain_text("24,663.53\u00a0€")  # it stays open while a slider moves
    page.focus("#certainty-label")
    page.keyboard.press("Escape")
    expect(meaning).to_be_hidden()
    page.fill("#load-number", "5000")
    expect(page.locator("#certainty-label")).to_be_hidden()


# --- The zoom of the value axis --------------------------------------------------------------------------------------


def test_the_value_axis_can_be_zoomed_and_stays_so_while_the_fleet_stays(page: Page) -> None:
    gas = boxes(page, "able")[3].height
    page.click("#zoom-in")
    page.click("#zoom-in")
    zoomed = boxes(page, "able")
    assert zoomed[3].height == pytest.approx(4 * gas, rel=0.03)
    assert zoomed[5].top >= 0  # the turbojet is cut off where the axis ends
    assert "▲" in (page.locator(".merit-order .beyond").first.text_content() or "")
    slide(page, "load", 905)
    expect(page.locator(".load-label")).to_have_text("Load 905.0\u00a0MW")
    assert boxes(page, "able")[3].height == pytest.approx(zoomed[3].height, abs=0.1)
    page.click("#zoom-reset")
    assert boxes(page, "able")[3].height == pytest.approx(gas, abs=0.1)
    expect(page.locator("#zoom-in")).to_be_focused()
    page.click("#zoom-in")
    choose(page, "payload1")
    expect(page.locator("#zoom-reset")).to_be_disabled()
    assert boxes(page, "able")[3].height == pytest.approx(gas, abs=0.1)


def test_the_value_axis_can_be_zoomed_with_keys_and_by_dragging_it(page: Page) -> None:
    gas = boxes(page, "able")[3].height
    page.focus("#cursor")
    page.keyboard.press("+")
    assert boxes(page, "able")[3].height == pytest.approx(2 * gas, rel=0.03)
    page.keyboard.press("-")
    assert boxes(page, "able")[3].height == pytest.approx(gas, abs=0.1)
    page.keyboard.press("+")
    page.keyboard.press("0")
    assert boxes(page, "able")[3].height == pytest.approx(gas, abs=0.1)
    axis = page.locator("#axis").bounding_box()
    assert axis
    page.mouse.move(axis["x"] + 20, axis["y"] + 300)
    page.mouse.down()
    page.mouse.move(axis["x"] + 20, axis["y"] + 140, steps=4)
    page.mouse.up()
    assert boxes(page, "able")[3].height == pytest.approx(2 * gas, rel=0.05)
    page.mouse.move(axis["x"] + 20, axis["y"] + 10)  # the drag has ended
    assert boxes(page, "able")[3].height == pytest.approx(2 * gas, rel=0.05)
    page.locator("#axis").dblclick()
    assert boxes(page, "able")[3].height == pytest.approx(gas, abs=0.1)


def test_a_marginal_price_beyond_the_axis_is_named_and_has_no_line(page: Page) -> None:
    page.click("#zoom-in")
    page.click("#zoom-in")
    slide(page, "load", 1250)
    expect(page.locator(".price-label")).to_have_text("Marginal price 169.33\u00a0€/MWh ▲")
    expect(page.locator(".merit-order .price")).to_have_count(0)


# --- Without a plan --------------------------------------------------------------------------------------------------


def test_without_a_plan_no_number_of_the_plan_before_is_left(page: Page) -> None:
    page.fill("#load-number", "3000")
    expect(page.locator("#problem")).to_be_visible()
    parts = [".load", ".load-label", ".price", ".price-label", ".gives"]
    seen = """parts => parts.map(part => getComputedStyle(document.querySelector(`.merit-order ${part}`)).visibility)"""
    assert page.evaluate(seen, parts) == ["hidden"] * 5
    for part in ("#plan", "#certainty-label"):
        expect(page.locator(part)).to_be_hidden()
    page.fill("#load-number", "910")
    for part in ("#plan", "#certainty-label"):
        expect(page.locator(part)).to_be_visible()
    assert page.evaluate(seen, parts) == ["visible"] * 5


def test_a_field_with_a_fault_stays_where_it_is_although_the_plan_goes(open_page: OpenPage) -> None:
    page = open_page(viewport={"width": 1280, "height": 500})
    field = page.locator("[data-pointer='/powerplants/0/pmax']")
    page.evaluate("document.body.style.overflowAnchor = 'none'")  # as in browsers that do not have it
    field.evaluate("field => field.scrollIntoView({ block: 'center' })")
    field.focus()
    before = field.bounding_box()
    field.fill("x")
    expect(page.locator(".fault.placed")).to_be_visible()
    after = field.bounding_box()
    assert before
    assert after
    assert after["y"] == pytest.approx(before["y"], abs=30)


def test_without_javascript_the_page_says_what_it_needs_and_nothing_else(browser: Browser, page_url: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{page_url}/")
    expect(page.locator(".no-script h2")).to_be_visible()
    expect(page.locator(".no-script")).to_contain_text("This page needs JavaScript")
    expect(page.locator(".no-script")).to_contain_text("curl")
    expect(page.locator("main")).to_be_hidden()
    expect(page.locator("#theme")).to_be_hidden()
    context.close()


# --- Paper -----------------------------------------------------------------------------------------------------------

HIDDEN_ON_PAPER = ["#hour", "#payload", ".source", "#theme", "#undo", "#copy-curl", "#zoom-in", "#bars", "footer"]


@pytest.mark.parametrize(("viewport", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["desk-light", "phone-dark"])
def test_six_plants_are_one_page_of_paper_without_forms(
    page: Page, viewport: ViewportSize, scheme: Literal["light", "dark"]
) -> None:
    page.set_viewport_size(viewport)
    page.emulate_media(color_scheme=scheme)
    expect(page.locator("#plants tr[data-plant=tj1] .why")).to_contain_text("would cost")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    pages = re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True))
    assert len(pages) == 1
    page.emulate_media(media="print")
    for part in HIDDEN_ON_PAPER:
        expect(page.locator(part)).to_be_hidden()
    for part in ("#totals", "#chart svg", "#plants", "#certainty-label", "#on-paper"):
        expect(page.locator(part)).to_be_visible()
    assert page.locator("button:not(.sort):visible, input:visible, select:visible").count() == 0
    expect(page.locator("#on-paper")).to_have_text(
        "Load 910\u00a0MW, Wind 60\u00a0%, Gas 13.4\u00a0€/MWh, "
        "Kerosine 50.8\u00a0€/MWh, CO₂ 20\u00a0€/t. CO₂ is charged."
    )
    fill = "one => getComputedStyle(one).printColorAdjust"
    assert page.locator(".merit-order .gives path").first.evaluate(fill) == "exact"
    assert page.locator("#plants th").first.evaluate("one => getComputedStyle(one).display") == "table-cell"
    assert background(page) == "rgb(255, 255, 255)"
    assert page.locator("#chart svg").evaluate("svg => svg.getBoundingClientRect().height") > 150


# --- Sizes and colours -----------------------------------------------------------------------------------------------


def test_on_a_desk_totals_chart_and_sliders_are_visible_at_once(page: Page) -> None:
    for width, height in [(1280, 720), (1366, 650), (2560, 1440)]:
        resize(page, width, height)
        for part in ("#totals", "#chart svg", "#load-slider", "#co2-slider"):
            expect(page.locator(part), f"{part}, {width}").to_be_in_viewport(ratio=1)
        expect(page.locator("#glance")).to_be_hidden()


def test_on_a_desk_the_result_stays_visible_while_the_fleet_is_changed(open_page: OpenPage) -> None:
    page = open_page(viewport={"width": 1280, "height": 720})
    field = page.locator("[data-pointer='/powerplants/0/efficiency']")
    field.evaluate("field => field.scrollIntoView({ block: 'center' })")
    glance = page.locator("#glance")
    expect(glance).to_be_in_viewport(ratio=1)
    expect(glance).to_contain_text("24,976.36")
    field.fill("0.6")
    expect(glance).not_to_contain_text("24,976.36\u00a0€")
    expect(glance.locator("small")).to_have_count(2)
    page.evaluate("scrollTo(0, 0)")
    expect(glance).to_be_hidden()


def test_no_label_of_a_quantity_touches_its_field(page: Page) -> None:
    for width in (320, 390, 1060, 1120, 1217, 1280, 1920):
        resize(page, width, 900)
        for quantity in ("load", "wind", "gas", "kerosine", "co2"):
            label, field = page.evaluate(
                """id => {
                    const field = document.getElementById(`${id}-number`);
                    const range = document.createRange();
                    range.selectNodeContents(document.querySelector(`label[for=${id}-number]`));
                    return [range, field].map((one) => {
                        const { left, right, top, bottom } = one.getBoundingClientRect();
                        return { left, right, top, bottom };
                    });
                }""",
                quantity,
            )
            assert label["right"] + 6 <= field["left"] or label["bottom"] <= field["top"], (quantity, width)
            assert field["right"] - field["left"] >= 55, (quantity, width)


CONTRAST = """
async (png) => {
    const picture = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
    const canvas = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
    canvas.drawImage(picture, 0, 0);
    const { data } = canvas.getImageData(0, 0, picture.width, picture.height);
    const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    const bright = [];
    for (let at = 0; at < data.length; at += 4) {
        const [red, green, blue] = [0, 1, 2].map((part) => linear(data[at + part] / 255));
        bright.push(0.2126 * red + 0.7152 * green + 0.0722 * blue);
    }
    return (Math.max(...bright) + 0.05) / (Math.min(...bright) + 0.05);
}
"""


def test_the_tracks_of_sliders_are_visible_in_forced_colours(page: Page) -> None:
    pictures = []
    for scheme in SCHEMES:
        page.emulate_media(forced_colors="active", color_scheme=scheme)
        box = page.locator("#co2-slider").bounding_box()
        assert box
        x, y, height = box["x"] + box["width"] - 40, box["y"], box["height"]  # the empty end of the track
        pictures.append(page.screenshot(clip={"x": x, "y": y, "width": 30, "height": height}))
    page.goto(BLANK)  # without the policy of the page
    assert pictures[0] != pictures[1]
    for picture in pictures:
        assert page.evaluate(CONTRAST, base64.b64encode(picture).decode()) >= 3


# --- Behind a prefix -------------------------------------------------------------------------------------------------


@pytest.fixture
def mounted() -> Iterator[str]:
    """The address of the service behind a proxy that removes the prefix of each path, and says nothing of it."""
    app = create_app()

    def proxy(environ: dict[str, Any], start_response: Any) -> Any:
        path = environ["PATH_INFO"]
        if path != "/planning" and not path.startswith("/planning/"):
            start_response("404 NOT FOUND", [("Content-Type", "text/plain")])
            return [b""]
        return app({**environ, "PATH_INFO": path.removeprefix("/planning") or "/"}, start_response)

    server = make_server("127.0.0.1", 0, proxy, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}/planning"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_page_works_behind_a_prefix_that_the_service_does_not_know(browser: Browser, mounted: str) -> None:
    with browser.new_page() as page:
        for slash in ("", "/"):
            page.goto(mounted + slash)
            expect_cost(page, "24,976.36")
            assert page.locator("body").evaluate("body => getComputedStyle(body).fontFamily").startswith("Inter")
            page.wait_for_url(re.compile(re.escape(f"{mounted}/#")))
            page.reload()
            expect_cost(page, "24,976.36")
            page.goto(BLANK)


def test_the_documentation_works_behind_a_prefix_that_the_service_does_not_know(browser: Browser, mounted: str) -> None:
    with browser.new_page() as page:
        for slash in ("", "/"):
            page.goto(f"{mounted}/docs{slash}")
            expect(page.locator(".opblock").first).to_be_visible(timeout=15_000)
            assert page.locator("#servers option").first.get_attribute("value") == mounted
            page.goto(BLANK)
