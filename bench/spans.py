"""Requests of spans as OTLP in protobuf, made and read with nothing but Python: what loads trace-collector, and what checks it."""
import collections
import struct

SPANS = 100      # of a request
TRACE_SPANS = 10

# `start` in nanoseconds since 1970; `events`: their names.
Span = collections.namedtuple("Span", "trace identity parent service name kind status start nanoseconds events bytes")
KINDS = ["SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER", "SPAN_KIND_CLIENT", "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER"]
STATUSES = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"]


def request(generator):
    """One request: ten traces of ten spans with ten attributes each, of one service; every hundredth span has failed."""
    spans = b""
    for _ in range(SPANS // TRACE_SPANS):
        trace, root = generator.randbytes(16), generator.randbytes(8)
        for index in range(TRACE_SPANS):
            identity, parent = (generator.randbytes(8), root) if index else (root, None)
            spans += _span(generator, trace, identity, parent, generator.random() < 0.01)
    resource = b"".join(_attribute(1, key, value) for key, value in [
        ("service.name", f"service-{generator.randrange(5)}"), ("service.version", "1.2.3"), ("host.name", "host-1"),
        ("telemetry.sdk.language", "python"), ("telemetry.sdk.name", "opentelemetry"), ("telemetry.sdk.version", "1.45.2")])
    scope = _text(1, "instrumentation.http") + _text(2, "1.0")
    return _field(1, _field(1, resource) + _field(2, _field(1, scope) + spans))


def named(name, generator):
    """A request of a single span."""
    span = _field(1, generator.randbytes(16)) + _field(2, generator.randbytes(8)) + _text(5, name)
    return _field(1, _field(2, _field(2, span)))


def read(message):
    """Every span of a request, or of several one behind the other."""
    for _, resource_spans in _fields(message):
        parts = list(_fields(resource_spans))
        service = next((_service(part) for number, part in parts if number == 1), "")
        for number, scope_spans in parts:
            for inner, body in _fields(scope_spans) if number == 2 else ():
                if inner == 2:
                    yield _read_span(body, service)


def tree(spans):
    """The spans of one trace as indented lines: names, durations, errors, events."""
    known = {span.identity for span in spans}
    ordered = sorted(spans, key=lambda span: span.start)
    lines = []

    def add(span, depth):
        failed = "   ERROR" if span.status == "STATUS_CODE_ERROR" else ""
        lines.append(f"{'  ' * depth}{span.name}  {span.nanoseconds / 1e6:,.1f} ms{failed}")
        lines.extend(f"{'  ' * (depth + 1)}· {event}" for event in span.events)
        for child in ordered:
            if child.parent == span.identity:
                add(child, depth + 1)

    for span in ordered:
        if span.parent not in known:
            add(span, 0)
    return lines


def _varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _field(number, data):
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _text(number, value):
    return _field(number, value.encode())


def _attribute(number, key, value):
    content = _text(1, value) if isinstance(value, str) else b"\x18" + _varint(value)
    return _field(number, _text(1, key) + _field(2, content))


def _span(generator, trace, identity, parent, failed):
    start = 1_700_000_000_000_000_000 + generator.randrange(10**9)
    route = f"/api/v1/items/{generator.randrange(20)}"
    kind = 2 if not parent else 3 if generator.random() < 0.3 else 1
    body = _field(1, trace) + _field(2, identity) + (_field(4, parent) if parent else b"")
    body += _text(5, f"GET {route}") + b"\x30" + bytes([kind])
    body += b"\x39" + struct.pack("<Q", start) + b"\x41" + struct.pack("<Q", start + generator.randrange(1, 2 * 10**9))
    for key, value in [
        ("http.request.method", "GET"), ("http.route", route), ("http.response.status_code", 500 if failed else 200),
        ("url.path", route), ("url.scheme", "https"), ("server.address", "shop.example.com"), ("server.port", 443),
        ("client.address", f"10.0.{generator.randrange(256)}.{generator.randrange(256)}"), ("user_agent.original", "Mozilla/5.0 (X11)"),
        ("thread.id", generator.randrange(64)),
    ]:
        body += _attribute(9, key, value)
    return _field(2, body + (_field(15, _text(2, "it broke") + b"\x18\x02") if failed else b""))


def _fields(data):
    """(number, value) of each field of a message: a number, or the bytes of what has a length."""
    position = 0

    def varint():
        nonlocal position
        value = shift = 0
        while True:
            byte = data[position]
            position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while position < len(data):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
            continue
        size = varint() if key & 7 == 2 else 8 if key & 7 == 1 else 4
        value = data[position:position + size]
        if len(value) != size:
            raise ValueError("a message that ends in the middle of a field")
        position += size
        yield key >> 3, value if key & 7 == 2 else int.from_bytes(value, "little")


def _service(resource):
    for number, attribute in _fields(resource):
        if number == 1:
            pair = dict(_fields(attribute))
            if pair[1] == b"service.name":
                return dict(_fields(pair[2]))[1].decode()
    return ""


def _read_span(body, service):
    fields, events = {}, []   # attributes, which repeat, are of no interest here
    for number, value in _fields(body):
        fields[number] = value
        if number == 11:
            events.append(dict(_fields(value)).get(2, b"").decode())
    status = dict(_fields(fields[15])).get(3, 0) if 15 in fields else 0
    start = fields.get(7, 0)
    return Span(fields[1], fields[2], fields.get(4, b""), service, fields.get(5, b"").decode(), KINDS[fields.get(6, 0)], STATUSES[status],
                start, fields.get(8, 0) - start, events, len(body))
