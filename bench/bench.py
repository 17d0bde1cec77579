#!/usr/bin/env python3
"""The benchmarks behind script/bench. One function a mode; each gives a section of docs/benchmarks/latest.md."""
import argparse
import contextlib
import hashlib
import http.client
import json
import os
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import agent as support
import chart
import claims as claiming
import collector_load
import decoders as gzip_decoders
import growth as growing
import rivals
import service_load
from agent import Agent, Process, Programs, Sink, check, derived_events, generate, percentile, until

MODES = ["throughput", "compression", "latency", "files", "metrics", "allocations", "decoders", "idle", "service", "claims", "collector", "growth"]
# What `all` leaves out, as it takes its time, unless it is `--full`.
ASKED_FOR = ["growth"]
# Without a mode: log-agent, in less than two minutes.
QUICK = [mode for mode in MODES if mode not in ASKED_FOR + ["service", "claims", "collector"]]
RESULTS = os.path.join(support.ROOT, "docs", "benchmarks")


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

    def lines_of(self, truth):
        with open(truth) as file:
            return json.load(file)["lines"]

    def agent(self, folder, include, sink, metrics=support.FIVE_METRICS, output=None):
        """Ours, shipping to the sink, or to `output`."""
        listen = f"127.0.0.1:{support.free_port()}"
        config = support.configuration(
            os.path.join(folder, "data"), [support.transcode_source(include)], listen,
            [output or support.loki_output(sink.push_url, level=1)], metrics)
        return Agent(self.programs, folder, config, listen)

    def chart(self, name):
        """Where a chart goes: beside the report, unless nothing is to be written."""
        os.makedirs(RESULTS, exist_ok=True)
        return os.path.join(RESULTS, name)


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


def measured(command, log, output=os.devnull):
    """CPU and wall seconds and peak MiB of a command that ends by itself; `output` takes what it writes."""
    with open(output, "wb") as file:
        process = Process(command, log, output=file)
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
    lines = bench.lines_of(truth)
    size = os.path.getsize(log)
    errors = os.path.join(folder, "errors.log")
    mtail_output = os.path.join(folder, "mtail.json")

    references = [("`cat`", ["cat", log]), ("`gzip -1`", ["gzip", "-1", "-c", log])]
    if shutil.which("igzip"):
        references.append(("`igzip -1`", ["igzip", "-1", "-c", log]))
    if shutil.which("mtail"):
        program = os.path.join(folder, "transcode.mtail")
        with open(program, "w") as file:
            file.write(MTAIL_PROGRAM)
        references.append(("`mtail` (metrics only)", ["mtail", "--one_shot", "--one_shot_format=json", "--progs", program, "--logs", log]))

    runs = {}
    verdicts = {}
    pushes = 0
    # Turn by turn, so that a slow minute of the machine falls on all of them.
    for turn in range(bench.arguments.repeats):
        for name, command in references:
            # Seconds a run, so one is exact enough.
            if "mtail" in name and turn > 0:
                continue
            runs.setdefault(name, []).append(measured(command, errors, mtail_output if "mtail" in name else os.devnull))
        for name in rivals.NAMES:
            if program := rivals.binary(bench.arguments, name):
                cpu, wall, peak, _ = rivals.run(bench, name, program, log, lines)
                runs.setdefault(f"`{name}` to a sink", []).append((cpu, wall, peak))
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
    verdicts["**`log-agent`** to a sink"] = "each once, as it was; all counters exact" if passed else "WRONG"
    shutil.rmtree(kept)
    with open(truth) as file:
        counted = json.load(file)
    if "`mtail` (metrics only)" in runs:
        with open(mtail_output) as file:
            verdicts["`mtail` (metrics only)"] = rivals.mtail_verdict(file.read(), counted)
    for name in rivals.NAMES:
        if program := rivals.binary(bench.arguments, name):
            kept = os.path.join(bench.folder("rival-kept"), "pushes")
            *_, entries = rivals.run(bench, name, program, log, lines, keep=kept)
            verdicts[f"`{name}` to a sink"] = rivals.verdict(log, truth, kept, lines, entries, name)

    base = statistics.median(run[0] for run in runs["`gzip -1`"])
    rows, bars = [], []
    for name, values in runs.items():
        cpu, wall, peak = (statistics.median(column) for column in zip(*values))
        spread = (max(v[0] for v in values) - min(v[0] for v in values)) / cpu if cpu else 0
        rows.append([name, f"{cpu:.2f}", f"± {spread * 50:.0f} %" if len(values) > 1 else "one run", f"{cpu / base:.2f}",
                     f"{wall:.2f}", f"{size / wall / 1e6:.0f}", f"{peak:.1f}" if peak else "", verdicts.get(name, "")])
        if name != "(the sink)":
            bars.append((name.replace("*", "").replace("`", ""), cpu / base, f"{cpu / base:.2f}", "log-agent" in name))
    ours = statistics.median(run[0] for run in runs["**`log-agent`** to a sink"]) / base
    chart.bars(
        bench.chart("throughput.svg"), "CPU for the same log, all of the work",
        f"{size / 1e6:.0f} MB of JSON lines; gzip -1 = 1; less is better; script/bench throughput", sorted(bars, key=lambda bar: bar[1]),
        limit=(0.6, "target 0.6"))
    text = "![CPU of each, relative to gzip -1](throughput.svg)\n\n"
    text += table(["", "CPU s", "noise", "× `gzip -1`", "wall s", "MB/s", "peak MiB", "lines in the sink, metrics"], rows)
    text += (f"\n{size / 1e6:.0f} MB, {lines} lines, median of {bench.arguments.repeats}; {pushes} pushes. "
             f"At most 0.6 × `gzip -1`: **{bench.expect(ours <= 0.6, f'throughput: {ours:.2f} × gzip -1, not 0.6')}**. "
             f"Every line once in the sink and all counters exact: **{'yes' if passed else 'NO'}**.\n")
    return text


