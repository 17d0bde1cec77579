#!/usr/bin/env python3
"""Records fixtures/otlp: what the OpenTelemetry SDK for Python sends for spans that use all it has. Its exporters really send and write; ids
and times are given, so that it is the same each time.

    capture-otlp.py DIRECTORY     traces.pb and traces.json (bodies of requests), traces.jsonl (what the exporter to files writes)
"""
import http.server
import itertools
import os
import sys
import threading

from opentelemetry import trace
from opentelemetry.exporter.otlp.json.file.trace_exporter import FileSpanExporter
from opentelemetry.exporter.otlp.json.http.trace_exporter import OTLPSpanExporter as JSONSpanExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

SECOND = 1_000_000_000
START = 1_767_225_600 * SECOND + 123_456_789

VALUES = {
    "text": "caf\u00e9 \u4e2d\u6587 \U0001f980 \"quoted\" back\\slash / new\nline tab\t nul\x00 del\x7f",
    "text.empty": "",
    "text.long": "0123456789" * 40,
    "bool.true": True,
    "bool.false": False,
    "int.zero": 0,
    "int.least": -(2**63),
    "int.greatest": 2**63 - 1,
    "int.beyond.double": 2**53 + 1,
    "double.zero": 0.0,
    "double.minus.zero": -0.0,
    "double.tenth": 0.1,
    "double.huge": 1.7976931348623157e308,
    "double.least": 5e-324,
    "double.nan": float("nan"),
    "double.infinite": float("inf"),
    "double.minus.infinite": float("-inf"),
    "bytes": bytes(range(256)),
    "bytes.empty": b"",
    "bytes.one": b"\xff",
    "list.of.texts": ["a", "", "\u00fc"],
    "list.of.bools": [True, False],
    "list.of.ints": [1, -1, 2**62],
    "list.of.doubles": [0.5, -1e-9],
    "list.empty": [],
    "list.mixed": ["a", 1, 2.5, True, b"\x00\x01", None, ["nested", [1]]],
    "map": {"a": 1, "b": {"c": ["d", {"e": b"f"}]}, "\u00e9": None},
    "map.empty": {},
    "nothing": None,
}


class Counting(IdGenerator):
    """Ids that are the same in each run, with bytes of all kinds."""

    def __init__(self):
        self.numbers = itertools.count(1)

    def generate_trace_id(self):
        return (0xF0E1D2C3B4A59687 << 64) | next(self.numbers) * 0x0123456789ABCDEF % 2**64

    def generate_span_id(self):
        return next(self.numbers) * 0xFEDCBA9876543211 % 2**64


def spans():
    """Finished ones, as an exporter gets them: two resources, three scopes, every kind and status."""
    memory = InMemorySpanExporter()
    ids = Counting()
    limits = SpanLimits(max_span_attributes=len(VALUES), max_events=4, max_links=3, max_event_attributes=2, max_link_attributes=2)

    def provider(attributes, schema_url):
        made = TracerProvider(resource=Resource(attributes, schema_url), id_generator=ids, span_limits=limits, shutdown_on_exit=False)
        made.add_span_processor(SimpleSpanProcessor(memory))
        return made

    shop = provider({"service.name": "shop", "service.version": "1.2.3", "host.cpus": 4, "tags": ["a", "b"], "key": b"\x01\x02"},
                    "https://opentelemetry.io/schemas/1.37.0")
    store = provider({"service.name": "store \u4e2d"}, None)
    http = shop.get_tracer("shop.http", "2.0", "https://opentelemetry.io/schemas/1.30.0", {"scope.flag": True, "scope.list": [1, 2]})
    plain = shop.get_tracer("plain")
    queue = store.get_tracer("store.queue", "0.1", None, {"x": "y"})

    caller = SpanContext(0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331, is_remote=True, trace_flags=TraceFlags(1),
                         trace_state=TraceState([("vendor", "v:1"), ("tenant@sys", "acme:1")]))
    remote = trace.set_span_in_context(NonRecordingSpan(caller))

    root = http.start_span("GET /items/{id}", remote, SpanKind.SERVER, VALUES, [
        Link(caller, {"reason": "caller", "n": 1}),
        Link(SpanContext(2**128 - 1, 2**64 - 1, is_remote=False, trace_flags=TraceFlags(0)), {"one": 1, "two": 2, "three": 3}),
    ], start_time=START)
    root.add_event("exception", {"exception.type": "TimeoutError", "exception.message": "no\nanswer"}, START + 1)
    root.add_event("too much", {"a": 1, "b": 2, "c": 3}, START + 2)
    root.add_event("bare", None, START + 3)
    root.set_status(Status(StatusCode.ERROR, "upstream \u00fcber limit"))
    in_root = trace.set_span_in_context(root)

    client = http.start_span("SELECT", in_root, SpanKind.CLIENT, {"db.system": "postgresql"}, start_time=START + 10)
    client.set_status(Status(StatusCode.OK))
    internal = plain.start_span("", in_root, SpanKind.INTERNAL, start_time=START + 20)
    producer = queue.start_span("send", in_root, SpanKind.PRODUCER, start_time=START + 30)
    # A trace of its own, with more of everything than is kept.
    many = {f"attribute.{number}": number for number in range(len(VALUES) + 7)}
    links = [Link(producer.get_span_context()) for _ in range(8)]
    consumer = queue.start_span("receive \U0001f980", trace.set_span_in_context(trace.INVALID_SPAN), SpanKind.CONSUMER, many, links,
                                start_time=START + 40)
    for number in range(9):
        consumer.add_event(f"event {number}", None, START + 41 + number)
    for number, span in enumerate([client, internal, producer, consumer, root]):
        span.end(START + 2 * SECOND + number)
    return memory.get_finished_spans()


class Requests(http.server.BaseHTTPRequestHandler):
    bodies = []

    def do_POST(self):
        Requests.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Type", self.headers["Content-Type"])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def main(directory):
    finished = spans()
    server = http.server.HTTPServer(("127.0.0.1", 0), Requests)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}/v1/traces"
    for name, exporter in [("traces.pb", OTLPSpanExporter(endpoint)), ("traces.json", JSONSpanExporter(endpoint))]:
        exporter.export(finished)
        exporter.shutdown()
        with open(os.path.join(directory, name), "wb") as file:
            file.write(Requests.bodies.pop())
    server.shutdown()
    lines = os.path.join(directory, "traces.jsonl")
    if os.path.exists(lines):
        os.remove(lines)
    exporter = FileSpanExporter(lines)
    # Two requests, so that there are two lines; with the resources in the order that they have above.
    exporter.export(finished[:3])
    exporter.export(finished[:2:-1])
    exporter.shutdown()


if __name__ == "__main__":
    main(sys.argv[1])
