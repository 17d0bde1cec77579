import Foundation
import Gzip
import OTLP
import TestSupport
import Testing

@testable import LogAgent

struct OTLPBodyTests {
    private func body(_ batches: SealedBatch..., part: PushPart? = nil) -> [UInt8] {
        var writer = ProtobufWriter()
        OTLPBody.append(part ?? .whole(batches), of: batches, to: &writer)
        return writer.bytes
    }

    @Test func `labels that Loki indexes go by their names with dots, the others as metadata`() throws {
        let batch = BatchMaking.batch(
            #"{"job":"api","service_name":"web","k8s_pod_name":"p-1","deployment_environment_name":"x\"y"}"#,
            entries: [LokiEntry(timestamp: 5, line: "one")])
        let streams = try #require(LokiPushRequest(otlp: body(batch))).streams
        #expect(
            streams == [
                .init(
                    labels: ["service_name": "web", "k8s_pod_name": "p-1", "deployment_environment_name": "x\"y"],
                    entries: [LokiEntry(timestamp: 5, line: "one", metadata: ["job": "api"])])
            ])
    }

    @Test(
        arguments: [
            (#"{"job":"j"}"#, "j"), (#"{"job":"j","app":"a"}"#, "a"), (#"{"app":"a","service":"s"}"#, "s"),
            (#"{"container_name":"c","job":"j"}"#, "c"), (#"{"level":"INFO"}"#, "unknown_service"), ("{}", "unknown_service"),
        ])
    func `the service is found as Loki finds it for its own format`(labels: String, service: String) throws {
        let request = try #require(LokiPushRequest(otlp: body(BatchMaking.batch(labels, lines: ["x"]))))
        #expect(request.streams.map { $0.labels["service_name"] } == [service])
    }

    @Test func `time, line, level and identifiers have fields of their own`() throws {
        let trace = "0af7651916cd43dd8448eb211c80319c"
        let batch = BatchMaking.batch(
            #"{"service_name":"web","level":"warn"}"#,
            entries: [
                LokiEntry(
                    timestamp: 1_700_000_000_000_000_001, line: "a \"b\"\t\u{0}é",
                    metadata: ["trace_id": trace, "span_id": "B7AD6B7169203331", "job_id": "7"]),
                LokiEntry(timestamp: 0, line: "", metadata: ["trace_id": "not one", "span_id": "0000000000000000"]),
            ])
        let entries = try #require(LokiPushRequest(otlp: body(batch))?.streams.first).entries
        let level = ["level": "warn", "severity_number": "13", "severity_text": "warn"]
        #expect(
            entries == [
                LokiEntry(
                    timestamp: 1_700_000_000_000_000_001, line: "a \"b\"\t\u{0}é",
                    metadata: level.merging(["trace_id": trace, "span_id": "b7ad6b7169203331", "job_id": "7"]) { $1 }),
                // A time of 0 would mean that it is not known.
                LokiEntry(timestamp: 1, line: "", metadata: level.merging(["trace_id": "not one", "span_id": "0000000000000000"]) { $1 }),
            ])
    }

    @Test func `a level may stand in the metadata, and a name that is none stays what it is`() throws {
        let batch = BatchMaking.batch(
            entries: [
                LokiEntry(timestamp: 5, line: "", metadata: ["level": "ERROR"]),
                LokiEntry(timestamp: 6, line: "", metadata: ["level": "loud"]),
            ])
        let entries = try #require(LokiPushRequest(otlp: body(batch))?.streams.first).entries
        #expect(entries.map { $0.metadata["severity_number"] } == ["17", nil])
        #expect(entries.map { $0.metadata["level"] } == ["ERROR", "loud"])
    }

    @Test func `a part holds its entries only, and several streams are several resources`() throws {
        let batches = [
            BatchMaking.batch(#"{"service_name":"a"}"#, lines: ["0", "1", "2", "3"]),
            BatchMaking.batch(#"{"service_name":"b"}"#, lines: ["x"]),
        ]
        var writer = ProtobufWriter()
        let part = PushPart(selections: [.init(batch: 0, entries: [0..<1, 2..<4]), .init(batch: 1, entries: [0..<1])])
        OTLPBody.append(part, of: batches, to: &writer)
        let streams = try #require(LokiPushRequest(otlp: writer.bytes)).streams
        #expect(streams.map { $0.entries.map(\.line) } == [["0", "2", "3"], ["x"]])
    }

    @Test func `bodies are gzip of the same bytes in every run`() throws {
        let batch = BatchMaking.batch(lines: (0..<5000).map { "line \($0) of many" })
        let encoder = PushEncoder(level: 1, encoding: .otlp)
        var bodies: Set<[UInt8]> = []
        for _ in 0..<2 {
            var compressed: [UInt8] = []
            let count = encoder.encode(.whole([batch]), of: [batch], into: &compressed)
            let plain = try GzipDecoder.decompress(compressed, maximumBytes: 1 << 20)
            #expect(plain.count == count && plain == body(batch))
            bodies.insert(compressed)
        }
        #expect(bodies.count == 1)
    }
}