def compression(bench):
    """The compressor alone, on lines and on the push bodies that the agent makes of them, beside others."""
    folder = bench.folder("compression")
    log = os.path.join(folder, "service.log")
    truth = os.path.join(folder, "truth.json")
    generate(bench.programs, "--bytes", bench.arguments.bytes, "--output", log, "--truth", truth, "--seed", 1)
    kept = os.path.join(folder, "pushes")
    sink = Sink(bench.programs, folder, verify=kept)
    run_to_end(bench.agent(folder, [log], sink), sink, bench.lines_of(truth))
    sink.stop()
    bodies = os.path.join(folder, "bodies.json")
    with open(bodies, "wb") as file:
        for name in sorted(os.listdir(kept)):
            with open(os.path.join(kept, name), "rb") as push:
                shutil.copyfileobj(push, file)
    shutil.rmtree(kept)

    ours = "**`GzipLevel.fast`**"
    commands = {"`gzip -1`": ["gzip", "-1", "-c"]}
    commands |= {f"`{name} -1`": [name, "-1", "-c"] for name in ("libdeflate-gzip", "igzip") if shutil.which(name)}
    commands[ours] = [bench.programs.compressor]
    output = os.path.join(folder, "output.gz")
    digests = {}
    for path in (log, bodies):
        with open(path, "rb") as file:
            digests[path] = hashlib.file_digest(file, "sha256").hexdigest()
    used, ratios, unequal = {}, {}, []
    for turn in range(bench.arguments.repeats):
        for name, command in commands.items():
            for file in (log, bodies):
                cpu, *_ = measured([*command, file], os.path.join(folder, "errors.log"), output)
                used.setdefault((name, file), []).append(cpu)
                ratios[name, file] = os.path.getsize(file) / os.path.getsize(output)
                if name == ours and turn == 0 and gzip_decoders.with_python([output]) != digests[file]:
                    unequal.append(file)
    speed = {key: os.path.getsize(key[1]) / statistics.median(values) / 1e6 for key, values in used.items()}
    rows = [[name] + [text for file in (log, bodies) for text in (
        f"{speed[name, file]:.0f}", f"{speed['`gzip -1`', file] / speed[name, file]:.2f}", f"{ratios[name, file]:.2f}")]
        for name in commands]
    fast = bench.expect(min(speed[ours, file] for file in (log, bodies)) >= 300, "compression: below 300 MB/s")
    small = bench.expect(all(ratios[ours, file] >= ratios["`gzip -1`", file] for file in (log, bodies)), "compression: larger than gzip -1")
    same = bench.expect(not unequal, "compression: what comes back is not what was compressed")
    return table(["", "lines: MB/s", "CPU ÷ `gzip -1`", "ratio", "bodies: MB/s", "CPU ÷ `gzip -1`", "ratio"], rows) + (
        f"\n{os.path.getsize(log) / 1e6:.0f} MB of lines, {os.path.getsize(bodies) / 1e6:.0f} MB of push bodies; ours in members of 1 MiB. "
        f"MB for a CPU second, reading and writing files included, median of {bench.arguments.repeats}. At least 300 MB/s: **{fast}**; "
        f"ratio no worse than `gzip -1`: **{small}**; every byte comes back by Python's `gzip`: **{same}**.\n")


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
    """/metrics with 10,000 and 100,000 series: at rest, compressed, and while the agent reads at full speed."""
    rows = []
    for count, limit in ((10_000, 5), (100_000, 50)):
        folder = bench.folder("metrics")
        logs = bench.folder("metrics/logs")
        sink = Sink(bench.programs, folder)
        agent = bench.agent(folder, [os.path.join(logs, "*.log")], sink, support.FIVE_METRICS + [growing.SERIES_METRIC])
        growing.write_series_log(os.path.join(logs, "series.log"), count, count)
        agent.start()
        until(lambda: support.total(agent.samples(), "bench_series_total") == count, 120, "the series", agent.process)
        until(lambda: sink.stats()["entries"] >= count, 120, "the lines in the sink", agent.process)

        idle = growing.scrape(agent, 50)
        compressed = growing.scrape(agent, 20, {"Accept-Encoding": "gzip"})
        log = os.path.join(folder, "more.log")
        generate(bench.programs, "--bytes", bench.arguments.bytes, "--seed", 2, "--output", log, "--truth", os.path.join(folder, "truth"))
        lines = count + bench.lines_of(os.path.join(folder, "truth"))
        os.rename(log, os.path.join(logs, "more.log"))
        loaded = [], 0, 0
        while sink.stats()["entries"] < lines:
            took, _, size = growing.scrape(agent, 1)
            loaded[0].extend(took)
            time.sleep(0.02)
        met = bench.expect(percentile(idle[0], 0.5) < limit, f"metrics: {count} series take {percentile(idle[0], 0.5):.1f} ms, not {limit}")
        agent.stop()
        sink.stop()
        for name, (times, cpu, size) in (("at rest", idle), ("at rest, gzip", compressed), ("while reading at full speed", loaded)):
            rows.append([f"{count:,}", name, str(len(times)), f"{percentile(times, 0.5):.1f}", f"{percentile(times, 0.99):.1f}",
                         f"{cpu:.1f}" if cpu else "", f"{size / 1e6:.1f}" if size else "",
                         f"{limit} ms: {met}" if name == "at rest" else ""])
    return table(["series", "", "scrapes", "p50 ms", "p99 ms", "CPU ms", "MB", "p50 within"], rows) + (
        "\nFrom the request to the last byte. Copied under the lock, rendered outside of it. CPU is the agent's, for one scrape.\n")


