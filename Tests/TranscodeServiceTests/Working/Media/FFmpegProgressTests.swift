import Testing

@testable import TranscodeService

@Suite struct FFmpegProgressTests {
    private static let recorded = """
        frame=0
        fps=0.00
        bitrate=N/A
        total_size=48
        out_time_us=N/A
        out_time_ms=N/A
        out_time=N/A
        progress=continue
        frame=29
        out_time_us=-23220
        progress=continue
        frame=58
        out_time_us=1904762
        speed=3.81x
        progress=end

        """

    private func progress(_ text: String, cutAt cut: Int = 0) -> FFmpegProgress {
        var progress = FFmpegProgress()
        let bytes = Array(text.utf8)
        bytes[..<cut].withUnsafeBytes { progress.append($0) }
        bytes[cut...].withUnsafeBytes { progress.append($0) }
        return progress
    }

    @Test func `does not depend on where reads end`() {
        for cut in 0...Self.recorded.utf8.count {
            let progress = progress(Self.recorded, cutAt: cut)
            #expect(progress.seconds == 1.904762)
            #expect(progress.frames == 58)
            #expect(progress.isComplete)
        }
    }

    @Test(arguments: ["", "progress=continue\n", "progress=end", "=\n", "out_time_us=\n", "out_time_us=99999999999999999999\n"])
    func `takes nothing for complete that is not`(text: String) {
        #expect(!progress(text).isComplete)
        #expect(progress(text).seconds == 0)
    }

    @Test func `passes over a line without an end`() {
        let progress = progress(String(repeating: "x", count: 1_000_000) + "\nout_time_us=1000000\nout_time_us=500000\n")
        #expect(progress.seconds == 1)
    }

    @Test func `takes whatever bytes come`() {
        var generator = SystemRandomNumberGenerator()
        var progress = FFmpegProgress()
        for _ in 0..<500 {
            let bytes = (0..<100).map { _ in UInt8.random(in: 0...255, using: &generator) }
            bytes.withUnsafeBytes { progress.append($0) }
        }
        #expect(progress.seconds >= 0)
    }
}
