#!/usr/bin/env python3
"""Makes one animated SVG of moments of a recording: the dashboard's own pictures of them, one after the other.

    python3 assets/screenshots/animate.py --tftop TFTOP --size 100x30 -o tour.svg RUN MOMENT[=SECONDS][:VIEW]...

RUN is what `tftop export` takes; a MOMENT is what its --at takes, shown for so many seconds (2 without a number), in one of
its views (overview without one). What several pictures have in common stands in the result once. Browsers and GitHub play it;
whoever has asked for less motion sees the last picture.
"""
import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tftop", default="tftop")
    parser.add_argument("--size", default="100x30")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("recording")
    parser.add_argument("moments", nargs="+", metavar="MOMENT")
    return parser.parse_args()


def shown(moment):
    """When it was, for how long it is shown, in which view."""
    found = re.fullmatch(r"([^=]+?)(?:=([0-9.]+))?(?::(\w+))?", moment)
    if not found:
        sys.exit(f"{moment}: write a moment as 1m30s=2:limits")
    at, seconds, view = found.groups()
    return at, float(seconds or 2), view or "overview"


def picture(options, at, view):
    """Head, elements and tail of the dashboard's picture of a moment."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "screen.svg"
        command = [options.tftop, "export", options.recording, "--svg", f"--at={at}", "--view", view]
        subprocess.run([*command, "--size", options.size, "-o", str(file)], check=True)
        lines = file.read_text().splitlines()
    begin = next(at for at, line in enumerate(lines) if line.startswith("<g ")) + 1
    end = max(at for at, line in enumerate(lines) if line == "</g>")
    return lines[:begin], lines[begin:end], lines[end:]


def style(name, spans, total):
    """Shows a class within these spans of seconds and hides it otherwise."""
    steps = []
    visible = False
    for begin, end in spans:
        if begin > 0 and not visible:
            steps.append((0.0, "hidden"))
        steps += [(begin, "visible"), (end, "hidden")]
        visible = True
    keys = "".join(f"{100 * at / total:.3f}%{{visibility:{state}}}" for at, state in steps if at < total)
    return f"@keyframes {name}{{{keys}}}.{name}{{animation:{name} {total:g}s step-end infinite}}"


def main():
    options = arguments()
    plan = [shown(moment) for moment in options.moments]
    pictures = [picture(options, at, view) for at, _, view in plan]
    begins, total = [], 0.0
    for _, seconds, _ in plan:
        begins.append((total, total + seconds))
        total += seconds
    # Which pictures have an element, in the order in which they are drawn: all areas before all letters.
    frames = {}
    for number, (_, elements, _) in enumerate(pictures):
        for element in elements:
            frames.setdefault(element, set()).add(number)
    everywhere = frozenset(range(len(pictures)))
    groups = {}
    for element, of in frames.items():
        groups.setdefault((element.startswith("<text"), frozenset(of)), []).append(element)
    names, body, styles = {}, [], []
    for letters in (False, True):
        for (kind, of), elements in groups.items():
            if kind != letters:
                continue
            if of == everywhere:
                body += elements
                continue
            if of not in names:
                names[of] = f"f{len(names)}"
                spans = []
                for number in sorted(of):
                    begin, end = begins[number]
                    if spans and spans[-1][1] == begin:
                        spans[-1][1] = end
                    else:
                        spans.append([begin, end])
                styles.append(style(names[of], spans, total))
            body += [f'<g class="{names[of]}">', *elements, "</g>"]
    last = len(pictures) - 1
    still = "".join(f".{name}{{animation:none;visibility:{'visible' if last in of else 'hidden'}}}" for of, name in names.items())
    head, _, tail = pictures[0]
    head = [re.sub(r"<title>.*", f"<title>tftop: moments of {options.recording}</title>", line) for line in head]
    text = "\n".join([
        *head[:-1],
        "<style>" + "".join(styles) + f"@media (prefers-reduced-motion:reduce){{{still}}}</style>",
        head[-1],
        *body,
        *tail,
    ])
    options.output.write_text(text + "\n")
    print(f"{options.output}: {len(pictures)} pictures, {total:g} s, {len(text) // 1000} kB")


if __name__ == "__main__":
    main()
