#!/usr/bin/env python3
"""The independent oracle: counts log files with Python's json module, and compares.

    count.py truth LOG...                           prints the counts as JSON
    count.py check --logs LOG... [--truth FILE] [--metrics FILE|URL] [--families A,B] [--pushes DIRECTORY]

LOG is a file or a directory with all files in it; .gz is understood. `check` compares the counts of the logs with
  --truth    what log-generator counted while it wrote them,
  --metrics  a /metrics text: each series of each family must be there with exactly this value, and no other,
  --pushes   bodies of Loki pushes (one file each, plain or gzip): every line of the logs must be in them as often as in the
             logs; copies are allowed if they equal in labels, timestamp, metadata and line; each timestamp must be the line's own.
It ends with PASS (exit 0) or FAIL and the first differences (exit 1).

A last line without newline is not a line yet. Values of histograms are compared to 1e-8 of the sum, all else exactly.
"""
import argparse
import gzip
import json
import math
import os
import re
import sys
import urllib.request
from collections import Counter
from datetime import datetime, timezone

# name -> type, events, labels, value field (None: 1), scale, buckets. Written by hand from the requirements, not read from config/.
FAMILIES = {
    "api_requests_total": ("counter", ["http.request"], ["endpoint", "method", "status"], None, 1, None),
    "api_request_duration_seconds": ("histogram", ["http.request"], ["endpoint", "method"], "duration_ms", 0.001,
                                     [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10]),
    "jobs_total": ("counter", ["job.created", "job.started", "job.completed", "job.failed", "job.cancelled"], ["status"], None, 1, None),
    "jobs_created_total": ("counter", ["job.created"], [], None, 1, None),
    "jobs_completed_total": ("counter", ["job.completed"], [], None, 1, None),
    "jobs_failed_total": ("counter", ["job.failed"], ["error_type"], None, 1, None),
    "job_processing_duration_seconds": ("histogram", ["job.completed"], [], "processing_duration_seconds", 1,
                                        [60, 300, 600, 1800, 3600, 7200, 14400]),
    "job_queue_time_seconds": ("histogram", ["job.started"], [], "queue_time_seconds", 1, [1, 5, 10, 30, 60, 300, 600]),
    "video_transcode_duration_seconds": ("histogram", ["transcode.finished"], ["resolution"], "duration_seconds", 1,
                                         [30, 60, 120, 300, 600, 1200, 1800, 3600]),
    "video_transcoded_bytes_total": ("counter", ["transcode.finished"], ["resolution"], "output_bytes", 1, None),
    "video_compression_ratio": ("histogram", ["transcode.finished"], ["resolution"], "compression_ratio", 1,
                                [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]),
    "transcription_duration_seconds": ("histogram", ["transcription.finished"], ["whisper_model"], "duration_seconds", 1,
                                       [30, 60, 120, 300, 600, 1200, 1800]),
    "transcription_word_count": ("histogram", ["transcription.finished"], [], "word_count", 1,
                                 [100, 500, 1000, 2000, 5000, 10000]),
}
BY_EVENT = {}
for _name, _family in FAMILIES.items():
    for _event in _family[1]:
        BY_EVENT.setdefault(_event, []).append(_name)


def files_of(paths):
    for path in paths:
        if os.path.isdir(path):
            yield from sorted(os.path.join(path, name) for name in os.listdir(path)
                              if os.path.isfile(os.path.join(path, name)))
        else:
            yield path


def opened(path):
    with open(path, "rb") as file:
        if file.read(2) == b"\x1f\x8b":
            return gzip.open(path, "rb")
    return open(path, "rb")


def lines_of(paths):
    """Each complete line as bytes, without its newline and one carriage return before it."""
    for path in files_of(paths):
        with opened(path) as file:
            for line in file:
                if not line.endswith(b"\n"):
                    print(f"note: {path} ends with a line that has no newline; it is not counted", file=sys.stderr)
                    continue
                line = line[:-1]
                yield line[:-1] if line.endswith(b"\r") else line


def label_text(labels, event):
    return ",".join(f'{name}="{escaped(text_of(event[name]))}"' for name in labels)


def text_of(value):
    return value if isinstance(value, str) else json.dumps(value)


def escaped(text):
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


