"""Other agents beside ours, on the same file and with the same sink. Used by bench.py.

`mtail` is taken from the PATH (it derives metrics and ships nothing); the others from the path in an option or a variable:
--fluent-bit or FLUENT_BIT, --vector or VECTOR, --promtail or PROMTAIL. Their configurations stand in bench/agents/."""
import json
import os
import re
import time

import agent as support
from agent import Process, Sink, check, get, until

HERE = os.path.dirname(os.path.abspath(__file__))
NAMES = ["fluent-bit", "vector", "promtail"]


def binary(arguments, name):
    """Path of an agent, or nothing."""
    path = getattr(arguments, name.replace("-", "_"), None) or os.environ.get(name.replace("-", "_").upper())
    return path if path and os.access(path, os.X_OK) else None


def configured(name, folder, log, sink, admin):
    """The configuration in `folder`; the command line without the program."""
    host, _, port = sink.address.rpartition(":")

    def fill(file, target):
        with open(os.path.join(HERE, "agents", file)) as source:
            text = source.read()
        for key, value in {"FOLDER": folder, "LOG": log, "HOST": host, "PORT": port, "ADMIN": str(admin)}.items():
            text = text.replace(f"@{key}@", value)
        path = os.path.join(folder, target)
        with open(path, "w") as file:
            file.write(text)
        return path

    if name == "fluent-bit":
        fill("fluent-bit-parsers.conf", "parsers.conf")
        return ["--config", fill("fluent-bit.yaml", "fluent-bit.yaml")]
    if name == "vector":
        return ["--config", fill("vector.yaml", "vector.yaml"), "--quiet"]
    return ["-config.file", fill("promtail.yaml", "promtail.yaml")]


def run(bench, name, program, log, lines, keep=None):
    """(CPU seconds, wall seconds, peak MiB, entries that arrived): until all lines are there, or nothing has come for 10 s."""
    folder = bench.folder("rival")
    sink = Sink(bench.programs, folder, verify=keep, accepts_any=name == "promtail")
    admin = support.free_port()
    process = Process([program, *configured(name, folder, log, sink, admin)], os.path.join(folder, "rival.log"))

    def arrived():
        if name != "promtail":
            return sink.stats()["entries"]
        samples = support.parse_samples(get(f"http://127.0.0.1:{admin}/metrics"))
        return int(support.total(samples, "promtail_sent_entries_total"))

    entries, changed = 0, time.monotonic()
    while entries < lines and time.monotonic() < changed + 10 and process.running():
        time.sleep(0.02)
        try:
            now = arrived()
        except OSError:   # not listening yet
            continue
        if now != entries:
            entries, changed = now, time.monotonic()
    wall = changed - process.started
    peak = process.memory_mib() if process.running() else 0
    process.stop()
    sink.stop()
    return process.cpu_seconds(), wall, peak, entries


def verdict(log, truth, kept, lines, entries, name):
    """What became of the lines: (lost, copies, altered, moved in time) as a text."""
    if name == "promtail":
        return "as sent by its own count: all" if entries == lines else f"{lines - entries:,} lost"
    output, _ = check("--logs", log, "--truth", truth, "--pushes", kept)
    found = re.search(r"(\d+) byte-identical copies, (\d+) lost, (\d+) altered, (\d+) with another time", output)
    return said(*map(int, found.groups())) if found else "could not be read"


def said(copies, lost, altered, moved):
    parts = [f"{count:,} {what}" for count, what in ((lost, "lost"), (copies, "twice"), (altered, "altered"), (moved, "with another time"))
             if count]
    return ", ".join(parts) or "each once, as it was"


def mtail_verdict(output, truth):
    """Counters, and counts of histograms, of mtail against those that the generator wrote, series by series."""
    found = {}
    for metrics in json.loads(output).values():
        for metric in metrics:
            for value in metric.get("LabelValues") or []:
                labels = ",".join(f'{key}="{text}"' for key, text in sorted(zip(metric["Keys"], value["Labels"])))
                amount = value["Value"]
                found[metric["Name"], labels] = amount["Count"] if "Count" in amount else amount.get("Value", 0)
    series, wrong = 0, 0
    for name in ("api_requests_total", "jobs_total", "video_transcode_duration_seconds", "transcription_duration_seconds"):
        for labels, value in truth["families"][name]["series"].items():
            expected = value["count"] if isinstance(value, dict) else value
            series += 1
            wrong += found.get((name, labels), 0) != expected
    return f"{wrong} of {series} series wrong" if wrong else f"all {series} series exact"