def allocations(bench):
    """Calls of malloc a line: what a longer log takes more than a shorter one, counted in the kernel (a uprobe)."""
    counts = {}
    with malloc_probe(bench.programs.agent) as event:
        if not event:
            return "Not measured: that takes `perf` (Debian's linux-perf) and root.\n"
        for lines in (50_000, 250_000):
            folder = bench.folder("allocations")
            log = os.path.join(folder, "service.log")
            generate(bench.programs, "--lines", lines, "--output", log, "--truth", os.path.join(folder, "truth"), "--seed", 1)
            sink = Sink(bench.programs, folder)
            agent = bench.agent(folder, [log], sink)
            report = os.path.join(folder, "perf.csv")
            agent.process = Process(
                ["perf", "stat", "-x,", "-e", event, "-o", report, "--", bench.programs.agent, "run", "--config", agent.config_file],
                os.path.join(folder, "log-agent.log"))
            until(lambda: sink.stats()["entries"] >= lines, 120, "all lines in the sink", agent.process)
            with open(f"/proc/{agent.process.pid}/task/{agent.process.pid}/children") as file:
                os.kill(int(file.read().split()[0]), signal.SIGTERM)
            until(lambda: not agent.process.running(), 60, "the end of log-agent")
            pushes = sink.stats()["pushes"]
            sink.stop()
            with open(report) as file:
                counts[lines] = (int(re.search(r"^(\d+),", file.read(), re.MULTILINE).group(1)), pushes)
    (few, (before, fewer_pushes)), (many, (after, pushes)) = counts.items()
    for_a_thousand = (after - before) / (many - few) * 1000
    rows = [[f"{lines:,}", f"{calls:,}", str(pushes)] for lines, (calls, pushes) in counts.items()]
    rows.append(["for 1,000 lines more", f"**{for_a_thousand:.2f}**", f"{(pushes - fewer_pushes) / (many - few) * 1000:.2f}"])
    met = bench.expect(for_a_thousand < 100, f"allocations: {for_a_thousand:.0f} for 1,000 lines")
    return table(["lines", "calls of `malloc`", "pushes"], rows) + (
        f"\nNone for a line; a start, new batches and checkpoints make some: **{met}**.\n")


