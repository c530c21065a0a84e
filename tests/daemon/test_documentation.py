"""The page of metrics is what the catalogue says, and the catalogue is what Prometheus expects."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cartledger import metrics as m
from daemon.documentation import PAGE, metrics

CATALOGUE = (*m.COUNTED, *m.LOOKED_UP)
PAGE_AS_IT_IS = Path(__file__).parents[2] / PAGE


def test_the_file_is_what_the_catalogue_says():
    assert PAGE_AS_IT_IS.read_text(encoding="utf-8") == metrics(), "run `make docs`"


@pytest.mark.parametrize("metric", CATALOGUE, ids=lambda metric: metric.name)
def test_every_metric_stands_on_the_page_once(metric):
    assert len(re.findall(rf"^\| `{metric.name}` \| {metric.kind} \| .* \| .+\. \|$", metrics(), re.MULTILINE)) == 1


@pytest.mark.parametrize("metric", CATALOGUE, ids=lambda metric: metric.name)
def test_names_are_as_prometheus_wants_them(metric):
    assert re.fullmatch("cartledger_[a-z_]+", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert (
        (metric.kind == "histogram") == bool(metric.buckets) == (list(metric.buckets) == sorted(metric.buckets) != [])
    )
    assert "\n" not in metric.help
    assert not {"instance", "job"} & set(metric.labels), "Prometheus has these for itself"


def test_everything_that_is_defined_is_in_the_catalogue():
    defined = {value.name for value in vars(m).values() if isinstance(value, m.Metric)}
    assert sorted(each.name for each in CATALOGUE) == sorted(defined)
    assert all(each.looked_up == (each in m.LOOKED_UP) for each in CATALOGUE)
