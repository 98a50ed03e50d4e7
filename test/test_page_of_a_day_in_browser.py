"""The day on the page, in a headless Chromium on a live server. Needs what test_page_in_browser.py needs."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from live_server import ROOT

pytest.importorskip("playwright.sync_api", reason="no Playwright: poetry install --with browser")

from browsing import DESK, PHONE, OpenPage
from playwright.sync_api import Page, expect
from test_page_in_browser import serious_findings

pytestmark = pytest.mark.slow

PATIENCE = 60_000
"""Milliseconds: the machine of the tests may be slow."""


def alone() -> dict[str, Any]:
    """A day in which nothing couples the periods: its plan is there at once, and proven."""
    plants = [
        {"name": "wind park", "type": "windturbine", "pmax": 120},
        {"name": "CCGT number one", "type": "gasfired", "efficiency": 0.56, "pmin": 40, "pmax": 160},
        {"name": "CCGT number two", "type": "gasfired", "efficiency": 0.44, "pmin": 20, "pmax": 130},
        {"name": "jet", "type": "turbojet", "efficiency": 0.35, "pmin": 0, "pmax": 60},
    ]
    fuels = {"gas(euro/MWh)": 30, "kerosine(euro/MWh)": 60, "co2(euro/ton)": 70, "wind(%)": [50, 60, 40, 20, 10, 30]}
    load = [180, 150, 210, 290, 300, 240]
    return {"start": "2026-01-06T00:00+01:00", "load": load, "fuels": fuels, "powerplants": plants}


def coupled() -> dict[str, Any]:
    """A small day in which start costs, minimum times and reserve couple the periods."""
    day = alone()
    for plant in day["powerplants"][1:3]:
        plant.update({"start_cost": 900, "min_up_time": 2, "min_down_time": 2, "initial": {"on": False, "hours": 9}})
    battery = {
        "name": "battery",
        "charge_max": 20,
        "discharge_max": 20,
        "energy_max": 40,
        "final": {"value(euro/MWh)": 50},
    }
    return {**day, "reserve": {"up": 10}, "storages": [battery], "relative_gap": 0.01}


def drop(page: Page, *files: tuple[str, str | bytes]) -> None:
    """Drop files on the page."""
    page.evaluate(
        """files => {
          const data = new DataTransfer();
          for (const [name, bytes] of files) data.items.add(new File([Uint8Array.from(bytes)], name));
          document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        }""",
        [(name, list(content.encode() if isinstance(content, str) else content)) for name, content in files],
    )


def payload(page: Page) -> dict[str, Any]:
    """The payload of the day on the page."""
    content: dict[str, Any] = json.loads(
        page.evaluate(
            """() => new Promise((done) => {
              const details = document.querySelector("#day-as-json");
              const tell = () => done(document.querySelector("#day-json").value);
              if (details.open) tell();
              details.addEventListener("toggle", tell, { once: true });
              details.open = true;
            })"""
        )
    )
    return content


def spread(value: Any, periods: int) -> list[Any]:
    """A list, from one value or a list."""
    return value if isinstance(value, list) else [value] * periods


def settle(page: Page) -> None:
    """Wait for the report on the day."""
    expect(page.locator("#day-result")).not_to_have_attribute("aria-busy", "true", timeout=PATIENCE)
    if page.locator("text=Ask again").is_visible():  # the machine is slow
        page.click("text=Ask again")
        expect(page.locator("#day-result")).not_to_have_attribute("aria-busy", "true", timeout=PATIENCE)
    expect(page.locator("#day-gantt > svg")).to_be_visible(timeout=PATIENCE)


def cut_off(page: Page, drawing: str) -> list[str]:
    """The texts of an SVG document that are not within its edges."""
    texts: list[str] = page.evaluate(
        """drawing => {
          const { documentElement } = new DOMParser().parseFromString(drawing, "image/svg+xml");
          const file = document.body.appendChild(documentElement);
          const all = file.getBoundingClientRect();
          const isWithin = ({ left, right, top, bottom, width }) =>
            width && all.left <= left && right <= all.right && all.top <= top && bottom <= all.bottom;
          const texts = [...file.querySelectorAll("text")].filter((text) => !isWithin(text.getBoundingClientRect()));
          file.remove();
          return texts.map((text) => text.textContent);
        }""",
        drawing,
    )
    return texts


def cost(page: Page) -> str:
    return page.inner_text("#day-cost .figure").split("\u00a0")[0]


def change(page: Page, term: str) -> str:
    return page.locator("#day-difference div", has=page.get_by_text(term, exact=True)).locator("dd").inner_text()


def cell(page: Page, row: int, period: int, periods: int) -> tuple[float, float]:
    """Where the middle of a cell of the Gantt is in the window."""
    page.evaluate("document.querySelector('#day-gantt').scrollIntoView({ block: 'center', behavior: 'instant' })")
    box = page.locator("#day-cells").bounding_box()
    assert box
    left, height = 128, 22
    width = (box["width"] - left - 16) / periods
    return box["x"] + left + (period + 0.5) * width, box["y"] + (row + 0.5) * height


def test_a_dropped_day_is_planned_read_out_changed_compared_linked_and_saved(
    open_page: OpenPage, tmp_path: Path
) -> None:
    page = open_page()
    day = alone() | {"reserve": {"up": 0, "down": [0] * len(alone()["load"])}}
    idle = [
        {"min_up_time": 1},
        {"start_cost": 0},
        {"start_costs": [{"after": 0, "cost": 0}]},
        {"no_load_cost(euro/h)": 0},
    ]
    day["powerplants"] = [plant | member for plant, member in zip(day["powerplants"], idle, strict=True)]
    drop(page, ("day.json", json.dumps(day)))
    settle(page)
    expect(page.locator("#scope [value=day]")).to_be_checked()
    expect(page.locator("#day-coupling")).to_contain_text("Each period is planned alone")
    expect(page.locator("#day-certainty-label")).to_have_text("✓ Proven cheapest")
    day["powerplants"][0]["initial"] = {"on": True, "hours": 0.25}
    assert "minimum times" in page.evaluate(
        "async (day) => (await import(new URL('web/js/day/periods.js', location))).couplingsOf(day)", day
    )
    before = cost(page)

    # Each cell is read out, with keys too.
    page.focus("#day-cells")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#day-readout")).to_contain_text("CCGT number one, 01:00 to 02:00")
    expect(page.locator("#day-readout")).to_contain_text("Output. ")
    expect(page.locator("#day-plants tbody tr")).to_have_count(4)
    expect(page.locator("#day-periods tbody tr")).to_have_count(6)

    # A drag along the Gantt is an outage; the difference says what it costs, and which cells changed.
    start, end = cell(page, 1, 3, 6), cell(page, 1, 4, 6)
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=4)
    page.mouse.up()
    expect(page.locator("#day-changes li")).to_contain_text("CCGT number one: out 03:00 to 05:00")
    expect(page.locator("#day-problem")).to_be_visible(timeout=PATIENCE)
    missing = page.inner_text("#day-problem")
    assert "MW" in missing
    page.click("#day-problem >> text=Allow lost load at")
    settle(page)
    expect(page.locator("#day-problem")).to_be_hidden()
    assert change(page, "Cost").startswith("+")
    assert re.fullmatch(r"\d+ of \d plants?", change(page, "Changed cells"))
    assert cost(page) != before
    page.click("#day-reset")
    settle(page)
    assert cost(page) == before

    # A slider scales the gas price; a key changes it in one period; both are undone.
    page.locator("#day-scales .quantity", has_text="Gas").locator("[type=range]").fill("120")
    expect(page.locator("#day-changes")).to_contain_text("Gas × 1.2")
    settle(page)
    assert change(page, "Cost").startswith("+")
    page.focus("#day-handle")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#day-changes")).to_contain_text("€/MWh at 01:00")
    settle(page)  # a new result moves the curve
    curve = page.locator("#day-handle")
    curve.scroll_into_view_if_needed()
    box = curve.bounding_box()
    assert box
    x = box["x"] + 128 + (box["width"] - 128 - 16) * 4.5 / 6
    page.mouse.move(x, box["y"] + 70)
    page.mouse.down()
    page.mouse.move(x, box["y"] + 20, steps=3)
    page.mouse.up()
    expect(page.locator("#day-changes")).to_contain_text("€/MWh at 04:00")
    dragged = page.inner_text("#day-curve-value")
    assert re.fullmatch(r"04:00 to 05:00: [\d.]+ €/MWh", dragged)
    assert float(dragged.split()[3]) > 36

    # Two scenarios stand side by side.
    settle(page)
    page.fill("#scenario-name", "dear gas")
    page.click("#scenario-add")
    page.click("#day-reset")
    settle(page)
    page.click("#scenario-add")
    expect(page.locator("#scenarios-table thead th")).to_have_count(2)
    expect(page.locator("#scenarios-table")).to_contain_text("dear gas")

    # The address holds the day.
    page.locator("#day-scales .quantity", has_text="Load").locator("[type=range]").fill("95")
    settle(page)
    changed = cost(page)
    page.wait_for_timeout(500)
    other = open_page(page.evaluate("location.hash"))
    settle(other)
    assert cost(other) == changed
    expect(other.locator("#day-changes")).to_contain_text("Load × 0.95")

    # It is saved as CSV, SVG and PNG, on a phone too.
    page.bring_to_front()
    page.set_viewport_size(PHONE)
    files = {}
    for button in ["csv", "xlsx", "svg", "png"]:
        with page.expect_download(timeout=PATIENCE) as download:
            page.click(f"#day-{button}")
        files[button] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[button])
    rows = list(csv.DictReader(files["csv"].read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 6
    outputs = [sum(float(value) for key, value in row.items() if key.startswith("p[")) for row in rows]
    assert outputs == pytest.approx([float(row["load"]) for row in rows])
    assert rows[1]["start"] == "2026-01-06T01:00:00+01:00"
    openpyxl = pytest.importorskip("openpyxl")
    of_server = openpyxl.load_workbook(files["xlsx"]).active
    assert [*rows[0]] == [cell.value for cell in of_server[1]]
    drawing = files["svg"].read_text(encoding="utf-8")
    assert {*re.findall("<text[^>]*>([^<]+)</text>", drawing)} >= {
        *("wind park", "CCGT number one", "CCGT number two", "jet"),
        *("load", "price", "relaxed price", "price of the baseline", "starts", "full", "changed"),
    }
    assert cut_off(page, drawing) == []
    assert files["xlsx"].read_bytes().startswith(b"PK")
    assert files["png"].read_bytes().startswith(b"\x89PNG")
    assert files["png"].stat().st_size > 10_000

    # A period opens as an hour, and the other view leads back.
    page.set_viewport_size(DESK)
    page.click("#day-periods [data-period='3']")
    expect(page.locator("#scope [value=hour]")).to_be_checked()
    expect(page.locator("#load-number")).to_have_value("275.5")
    page.check("#scope [value=day]", force=True)
    expect(page.locator("#day-cost .figure")).to_contain_text(changed)


def test_what_is_dropped_opens_in_the_view_that_it_belongs_to(open_page: OpenPage) -> None:
    pytest.importorskip("openpyxl")
    page = open_page()
    files = {path.name: path.read_bytes() for path in (ROOT / "example_payloads").iterdir()}
    opened = {}
    for names in (["day.csv", "fleet8.csv"], ["day.jsonl"], ["day.xlsx"]):
        drop(page, *((name, files[name]) for name in names))
        expect(page.locator("#source-note")).to_have_text(
            f"A day of 24 periods, loaded from {names[0]}.", timeout=PATIENCE
        )
        expect(page.locator("#scope [value=day]")).to_be_checked()
        # Hour 19 of this day has no plan: its load is above all capacities.
        expect(page.locator("#day-problem")).to_contain_text("51.2", timeout=PATIENCE)
        opened[names[0]] = payload(page)
    assert opened["day.xlsx"] == {**opened["day.csv"], "fuels": opened["day.xlsx"]["fuels"]}
    for day in opened.values():
        assert day["load"] == opened["day.jsonl"]["load"]
        for key, values in opened["day.jsonl"]["fuels"].items():
            assert spread(day["fuels"][key], 24) == spread(values, 24)
        outages = [plant["available"] for plant in day["powerplants"] if plant["name"] == "gas 2"]
        assert outages == [[not 16 <= hour < 20 for hour in range(24)]]
    drop(page, ("fleet30.xlsx", files["fleet30.xlsx"]))
    expect(page.locator("#source-note")).to_contain_text("30 plants, loaded from fleet30.xlsx", timeout=PATIENCE)
    drop(page, ("hours.csv", "load,gas(euro/MWh)\n500,x\n"))
    expect(page.locator("#source-note")).to_have_text('hours.csv: row 2: gas(euro/MWh) is "x", and must be a number')
    drop(page, ("mill.csv", "name;type;efficiency;pmax\nMühle;gasfired;0,5;600\n".encode("cp1252")))
    expect(page.locator("#source-note")).to_have_text("1 plant, loaded from mill.csv.")
    assert payload(page)["powerplants"] == [{"name": "Mühle", "type": "gasfired", "efficiency": 0.5, "pmax": 600}]
    drop(page, ("payload1.json", files["payload1.json"]))
    expect(page.locator("#scope [value=hour]")).to_be_checked()
    expect(page.locator("#load-number")).to_have_value("480")
    fuels = {**alone()["fuels"], "wind(%)": 40}
    drop(page, ("hours.json", json.dumps([{**alone(), "fuels": fuels, "load": load} for load in (200, 210)])))
    expect(page.locator("#source-note")).to_contain_text("A day of 2 periods")
    settle(page)
    drop(page, ("words.txt", "neither this nor that"))
    expect(page.locator("#source-note")).to_contain_text("not JSON and not a table")


def test_several_days_are_scenarios_and_a_link_holds_them(open_page: OpenPage, url_without_excel: str) -> None:
    page = open_page()
    days = [{**alone(), "load": [load + more for load in alone()["load"]]} for more in (0, 900, 10, 20)]
    drop(page, ("days.jsonl", "\n".join(map(json.dumps, days))))
    expect(page.locator("#source-note")).to_contain_text("the first 3 are the scenarios below, and Day 1 is shown")
    expect(page.locator("#source-note")).to_contain_text("1 day is left out")
    settle(page)
    scenarios = page.locator("#scenarios-table")
    costs = scenarios.locator("tbody tr", has_text="Cost").locator("td")
    expect(costs.nth(1)).to_have_text("No plan meets all periods", timeout=PATIENCE)
    expect(costs.nth(2)).to_contain_text("+", timeout=PATIENCE)
    assert cost(page) in costs.nth(0).inner_text()
    page.click("#scenarios-table >> text=Day 3")
    page.locator("#day-scales .quantity", has_text="Load").locator("[type=range]").fill("95")
    settle(page)
    expect(page.locator("#day-difference")).to_contain_text("Changed cells")
    kept, difference = scenarios.inner_text(), page.inner_text("#day-difference")
    page.click("#copy-link")
    expect(page.locator("#copy-link")).to_have_text("Copied")

    # The same on another server, which has not the extra excel.
    other = open_page(page.evaluate("location.hash"), url=url_without_excel)
    expect(other.locator("#day-changes")).to_contain_text("Load × 0.95")
    expect(other.locator("#day-difference")).to_contain_text("Changed cells", timeout=PATIENCE)
    expect(other.locator("#scenarios-table small")).to_have_count(3, timeout=PATIENCE)
    assert other.inner_text("#day-difference") == difference
    assert other.inner_text("#scenarios-table") == kept
    drop(other, ("day.xlsx", (ROOT / "example_payloads" / "day.xlsx").read_bytes()))
    expect(other.locator("#source-note")).to_contain_text("this server does not read workbooks", timeout=PATIENCE)

    # Where the reserve is short, one click lowers it.
    drop(other, ("reserve.json", json.dumps({**alone(), "reserve": {"up": [0, 20, 250, 20, 0, 0]}})))
    other.click("#day-problem >> text=Lower the reserve by what is missing", timeout=PATIENCE)
    settle(other)
    expect(other.locator("#day-changes")).to_contain_text("Reserve lowered")
    assert 0 < payload(other)["reserve"]["up"][2] < 250
    assert payload(other)["reserve"]["up"][1] == 20


def large(plants: int, periods: int) -> dict[str, Any]:
    fleet = [
        {
            "name": f"CCGT combined cycle block {i}",
            "type": "gasfired",
            "efficiency": 0.4 + i / 2000,
            "pmin": 0,
            "pmax": 20,
        }
        for i in range(plants)
    ]
    load = [plants * 10 + 5 * (hour % 24) for hour in range(periods)]
    fuels = {"gas(euro/MWh)": 30, "co2(euro/ton)": 70}
    return {"start": "2026-01-05T00:00+01:00", "load": load, "fuels": fuels, "powerplants": fleet}


@pytest.mark.parametrize(("viewport", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["desk", "phone"])
def test_a_day_is_accessible_fits_the_screen_and_prints_on_one_page(
    open_page: OpenPage, viewport: dict[str, int], scheme: str
) -> None:
    page = open_page(viewport=viewport, color_scheme=scheme)
    drop(page, ("day.json", json.dumps(coupled())))
    settle(page)
    expect(page.locator("#day-coupling")).to_contain_text("they depend on each other")
    page.click("#day-every summary")
    assert serious_findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    if viewport is DESK:
        pdf = page.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type /Page\b", pdf)) == 1
        [[width, height]] = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
        assert float(width) > float(height)


def test_300_plants_and_168_periods_are_drawn_within_two_seconds(open_page: OpenPage) -> None:
    page = open_page()
    drop(page, ("week.json", json.dumps(large(300, 168))))
    settle(page)
    page.wait_for_timeout(300)
    seconds = page.evaluate(
        """() => {
          const start = performance.now();
          document.querySelector("#day-layers [value=fuel]").click();
          document.querySelector("#day-gantt").getBoundingClientRect();
          return (performance.now() - start) / 1000;
        }"""
    )
    assert seconds < 2
    assert page.evaluate("document.querySelectorAll('#day-stage *').length") < 2000
    label = page.locator("#day-gantt .name").nth(42).text_content()
    assert label
    assert "…" in label
    assert re.search(r"\d+$", label)
    page.fill("#day-filter", "block 29")
    expect(page.locator("#day-plants tbody tr")).to_have_count(11)
