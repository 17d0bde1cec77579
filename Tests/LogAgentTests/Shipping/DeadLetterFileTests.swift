import Foundation
import SystemIO
import TestSupport
import Testing

@testable import LogAgent

struct DeadLetterFileTests {
    private let batch = BatchMaking.batch(
        #"{"job":"a\"b"}"#,
        entries: [
            LokiEntry(timestamp: 1, line: "plain"),
            LokiEntry(timestamp: 2, line: "\"quotes\" \\ and\nlines\u{0}ü", metadata: ["trace": "t1"]),
            LokiEntry(timestamp: 3, line: ""),
        ])

    private func refused(_ indices: Int...) -> [RefusedEntry] {
        indices.map { RefusedEntry(index: $0, reason: RefusalReason(.tooOld, "has \"timestamp\" too old")) }
    }

    private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    @Test func `each line is one object with all there is to know`() throws {
        try withTemporaryDirectory { directory in
            let file = DeadLetterFile(directory: directory + "/deep/er", name: "loki")
            try file.append(refused(0, 1), of: batch, output: "loki", wallNanoseconds: 99) { index in
                index == 0 ? DeadLetterFile.Origin(path: "/var/log/a \"b\".log", offset: 4096) : nil
            }
            #expect(
                try text(directory + "/deep/er/loki.jsonl") == #"""
                    {"refused_at":"99","output":"loki","reason":"greater_than_max_sample_age","detail":"has \"timestamp\" too old","path":"/var/log/a \"b\".log","offset":4096,"stream":{"job":"a\"b"},"timestamp":"1","line":"plain"}
                    {"refused_at":"99","output":"loki","reason":"greater_than_max_sample_age","detail":"has \"timestamp\" too old","stream":{"job":"a\"b"},"timestamp":"2","metadata":{"trace":"t1"},"line":"\"quotes\" \\ and\nlines\u0000ü"}

                    """#)
            #expect(file.counters.lines == 2)
        }
    }

    @Test func `a line that a crash cut short is removed at the next start`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/loki.jsonl"
            // Longer than what is looked through at once.
            let torn = #"{"line":"# + String(repeating: "x", count: 200_000)
            try Data("{\"line\":\"whole\"}\n\(torn)".utf8).write(to: URL(fileURLWithPath: path))
            let file = DeadLetterFile(directory: directory, name: "loki")
            try file.append(refused(2), of: batch, output: "loki", wallNanoseconds: 1)
            let lines = try text(path).split(separator: "\n")
            #expect(lines.count == 2 && lines[0] == #"{"line":"whole"}"# && lines[1].hasSuffix(#""line":""}"#))
            #expect(file.counters.tornBytes == UInt64(torn.utf8.count))
        }
    }

    @Test func `nothing but a torn line leaves an empty file`() throws {
        try withTemporaryDirectory { directory in
            try Data("{\"line".utf8).write(to: URL(fileURLWithPath: directory + "/loki.jsonl"))
            let file = DeadLetterFile(directory: directory, name: "loki")
            try file.append(refused(0), of: batch, output: "loki", wallNanoseconds: 1)
            #expect(try text(directory + "/loki.jsonl").hasPrefix(#"{"refused_at":"1""#))
        }
    }

    @Test func `the files stay within their size, and what goes is counted`() throws {
        try withTemporaryDirectory { directory in
            let file = DeadLetterFile(directory: directory, name: "loki", maximumBytes: 400, maximumFiles: 3)
            for _ in 0..<20 { try file.append(refused(0), of: batch, output: "loki", wallNanoseconds: 1) }
            let names = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
            #expect(names == ["loki.1.jsonl", "loki.2.jsonl", "loki.jsonl"])
            let kept = try names.reduce(0) { $0 + (try text("\(directory)/\($1)").utf8.count) }
            #expect(try names.allSatisfy { try text("\(directory)/\($0)").utf8.count <= 400 })
            #expect(file.counters.removedBytes + UInt64(kept) == file.counters.bytes)
        }
    }
}
