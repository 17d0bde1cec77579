"""What trace-collector costs, and whether every span arrives: the mode `collector` of script/bench."""
import collections
import concurrent.futures
import gzip
import http.server
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time
import urllib.request

import agent as support
import spans
from agent import Sink, percentile, until
from collector import Collector

CONNECTIONS = 8
BODIES = 200
PROVEN_REQUESTS = 300
RATE = 100          # requests a second for the latency

OFF = {"span_metrics": None, "service_graph": None}
SAMPLING = {"sampling": {"decision_wait": "2s", "memory": "32MiB", "policies": [
    {"type": "errors"}, {"type": "latency", "threshold": "30s"}, {"type": "attribute", "key": "tenant", "values": ["acme"]},
    {"type": "probabilistic", "ratio": 0.1}]}}
# Name, settings, spans per CPU-second that are wanted.
WAYS = [("passed through", OFF, 400_000), ("with metrics", {}, 150_000), ("with metrics and sampling", SAMPLING, 150_000)]

WRK_SCRIPT = """
local requests = {{}}
local next = 0
function init(arguments)
  local headers = {{ ["Content-Type"] = "application/x-protobuf", ["Content-Encoding"] = "gzip" }}
  for number = 0, {count} - 1 do
    local file = io.open("{directory}/" .. number, "rb")
    requests[number] = wrk.format("POST", "/v1/traces", headers, file:read("*a"))
    file:close()
  end
end
function request()
  next = (next + 1) % {count}
  return requests[next]
end
"""


def loads(bench):
    """name: [(spans per CPU-second, CPU s for a million spans, spans/s, peak MiB)] of each way; nothing without wrk."""
    if not shutil.which("wrk"):
        return None
    folder = bench.folder("collector-bodies")
    generator = random.Random(1)
    sizes = []
    for number in range(BODIES):
        message = spans.request(generator)
        sizes.append(len(message))
        with open(os.path.join(folder, str(number)), "wb") as file:
            file.write(gzip.compress(message, 6))
    script = os.path.join(folder, "post.lua")
    with open(script, "w") as file:
        file.write(WRK_SCRIPT.format(count=BODIES, directory=folder))
    results = {name: [] for name, *_ in WAYS}
    # In turn, so that what else the machine does meets all of them.
    for _ in range(bench.arguments.repeats):
        for name, settings, _ in WAYS:
            results[name].append(load(bench, settings, script))
    return results, statistics.mean(sizes) / spans.SPANS


