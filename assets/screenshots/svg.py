#!/usr/bin/env python3
"""Turns a terminal capture into an SVG: `tmux capture-pane -p -e -t NAME | python3 assets/screenshots/svg.py > screen.svg`.

Knows only what a capture holds: text and SGR colours. Draws every cell at its own column, so glyph widths can't shift a row.
"""
import html
import re
import sys
import unicodedata

CELL_W, CELL_H, PAD = 8.4, 18, 12
FOREGROUND, BACKGROUND = "#d0d0d0", "#16181d"
BASIC = ["#1c1f26", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#c8ccd4",
         "#5c6370", "#ff7a85", "#b5e08f", "#ffd58a", "#7cc4ff", "#dd8ff5", "#6fd3e0", "#ffffff"]


def indexed(n):
    if n < 16:
        return BASIC[n]
    if n >= 232:
        return "#" + f"{8 + (n - 232) * 10:02x}" * 3
    n -= 16
    level = [0, 95, 135, 175, 215, 255]
    return "#" + "".join(f"{level[i]:02x}" for i in (n // 36, n // 6 % 6, n % 6))


def apply(codes, style):
    codes = [int(c) if c else 0 for c in codes.split(";")]
    while codes:
        c = codes.pop(0)
        if c == 0:
            style.clear()
        elif c in (38, 48):
            key = "fg" if c == 38 else "bg"
            if codes[:1] == [5]:
                style[key] = indexed(codes[1])
                del codes[:2]
            elif codes[:1] == [2]:
                style[key] = "#%02x%02x%02x" % tuple(codes[1:4])
                del codes[:4]
        elif 30 <= c <= 37 or 90 <= c <= 97:
            style["fg"] = BASIC[c - 30 if c < 90 else c - 82]
        elif 40 <= c <= 47 or 100 <= c <= 107:
            style["bg"] = BASIC[c - 40 if c < 100 else c - 92]
        elif c in (39, 49):
            style.pop("fg" if c == 39 else "bg", None)
        elif c in (1, 2, 7):
            style[{1: "bold", 2: "dim", 7: "reverse"}[c]] = True
        elif c == 22:
            style.pop("bold", None)
            style.pop("dim", None)
        elif c == 27:
            style.pop("reverse", None)


def cells(line, style):
    column = 0
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        sgr = re.fullmatch(r"\x1b\[([0-9;]*)m", part)
        if sgr:
            apply(sgr[1], style)
            continue
        for character in re.sub(r"\x1b.", "", part):
            yield column, character, dict(style)
            column += 2 if unicodedata.east_asian_width(character) in "WF" else 1


def main():
    lines = sys.stdin.read().rstrip("\n").split("\n")
    style, boxes, texts, width = {}, [], [], 0
    for row, line in enumerate(lines):
        for column, character, s in cells(line, style):
            width = max(width, column + 1)
            fg, bg = s.get("fg", FOREGROUND), s.get("bg", BACKGROUND)
            if s.get("reverse"):
                fg, bg = bg, fg
            x, y = PAD + column * CELL_W, PAD + row * CELL_H
            if bg != BACKGROUND:
                boxes.append(f'<rect x="{x:.1f}" y="{y}" width="{CELL_W + 0.2:.1f}" height="{CELL_H}" fill="{bg}"/>')
            if character != " ":
                look = ' font-weight="bold"' if s.get("bold") else ""
                look += ' opacity="0.65"' if s.get("dim") else ""
                texts.append(f'<text x="{x:.1f}" y="{y + 13.5}" fill="{fg}"{look}>{html.escape(character)}</text>')
    w, h = width * CELL_W + 2 * PAD, len(lines) * CELL_H + 2 * PAD
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{w:.0f}" height="{h}" viewBox="0 0 {w:.0f} {h}">')
    print(f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>')
    print('<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="13.5">')
    print("\n".join(boxes + texts))
    print("</g></svg>")


main()
