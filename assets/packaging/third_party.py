"""Prints the licences of everything that is linked into the binary, each text once with the packages it stands for."""

import json
import subprocess
from pathlib import Path

NAMES = ("license", "licence", "copying", "copyright", "notice", "unlicense")


def linked(metadata):
    """The packages that the binary holds: reached from it by dependencies that are not for builds or tests only."""
    edges = {node["id"]: node["deps"] for node in metadata["resolve"]["nodes"]}
    found, ahead = set(), [metadata["resolve"]["root"]]
    while ahead:
        package = ahead.pop()
        if package in found:
            continue
        found.add(package)
        for edge in edges[package]:
            if any(kind["kind"] is None for kind in edge["dep_kinds"]):
                ahead.append(edge["pkg"])
    return found - {metadata["resolve"]["root"]}


def main():
    host = next(line for line in run("rustc", "-vV").splitlines() if line.startswith("host: ")).split()[1]
    metadata = json.loads(run("cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", host))
    wanted = linked(metadata)
    packages = sorted((p for p in metadata["packages"] if p["id"] in wanted), key=lambda p: (p["name"], p["version"]))
    texts, without = {}, []
    for package in packages:
        label = f"{package['name']} {package['version']} ({package['license']})"
        folder = Path(package["manifest_path"]).parent
        files = sorted(f for f in folder.iterdir() if f.is_file() and f.name.lower().startswith(NAMES))
        if not files:
            authors = ", ".join(package["authors"]) or "its authors"
            without.append(f"{label}, by {authors}")
        for file in files:
            texts.setdefault(file.read_text(errors="replace").strip(), []).append(label)
    print("tftop links the packages below from crates.io, each under its own licence.\n")
    for text, labels in texts.items():
        print("=" * 100, *labels, "-" * 100, text, "", sep="\n")
    if without:
        print("=" * 100, "Packages that ship no text of their licence:", *without, sep="\n")


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


main()
