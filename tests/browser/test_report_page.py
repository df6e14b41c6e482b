"""The report in a real Chromium, opened as a file: it works, stays quiet and asks nothing of the network."""

from __future__ import annotations

import re

import pytest
from site_day import alert_point, at, evidence, host_points, rfc3339, score_point, site_points

from agent.points import Point
from agent.report import render_report

pytestmark = pytest.mark.browser

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 400, "height": 800}


# What a chart writes is pixels: its words are taken down as they are drawn, by canvas.
COLLECT_DRAWN_TEXT = """
const fillText = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
  (this.canvas.drawn ??= []).push(text);
  return fillText.call(this, text, ...rest);
};
"""


class Opened:
    """A page with all that it said and asked for."""

    def __init__(self, browser, path, **options):
        self.page = browser.new_page(**options)
        self.said, self.asked = [], []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.said.append("dialog"), dialog.dismiss()))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.add_init_script(COLLECT_DRAWN_TEXT)
        self.page.goto(path.as_uri())

    def charts(self, host=0):
        plots = self.page.locator(f"#host-{host} .u-over")
        plots.first.scroll_into_view_if_needed()
        plots.first.wait_for()
        return plots

    def axis(self, title):
        """The numbers beside a chart, from the lowest."""
        plot = self.page.locator(".chart", has=self.page.locator("h3", has_text=title)).locator("canvas")
        drawn = plot.evaluate("canvas => canvas.drawn")
        return [text for text in dict.fromkeys(drawn) if re.fullmatch(r"-?[\d,.]+", text)]

    def span_s(self, host=0):
        body = self.page.locator(f"#host-{host} .host-body")
        return float(body.get_attribute("data-to")) - float(body.get_attribute("data-from"))


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render_report(site_points(hours=5), "Replay", "recording.jsonl"), "utf-8")
    return path


@pytest.fixture
def opened(browser, report):
    opened = Opened(browser, report, viewport=WIDE)
    yield opened
    assert opened.said == []
    assert opened.asked == [report.as_uri()]
    opened.page.close()


def test_incidents_are_visible_and_open_to_their_diagnosis(opened):
    page = opened.page
    assert page.locator(".incident").count() == 4
    row = page.locator("#incident-0")
    assert row.get_by_text("Fan failure").first.is_visible()
    diagnosis = row.get_by_text("Fan 3 stands still")
    assert not diagnosis.is_visible()
    button = row.get_by_role("button")
    button.click()
    assert diagnosis.is_visible()
    assert row.get_by_text("Swap the fan module").is_visible()
    assert row.get_by_text("3 号风扇").is_visible()
    assert button.get_attribute("aria-expanded") == "true"
    button.press("Enter")
    assert not diagnosis.is_visible()


def test_sensors_and_parts_can_be_toggled(opened):
    charts = opened.charts()
    label = charts.nth(1).get_attribute("aria-label")
    assert "inlet_temp_c" in label and "dimm_temp_c" not in label
    chip = opened.page.locator("#host-0 button[data-sensor=dimm_temp_c]")
    chip.click()
    assert chip.get_attribute("aria-pressed") == "true"
    assert "dimm_temp_c" in charts.nth(1).get_attribute("aria-label")
    chip.click()
    assert "dimm_temp_c" not in charts.nth(1).get_attribute("aria-label")
    opened.page.locator("#host-0 button[data-sensor=lstm_ae]").click()
    assert "lstm_ae" in charts.nth(0).get_attribute("aria-label")


def test_a_chart_of_sensors_appears_with_its_first_one(opened):
    before = opened.charts().count()
    opened.page.locator("#host-0 button[data-sensor=cpu_util]").click()
    assert opened.charts().count() == before + 1


def test_dragging_zooms_all_charts_of_a_host_and_a_double_click_goes_back(opened):
    charts = opened.charts()
    whole = opened.span_s()
    assert whole == (51 + 60) * 60  # half an hour around an alert of 51 min
    box = charts.first.bounding_box()
    opened.page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 40)
    opened.page.mouse.down()
    opened.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 50, steps=5)
    opened.page.mouse.up()
    assert opened.span_s() == pytest.approx(whole / 4, rel=0.02)
    charts.first.dblclick(position={"x": 60, "y": 40})
    assert opened.span_s() == whole


def test_the_keyboard_moves_the_crosshair_and_zooms(opened):
    charts = opened.charts()
    whole = opened.span_s()
    charts.first.focus()
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowRight"):
        opened.page.keyboard.press(key)
    readout = opened.page.locator("#host-0 output").inner_text()
    # 09:40:00 is the first of the view; then one step and ten of 10 s.
    assert readout.startswith("2026-01-04 09:41:50 UTC · score 0.")
    opened.page.keyboard.press("+")
    assert opened.span_s() == whole / 2
    opened.page.keyboard.press("0")
    assert opened.span_s() == whole


