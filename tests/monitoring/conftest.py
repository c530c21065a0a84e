"""The programs of Prometheus, and what the dashboards and rules ask of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from cartledger.metrics import COUNTED, LOOKED_UP

PATIENCE = 600  # seconds; on a quiet machine a week takes a few
ROOT = Path(__file__).parents[2]
GRAFANA = ROOT / "grafana"
DASHBOARDS = sorted((GRAFANA / "dashboards").glob("*.json"))

CATALOGUE = {metric.name: metric for metric in (*COUNTED, *LOOKED_UP)}
OF_A_HISTOGRAM = ("_bucket", "_sum", "_count")


def base(name: str) -> str:
    """The metric that a series belongs to."""
    suffix = next((each for each in OF_A_HISTOGRAM if name.endswith(each)), "")
    found = CATALOGUE.get(name.removesuffix(suffix))
    return found.name if found and found.kind == "histogram" else name


@dataclass(frozen=True)
class Asked:
    """One query of a panel."""

    dashboard: str
    panel: str
    expr: str
    legend: str


def dashboards() -> dict[str, dict[str, Any]]:
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in DASHBOARDS}


def queries() -> Iterator[Asked]:
    """Every query of every panel of every dashboard."""
    for name, dashboard in dashboards().items():
        for panel in dashboard["panels"]:
            for target in panel.get("targets", []):
                yield Asked(name, panel["title"], target["expr"], target["legendFormat"])


def rules() -> list[dict[str, Any]]:
    """Every rule of the rule file."""
    groups = yaml.safe_load((GRAFANA / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def metrics_in(expr: str) -> set[str]:
    """The names of metrics in an expression."""
    return set(re.findall(r"\b(?:cartledger|process|python)_[a-z_]+", expr))


def folder_of_programs() -> Path:
    folder = os.environ.get("CARTLEDGER_TEST_PROMETHEUS")
    if folder:
        return Path(folder)
    reason = "no Prometheus: CARTLEDGER_TEST_PROMETHEUS is not set (`make test` sets it)"
    if os.environ.get("CI", "").lower() not in {"", "0", "false"}:
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def promtool() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs promtool with the words that are given, in grafana/."""
    program = folder_of_programs() / "promtool"

    def run(*words: str | Path, text: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *words], cwd=GRAFANA, input=text, timeout=PATIENCE, capture_output=True, text=True, check=False
        )

    return run
