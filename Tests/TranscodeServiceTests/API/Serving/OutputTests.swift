import Foundation
import HTTP
import JobStore
import SystemIO
import TestSupport
import Testing

@testable import TranscodeService

@Suite(.timeLimit(.minutes(2)))
struct OutputTests {
    private static let content = Array("0123456789abcdefghij".utf8)

    /// A completed job with an output of 360p and a transcript.
    private func withOutput(_ body: (APISetup, _ path: String) throws -> Void) throws {
        try withAPI { (setup) throws in
            let id = try setup.upload()
            var job = try #require(try setup.store.claim(worker: "w", now: SystemClock.wallNanoseconds(), leaseNanoseconds: 60_000_000_000))
            try Directory.create(setup.files.attemptDirectory(job))
            try AtomicFileReplacement.write(Self.content, to: setup.files.outputPath(job, resolution: .p360))
            try AtomicFileReplacement.write(Array("hello".utf8), to: setup.files.transcriptPath(job))
            job.status = .completed
            job.outputs = [
                JobOutput(resolution: "360p", bytes: UInt64(Self.content.count), transcodeSeconds: 1.5, compressionRatio: .infinity)
            ]
            job.transcript = Transcript(model: "base", words: 1, bytes: 5, seconds: 2)
            #expect(try setup.store.finish(job, worker: "w"))
            try body(setup, "/api/v1/jobs/\(id)")
        }
    }

    @Test func `an output is served whole, and to HEAD without its bytes`() throws {
        try withOutput { (setup, path) throws in
            let response = try setup.send(.get, "\(path)/outputs/360p")
            #expect(response.status == 200 && response.body == Self.content)
            #expect(response.headers.first("Content-Type") == "video/mp4")
            #expect(response.headers.first("Accept-Ranges") == "bytes")
            #expect(response.headers.first("ETag")?.hasPrefix("\"") == true)
            let head = try setup.send(.head, "\(path)/outputs/360p")
            #expect(head.status == 200 && head.body.isEmpty)
            #expect(head.headers.first("Content-Length") == "20")
            #expect(head.headers.first("ETag") == response.headers.first("ETag"))
            let transcript = try setup.send(.get, "\(path)/transcript", ["Range": "bytes=1-2"])
            #expect(transcript.status == 206 && transcript.bodyText == "el")
        }
    }

    @Test(arguments: [
        ("bytes=0-0", 0..<1), ("bytes=5-9", 5..<10), ("bytes=15-", 15..<20), ("bytes=-3", 17..<20), ("bytes=10-999", 10..<20),
        ("bytes=-999", 0..<20), ("BYTES=1-2", 1..<3), ("bytes=19-99999999999999999999", 19..<20),
    ])
    func `a range is served as that part`(range: String, expected: Range<Int>) throws {
        try withOutput { (setup, path) throws in
            let response = try setup.send(.get, "\(path)/outputs/360p", ["Range": range])
            #expect(response.status == 206)
            #expect(response.headers.first("Content-Range") == "bytes \(expected.lowerBound)-\(expected.upperBound - 1)/20")
            #expect(response.body == Array(Self.content[expected]))
            #expect(try setup.send(.head, "\(path)/outputs/360p", ["Range": range]).status == 200)
        }
    }

    @Test(arguments: ["bytes=1-2,4-5", "bytes=5-1", "bytes=-", "bytes=x-1", "lines=1-2", "bytes", "bytes=1-2-3"])
    func `what is no single range of bytes is passed over`(range: String) throws {
        try withOutput { (setup, path) throws in
            #expect(try setup.send(.get, "\(path)/outputs/360p", ["Range": range]).body == Self.content)
        }
    }

    @Test(arguments: ["bytes=20-", "bytes=-0", "bytes=99-100"])
    func `a range without a byte of the file is told`(range: String) throws {
        try withOutput { (setup, path) throws in
            let response = try setup.send(.get, "\(path)/outputs/360p", ["Range": range])
            #expect(response.status == 416)
            #expect(response.headers.first("Content-Range") == "bytes */20")
        }
    }

    @Test func `conditions are honoured`() throws {
        try withOutput { (setup, path) throws in
            let target = "\(path)/outputs/360p"
            let first = try setup.send(.get, target)
            let tag = try #require(first.headers.first("ETag"))
            let modified = try #require(first.headers.first("Last-Modified"))
            let earlier = "Thu, 01 Jan 1970 00:00:00 GMT"
            let cases: [(HTTPHeaders, Int)] = [
                (["If-None-Match": tag], 304), (["If-None-Match": "W/\(tag)"], 304), (["If-None-Match": "*"], 304),
                (["If-None-Match": "\"x\", \(tag)"], 304), (["If-None-Match": "\"x\""], 200),
                (["If-None-Match": "\"x\"", "If-Modified-Since": modified], 200),
                (["If-Modified-Since": modified], 304), (["If-Modified-Since": earlier], 200), (["If-Modified-Since": "nonsense"], 200),
                (["If-Match": tag], 200), (["If-Match": "*"], 200), (["If-Match": "\"x\""], 412), (["If-Match": "W/\(tag)"], 412),
                (["If-Unmodified-Since": earlier], 412), (["If-Unmodified-Since": modified], 200),
                (["Range": "bytes=0-1", "If-Range": tag], 206), (["Range": "bytes=0-1", "If-Range": "\"x\""], 200),
                (["Range": "bytes=0-1", "If-Range": modified], 206), (["Range": "bytes=0-1", "If-Range": earlier], 200),
                (["Range": "bytes=0-1", "If-Range": "W/\(tag)"], 200), (["Range": "bytes=0-1", "If-None-Match": tag], 304),
            ]
            for (headers, status) in cases { #expect(try setup.send(.get, target, headers).status == status, "\(headers)") }
        }
    }

    @Test func `there is nothing where there is no output`() throws {
        try withOutput { (setup, path) throws in
            for name in ["720p", "1080p", "..", "%2e%2e%2f", "360p.mp4"] {
                #expect(try setup.send(.get, "\(path)/outputs/\(name)").status == 404)
            }
            let waiting = try setup.upload()
            let response = try setup.send(.get, "/api/v1/jobs/\(waiting)/outputs/360p")
            #expect(response.status == 409 && response.bodyText.contains("job-not-completed"))
            #expect(try setup.send(.get, "/api/v1/jobs/\(waiting)/transcript").status == 409)
        }
    }

    @Test func `deleting removes outputs too`() throws {
        try withOutput { (setup, path) throws in
            #expect(try json(try setup.send(.get, "/api/v1/usage"))["used_bytes"] as? Int == 32)
            #expect(try setup.send(.delete, path).status == 204)
            #expect(try FileManager.default.contentsOfDirectory(atPath: setup.files.outputsDirectory) == [])
            #expect(try json(try setup.send(.get, "/api/v1/usage"))["used_bytes"] as? Int == 0)
        }
    }
}
