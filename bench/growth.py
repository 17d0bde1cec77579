"""How cost grows: with the size of the log, the number of files, the number of series. The mode `growth` of script/bench."""
import http.client
import os
import statistics
import time

import agent as support
from agent import Sink, generate, percentile, until

SERIES_METRIC = {
    "name": "bench_series_total", "type": "counter", "help": "As many series as the log has routes", "where": {"event": "bench.series"},
    "labels": {"method": "$method", "endpoint": "$endpoint", "status": "$status"}, "max_series": 200_000,
}


def write_series_log(path, series, lines, start=0):
    """`lines` lines that take turns over `series` routes."""
    with open(path, "w") as file:
        for number in range(start, start + lines):
            route = number % series
            file.write(f'{{"timestamp":"2026-01-05T09:00:{number // 10_000 % 60:02d}.{number % 10_000:04d}00Z","level":"INFO",'
                       f'"service":"bench","event":"bench.series","method":"GET","endpoint":"/api/v1/routes/{route:06d}/items",'
                       f'"status":200}}\n')


def start_up_seconds(bench):
    """CPU of an agent that finds nothing to read."""
    used = []
    for _ in range(3):
        folder = bench.folder("growth-empty")
        sink = Sink(bench.programs, folder)
        agent = bench.agent(folder, [os.path.join(folder, "*.log")], sink)
        agent.start().wait_ready()
        agent.stop()
        sink.stop()
        used.append(agent.process.cpu_seconds())
    return statistics.median(used)


def sizes(bench, cap, run_to_end):
    """(bytes, CPU seconds a GB without the start, peak MiB), for 10 MB and each ten times that."""
    nothing = start_up_seconds(bench)
    points = []
    size = 10_000_000
    while size <= cap:
        folder = bench.folder("growth")
        log = os.path.join(folder, "service.log")
        truth = os.path.join(folder, "truth.json")
        generate(bench.programs, "--bytes", size, "--output", log, "--truth", truth, "--seed", 1)
        lines = bench.lines_of(truth)
        exact = os.path.getsize(log)
        used, peaks = [], []
        for _ in range(5 if size < 50_000_000 else 3 if size < 500_000_000 else 1):
            run_folder = bench.folder("growth-run")
            sink = Sink(bench.programs, run_folder)
            cpu, _, peak, *_ = run_to_end(bench.agent(run_folder, [log], sink), sink, lines)
            sink.stop()
            used.append(cpu - nothing)
            peaks.append(peak)
        os.unlink(log)
        points.append((exact, statistics.median(used) / exact * 1e9, max(peaks)))
        size *= 10
    return points, nothing


def many_files(bench, most, size, run_seconds=5):
    """(files, CPU seconds to read them all, peak MiB, % of a core while nothing is written), for 1, 10, 100 … files."""
    points = []
    count = 1
    while count <= most:
        folder = bench.folder("growth")
        logs = os.path.join(folder, "logs")
        os.makedirs(logs)
        truth = os.path.join(folder, "truth.json")
        generate(bench.programs, "--bytes", size, "--directory", logs, "--files", count, "--truth", truth, "--seed", 1)
        sink = Sink(bench.programs, folder)
        agent = bench.agent(folder, [os.path.join(logs, "*.log")], sink)
        agent.start()
        lines = bench.lines_of(truth)
        until(lambda: sink.stats()["entries"] >= lines, 600, "all lines in the sink", agent.process)
        used = agent.process.cpu_seconds()
        time.sleep(2)   # the last checkpoint
        before = agent.process.cpu_seconds()
        time.sleep(run_seconds)
        idle = (agent.process.cpu_seconds() - before) / run_seconds * 100
        peak = agent.process.memory_mib()
        agent.stop()
        sink.stop()
        points.append((count, used, peak, idle))
        count *= 10
    return points


def scrape(agent, times, headers=None):
    """(milliseconds of each scrape, CPU milliseconds of the agent for one, bytes of the last answer)."""
    connection = http.client.HTTPConnection(agent.url.removeprefix("http://"), timeout=60)
    took, size = [], 0
    before = agent.process.cpu_seconds()
    for _ in range(times):
        started = time.monotonic()
        connection.request("GET", "/metrics", headers=headers or {})
        size = len(connection.getresponse().read())
        took.append((time.monotonic() - started) * 1000)
    return took, (agent.process.cpu_seconds() - before) / times * 1000, size


def series_counts(bench, most, lines=300_000):
    """(series, CPU seconds for the same number of lines, p50 milliseconds of a scrape, CPU milliseconds of one)."""
    points = []
    count = 10
    while count <= most:
        folder = bench.folder("growth")
        log = os.path.join(folder, "series.log")
        write_series_log(log, count, lines)
        sink = Sink(bench.programs, folder)
        agent = bench.agent(folder, [log], sink, [SERIES_METRIC])
        agent.start()
        until(lambda: sink.stats()["entries"] >= lines, 300, "all lines in the sink", agent.process)
        until(lambda: support.total(agent.samples(), "bench_series_total") == lines, 60, "the counters", agent.process)
        used = agent.process.cpu_seconds()
        took, cpu, _ = scrape(agent, 30)
        agent.stop()
        sink.stop()
        points.append((count, used, percentile(took, 0.5), cpu))
        count *= 10
    return points
