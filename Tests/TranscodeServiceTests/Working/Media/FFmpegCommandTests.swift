import JobStore
import Testing

@testable import TranscodeService

@Suite struct FFmpegCommandTests {
    private func media(seconds: Double) -> ProbedMedia {
        ProbedMedia(
            facts: MediaFacts(durationSeconds: seconds, width: 640, height: 480, videoCodec: "h264", audioCodec: nil), videoStream: 2,
            audioStream: nil, displayAspect: 4.0 / 3)
    }

    @Test func `no path can be an option, and inputs are limited in every command`() {
        let settings = WorkerSettings()
        let commands = [
            FFmpegCommand.probe("-version", settings: settings),
            FFmpegCommand.transcode("-version", media(seconds: 1), to: .p360, output: "-y", settings: settings),
        ]
        for command in commands {
            #expect(!command.contains("-version"))
            let input = command.firstIndex(of: "file:-version") ?? 0
            #expect(input > 0)
            #expect(command[..<input].contains("-protocol_whitelist") && command[..<input].contains("-format_whitelist"))
        }
        #expect(commands[1].last == "file:-y")
        #expect(commands[1].contains("0:2") && !commands[1].contains("-c:a"))
    }

    @Test(arguments: ["hls", "dash", "concat", "sdp", "rtsp", "image2", "lavfi", "tty", "imf", "applehttp", "webm_dash_manifest"])
    func `demuxers that open other files are not accepted`(name: String) {
        #expect(!MediaLimits.demuxers.split(separator: ",").contains { $0 == name })
    }

    @Test func `bounds the output by the duration`() {
        #expect(FFmpegCommand.expectedOutputBytes(media(seconds: 100), .p360) == 16_600_000)
        #expect(FFmpegCommand.maximumOutputBytes(media(seconds: 100), .p360) == 2 * 16_600_000 + 16 * 1024 * 1024)
        // The longest that is accepted.
        #expect(FFmpegCommand.maximumOutputBytes(media(seconds: 86_400), .p720) < 100_000_000_000)
    }

    @Test func `puts the path where the transcriber wants it`() {
        let transcriber = WorkerSettings.Transcriber(command: ["whisper", "--file={input}", "{input}", "{inputs}", "plain"], model: "base")
        #expect(
            FFmpegCommand.transcribe("/a {input}", by: transcriber)
                == ["whisper", "--file=/a {input}", "/a {input}", "{inputs}", "plain"])
    }
}
