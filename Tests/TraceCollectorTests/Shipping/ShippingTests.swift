import CZlib
import Delivery
import Foundation
import Gzip
import HTTP
import TestSupport
import Testing

@testable import OTLP
@testable import TraceCollector

struct OTLPAnswerTests {
    private func answer(_ status: Int, body: [UInt8] = [], headers: HTTPHeaders = [:]) -> OTLPAnswer {
        OTLPAnswer(HTTPResponse(status: status, headers: headers, body: body), wallSeconds: 0)
    }

    @Test(arguments: [429, 502, 503, 504])
    func `only these are tried again, when the server asks for it`(status: Int) {
        #expect(answer(status) == .retry(status: status, reason: "", .backoff))
        #expect(answer(status, headers: ["Retry-After": "7"]) == .retry(status: status, reason: "", .asked(nanoseconds: 7_000_000_000)))
    }

    @Test(arguments: [500, 501, 505, 418, 409])
    func `other failures are final`(status: Int) { #expect(answer(status) == .failed(status: status, reason: "")) }

    @Test(arguments: [400, 413, 422])
    func `what is refused may be taken in parts`(status: Int) {
        var writer = ProtobufWriter()
        writer.signed(1, 3)
        writer.string(2, "bad spans")
        #expect(answer(status, body: writer.bytes) == .refused(status: status, reason: "bad spans"))
        #expect(answer(status, body: Array("plain\n".utf8)) == .refused(status: status, reason: "plain"))
    }

    @Test(arguments: [301, 401, 403, 404])
    func `a wrong configuration keeps the spans`(status: Int) { #expect(answer(status) == .retry(status: status, reason: "", .slow)) }

    @Test func `a success may be partial`() {
        #expect(answer(200) == .taken(rejected: 0, message: nil))
        var writer = ProtobufWriter()
        writer.message(1) { partial in
            partial.signed(1, 2)
            partial.string(2, "too old")
        }
        #expect(answer(200, body: writer.bytes) == .taken(rejected: 2, message: "too old"))
    }
}

struct DeliveryPartsTests {
    @Test func `halving finds every record that is refused, and sends the others in order`() {
        let bad: Set<Int> = [0, 3, 6]
        var parts = DeliveryParts(count: 8)
        var delivered: [Int] = []
        var refused: [Int] = []
        var requests = 0
        while let part = parts.current {
            requests += 1
            if part.contains(where: bad.contains) {
                if parts.splitCurrent() { continue }
                refused += part
            } else {
                delivered += part
            }
            parts.settleCurrent()
        }
        #expect(delivered == [1, 2, 4, 5, 7] && refused == [0, 3, 6])
        #expect(requests == 13)
        #expect(DeliveryParts(count: 0).current == nil)
    }
}

struct RequestBodyTests {
    private func gzip(_ bytes: [UInt8], level: GzipLevel) -> [UInt8] {
        var output: [UInt8] = []
        GzipEncoder(level: level).compress(bytes.span.bytes, into: &output)
        return output
    }

    /// A batch of requests, those at odd places compressed before.
    private func withBatch(_ body: (LogBatch, [[UInt8]]) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            let log = try SegmentLog(directory: directory, readers: ["a"], maximumBytes: 16 << 20, synchronization: .never) { _, _, _ in }
            let requests = (1...6).map { Requests.make([.init(id: UInt64($0), name: String(repeating: "n", count: 100 * $0))]) }
            for (number, request) in requests.enumerated() {
                let isCompressed = number % 3 != 0
                let stored = isCompressed ? gzip(request, level: number % 2 == 0 ? .fast : .zlib(9)) : request
                try log.append(stored, content: isCompressed ? .gzip : .protobuf, messageBytes: request.count)
            }
            let batch = LogBatch()
            #expect(try log.take(into: batch, maximumBytes: 1 << 20, by: 0))
            try body(batch, requests)
        }
    }

    @Test func `members that came compressed go out as they came, and the whole inflates to all requests`() throws {
        try withBatch { batch, requests in
            let body = RequestBody(compression: .gzip, level: 1)
            try body.make(of: 0..<6, in: batch)
            #expect(try GzipDecoder.decompress(body.bytes, maximumBytes: 1 << 20) == requests.flatMap { $0 })
            let second = Array(batch.bytes[batch.records[1].range])
            #expect(String(decoding: body.bytes, as: Unicode.ASCII.self).contains(String(decoding: second, as: Unicode.ASCII.self)))
            try body.make(of: 2..<4, in: batch)
            #expect(try Requests.spans(GzipDecoder.decompress(body.bytes, maximumBytes: 1 << 20)) == [[1, 3], [1, 4]])
        }
    }

    @Test func `without compression the requests stand one behind the other`() throws {
        try withBatch { batch, requests in
            let body = RequestBody(compression: .none, level: 1)
            try body.make(of: 0..<6, in: batch)
            #expect(body.bytes == requests.flatMap { $0 })
        }
    }

    /// What is made of the whole batch, in a file.
    private func withBody(_ body: (_ path: String, _ expected: [UInt8], _ directory: String) throws -> Void) throws {
        try withBatch { batch, requests in
            try withTemporaryDirectory { directory in
                let made = RequestBody(compression: .gzip, level: 1)
                try made.make(of: 0..<6, in: batch)
                let path = directory + "/body.gz"
                try Data(made.bytes).write(to: URL(fileURLWithPath: path))
                try body(path, requests.flatMap { $0 }, directory)
            }
        }
    }

    @Test func `zlib takes several members as one body`() throws {
        try withBody { path, expected, _ in
            let file = try #require(gzopen(path, "rb"))
            defer { gzclose(file) }
            var inflated = [UInt8](repeating: 0, count: expected.count + 1)
            #expect(gzread(file, &inflated, UInt32(inflated.count)) == Int32(expected.count))
            #expect(inflated.dropLast() == expected[...] && gzeof(file) == 1)
        }
    }

    @Test(arguments: [
        ["python3", "-c", "import gzip, sys; sys.stdout.buffer.write(gzip.decompress(open(sys.argv[1], 'rb').read()))"],
        ["python3", "-c", "import gzip, shutil, sys; shutil.copyfileobj(gzip.open(sys.argv[1]), sys.stdout.buffer)"],
        ["gzip", "-dc"],
    ])
    func `Python and gzip take several members as one body`(command: [String]) throws {
        try withBody { path, expected, directory in try expectOutput(of: command + [path], expected, in: directory) }
    }

    private static let goInflate = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../.build/go-inflate").path

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: goInflate), "script/setup --go builds .build/go-inflate"))
    func `Go takes several members as one body`() throws {
        try withBody { path, expected, directory in try expectOutput(of: [Self.goInflate, path], expected, in: directory) }
    }

    private func expectOutput(of command: [String], _ expected: [UInt8], in directory: String) throws {
        let process = try ChildProcess(command, outputPath: directory + "/output", errorPath: directory + "/error")
        #expect(try process.wait() == .exited(0), "\(process.errorText)")
        #expect(try Data(contentsOf: URL(fileURLWithPath: directory + "/output")) == Data(expected))
    }
}
