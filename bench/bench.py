#!/usr/bin/env python3
"""The benchmarks behind script/bench. One function a mode; each gives a section of docs/benchmarks/latest.md."""
import argparse
import contextlib
import http.client
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import agent as support
from agent import Agent, Process, Programs, Sink, check, derived_events, generate, percentile, until

MODES = ["throughput", "latency", "files", "metrics", "idle"]


class Bench:
    def __init__(self, arguments, directory):
        self.arguments = arguments
        self.directory = directory
        self.programs = Programs(arguments.programs)
        self.failures = []

    def folder(self, name):
        path = os.path.join(self.directory, name)
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        return path

    def expect(self, holds, what):
        if not holds:
            self.failures.append(what)
        return "yes" if holds else "NO"

    def agent(self, folder, include, sink, metrics=support.FIVE_METRICS):
        listen = f"127.0.0.1:{support.free_port()}"
        config = support.configuration(
            os.path.join(folder, "data"), [support.transcode_source(include)], listen,
            [support.loki_output(sink.push_url, level=1)], metrics)
        return Agent(self.programs, folder, config, listen)


def run_to_end(agent, sink, lines):
    """Starts the agent on files that are there, waits until the sink has every line, and stops it.

    Gives (CPU seconds, wall seconds from start to the last push, peak MiB, text of /metrics)."""
    agent.start()
    stats = until(lambda: (now := sink.stats())["entries"] >= lines and now, 60 + lines / 10_000, f"{lines} lines in the sink", agent.process)
    wall = time.monotonic() - agent.process.started
    until(lambda: derived_events(agent.samples()) >= lines, 60, "the counters in /metrics", agent.process)
    metrics = support.get(agent.url + "/metrics")
    peak = agent.process.memory_mib()
    code = agent.stop()
    if code != 0:
        sys.exit(f"log-agent ended with {code}:\n{agent.process.log_tail()}")
    return agent.process.cpu_seconds(), wall, peak, stats, metrics


def measured(command, log):
    """CPU and wall seconds and peak MiB of a command that ends by itself."""
    process = Process(command, log, output=subprocess.DEVNULL)
    peak = 0
    # Not from its final account: that begins with the memory of this program, from which it was forked.
    while process.running():
        with contextlib.suppress(OSError, AttributeError):   # it may end meanwhile
            peak = process.memory_mib()
        time.sleep(0.005)
    wall = time.monotonic() - process.started
    if process.popen.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {process.popen.returncode}:\n{process.log_tail()}")
    return process.cpu_seconds(), wall, peak


# Metrics only: mtail ships nothing.
MTAIL_PROGRAM = r'''
counter api_requests_total by method, endpoint, status
histogram api_request_duration_ms by method, endpoint buckets 10, 50, 100, 500, 1000, 2000, 5000, 10000
counter jobs_total by status
histogram video_transcode_duration_seconds by resolution buckets 30, 60, 120, 300, 600, 1200, 1800, 3600
histogram transcription_duration_seconds by whisper_model buckets 30, 60, 120, 300, 600, 1200, 1800

/"event":"http\.request".*"method":"(?P<method>[A-Z]+)","endpoint":"(?P<endpoint>[^"]*)","status":(?P<status>\d+),"duration_ms":(?P<ms>[0-9.]+)/ {
  api_requests_total[$method][$endpoint][$status]++
  api_request_duration_ms[$method][$endpoint] = $ms
}
/"event":"job\.[a-z]+".*"status":"(?P<status>[a-z]+)"/ {
  jobs_total[$status]++
}
/"event":"transcode\.finished".*"resolution":"(?P<resolution>[^"]*)","duration_seconds":(?P<seconds>[0-9.]+)/ {
  video_transcode_duration_seconds[$resolution] = $seconds
}
/"event":"transcription\.finished".*"whisper_model":"(?P<model>[^"]*)","duration_seconds":(?P<seconds>[0-9.]+)/ {
  transcription_duration_seconds[$model] = $seconds
}
'''


