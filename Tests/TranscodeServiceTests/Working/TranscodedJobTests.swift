import Foundation
import JobStore
import SystemIO
import TestSupport
import Testing

@testable import TranscodeService

/// Uploads that are what they should be, with the real ffmpeg.
@Suite(.timeLimit(.minutes(5))) struct TranscodedJobTests {
    /// What ffprobe says of a file, one value a line.
    private func probe(_ path: String, _ entries: String, in directory: String) throws -> [String] {
        let ended = try ChildProcess.run(
            ["ffprobe", "-v", "error", "-show_entries", entries, "-of", "default=noprint_wrappers=1", path], in: directory)
        #expect(ended.ending == .exited(0))
        return ended.output.split(separator: "\n").map { String($0) }
    }

    @Test func `a video becomes a file of each size`() throws {
        try withTemporaryDirectory { directory in
            let setup = try WorkerSetup(directory)
            let (job, events) = try setup.process(TestVideos.withSound.path)
            #expect(job.status == .completed)
            #expect(job.failure == nil)
            #expect(job.progress == 1)
            #expect(job.attempts == 1)
            #expect(job.media == MediaFacts(durationSeconds: 2, width: 320, height: 180, videoCodec: "h264", audioCodec: "aac"))
            #expect(job.outputs.map(\.resolution) == ["360p", "720p"])
            #expect(setup.outputs(job.id) == ["1/360p.mp4", "1/720p.mp4"])
            for (output, resolution) in zip(job.outputs, Resolution.allCases) {
                let path = setup.files.outputPath(job, resolution: resolution)
                #expect(try FileStatus(ofPath: path).size == output.bytes)
                #expect(output.compressionRatio == Double(output.bytes) / Double(job.inputBytes))
                #expect(output.transcodeSeconds > 0)
                let facts = try probe(path, "stream=codec_name,width,height", in: directory)
                #expect(facts == ["codec_name=h264", "width=320", "height=180", "codec_name=aac"])
                // The index comes before the pictures.
                let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
                let index = try #require(bytes.range(of: Data("moov".utf8)))
                let pictures = try #require(bytes.range(of: Data("mdat".utf8)))
                #expect(index.lowerBound < pictures.lowerBound)
            }
            #expect(
                events == [
                    "worker started", "job started, attempt 1", "probe started", "program started", "program ended: exited(0)",
                    "probe ended", "360p started", "program started", "program ended: exited(0)", "360p ended", "720p started",
                    "program started", "program ended: exited(0)", "720p ended", "job completed", "worker stopped",
                ])
        }
    }

    @Test func `odd sides, no sound, another container, and a name like an option`() throws {
        try withTemporaryDirectory { directory in
            var setup = try WorkerSetup(directory)
            setup.settings.resolutions = [.p360]
            let (job, _) = try setup.process(TestVideos.odd.path, name: "-y -i; rm -rf ..mkv")
            #expect(job.status == .completed)
            #expect(job.media == MediaFacts(durationSeconds: 1, width: 161, height: 91, videoCodec: "h264", audioCodec: nil))
            let path = setup.files.outputPath(job, resolution: .p360)
            let facts = try probe(path, "stream=codec_name,width,height,pix_fmt", in: directory)
            #expect(facts == ["codec_name=h264", "width=162", "height=92", "pix_fmt=yuv420p"])
        }
    }

    @Test func `a data directory that looks like an option or an address is only a path`() throws {
        try withTemporaryDirectory { directory in
            var setup = try WorkerSetup(directory + "/-i http:%d {input} 'x'")
            setup.settings.resolutions = [.p360]
            #expect(try setup.process(TestVideos.odd.path).job.status == .completed)
        }
    }

    @Test func `every job is processed once, by many workers`() throws {
        try withTemporaryDirectory { directory in
            var setup = try WorkerSetup(directory)
            setup.settings.count = 4
            setup.settings.ffprobe = try makeRunnable("ffprobe", in: directory, "#!/bin/sh\n" + FakePrograms.probe(seconds: 1))
            setup.settings.ffmpeg = try makeRunnable("ffmpeg", in: directory, FakePrograms.head + FakePrograms.transcode)
            setup.settings.resolutions = [.p360]
            let ids = try (0..<12).map { _ in try setup.submit(TestVideos.odd.path) }
            let observer = RecordingObserver()
            let pool = try setup.pool(observer)
            try pool.start()
            for id in ids { #expect(try setup.wait(for: id, .completed).attempts == 1) }
            pool.stop(drainNanoseconds: 60_000_000_000)
            #expect(observer.events.count { $0.hasPrefix("job started") } == 12)
            #expect(pool.counts == WorkerPool.Counts())
        }
    }
}

/// Shell scripts that stand in for the programs.
enum FakePrograms {
    /// Of ffprobe, for a picture of 320 × 180 with sound.
    static func probe(seconds: Double) -> String {
        let video = #"{"index": 0, "codec_type": "video", "codec_name": "h264", "width": 320, "height": 180}"#
        let audio = #"{"index": 1, "codec_type": "audio", "codec_name": "aac"}"#
        return "echo '{\"streams\": [\(video), \(audio)], \"format\": {\"duration\": \"\(seconds)\"}}'\n"
    }

    /// How each of ffmpeg begins: asked for its encoders at a pool's start, it has none.
    static let head = "#!/bin/sh\n[ \"$3\" = -encoders ] && exit 0\n"
    /// Of ffmpeg: sets `output` to the path of what it should make.
    static let output = #"for last; do :; done; output=${last#file:};"# + "\n"
    static let transcode = output + #"echo video >"$output"; echo out_time_us=100000000; echo progress=end"# + "\n"
}