class Counts:
    """What the metrics must be for some lines."""

    def __init__(self, wanted):
        self.wanted = wanted
        self.lines = 0
        self.bytes = 0
        self.series = {name: {} for name in wanted}
        self.text_of_line = Counter()   # hash of the line's text -> how often

    def add(self, line, remember):
        self.lines += 1
        self.bytes += len(line) + 1
        if remember:
            self.text_of_line[hash(line.decode("utf-8", "replace"))] += 1
        try:
            event = json.loads(line)
        except ValueError:
            return
        if not isinstance(event, dict):
            return
        for name in BY_EVENT.get(event.get("event"), ()):
            if name not in self.series:
                continue
            kind, _, labels, field, scale, buckets = FAMILIES[name]
            key = label_text(labels, event)
            amount = 1 if field is None else event[field] * scale
            family = self.series[name]
            if kind == "counter":
                family[key] = family.get(key, 0) + amount
            else:
                histogram = family.setdefault(key, {"count": 0, "sum": 0.0, "buckets": {float(b): 0 for b in buckets}})
                histogram["count"] += 1
                histogram["sum"] += amount
                for bound in buckets:
                    if amount <= bound:
                        histogram["buckets"][float(bound)] += 1

    def json(self):
        return {"lines": self.lines, "bytes": self.bytes,
                "families": {name: {"type": FAMILIES[name][0], "series": self.series[name]} for name in self.wanted}}


class Report:
    """Differences: the first are printed, all are counted."""

    def __init__(self):
        self.failures = 0

    def difference(self, text):
        self.failures += 1
        if self.failures <= 20:
            print(f"  differs: {text}")

    def same(self, what, expected, found):
        if isinstance(expected, float) or isinstance(found, float):
            if found is not None and math.isclose(expected, found, rel_tol=1e-8, abs_tol=1e-9):
                return
        elif expected == found:
            return
        self.difference(f"{what}: expected {expected}, found {found}")


def compare_truth(report, counts, path):
    with open(path) as file:
        truth = json.load(file)
    report.same("lines", truth["lines"], counts.lines)
    report.same("bytes", truth["bytes"], counts.bytes)
    for name in counts.wanted:
        expected = truth["families"][name]["series"]
        found = counts.series[name]
        for key in sorted(set(expected) | set(found)):
            if FAMILIES[name][0] == "counter":
                report.same(f"truth {name}{{{key}}}", expected.get(key, 0), found.get(key, 0))
                continue
            if key not in expected or key not in found:
                report.difference(f"truth {name}{{{key}}}: only on one side")
                continue
            report.same(f"truth {name}_count{{{key}}}", expected[key]["count"], found[key]["count"])
            report.same(f"truth {name}_sum{{{key}}}", expected[key]["sum"], found[key]["sum"])
            for bound, count in expected[key]["buckets"].items():
                report.same(f"truth {name}_bucket{{{key},le={bound}}}", count, found[key]["buckets"][float(bound)])


SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)",?')


def parse_metrics(text):
    """(sample name, label text sorted by name) -> value, for Prometheus text 0.0.4."""
    samples = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        match = SAMPLE.match(line)
        if not match:
            raise SystemExit(f"/metrics has a line that is no sample: {line!r}")
        labels = sorted(LABEL.findall(match.group(2) or ""))
        key = (match.group(1), ",".join(f'{name}="{value}"' for name, value in labels))
        if key in samples:
            raise SystemExit(f"/metrics has this series twice: {line!r}")
        samples[key] = float(match.group(3))
    return samples


def read_metrics(where):
    if where.startswith("http://"):
        with urllib.request.urlopen(where, timeout=30) as answer:
            return answer.read().decode()
    with open(where) as file:
        return file.read()


def bucket_key(labels, bound):
    pairs = LABEL.findall(labels) + [("le", bound)]
    return ",".join(f'{name}="{value}"' for name, value in sorted(pairs))


def normalised_bound(key):
    """`le="10"` and `le="10.0"` are the same."""
    def number(match):
        return f'le="{float(match.group(1))}"'
    return re.sub(r'le="([^"]*)"', number, key)


def compare_metrics(report, counts, where):
    samples = parse_metrics(read_metrics(where))
    expected = {}
    for name in counts.wanted:
        for labels, value in counts.series[name].items():
            if FAMILIES[name][0] == "counter":
                expected[(name, labels)] = value
            else:
                expected[(name + "_count", labels)] = value["count"]
                expected[(name + "_sum", labels)] = value["sum"]
                for bound, count in value["buckets"].items():
                    expected[(name + "_bucket", bucket_key(labels, str(bound)))] = count
                expected[(name + "_bucket", bucket_key(labels, "inf"))] = value["count"]
    found = {}
    sample_names = {name + suffix for name in counts.wanted
                    for suffix in ([""] if FAMILIES[name][0] == "counter" else ["_count", "_sum", "_bucket"])}
    for (name, labels), value in samples.items():
        if name in sample_names:
            found[(name, normalised_bound(labels))] = value
    for key in sorted(set(expected) | set(found)):
        value = found.get(key)
        if key not in expected:
            if value != 0:   # a series may be declared before its first event
                report.difference(f"metric {key[0]}{{{key[1]}}}: expected none, found {value}")
        elif value is None:
            report.difference(f"metric {key[0]}{{{key[1]}}}: expected {expected[key]}, found none")
        elif key[0].endswith("_sum"):
            report.same(f"metric {key[0]}{{{key[1]}}}", float(expected[key]), value)
        elif value != expected[key]:
            report.difference(f"metric {key[0]}{{{key[1]}}}: expected {expected[key]}, found {value}")
    return len(expected)