def throughput(bench):
    folder = bench.folder("throughput")
    log = os.path.join(folder, "service.log")
    truth = os.path.join(folder, "truth.json")
    generate(bench.programs, "--bytes", bench.arguments.bytes, "--output", log, "--truth", truth, "--seed", 1)
    with open(truth) as file:
        lines = json.load(file)["lines"]
    size = os.path.getsize(log)
    errors = os.path.join(folder, "errors.log")

    references = [("`cat`", ["cat", log]), ("`gzip -1`", ["gzip", "-1", "-c", log])]
    if shutil.which("igzip"):
        references.append(("`igzip -1`", ["igzip", "-1", "-c", log]))
    if shutil.which("mtail"):
        program = os.path.join(folder, "transcode.mtail")
        with open(program, "w") as file:
            file.write(MTAIL_PROGRAM)
        references.append(("`mtail` (metrics only)", ["mtail", "--one_shot", "--one_shot_format=json", "--progs", program, "--logs", log]))

    runs = {}
    pushes = 0
    # Turn by turn, so that a slow minute of the machine falls on all of them.
    for turn in range(bench.arguments.repeats):
        for name, command in references:
            if "mtail" in name and turn > 0:
                continue
            runs.setdefault(name, []).append(measured(command, errors))
        run_folder = bench.folder("throughput-run")
        sink = Sink(bench.programs, run_folder)
        cpu, wall, peak, stats, _ = run_to_end(bench.agent(run_folder, [log], sink), sink, lines)
        sink.stop()
        runs.setdefault("**`log-agent`** to a sink", []).append((cpu, wall, peak))
        runs.setdefault("(the sink)", []).append((sink.process.cpu_seconds(), wall, 0))
        pushes = stats["pushes"]

    # Once more with the bodies kept, for the proof; not measured.
    run_folder = bench.folder("throughput-run")
    kept = os.path.join(run_folder, "pushes")
    sink = Sink(bench.programs, run_folder, verify=kept)
    *_, metrics = run_to_end(bench.agent(run_folder, [log], sink), sink, lines)
    sink.stop()
    metrics_file = os.path.join(run_folder, "metrics.txt")
    with open(metrics_file, "w") as file:
        file.write(metrics)
    proof, passed = check("--logs", log, "--truth", truth, "--metrics", metrics_file,
                          "--families", ",".join(support.FIVE_NAMES), "--pushes", kept)
    print(proof, end="", file=sys.stderr)
    bench.expect(passed, "throughput: counters or pushes differ from the log")

    base = statistics.median(run[0] for run in runs["`gzip -1`"])
    rows = []
    for name, values in runs.items():
        cpu, wall, peak = (statistics.median(column) for column in zip(*values))
        spread = (max(v[0] for v in values) - min(v[0] for v in values)) / cpu if cpu else 0
        rows.append([name, f"{cpu:.2f}", f"± {spread * 50:.0f} %" if len(values) > 1 else "one run", f"{cpu / base:.2f}",
                     f"{wall:.2f}", f"{size / wall / 1e6:.0f}", f"{peak:.1f}" if peak else ""])
    text = table(["", "CPU s", "noise", "× `gzip -1`", "wall s", "MB/s", "peak MiB"], rows)
    text += (f"\n{size / 1e6:.0f} MB, {lines} lines, median of {bench.arguments.repeats}; {pushes} pushes. "
             f"Every line once in the sink and all counters exact: **{'yes' if passed else 'NO'}**.\n")
    return text


def latency(bench):
    """Write → sink by the sink's own clock; write → /metrics by a line of ours and scrapes until it counts."""
    folder = bench.folder("latency")
    logs = bench.folder("latency/logs")
    seconds = bench.arguments.seconds
    sink = Sink(bench.programs, folder, latency=True)
    probe = {"name": "bench_probe_total", "type": "counter", "help": "Probes", "where": {"event": "bench.probe"}}
    agent = bench.agent(folder, [os.path.join(logs, "*.log")], sink, support.FIVE_METRICS + [probe])
    agent.start().wait_ready()
    generator = Process([bench.programs.generator, "--rate", "1000/s", "--seconds", str(seconds),
                         "--output", os.path.join(logs, "service.log")], os.path.join(folder, "generator.log"))
    visible = []
    host = agent.url.removeprefix("http://")
    connection = http.client.HTTPConnection(host)
    number = 0
    with open(os.path.join(logs, "probe.log"), "ab", buffering=0) as file:
        end = time.monotonic() + seconds - 1
        time.sleep(1)
        while time.monotonic() < end:
            number += 1
            now = time.time_ns()
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now // 10**9)) + f".{now % 10**9 // 1000:06d}Z"
            file.write(f'{{"timestamp":"{stamp}","level":"INFO","service":"bench","event":"bench.probe"}}\n'.encode())
            started = time.monotonic()
            while True:
                connection.request("GET", "/metrics")
                text = connection.getresponse().read().decode()
                if support.total(support.parse_samples(text), "bench_probe_total") >= number:
                    break
                if time.monotonic() - started > 10:
                    sys.exit("latency: a line was not in /metrics after 10 s")
            if number > 1:   # the first finds the file new
                visible.append((time.monotonic() - started) * 1000)
            time.sleep(0.03 + number % 7 * 0.005)
    while generator.running():
        time.sleep(0.05)
    until(lambda: sink.stats()["entries"] >= seconds * 1000 + number, 30, "all lines in the sink", agent.process)
    stats = sink.stats()
    cpu = agent.process.cpu_seconds()
    agent.stop()
    sink.stop()
    rows = [
        ["write → sink", f"{stats['latency_p50_ms']:.1f}", f"{stats['latency_p99_ms']:.1f}", f"{stats['latency_max_ms']:.1f}",
         bench.expect(stats["latency_p99_ms"] < 100, "latency: write → sink p99 ≥ 100 ms")],
        ["write → `/metrics`", f"{percentile(visible, 0.5):.1f}", f"{percentile(visible, 0.99):.1f}", f"{max(visible):.1f}",
         bench.expect(percentile(visible, 0.99) < 20, "latency: write → /metrics p99 ≥ 20 ms")],
    ]
    return table(["1,000 lines/s", "p50 ms", "p99 ms", "max ms", "< 100 / < 20"], rows) + (
        f"\n{seconds} s, {stats['entries']} lines in {stats['pushes']} pushes, {len(visible)} probes; "
        f"a scrape is part of the second row. The agent used {cpu / seconds * 100:.1f} % of one core, scrapes included.\n")


