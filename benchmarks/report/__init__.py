"""The report: Markdown and charts, from the JSON of earlier runs."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from string import Template

from benchmarks.cases import SUITES
from benchmarks.cases.growth import AXES
from benchmarks.engines.control import COPIED, PRODUCT
from benchmarks.report import charts, figures, tables, targets
from benchmarks.report.figures import Results

__all__ = ["summary", "write", "page"]

HERE = Path(__file__).parents[1]
ORDER = ("steps", "inference", "ops", "tape", "memory", "growth")


def summary(results: Results) -> str:
    """A suite as Markdown: its table, what is missing and why, what went wrong."""
    if not results["rows"]:
        return "No row was measured to its end.\n"
    table = tables.growth(results, AXES) if results["suite"] == "growth" else tables.times(results)
    notes = [*bullets(tables.skipped(results)), *bullets(figures.remarks(results))]
    return "\n\n".join([table, *notes, conditions(results)]) + "\n"


def bullets(lines: list[str]) -> list[str]:
    return ["\n".join(f"* {line}" for line in lines)] if lines else []


def conditions(results: Results) -> str:
    """The machine, and how it fared, in a line."""
    said = [f"{key} {value}" for key, value in results["machine"].items() if value is not None]
    for stage, work, unit in (("product", 2 * PRODUCT**3 / 1e9, "GFLOP/s"), ("copy", COPIED / 1e9, "GB/s")):
        times = [t for row in results["rows"] for t in row["engines"].get("control", {}).get("stages", {}).get(stage, [])]
        if times:
            said.append(f"control: {stage} {work / statistics.median(times):.3g} ({work / max(times):.3g} to "
                        f"{work / min(times):.3g}) {unit}")
    return ", ".join([*said, f"took {results['took'] / 60:.1f} minutes"])


def read(folder: Path) -> dict[str, Results]:
    """The suites that were measured, in the order of the report."""
    return {name: json.loads(path.read_text()) for name in ORDER if (path := folder / f"{name}.json").exists()}


def write(results: Path, out: Path, causes: Path = HERE / "causes.json") -> Path:
    """Make ``README.md`` and ``images/`` in `out` from the JSON in `results`; the path of the page."""
    suites = read(results)
    out.mkdir(parents=True, exist_ok=True)
    images = out / "images"
    try:
        drawn = charts.draw(suites, AXES, images)
    except ModuleNotFoundError as error:
        print(f"benchmarks: the charts stay as they are, {error}")
        drawn = {path.stem: path.name for path in images.glob("*.png")}
    for old in images.glob("*.png"):
        if old.name not in drawn.values():
            old.unlink()
    path = out / "README.md"
    path.write_text(page(suites, drawn, json.loads(causes.read_text())))
    return path


def page(suites: dict[str, Results], drawn: dict[str, str], causes: targets.Causes) -> str:
    """The template with every ``$name`` filled in."""
    peak = figures.peak(suites, PRODUCT)
    parts = {name: summary(suites[name]).rstrip() if name in suites else "Not measured yet." for name in (*SUITES, "memory")}
    for name, text in parts.items():
        pictures = [f"![{name}](images/{drawn[key]})" for key in (name, f"{name}-engines") if key in drawn]
        parts[name] = "\n\n".join([*pictures, text])
    throughput = tables.throughput(suites["ops"], peak) if "ops" in suites else ""
    said = f"The fastest matrix product of this run, by any engine: {2 * peak / 1e9:.0f} GFLOP/s." if peak else ""
    behind = targets.behind(suites, causes) if suites else ""
    template = Template((Path(__file__).parent / "page.md").read_text())
    return template.substitute(
        parts, targets=targets.table(suites, causes), throughput=throughput or "Not measured yet.", peak=said,
        behind=behind or ("None." if suites else "Not measured yet."), run=causes.get("this run", ""))
