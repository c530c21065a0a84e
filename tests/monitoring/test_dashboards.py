"""The dashboards are what their description says, ask for what there is, and leave nothing out."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.monitoring.conftest import CATALOGUE, DASHBOARDS, ROOT, base, dashboards, metrics_in, queries


def test_the_files_are_what_the_description_says(tmp_path):
    subprocess.run([sys.executable, "-m", "grafana.make", tmp_path], cwd=ROOT, check=True, timeout=240)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        path.name: path.read_text() for path in DASHBOARDS
    }, "run `make docs`"


def test_every_metric_has_a_panel():
    shown = {base(name) for query in queries() for name in metrics_in(query.expr)}
    assert set(CATALOGUE) - shown == set()


@pytest.mark.parametrize("query", list(queries()), ids=lambda query: f"{query.dashboard}-{query.panel}")
def test_panels_ask_for_metrics_and_labels_that_there_are(query):
    ours = {base(name) for name in metrics_in(query.expr) if name.startswith("cartledger_")}
    assert ours <= set(CATALOGUE)
    labels = {label for name in ours for label in CATALOGUE[name].labels} | {"instance", "le", "job"}
    used = {label.strip() for found in re.findall(r"by \(([^)]+)\)", query.expr) for label in found.split(",")}
    used |= set(re.findall(r"\b([a-z]+)=~?\"", query.expr))
    used |= set(re.findall(r"{{(\w+)}}", query.legend))
    assert used <= labels


@pytest.mark.parametrize("name", list(dashboards()))
def test_a_dashboard_can_stand_beside_others(name):
    dashboard = dashboards()[name]
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert dashboard["uid"] == f"cartledger-{name}"
    assert len({each["title"] for each in dashboards().values()}) == len(DASHBOARDS)
    assert all(panel.get("description") for panel in panels if panel["type"] != "row")


@pytest.mark.parametrize("name", list(dashboards()))
def test_no_panel_lies_over_another_one_or_beside_the_page(name):
    cells = [
        (place["x"] + across, place["y"] + down)
        for place in (panel["gridPos"] for panel in dashboards()[name]["panels"])
        for across in range(place["w"])
        for down in range(place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) == 23


@pytest.mark.parametrize("name", list(dashboards()))
def test_variables_that_panels_use_are_the_dashboard_s(name):
    dashboard = dashboards()[name]
    given = {variable["name"] for variable in dashboard["templating"]["list"]}
    text = str(dashboard["panels"])
    used = set(re.findall(r"\$\{?(\w+)", text)) - {"__rate_interval", "__range"}
    assert used == given == {"datasource", "connection", "instance"}