def files(bench):
    """The same lines per second into one file and into a thousand."""
    seconds = bench.arguments.seconds
    rate = 20_000
    used = {}
    for count in (1, 1000):
        folder = bench.folder(f"files-{count}")
        logs = bench.folder(f"files-{count}/logs")
        sink = Sink(bench.programs, folder)
        agent = bench.agent(folder, [os.path.join(logs, "*.log")], sink)
        # A second of lines ahead: every file is known, and has been read once, before the measurement.
        generate(bench.programs, "--rate", f"{rate}/s", "--seconds", 1, "--directory", logs, "--files", count)
        agent.start()
        until(lambda: sink.stats()["entries"] >= rate, 60, "the first lines", agent.process)
        before = agent.process.cpu_seconds()
        generate(bench.programs, "--rate", f"{rate}/s", "--seconds", seconds, "--directory", logs, "--files", count, "--seed", 2)
        until(lambda: sink.stats()["entries"] >= rate + rate * seconds, 120, "all lines", agent.process)
        used[count] = (agent.process.cpu_seconds() - before, agent.process.memory_mib(), sink.stats()["pushes"])
        agent.stop()
        sink.stop()
    ratio = used[1000][0] / used[1][0]
    rows = [[f"{count:,}", f"{cpu:.2f}", f"{cpu / used[1][0]:.2f}", f"{peak:.1f}", str(pushes)]
            for count, (cpu, peak, pushes) in used.items()]
    return table(["files", "CPU s", "ratio", "peak MiB", "pushes"], rows) + (
        f"\n{rate:,} lines/s for {seconds} s, one `write` a line; ratio below 1.3: "
        f"**{bench.expect(ratio < 1.3, 'files: 1,000 files cost ≥ 1.3 × one file')}**.\n")


def metrics(bench):
    """/metrics with 10,000 series, scraped while the agent reads at full speed."""
    folder = bench.folder("metrics")
    logs = bench.folder("metrics/logs")
    sink = Sink(bench.programs, folder)
    family = support.FIVE_METRICS[0]
    agent = bench.agent(folder, [os.path.join(logs, "*.log")], sink, [family])
    truth = os.path.join(folder, "truth.json")
    generate(bench.programs, "--bytes", "80MiB", "--routes", 6000, "--output", os.path.join(logs, "a.log"), "--truth", truth)
    with open(truth) as file:
        first = json.load(file)
    lines = first["lines"]
    requests = sum(first["families"]["api_requests_total"]["series"].values())
    agent.start()
    until(lambda: support.total(agent.samples(), "api_requests_total") >= requests, 300, "the series", agent.process)
    until(lambda: sink.stats()["entries"] >= lines, 300, "the first lines in the sink", agent.process)

    def scrapes(wanted, while_true):
        connection = http.client.HTTPConnection(agent.url.removeprefix("http://"))
        times, size, series = [], 0, 0
        while len(times) < wanted and while_true():
            started = time.monotonic()
            connection.request("GET", "/metrics")
            text = connection.getresponse().read()
            times.append((time.monotonic() - started) * 1000)
            size, series = len(text), text.count(b"\napi_requests_total{")
            time.sleep(0.02)
        return times, size, series

    idle, size, series = scrapes(50, lambda: True)
    bench.expect(series >= 10000, f"metrics: only {series} series")
    generator = threading.Thread(target=generate, args=(
        bench.programs, "--bytes", bench.arguments.bytes, "--routes", 6000, "--seed", 2, "--output", os.path.join(logs, "b.log"),
        "--truth", truth + ".2"))
    started = time.monotonic()
    generator.start()

    def reading():
        return generator.is_alive() or sink.stats()["entries"] < lines + second()

    def second():
        with contextlib.suppress(FileNotFoundError):
            with open(truth + ".2") as file:
                return json.load(file)["lines"]
        return sys.maxsize

    loaded, _, _ = scrapes(10_000, reading)
    generator.join()
    took = time.monotonic() - started
    agent.stop()
    sink.stop()
    rows = [[name, str(len(times)), f"{percentile(times, 0.5):.1f}", f"{percentile(times, 0.99):.1f}", f"{max(times):.1f}"]
            for name, times in (("while idle", idle), ("while reading at full speed", loaded))]
    return table([f"`/metrics`, {series:,} series", "scrapes", "p50 ms", "p99 ms", "max ms"], rows) + (
        f"\n{size / 1e6:.1f} MB a scrape; {took:.1f} s of reading. p99 below 50 ms: "
        f"**{bench.expect(percentile(loaded, 0.99) < 50, 'metrics: p99 ≥ 50 ms')}**.\n")


