@testable import LogAgent

/// Something that takes bytes from anyone. `run` must end, and traps where a promise is broken.
struct FuzzTarget {
    let name: String
    let run: (UnsafeRawBufferPointer) -> Void

    /// Each has a corpus of its name.
    static var all: [FuzzTarget] {
        [
            FuzzTarget(name: "logfmt", run: LineFuzzing(.logfmt).run),
            FuzzTarget(name: "syslog", run: LineFuzzing(.syslog).run),
            FuzzTarget(name: "pattern", run: PatternFuzzing.run),
            FuzzTarget(name: "regex", run: RegexFuzzing.run),
            FuzzTarget(name: "timestamps", run: TimestampFuzzing.run),
            FuzzTarget(name: "zone", run: ZoneFuzzing.run),
            FuzzTarget(name: "json", run: LineFuzzing(.json).run),
            FuzzTarget(name: "gzip", run: GzipFuzzing.run),
            FuzzTarget(name: "configuration", run: ConfigurationFuzzing.run),
            FuzzTarget(name: "http", run: HTTPFuzzing.run),
            FuzzTarget(name: "assembling", run: AssemblingFuzzing.run),
            FuzzTarget(name: "traces", run: TraceProtobufFuzzing.run),
            FuzzTarget(name: "traces-json", run: TraceJSONFuzzing.run),
            FuzzTarget(name: "segment", run: SegmentLogFuzzing.run),
        ]
    }
}

extension UnsafeRawBufferPointer {
    /// What stands before the first newline, and behind it.
    var splitAtNewline: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) {
        let index = firstIndex(of: 0x0A) ?? count
        return (UnsafeRawBufferPointer(rebasing: self[..<index]), UnsafeRawBufferPointer(rebasing: self[Swift.min(index + 1, count)...]))
    }
}