def own_nanoseconds(text):
    """The time of a line of the transcode service; None for any other line."""
    if not text.startswith('{"timestamp":"'):
        return None
    stamp = text[14:text.index('"', 14)]
    if not stamp.endswith("Z"):
        return None
    whole, _, fraction = stamp[:-1].partition(".")
    seconds = SECONDS.get(whole)
    if seconds is None:
        seconds = int(datetime.fromisoformat(whole).replace(tzinfo=timezone.utc).timestamp())
        SECONDS[whole] = seconds
    return seconds * 1_000_000_000 + int((fraction + "000000000")[:9])


SECONDS = {}


def compare_pushes(report, counts, directory):
    entries = set()          # hash of (labels, timestamp, line, metadata)
    received = Counter()     # hash of the line -> how often it came
    distinct = Counter()     # hash of the line -> how many different entries
    bodies = altered = moved = 0
    for root, _, names in os.walk(directory):
        for name in sorted(names):
            path = os.path.join(root, name)
            if "index" in name or not name.endswith((".json", ".gz")):
                continue
            with opened(path) as file:
                body = json.loads(file.read())
            bodies += 1
            for stream in body["streams"]:
                labels = json.dumps(stream["stream"], sort_keys=True)
                for entry in stream["values"]:
                    text = entry[1]
                    line = hash(text)
                    key = hash((labels, entry[0], text, json.dumps(entry[2], sort_keys=True) if len(entry) > 2 else ""))
                    received[line] += 1
                    if key not in entries:
                        entries.add(key)
                        distinct[line] += 1
                    own = own_nanoseconds(text)
                    if own is not None and str(own) != entry[0]:
                        moved += 1
                        report.difference(f"push {path}: timestamp {entry[0]} for the line {text[:80]!r}")
                    if line not in counts.text_of_line:
                        altered += 1
                        report.difference(f"push {path}: a line that no log has: {text[:120]!r}")
    lost = copies = 0
    for line, expected in counts.text_of_line.items():
        count = received[line]
        if count < expected:
            lost += expected - count
        elif count > expected:
            copies += count - expected
        if distinct[line] > expected:
            report.difference(f"push: {distinct[line]} different entries for a line that the logs have {expected} times")
    if lost:
        report.difference(f"push: {lost} lines of the logs are in no push")
    print(f"  pushes: {bodies} bodies, {sum(received.values())} entries, {copies} byte-identical copies, {lost} lost, "
          f"{altered} altered, {moved} with another time")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    truth = commands.add_parser("truth")
    truth.add_argument("logs", nargs="+")
    check = commands.add_parser("check")
    check.add_argument("--logs", nargs="+", required=True)
    check.add_argument("--truth")
    check.add_argument("--metrics")
    check.add_argument("--families", help="only these, separated by commas")
    check.add_argument("--pushes")
    arguments = parser.parse_args()

    wanted = list(FAMILIES)
    if getattr(arguments, "families", None):
        wanted = arguments.families.split(",")
        for name in wanted:
            if name not in FAMILIES:
                parser.error(f"unknown family {name}; there are {', '.join(FAMILIES)}")
    counts = Counts(wanted)
    for line in lines_of(arguments.logs):
        counts.add(line, remember=bool(getattr(arguments, "pushes", None)))

    if arguments.command == "truth":
        json.dump(counts.json(), sys.stdout, indent=1, sort_keys=True)
        print()
        return 0
    report = Report()
    print(f"  logs: {counts.lines} lines, {counts.bytes} bytes")
    if arguments.truth:
        compare_truth(report, counts, arguments.truth)
        print(f"  truth: compared with {arguments.truth}")
    if arguments.metrics:
        print(f"  metrics: {compare_metrics(report, counts, arguments.metrics)} samples compared")
    if arguments.pushes:
        compare_pushes(report, counts, arguments.pushes)
    if report.failures:
        print(f"FAIL: {report.failures} differences")
        return 1
    print("PASS")
    return 0


if __name__ == "__main__":
    sys.exit(main())