def load(bench, settings, script):
    seconds = max(3, bench.arguments.seconds // 3)
    folder = bench.folder("collector")
    sink = Sink(bench.programs, folder, accepts_any=True)
    collector = Collector(bench.programs, folder, [output(sink)], **settings).start()
    before, started = collector.process.cpu_seconds(), time.monotonic()
    done = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", script, f"http://{collector.address}/v1/traces"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    answered = re.search(r"(\d+) requests in", done.stdout)
    if not answered or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        sys.exit(f"wrk:\n{done.stdout}\n{collector.process.log_tail()}")
    ledger = settled(collector, 60)
    elapsed, cpu = time.monotonic() - started, collector.process.cpu_seconds() - before
    peak, received = collector.process.memory_mib(), ledger["received"]
    # What wrk did not wait for in the end was taken, too.
    unanswered = received - int(answered[1]) * spans.SPANS
    if not 0 <= unanswered <= CONNECTIONS * spans.SPANS or not ledger["holds"] or ledger["dropped"]:
        sys.exit(f"collector: {answered[1]} requests were acknowledged, but the ledger says {ledger}")
    collector.stop()
    sink.stop()
    return received / cpu, cpu / received * 1e6, received / elapsed, peak


def output(sink):
    return {"name": "tempo", "type": "otlp_http", "url": f"http://{sink.address}/v1/traces"}


def settled(collector, seconds):
    """The ledger, once nothing is on its way any more."""
    return until(lambda: (ledger := collector.ledger())["pending"] == 0 and ledger, seconds, "the last spans", collector.process)


def different_requests():
    """Requests without two equal spans, and the spans in them."""
    generator = random.Random(3)
    messages = [spans.request(generator) for _ in range(PROVEN_REQUESTS)]
    return messages, [span for message in messages for span in spans.read(message)]


def prove(bench, settings, messages, sent):
    """Sends the requests, and compares what came to the sink, and the metrics, with the spans in them. Gives the faults."""
    folder = bench.folder("collector-proof")
    kept = os.path.join(folder, "requests")
    sink = Sink(bench.programs, folder, verify=kept, accepts_any=True)
    collector = Collector(bench.programs, folder, [output(sink)], **settings).start()
    with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as clients:
        # Some as they are: both kinds go into the same request to the sink.
        list(clients.map(lambda numbered: post(collector, numbered[1], compressed=numbered[0] % 4 > 0), enumerate(messages)))
    ledger = settled(collector, 60)
    samples = collector.samples()
    collector.stop()
    sink.stop()
    arrived = collections.Counter()
    for name in os.listdir(kept):
        with open(os.path.join(kept, name), "rb") as file:
            arrived.update((span.trace, span.identity) for span in spans.read(file.read()))
    return arrivals(sent, arrived, ledger, "sampling" in settings) + ([] if settings is OFF else metrics(sent, samples))


def post(collector, message, compressed):
    headers = {"Content-Type": "application/x-protobuf", **({"Content-Encoding": "gzip"} if compressed else {})}
    request = urllib.request.Request(collector.endpoint, gzip.compress(message, 1) if compressed else message, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        answer.read()


def arrivals(sent, arrived, ledger, sampled):
    """Each span once; with sampling whole traces, every trace with an error among them, and the ledger has the rest."""
    faults = []
    known = {(span.trace, span.identity) for span in sent}
    if any(count != 1 for count in arrived.values()):
        faults.append(f"{sum(count != 1 for count in arrived.values())} spans came more than once")
    if arrived.keys() - known:
        faults.append(f"{len(arrived.keys() - known)} spans came that nobody sent")
    kept = {trace for trace, _ in arrived}
    wanted = {span.trace for span in sent if not sampled or span.status == "STATUS_CODE_ERROR"}
    if wanted - kept:
        faults.append(f"{len(wanted - kept)} traces are missing")
    parts = sum(span.trace in kept and (span.trace, span.identity) not in arrived for span in sent)
    if parts:
        faults.append(f"{parts} spans of traces that came are missing")
    if not ledger["holds"] or ledger["delivered"] != len(arrived) or ledger["received"] != len(sent):
        faults.append(f"the ledger says {ledger}; {len(sent)} spans were sent, {len(arrived)} came")
    return faults


def metrics(sent, samples):
    """Every series of the span metrics, and the calls that come from outside, against what was sent."""
    def labels(span):
        return f'{{service="{span.service}",span_name="{span.name}",span_kind="{span.kind}",status_code="{span.status}"}}'
    truth = collections.Counter()
    for span in sent:
        truth["traces_spanmetrics_calls_total", labels(span)] += 1
        truth["traces_spanmetrics_latency_count", labels(span)] += 1
        truth["traces_spanmetrics_latency_sum", labels(span)] += span.nanoseconds / 1e9
        truth["traces_spanmetrics_size_total", labels(span)] += span.bytes
        for power in range(14):
            bound = 0.002 * 2 ** power
            truth["traces_spanmetrics_latency_bucket", f'{labels(span)[:-1]},le="{bound}"}}'] += span.nanoseconds / 1e9 <= bound
        if not span.parent:
            truth["traces_service_graph_request_total", f'{{client="user",server="{span.service}",connection_type="virtual_node"}}'] += 1
    wrong = [f"{name}{text} is {samples.get((name, text))}, not {value}" for (name, text), value in truth.items()
             if abs(samples.get((name, text), 0) - value) > 1e-9 * value]
    families = {name for name, _ in truth}
    wrong += [f"{name}{text} is {value}, and nothing was sent" for (name, text), value in samples.items()
              if name in families and value and (name, text) not in truth and 'le="+Inf"' not in text]
    return [f"{len(wrong)} series differ: {wrong[0]}"] if wrong else []


class MarkedSink(http.server.ThreadingHTTPServer):
    """Takes requests, and notes when the names of the spans in them came first."""

    daemon_threads = True

    def __init__(self):
        self.arrivals = {}
        super().__init__(("127.0.0.1", 0), _MarkedHandler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self.server_address[1]}"


class _MarkedHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        now = time.monotonic()
        for mark in re.findall(rb"mark-\d{8}", gzip.decompress(body)):
            self.server.arrivals.setdefault(mark, now)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def latencies(bench):
    """Milliseconds from sending each request to its arrival at the sink."""
    folder = bench.folder("collector-latency")
    generator = random.Random(2)
    sink = MarkedSink()
    collector = Collector(bench.programs, folder, [output(sink)]).start()
    base = spans.request(generator)
    sent = {}
    start = time.monotonic()
    for number in range(bench.arguments.seconds * RATE):
        mark = b"mark-%08d" % number
        time.sleep(max(0, start + number / RATE - time.monotonic()))
        sent[mark] = time.monotonic()
        post(collector, base + spans.named(mark.decode(), generator), compressed=True)
    until(lambda: len(sink.arrivals) == len(sent), 60, "the last requests", collector.process)
    collector.stop()
    sink.shutdown()
    times = [(sink.arrivals[mark] - sent[mark]) * 1000 for mark in sent]
    return len(times), percentile(times, 0.5), percentile(times, 0.99), max(times)


def medians(runs):
    return [statistics.median(values) for values in zip(*runs)]