def test_hovering_tells_time_and_values(opened):
    box = opened.charts().first.bounding_box()
    opened.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 30)
    readout = opened.page.locator("#host-0 output")
    assert re.match(r"2026-01-04 10:\d\d:\d0 UTC · score 0\.\d{3} · threshold 0\.500", readout.inner_text())
    assert opened.page.locator("#host-0 button[data-sensor=fan3_rpm] .value").inner_text() == "0"
    opened.page.mouse.move(5, 5)
    assert opened.page.locator("#host-0 button[data-sensor=fan3_rpm] .value").inner_text() == ""


def flat_page(path, **alert):
    """Fans that all stand still and a power that never changes."""
    fields = {"fan1_rpm": 0.0, "fan2_rpm": 0.0, "power_w": 250.0, "psu1_in_w": 250.0}
    points = [Point("reading", {"host": "n01"}, fields, at(m)) for m in range(30)]
    points += [score_point("n01", at(m), 0.9) for m in range(30)]
    points.append(alert_point("n01", at(5), **alert))
    path.write_text(render_report(points, "t", "s"), "utf-8")
    return path


def test_a_chart_of_zeros_has_a_sensible_range(browser, tmp_path):
    opened = Opened(browser, flat_page(tmp_path / "report.html", evidence="[]"), viewport=WIDE)
    opened.charts()
    assert opened.axis("Fans") == ["0.0", "0.5", "1.0"]
    power = [float(text) for text in opened.axis("Power")]
    assert len(power) > 1 and 237 <= power[0] <= 250 <= power[-1] <= 263
    assert opened.said == []
    opened.page.close()


def test_what_was_expected_lies_within_the_chart(browser, tmp_path):
    seen = evidence(("fan1_rpm", "fan_speed", "rpm", 0.0, 2883.0, "for"))
    opened = Opened(browser, flat_page(tmp_path / "report.html", evidence=seen), viewport=WIDE)
    opened.charts()
    assert opened.axis("Fans") == ["0", "1,000", "2,000", "3,000"]
    opened.page.close()


def test_runs_sixteen_days_apart_are_views_of_their_own(opened):
    host = opened.page.locator("details.host", has_text="r02-n11")
    host.scroll_into_view_if_needed()
    buttons = host.locator(".views button")
    buttons.first.wait_for()
    # the open PSU failure, the sensor spike, and both runs
    assert buttons.all_inner_texts()[2:] == ["4 Jan 08:00 – 4 Jan 12:59", "20 Jan 08:00 – 20 Jan 12:59"]
    buttons.nth(3).click()
    number = host.get_attribute("id").removeprefix("host-")
    assert opened.span_s(number) == pytest.approx(5 * 3600, rel=0.03)


def test_an_incident_leads_to_its_timeline(opened):
    opened.page.locator("#incident-2 .expand").click()
    opened.page.locator("#incident-2 a.timeline").click()
    pressed = opened.page.locator("details.host", has_text="r02-n11").locator(
        ".views button[aria-pressed=true]"
    )
    assert "PSU failure" in pressed.inner_text()
    assert pressed.is_visible()


def test_quiet_hosts_are_closed_and_chart_once_opened(opened):
    host = opened.page.locator("details.host").last
    assert host.locator("canvas").count() == 0
    host.locator("summary").click()
    host.locator("canvas").first.wait_for()


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["1280px", "400px"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_reaches_beyond_the_window(browser, report, viewport, scheme):
    opened = Opened(browser, report, viewport=viewport, color_scheme=scheme)
    opened.charts()
    if opened.page.locator("#expand-all").is_visible():
        opened.page.locator("#expand-all").click()
    assert opened.page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
    assert opened.said == []
    opened.page.close()


def test_the_printed_page_holds_every_diagnosis(browser, report):
    opened = Opened(browser, report, viewport={"width": 700, "height": 900}, color_scheme="dark")
    opened.page.emulate_media(media="print")
    assert opened.page.get_by_text("Fan 3 stands still").first.is_visible()
    assert opened.page.pdf()[:5] == b"%PDF-"
    # Charts are made when they come near; a printed page needs those of every open host.
    assert opened.page.locator("details.host[open] .host-body:not(:has(canvas))").count() == 0
    assert opened.said == []
    opened.page.close()


def test_hostile_names_are_shown_and_never_run(browser, tmp_path):
    name = "</script><img src=x onerror=alert(1)>\"'`{{7*7}}__proto__"
    points = host_points(name, 1, [("fan", 5, 20)], hours=0.5)
    points.append(
        alert_point(name, at(5), ended=rfc3339(at(20)), evidence=evidence((name, name, name, 1.0, 2.0, name)))
    )
    points += [score_point("__proto__", at(0), 0.9), alert_point("__proto__", at(0))]
    path = tmp_path / "report.html"
    path.write_text(render_report(points, name, name), "utf-8")
    opened = Opened(browser, path, viewport=WIDE)
    opened.charts()
    assert opened.page.locator("h1").inner_text() == name
    assert opened.page.locator("details.host .name", has_text=name).count() == 1
    assert opened.page.locator("img").count() == 0
    assert opened.said == []
    assert opened.asked == [path.as_uri()]
    opened.page.close()
