"""`make docs` runs this module, which writes the dashboards into grafana/dashboards, or the folder that is named."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from grafana.apis import APIS
from grafana.books import BOOKS
from grafana.overview import OVERVIEW
from grafana.workers import WORKERS

DASHBOARDS = (OVERVIEW, WORKERS, APIS, BOOKS)


def write(folder: Path) -> None:
    """All dashboards, one file each."""
    for dashboard in DASHBOARDS:
        text = json.dumps(dashboard.json(), indent=2, ensure_ascii=False) + "\n"
        (folder / f"{dashboard.name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "dashboards")
