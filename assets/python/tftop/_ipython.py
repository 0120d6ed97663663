"""`%tftop` and `%%tftop` for IPython and Jupyter: a report as a table of HTML, or as text where there is none."""

from __future__ import annotations

from html import escape
from typing import Any, Optional

from tftop._program import report, watch

# Groups that a table shows, those that want most.
MOST_GROUPS = 12


class Shown:
    """A report that a notebook shows as HTML and a terminal as text; `report` is the dict."""

    def __init__(self, report: dict[str, Any]) -> None:
        self.report = report

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{name}</th>" for name in ("origin", "limit", "threads", "got", "wanted"))
        cells = lambda row: "".join(f"<td>{escape(cell)}</td>" for cell in row)  # noqa: E731
        rows = "".join(f"<tr>{cells(row)}</tr>" for row in self._rows())
        first = "<br>".join(escape(line) for line in self._lines())
        return f"<p>{first}</p><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"

    def __repr__(self) -> str:
        rows = [("origin", "limit", "threads", "got", "wanted"), *self._rows()]
        widths = [max(len(row[at]) for row in rows) for at in range(5)]
        table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
        return "\n".join([*self._lines(), *table])

    def _lines(self) -> list[str]:
        verdict = self.report["verdict"]
        level = str(verdict.get("condition") or "").upper()
        says = verdict.get("says") or ""
        first = f"{level}: {says}" if level else says
        return [line for line in (first, verdict.get("advice")) if line]

    def _rows(self) -> list[tuple[str, str, str, str, str]]:
        def cpus(value: Optional[float]) -> str:
            return "–" if value is None else f"{value:.2f}"

        def limit(group: dict[str, Any]) -> str:
            found = group.get("limit")
            return "–" if found is None else f"{found['value']} ({found['source']})"

        return [
            (group["label"], limit(group), str(group["threads"]), cpus(group.get("got")), cpus(group.get("wanted")))
            for group in self.report["groups"][:MOST_GROUPS]
        ]


def register(shell: Any) -> None:
    def tftop(line: str, cell: Optional[str] = None) -> Shown:
        """`%tftop [PID]` reports on a process after 12 s, this kernel by default; `%%tftop` on the kernel while the cell runs."""
        if cell is None:
            return Shown(report(int(line) if line.strip() else None))
        with watch() as watched:
            shell.run_cell(cell)
        return Shown(watched.report())

    shell.register_magic_function(tftop, magic_kind="line_cell", magic_name="tftop")
