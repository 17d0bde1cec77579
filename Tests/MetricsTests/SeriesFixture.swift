import Foundation

@testable import Metrics

/// 2023-11-14T22:13:20.125Z in nanoseconds.
let someTime: UInt64 = 1_700_000_000_125_000_000
let second: UInt64 = 1_000_000_000

/// Calls `body` with the key of these label values.
func withKey<Result>(_ values: [String], _ body: (borrowing SeriesKey) throws -> Result) rethrows -> Result {
    var key = SeriesKey()
    for value in values { key.append(value) }
    return try body(key)
}

func withBytes<Result>(_ text: String, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    Array(text.utf8).withUnsafeBytes(body)
}

func trace(_ digits: String) -> ExemplarTrace? {
    withBytes(digits) { ExemplarTrace(hexDigits: $0) }
}

func rendered(_ table: SeriesTable, as format: ExpositionFormat = .prometheusText) -> String {
    var capture = SeriesCapture()
    table.capture(into: &capture)
    return rendered(capture, as: format)
}

func rendered(_ capture: SeriesCapture, as format: ExpositionFormat = .prometheusText) -> String {
    var writer = ExpositionWriter(format: format)
    writer.append(capture)
    return String(decoding: writer.finish(), as: UTF8.self)
}

func rendered(_ registry: MetricRegistry, as format: ExpositionFormat = .prometheusText) -> String {
    var writer = ExpositionWriter(format: format)
    writer.append(registry)
    return String(decoding: writer.finish(), as: UTF8.self)
}

func snapshot(of table: SeriesTable) -> [UInt8] {
    var capture = SeriesCapture()
    table.capture(into: &capture)
    var bytes: [UInt8] = []
    capture.encode(into: &bytes)
    return bytes
}

func restore(_ bytes: [UInt8], into table: SeriesTable, now: UInt64 = someTime) throws(SnapshotError) -> [RestoreFinding] {
    try bytes.span.bytes.withUnsafeBytes { (bytes) throws(SnapshotError) in try table.restore(from: bytes, now: now) }
}

/// Three families, one of each kind, with some updates.
func sampleTable() throws -> SeriesTable {
    let table = SeriesTable()
    let requests = try table.declare(
        FamilyDefinition(
            name: "api_requests_total", help: "Requests to \"the\" API\nby method \\ path.", kind: .counter,
            labelNames: ["endpoint", "method"], keepsExemplars: true),
        now: someTime)
    let durations = try table.declare(
        FamilyDefinition(
            name: "video_transcode_duration_seconds", help: "Time to transcode.", kind: .histogram(bounds: [0.1, 1, 1_000_000]),
            labelNames: ["resolution"], keepsExemplars: true, initialLabelValues: [["360p", "720p"]]),
        now: someTime)
    let uploads = try table.declare(
        FamilyDefinition(name: "uploads_in_progress", help: "Uploads that go on.", kind: .gauge), now: someTime)
    withKey(["/jobs", "GET"]) { key in
        for _ in 0..<3 { _ = requests.add(1, to: key, now: someTime) }
        _ = requests.add(2, to: key, now: someTime + second, trace: trace("4bf92f3577b34da6a3ce929d0e0e4736"))
    }
    withKey(["/a\"b\\c\nd ü", "POST"]) { _ = requests.add(0.5, to: $0, now: someTime) }
    withKey(["720p"]) { key in
        _ = durations.observe(0.1, in: key, now: someTime, trace: trace("00ab"))
        _ = durations.observe(0.2, in: key, now: someTime)
        _ = durations.observe(2e6, in: key, now: someTime)
    }
    withKey([]) { _ = uploads.move(by: -2, of: $0, now: someTime) }
    return table
}
