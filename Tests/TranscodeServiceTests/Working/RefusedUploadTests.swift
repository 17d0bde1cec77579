import Foundation
import JobStore
import SystemIO
import TestSupport
import Testing

@testable import TranscodeService

/// Uploads that are broken or want something else than to be transcoded, with the real ffprobe and ffmpeg.
@Suite(.timeLimit(.minutes(5))) struct RefusedUploadTests {
    /// Processes an upload that must fail for good at the first attempt, without a trace. Gives the failure.
    private func failure(
        _ bytes: Data, in directory: String, _ kind: JobFailure.Kind = .probe, location: SourceLocation = #_sourceLocation
    ) throws -> String {
        let setup = try WorkerSetup(directory)
        let upload = directory + "/upload"
        try bytes.write(to: URL(fileURLWithPath: upload))
        let (job, events) = try setup.process(upload)
        #expect(job.status == .failed, sourceLocation: location)
        #expect(job.failure?.kind == kind, "\(job.failure?.message ?? "")", sourceLocation: location)
        #expect(job.attempts == 1, sourceLocation: location)
        #expect(job.finishedAt != nil, sourceLocation: location)
        #expect(job.outputs.isEmpty, sourceLocation: location)
        #expect(setup.outputs(job.id).isEmpty, sourceLocation: location)
        #expect(events.contains("job failed: \(kind)"), sourceLocation: location)
        let message = job.failure?.message ?? ""
        #expect(!message.contains(directory) && !message.contains(" @ 0x"), "\(message)", sourceLocation: location)
        return message
    }

    private func contents(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

    @Test func `nothing, random bytes and text are no videos`() throws {
        var generator = SystemRandomNumberGenerator()
        let random = Data((0..<100_000).map { _ in UInt8.random(in: 0...255, using: &generator) })
        for bytes in [Data(), random, Data(String(repeating: "To be, or not to be.\n", count: 500).utf8), Data(count: 50_000)] {
            try withTemporaryDirectory { directory in
                let message = try failure(bytes, in: directory)
                #expect(message.hasPrefix("the file "))
            }
        }
    }

    @Test func `sound without a picture is no video`() throws {
        try withTemporaryDirectory { directory in
            let message = try failure(contents(TestVideos.soundOnly.path), in: directory)
            #expect(message == "the file has no video stream")
        }
    }

    @Test func `a file that is cut off before its index can't be read`() throws {
        try withTemporaryDirectory { directory in
            let bytes = try contents(TestVideos.indexLast.path)
            let message = try failure(bytes.prefix(bytes.count / 2), in: directory)
            #expect(
                message
                    == "the file can't be read as a video: [mov,mp4,m4a,3gp,3g2,mj2] moov atom not found; input: Invalid data found when processing input"
            )
        }
    }

    @Test func `a file that is cut off in its pictures is not taken for a shorter one`() throws {
        try withTemporaryDirectory { directory in
            let bytes = try contents(TestVideos.withSound.path)
            let message = try failure(bytes.prefix(bytes.count / 3), in: directory, .transcode)
            #expect(message.contains("it is cut off or damaged"), "\(message)")
        }
    }

    @Test func `playlists do not reach other files`() throws {
        try withTemporaryDirectory { directory in
            let segment = directory + "/segment.ts"
            try FileManager.default.copyItem(atPath: TestVideos.segment.path, toPath: segment)
            let head = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:1,\n"
            for entry in [segment, "../../../../segment.ts", "crypto+file:\(segment)"] {
                let name = directory + "/" + UUID().uuidString
                let message = try failure(Data((head + entry + "\n#EXT-X-ENDLIST\n").utf8), in: name.created())
                #expect(message.hasPrefix("the file is of no format that is accepted"), "\(message)")
            }
            let name = directory + "/" + UUID().uuidString
            let message = try failure(Data("ffconcat version 1.0\nfile '\(segment)'\n".utf8), in: name.created())
            #expect(message.hasPrefix("the file is of no format that is accepted"), "\(message)")
        }
    }

    @Test func `playlists do not reach the network`() throws {
        try withTemporaryDirectory { directory in
            let server = try ListeningSocket()
            let url = "http://127.0.0.1:\(server.port)/secret.ts"
            let uploads = [
                "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:1,\n\(url)\n#EXT-X-ENDLIST\n",
                "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n\(url)\n",
                "ffconcat version 1.0\nfile '\(url)'\n",
                "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video \(server.port) RTP/AVP 96\na=rtpmap:96 H264/90000\n",
                "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\"><BaseURL>\(url)</BaseURL></MPD>",
            ]
            let messages = try uploads.map { try failure(Data($0.utf8), in: (directory + "/" + UUID().uuidString).created()) }
            // DASH is not in every build of FFmpeg, and is no format at all then.
            #expect(messages.dropLast().allSatisfy { $0.hasPrefix("the file is of no format that is accepted") }, "\(messages)")
            #expect(messages.last?.hasPrefix("the file ") == true)
            #expect(!server.hasConnection)
        }
    }

    @Test func `a picture is no video`() throws {
        try withTemporaryDirectory { directory in
            let picture = directory + "/picture.png"
            let made = try ChildProcess.run(
                ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180:d=1", "-frames:v", "1", picture], in: directory)
            #expect(made.ending == .exited(0))
            #expect(try failure(contents(picture), in: directory).hasPrefix("the file is of no format that is accepted"))
        }
    }

    @Test func `damaged videos end one way or the other`() throws {
        let original = try contents(TestVideos.withSound.path)
        var generator = SystemRandomNumberGenerator()
        try withTemporaryDirectory { directory in
            var setup = try WorkerSetup(directory)
            setup.settings.resolutions = [.p360]
            setup.settings.count = 2
            let pool = try setup.pool()
            var ids: [String] = []
            for number in 0..<4 {
                var bytes = original
                for _ in 0..<(1 << (2 * number)) {
                    bytes[Int.random(in: 0..<min(bytes.count, number < 2 ? 4000 : .max), using: &generator)] = .random(in: 0...255)
                }
                let path = directory + "/damaged-\(number)"
                try bytes.write(to: URL(fileURLWithPath: path))
                ids.append(try setup.submit(path))
            }
            try pool.start()
            defer { pool.stop(drainNanoseconds: 0) }
            for id in ids {
                try waitUntil("the end of \(id)", seconds: 120) { try setup.job(id).status.isFinal }
                let job = try setup.job(id)
                #expect(job.status == .completed || [.probe, .transcode, .storage].contains(job.failure?.kind), "\(job)")
            }
        }
    }
}

extension String {
    /// The path, after the directory was made.
    fileprivate func created() throws -> String {
        try Directory.create(self)
        return self
    }
}

/// A port of 127.0.0.1 where nobody is to come.
private final class ListeningSocket {
    private let descriptor: FileDescriptor
    let port: UInt16

    init() throws {
        let raw = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        descriptor = FileDescriptor(owning: raw)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isReady = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(raw, $0, length) == 0 && listen(raw, 16) == 0 && getsockname(raw, $0, &length) == 0
            }
        }
        guard isReady else { throw SystemError(call: "bind", subject: "127.0.0.1") }
        port = UInt16(bigEndian: address.sin_port)
    }

    var hasConnection: Bool { Poll.readable([descriptor.rawValue], milliseconds: 0)[0] }
}
