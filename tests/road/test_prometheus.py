"""A real Prometheus scrapes a real run: every query of every panel answers, and every rule can be asked."""

from __future__ import annotations

import math
import re
import subprocess

import httpx
import pytest
import yaml

from tests.monitoring.conftest import GRAFANA, dashboards, folder_of_programs, queries
from tests.road.conftest import free_ports

ORDERS = {"orders": 120, "customers": 8}
WORKFLOWS = {"workflows": ["sales", "payments", "refunds", "stock"], "interval": "1h"}
REFUNDS = {"number_prefix": "R", "no_restock_product": "Returned goods"}
TIMES = {"$__rate_interval": "5m", "$__range": "5m"}
ALL = ".*"  # what Grafana puts in place of a variable of which all values are chosen
SHOWS_NO_PAST = {"stat", "bargauge", "table"}


class Prometheus:
    """A server on a free port with the example's settings, but for the addresses and the pace."""

    def __init__(self, folder, ports):
        self._address = f"127.0.0.1:{free_ports(1)}"
        settings = yaml.safe_load((GRAFANA / "prometheus.yml").read_text(encoding="utf-8"))
        settings["global"] = {"scrape_interval": "250ms", "scrape_timeout": "250ms", "evaluation_interval": "1s"}
        settings["rule_files"] = [str(GRAFANA / "alerts.yml")]
        del settings["alerting"]
        (job,) = settings["scrape_configs"]
        job["static_configs"] = [{"targets": [f"127.0.0.1:{port}" for port in ports]}]
        (folder / "prometheus.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        command = [
            folder_of_programs() / "prometheus",
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={self._address}",
        ]
        with (folder / "prometheus.log").open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def ask(self, path, **parameters):
        answer = httpx.get(f"http://{self._address}/api/v1/{path}", params=parameters, timeout=120).json()
        assert answer["status"] == "success", answer
        return answer["data"]

    def now(self, expr):
        """The series of an expression as things stand; what is no number is nothing."""
        found = self.ask("query", query=expr)["result"]
        return [series for series in found if not math.isnan(float(series["value"][1]))]

    def over_time(self, expr):
        """Those that had a number at some time in the last minutes."""
        end = float(self.ask("query", query="time()")["result"][1])
        found = self.ask("query_range", query=expr, start=end - 120, end=end, step=2)["result"]
        return [series for series in found if not all(math.isnan(float(value)) for _, value in series["values"])]

    def is_ready(self):
        try:
            return httpx.get(f"http://{self._address}/-/ready").status_code == httpx.codes.OK
        except httpx.ConnectError:
            return False


@pytest.fixture
def start_prometheus(tmp_path):
    started = []

    def start(ports):
        folder = tmp_path / "prometheus"
        folder.mkdir()
        started.append(Prometheus(folder, ports))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.wait()


def put_in(expr, values):
    """The expression with the variables' values, as Grafana asks it."""
    for name, value in values.items():
        expr = expr.replace(name, value)
    assert "$" not in expr
    return expr


def kinds():
    """The kind of each panel, by dashboard and title."""
    return {
        (name, panel["title"]): panel["type"]
        for name, dashboard in dashboards().items()
        for panel in dashboard["panels"]
    }


def without_data(prometheus, values):
    """The queries that answer nothing, or series that lack what their names are made of."""
    for query in queries():
        look = prometheus.now if kinds()[query.dashboard, query.panel] in SHOWS_NO_PAST else prometheus.over_time
        found = look(put_in(query.expr.removesuffix(" or vector(0)"), values))
        if not found:
            yield query.dashboard, query.panel, query.expr
        for label in re.findall(r"{{(\w+)}}", query.legend):
            if not any(label in series["metric"] for series in found):
                yield query.dashboard, query.panel, label


def noticed(prometheus):
    """The causes that rules have seen, be it for long enough or not."""
    return {alert["labels"]["cause"] for alert in prometheus.ask("alerts")["alerts"]}


def test_every_query_of_every_panel_answers_with_data(make_careless_sim, make_road, rabbitmq_url, start_prometheus):
    port = free_ports(3)
    sim = make_careless_sim()
    sim.fill(**ORDERS)
    road = make_road(
        sim,
        broker={"url": rabbitmq_url},
        metrics={"port": port},
        heartbeat={"file": "beat"},
        connection=WORKFLOWS,
        refunds=REFUNDS,
    )
    road.enable()
    prometheus = start_prometheus(range(port, port + 3))
    road.until(prometheus.is_ready)

    first = road.start("produce")
    road.until(
        lambda: prometheus.now("cartledger_oldest_queued_timestamp_seconds and on () cartledger_queue_depth > 0")
    )
    for number in ("1", "2"):
        road.start("consume", "--threads", "1", "--instance", number)
    road.until_settled()
    assert first.stop() == 0
    road.start("produce")  # looks for what is wrong when it begins, then once a minute
    road.until(lambda: prometheus.now("cartledger_alert"))
    road.until(lambda: len(prometheus.now('up{job="cartledger"} == 1')) == 3)
    road.until(lambda: prometheus.now('sum(cartledger_sources{kind="order", state=~"queued|claimed"}) == 0'))

    for values in (
        {"$connection": ALL, "$instance": ALL, **TIMES},
        {"$connection": road.name, "$instance": "|".join(f"127.0.0.1:{port + each}" for each in range(3)), **TIMES},
    ):
        assert [*without_data(prometheus, values)] == []
    for variable in dashboards()["overview"]["templating"]["list"]:
        if variable["type"] == "query":
            metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["query"]["query"]).groups()
            assert prometheus.ask(f"label/{label}/values", **{"match[]": metric})

    road.until(lambda: noticed(prometheus) == {"held_orders", "stock_waiting"})
    rules = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
    assert {(rule["name"], rule["health"], rule.get("lastError")) for rule in rules} == {
        (rule["name"], "ok", None) for rule in rules
    }


def test_the_example_is_right(tmp_path):
    for name in ("prometheus.yml", "alerts.yml"):
        (tmp_path / name).write_text((GRAFANA / name).read_text(encoding="utf-8"), encoding="utf-8")
    command = [folder_of_programs() / "promtool", "check", "config", tmp_path / "prometheus.yml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
