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

    @Test func `Python, gzip and Go take several members as one body`() throws {
        try withBatch { batch, requests in
            try withTemporaryDirectory { directory in
                let body = RequestBody(compression: .gzip, level: 1)
                try body.make(of: 0..<6, in: batch)
                let path = directory + "/body.gz"
                try Data(body.bytes).write(to: URL(fileURLWithPath: path))
                let expected = Data(requests.flatMap { $0 })
                let python = "import gzip, sys; sys.stdout.buffer.write(gzip.decompress(open(sys.argv[1], 'rb').read()))"
                for command in [["python3", "-c", python, path], ["gzip", "-dc", path]] {
                    let output = directory + "/output-\(command[0])"
                    let process = try ChildProcess(command, outputPath: output, errorPath: directory + "/error")
                    #expect(try process.wait() == .exited(0), "\(process.errorText)")
                    #expect(try Data(contentsOf: URL(fileURLWithPath: output)) == expected)
                }
            }
        }
    }
}