@contextlib.contextmanager
def malloc_probe(program):
    """The name of a perf event that counts the calls of the C library's malloc; nothing where there can be none."""
    if not shutil.which("perf"):
        yield None
        return
    libraries = subprocess.run(["ldd", program], stdout=subprocess.PIPE, text=True).stdout
    library = re.search(r"libc\.so\.6 => (\S+)", libraries)
    name = f"tailspan_{os.getpid()}"
    added = library and subprocess.run(["perf", "probe", "-q", "-x", os.path.realpath(library.group(1)), "--add", f"{name}:malloc=malloc"],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if not added or added.returncode != 0:
        yield None
        return
    try:
        yield f"{name}:malloc"
    finally:
        subprocess.run(["perf", "probe", "-q", "-d", f"{name}:*"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def decoders(bench):
    """The gzip members that a directory output wrote, inflated by every decoder at hand, and compared with the log."""
    folder = bench.folder("decoders")
    log = os.path.join(folder, "service.log")
    truth = os.path.join(folder, "truth.json")
    kept = os.path.join(folder, "pushes")
    generate(bench.programs, "--bytes", "20MiB", "--output", log, "--truth", truth, "--seed", 1)
    lines = bench.lines_of(truth)
    agent = bench.agent(folder, [log], None, output={"name": "local", "type": "directory", "path": kept, "compression_level": 1})
    agent.start()
    until(lambda: derived_events(agent.samples()) >= lines, 60, "the counters", agent.process)
    until(lambda: support.total(agent.samples(), "log_agent_pending_lines") == 0, 60, "the directory", agent.process)
    agent.stop()
    files = gzip_decoders.members(kept)
    size = sum(os.path.getsize(file) for file in files)
    proof, passed = check("--logs", log, "--truth", truth, "--pushes", kept)
    print(proof, end="", file=sys.stderr)
    bench.expect(passed, "decoders: what was inflated differs from the log")
    tested = subprocess.run(["gzip", "-t", *files], stderr=subprocess.PIPE)
    rows = [["`gzip -t`", "accepted" if tested.returncode == 0 else "REFUSED"]]
    bench.expect(tested.returncode == 0, "decoders: gzip -t refuses")
    reference = None
    for name, inflate in gzip_decoders.decoders(bench.arguments.go or os.environ.get("GO") or shutil.which("go")):
        digest = inflate(files)
        reference = reference or digest
        rows.append([name, f"same bytes, SHA-256 {digest[:12]}…" if digest == reference else f"DIFFERS: {digest}"])
        bench.expect(digest == reference, f"decoders: {name}")
    return table(["decoder", f"{len(files)} members, {size / 1e6:.1f} MB"], rows) + (
        f"\nWhat they inflate to has every line of the log once, as it was: **{'yes' if passed else 'NO'}**.\n")


def growth(bench):
    """Cost for sizes, files and series, each ten times the one before."""
    arguments = bench.arguments
    by_size, nothing = growing.sizes(bench, arguments.cap, run_to_end)
    by_files = growing.many_files(bench, 10_000, arguments.bytes)
    by_series = growing.series_counts(bench, 100_000)
    chart.panels(
        bench.chart("growth.svg"), "How cost grows", f"{os.cpu_count()} cores; script/bench growth", [
            {"heading": "Size of the log", "unit": "CPU s for 1 GB", "x": "bytes", "points": [(size, cpu) for size, cpu, _ in by_size]},
            {"heading": "Files, same lines", "unit": "CPU s", "x": "files", "points": [(count, cpu) for count, cpu, *_ in by_files]},
            {"heading": "Files at rest", "unit": "% of a core", "x": "files", "points": [(count, idle) for count, _, _, idle in by_files]},
            {"heading": "Series, same lines", "unit": "CPU s", "x": "series", "points": [(count, cpu) for count, cpu, *_ in by_series]},
        ])
    text = "![Cost by size, files and series](growth.svg)\n\n"
    text += table(["log", "CPU s for 1 GB", "peak MiB"], [[f"{size / 1e6:,.0f} MB", f"{cpu:.2f}", f"{peak:.1f}"] for size, cpu, peak in by_size])
    text += f"\nWithout the {nothing:.2f} s that a start takes.\n\n"
    alone = by_files[0][1]
    text += table(["files", "CPU s", "× one file", "CPU ms for each", "peak MiB", "at rest"], [
        [f"{count:,}", f"{cpu:.2f}", f"{cpu / alone:.2f}", f"{(cpu - alone) / count * 1000:.2f}" if count >= 1000 else "",
         f"{peak:.1f}", f"{idle:.1f} %"] for count, cpu, peak, idle in by_files])
    text += (f"\nThe same {arguments.bytes} in all; for each: what a file takes beside its lines; "
             "at rest: of one core, while nothing is written.\n\n")
    text += table(["series", "CPU s", "`/metrics` p50 ms", "CPU ms"], [
        [f"{count:,}", f"{cpu:.2f}", f"{wall:.1f}", f"{scrape:.1f}"] for count, cpu, wall, scrape in by_series])
    return text + "\n300,000 lines that take turns over the series.\n"


def service(bench):
    """Requests of transcode-service with its log and spans, and without."""
    results = service_load.loads(bench)
    if not results:
        return "Not measured: that takes `wrk`.\n"
    rows = []
    for name, states in results.items():
        (plain_rate, plain_slowest, plain_cpu), (rate, slowest, cpu) = (service_load.medians(states[state]) for state in ("off", "on"))
        cost = cpu / plain_cpu - 1
        rows.append([f"`{name}`", f"{plain_rate:,.0f}", f"{plain_slowest:.1f}", f"{plain_cpu:.0f}", f"{rate:,.0f}", f"{slowest:.1f}", f"{cpu:.0f}",
                     f"{cost * 100:+.0f} %", bench.expect(cost <= 0.10, f"service: {name} costs {cost * 100:.0f} % more with log and spans")])
    head = ["", "off: requests/s", "p99 ms", "CPU µs", "on: requests/s", "p99 ms", "CPU µs", "cost", "≤ 10 %"]
    return table(head, rows) + (
        "\nOff: level ERROR, no span is kept; on: a line in the log file and a span in a file for each request. 16 connections of `wrk` "
        "on the same cores; CPU is the service's, for one request.\n")


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


def claims(bench):
    """Several instances share one database: each job is claimed exactly once."""
    found = claiming.measure(os.path.join(bench.arguments.programs, "job-claimer"))
    exactly_once = found["claimed"] == found["distinct"] == found["jobs"]
    rows = [["jobs queued, one after the other", f"{found['queued_per_second']:.0f} a second", ""],
            ["claimed and ended by all instances together", f"{found['claimed_per_second']:.0f} a second", ""],
            ["each exactly once", f"{found['distinct']:,} of {found['jobs']:,}", bench.expect(exactly_once, "claims: not exactly once")],
            ["by each instance", ", ".join(f"{share:,}" for share in found["shares"]), ""]]
    head = f"{found['jobs']:,} jobs, {found['instances']} instances of {found['threads']} workers, PostgreSQL 15"
    return table([head, "", "holds"], rows)


def collector(bench):
    """Spans through trace-collector: what they cost, how long they take, and that each arrives once and is counted."""
    loads = collector_load.loads(bench)
    if not loads:
        return "Not measured: that takes `wrk`.\n"
    results, span_bytes = loads
    rows = []
    different = collector_load.different_requests()
    for name, settings, target in collector_load.WAYS:
        per_second, cost, rate, peak = collector_load.medians(results[name])
        faults = collector_load.prove(bench, settings, *different)
        for fault in faults:
            bench.expect(False, f"collector: {name}: {fault}")
        rows.append([
            name, f"{per_second:,.0f}", f"{target:,}: {bench.expect(per_second >= target, f'collector: {name}: {per_second:,.0f} spans per CPU-second')}",
            f"{cost:.2f}", f"{rate:,.0f}", f"{peak:.1f}", bench.expect(peak <= 64, f"collector: {name}: {peak:.0f} MiB"),
            "NO" if faults else "yes" if settings is collector_load.OFF else "yes, all series exact"])
    head = ["", "spans per CPU-second", "at least", "CPU s per million", "spans/s", "peak MiB", "≤ 64", "each span once"]
    requests, middle, slowest, longest = collector_load.latencies(bench)
    text = table(head, rows) + (
        f"\nRequests of {collector_load.spans.SPANS} spans of {span_bytes:.0f} bytes with 10 attributes each, protobuf, gzip, over "
        f"{collector_load.CONNECTIONS} connections, checked and sent on as gzip; CPU and memory are the collector's alone, while `wrk` and the "
        f"sink use the same cores; median of {bench.arguments.repeats}. Each span once: {collector_load.PROVEN_REQUESTS} more requests that "
        "are all different, decoded at the sink; with sampling whole traces, all with errors among them. Series: span metrics and calls from outside.\n\n")
    return text + table(["100 requests/s", "p50 ms", "p99 ms", "max ms", "p99 < 250"], [
        ["request → sink", f"{middle:.1f}", f"{slowest:.1f}", f"{longest:.1f}",
         bench.expect(slowest < 250, f"collector: request → sink p99 is {slowest:.0f} ms")]]) + f"\n{requests:,} requests.\n"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def write_report(sections, arguments):
    """Replaces the sections that were measured now; the others keep their figures."""
    path = os.path.join(RESULTS, "latest.md")
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


def modes(arguments):
    asked = [arguments.modes] if isinstance(arguments.modes, str) else arguments.modes
    if arguments.full and asked in (["quick"], ["all"]):
        return MODES
    groups = {"quick": QUICK, "all": [mode for mode in MODES if mode not in ASKED_FOR]}
    return list(dict.fromkeys(mode for name in asked for mode in groups.get(name, [name])))


def main():
    parser = argparse.ArgumentParser(prog="script/bench", description="Measures log-agent against references in the same run.")
    parser.add_argument("modes", nargs="*", default="quick", choices=MODES + ["all", "quick"], metavar="|".join(MODES + ["all"]),
                        help="without one: those of log-agent, less than two minutes, or all with --full; all: all but growth")
    parser.add_argument("--full", action="store_true", help="1 GB instead of 100 MB, 60 s instead of 10")
    parser.add_argument("--bytes", help="of the generated file: 500MiB")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=int, help="of the modes that run in real time")
    parser.add_argument("--cap", type=float, help="largest log of the mode growth, in bytes: 1e9 (1e10 with --full)")
    for name in rivals.NAMES:
        parser.add_argument(f"--{name}", metavar="PATH", help=f"the program, to be measured beside ours; or ${name.replace('-', '_').upper()}")
    parser.add_argument("--go", metavar="PATH", help="the go command, for the mode decoders; or $GO, or on the PATH")
    parser.add_argument("--keep", action="store_true", help="leave the temporary directory")
    parser.add_argument("--programs", required=True, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    support.exit_on_signals()
    arguments.bytes = arguments.bytes or ("1GiB" if arguments.full else "100MiB")
    arguments.seconds = arguments.seconds or (60 if arguments.full else 10)
    arguments.cap = arguments.cap or (1e10 if arguments.full else 1e9)

    directory = tempfile.mkdtemp(prefix="tailspan-bench.")
    bench = Bench(arguments, directory)
    sections = {}
    try:
        for mode in modes(arguments):
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
