#!/usr/bin/env python3
"""Checks that what the Markdown pages point at is there: files, and headings of them. Says each link that leads nowhere."""
import functools
import os
import re
import subprocess
import sys


def prose(text):
    """The text without code: links in it are examples."""
    return re.sub(r"^(```|~~~).*?^\1", "", text, flags=re.M | re.S)


@functools.cache
def anchors(path):
    """The anchors of a page's headings, as GitHub makes them."""
    found = set()
    with open(path) as file:
        for heading in re.findall(r"^#{1,6} +(.+?) *#*$", prose(file.read()), flags=re.M):
            text = re.sub(r"\[([^\]]*)\]\([^)]*\)|`", r"\1", heading).lower()
            base = anchor = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
            number = 0
            while anchor in found:
                number += 1
                anchor = f"{base}-{number}"
            found.add(anchor)
    return found


def broken(page):
    with open(page) as file:
        text = prose(file.read())
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", text)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
        if not os.path.exists(there):
            yield f"{page}: {target}: there is no {there}"
        elif anchor and there.endswith(".md") and anchor not in anchors(there):
            yield f"{page}: {target}: {there} has no such heading"


pages = subprocess.run(["git", "ls-files", "*.md"], capture_output=True, text=True, check=True).stdout.split()
problems = [problem for page in pages for problem in broken(page)]
print(*problems, sep="\n", end="\n" if problems else "", file=sys.stderr)
sys.exit(1 if problems else 0)