def idle(bench):
    folder = bench.folder("idle")
    logs = bench.folder("idle/logs")
    sink = Sink(bench.programs, folder)
    agent = bench.agent(folder, [os.path.join(logs, "*.log")], sink)
    agent.start().wait_ready()
    time.sleep(2)
    before = agent.process.cpu_seconds()
    time.sleep(5)
    cpu = (agent.process.cpu_seconds() - before) / 5
    memory = agent.process.memory_mib("VmRSS")
    agent.stop()
    sink.stop()
    size = os.path.getsize(bench.programs.agent) / 2**20
    rows = [["memory, nothing to read", f"{memory:.1f} MiB", "12 MiB", bench.expect(memory <= 12, "idle: more than 12 MiB")],
            ["CPU, nothing to read", f"{cpu * 100:.1f} % of one core", "", ""],
            ["program", f"{size:.1f} MiB", "20 MiB", bench.expect(size <= 20, "idle: program above 20 MiB")]]
    return table(["", "", "limit", "within"], rows)


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def write_report(sections, arguments):
    """Replaces the sections that were measured now; the others keep their figures."""
    path = os.path.join(support.ROOT, "docs", "benchmarks", "latest.md")
    kept = {}
    with contextlib.suppress(FileNotFoundError):
        with open(path) as file:
            for part in file.read().split("\n## ")[1:]:
                title, _, body = part.partition("\n")
                kept[title] = body.strip() + "\n"
    with open("/proc/cpuinfo") as file:
        model = next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), platform.machine())
    for title, body in sections.items():
        kept[title] = f"{body}\n`script/bench {title}{' --full' if arguments.full else ''}` on {time.strftime('%Y-%m-%d')}, " \
                      f"{os.cpu_count()} × {model}.\n"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write("# Benchmarks\n\nWritten by `script/bench`. Compare ratios within one table; seconds are this machine's own.\n")
        for title in MODES:
            if title in kept:
                file.write(f"\n## {title}\n\n{kept[title].strip()}\n")
    return path


def main():
    parser = argparse.ArgumentParser(prog="script/bench", description="Measures log-agent against references in the same run.")
    parser.add_argument("modes", nargs="*", default=["all"], choices=MODES + ["all"], metavar="|".join(MODES + ["all"]))
    parser.add_argument("--full", action="store_true", help="1 GB instead of 100 MB, 60 s instead of 10")
    parser.add_argument("--bytes", help="of the generated file: 500MiB")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=int, help="of the modes that run in real time")
    parser.add_argument("--keep", action="store_true", help="leave the temporary directory")
    parser.add_argument("--programs", required=True, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    support.exit_on_signals()
    arguments.bytes = arguments.bytes or ("1GiB" if arguments.full else "100MiB")
    arguments.seconds = arguments.seconds or (60 if arguments.full else 10)

    directory = tempfile.mkdtemp(prefix="tailspan-bench.")
    bench = Bench(arguments, directory)
    sections = {}
    try:
        for mode in MODES if "all" in arguments.modes else arguments.modes:
            print(f"bench: {mode}", file=sys.stderr)
            sections[mode] = globals()[mode](bench)
            print(f"\n## {mode}\n\n{sections[mode]}", flush=True)
    finally:
        support.stop_all()
        if arguments.keep:
            print(f"bench: data in {directory}", file=sys.stderr)
        else:
            shutil.rmtree(directory, ignore_errors=True)
    print(f"bench: written to {os.path.relpath(write_report(sections, arguments))}", file=sys.stderr)
    for failure in bench.failures:
        print(f"bench: MISSED {failure}", file=sys.stderr)
    return 1 if bench.failures else 0


if __name__ == "__main__":
    sys.exit(main())
