#!/usr/bin/env python3
"""What trace-collector costs: spans per CPU-second, peak memory, and how long a span takes to the sink.

    bench/collector.py PROGRAM [--seconds N] [--json FILE]

Load: requests of 100 spans with 10 attributes each, protobuf, gzip, over keep-alive connections; the sink stands where Tempo would.
CPU and memory are those of the collector alone, so load and sink may use the rest of the machine.
"""
import argparse, gzip, json, os, random, re, signal, socket, struct, subprocess, sys, tempfile, threading, time, urllib.request, zlib

SPANS = 100


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def text(number, value):
    return field(number, value.encode())


def attribute(number, key, value):
    content = text(1, value) if isinstance(value, str) else b"\x18" + varint(value)
    return field(number, text(1, key) + field(2, content))


def span(generator, trace, identity, parent, error):
    start = 1_700_000_000_000_000_000 + generator.randrange(10**9)
    route = f"/api/v1/items/{generator.randrange(20)}"
    body = field(1, trace) + field(2, identity)
    if parent:
        body += field(4, parent)
    body += text(5, f"GET {route}") + b"\x30" + bytes([2 if not parent else 3 if generator.random() < 0.3 else 1])
    body += b"\x39" + struct.pack("<Q", start) + b"\x41" + struct.pack("<Q", start + generator.randrange(1, 2 * 10**9))
    for key, value in [
        ("http.request.method", "GET"), ("http.route", route), ("http.response.status_code", 500 if error else 200),
        ("url.path", route), ("url.scheme", "https"), ("server.address", "shop.example.com"), ("server.port", 443),
        ("client.address", f"10.0.{generator.randrange(256)}.{generator.randrange(256)}"), ("user_agent.original", "Mozilla/5.0 (X11)"),
        ("thread.id", generator.randrange(64)),
    ]:
        body += attribute(9, key, value)
    if error:
        body += field(15, text(2, "it broke") + b"\x18\x02")
    return field(2, body)


def request(generator, identities=None):
    """One request: ten traces of ten spans."""
    spans = b""
    for _ in range(SPANS // 10):
        trace = generator.randbytes(16)
        root = generator.randbytes(8)
        for index in range(10):
            spans += span(generator, trace, root if index == 0 else generator.randbytes(8), None if index == 0 else root,
                          generator.random() < 0.01)
    resource = b"".join(attribute(1, key, value) for key, value in [
        ("service.name", f"service-{generator.randrange(5)}"), ("service.version", "1.2.3"), ("host.name", "host-1"),
        ("telemetry.sdk.language", "python"), ("telemetry.sdk.name", "opentelemetry"), ("telemetry.sdk.version", "1.45.2")])
    return field(1, field(1, resource) + field(2, field(1, text(1, "instrumentation.http") + text(2, "1.0")) + spans))


class Sink(threading.Thread):
    """Takes requests and answers 200."""

    def __init__(self, looks):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/v1/traces"
        self.looks = looks
        self.bytes = 0
        self.requests = 0
        self.arrivals = {}

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            self.answer(connection)
        except ConnectionError:
            pass

    def answer(self, connection):
        stream = connection.makefile("rb", buffering=1 << 20)
        while line := stream.readline():
            length = 0
            while (line := stream.readline().strip()):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            body = stream.read(length)
            self.bytes += length
            self.requests += 1
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n")
            if self.looks:
                now = time.monotonic()
                for mark in re.findall(rb"mark-\d{8}", gzip.decompress(body)):
                    self.arrivals.setdefault(mark, now)


class Collector:
    def __init__(self, program, sink, more):
        self.directory = tempfile.TemporaryDirectory()
        path = self.directory.name
        with open(f"{path}/c.json5", "w") as file:
            file.write(f"""data_dir: "{path}/data", server: {{ listen: "127.0.0.1:0" }}, receivers: {{ otlp_http: {{ listen: "127.0.0.1:0" }} }},
                outputs: [{{ name: "tempo", type: "otlp_http", url: "{sink}" }}], {more}""")
        self.process = subprocess.Popen([program, "run", "--config", f"{path}/c.json5"], stderr=subprocess.PIPE, text=True)
        started = json.loads(self.process.stderr.readline())
        self.admin, self.address = started["server.address"], started["otlp.address"]
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            words = file.read().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def peak(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            return int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1)) * 1024

    def ledger(self):
        return json.load(urllib.request.urlopen(f"http://{self.admin}/api/v1/ledger"))["spans"][0]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self.directory.cleanup()


def post(connection, body, address, encoding="Content-Encoding: gzip\r\n"):
    head = f"POST /v1/traces HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/x-protobuf\r\n{encoding}Content-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)
    answer = connection.recv(4096)
    if not answer.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"collector.py: the collector answered {answer[:200]}")


def send(address, bodies, until, counts, index):
    host, port = address.rsplit(":", 1)
    connection = socket.create_connection((host, int(port)))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sent = 0
    while time.monotonic() < until:
        post(connection, bodies[(sent * 7 + index) % len(bodies)], address)
        sent += 1
    counts[index] = sent


def throughput(program, seconds, more, name):
    generator = random.Random(1)
    bodies = [gzip.compress(request(generator), 6) for _ in range(200)]
    sink = Sink(False)
    sink.start()
    collector = Collector(program, sink.url, more)
    senders = 8
    counts = [0] * senders
    before, start = collector.cpu(), time.monotonic()
    threads = [threading.Thread(target=send, args=(collector.address, bodies, start + seconds, counts, index)) for index in range(senders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while collector.ledger()["pending"] > 0 and time.monotonic() < start + seconds + 60:
        time.sleep(0.05)
    elapsed, cpu = time.monotonic() - start, collector.cpu() - before
    ledger = collector.ledger()
    spans = sum(counts) * SPANS
    if ledger["received"] != spans:
        raise SystemExit(f"collector.py: {spans} spans were acknowledged, but the ledger says {ledger}")
    result = {"name": name, "spans": spans, "seconds": round(elapsed, 2), "spans_per_second": round(spans / elapsed),
              "cpu_seconds": round(cpu, 2), "spans_per_cpu_second": round(spans / cpu), "cpu_seconds_per_million": round(cpu / spans * 1e6, 3),
              "peak_bytes": collector.peak(), "sink_requests": sink.requests, "sink_bytes": sink.bytes, "ledger": ledger}
    collector.stop()
    return result


def latency(program, seconds):
    """From sending a request to its arrival at the sink, at 100 requests a second."""
    generator = random.Random(2)
    sink = Sink(True)
    sink.start()
    collector = Collector(program, sink.url, "")
    host, port = collector.address.rsplit(":", 1)
    connection = socket.create_connection((host, int(port)))
    sent = {}
    count = int(seconds * 100)
    base = request(generator)
    start = time.monotonic()
    for number in range(count):
        mark = b"mark-%08d" % number
        body = gzip.compress(base + field(1, field(2, field(2, field(1, generator.randbytes(16)) + field(2, generator.randbytes(8)) + field(5, mark)))), 1)
        time.sleep(max(0, start + number / 100 - time.monotonic()))
        sent[mark] = time.monotonic()
        post(connection, body, collector.address)
    deadline = time.monotonic() + 30
    while len(sink.arrivals) < count and time.monotonic() < deadline:
        time.sleep(0.05)
    times = sorted(sink.arrivals[mark] - sent[mark] for mark in sent if mark in sink.arrivals)
    collector.stop()
    return {"name": "latency", "requests": count, "arrived": len(times), "p50_ms": round(times[len(times) // 2] * 1e3, 1),
            "p99_ms": round(times[int(len(times) * 0.99)] * 1e3, 1), "max_ms": round(times[-1] * 1e3, 1)}


SAMPLING = """sampling: { decision_wait: "2s", memory: "32MiB", policies: [{ type: "errors" }, { type: "latency", threshold: "30s" },
    { type: "attribute", key: "tenant", values: ["acme"] }, { type: "probabilistic", ratio: 0.1 }] },"""

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--json")
    options = parser.parse_args()
    results = [
        throughput(options.program, options.seconds, "span_metrics: null, service_graph: null,", "passed through"),
        throughput(options.program, options.seconds, "", "with metrics"),
        throughput(options.program, options.seconds, SAMPLING, "with metrics and sampling"),
        latency(options.program, options.seconds),
    ]
    for result in results:
        print(json.dumps(result))
    if options.json:
        with open(options.json, "w") as file:
            json.dump(results, file, indent=2)
