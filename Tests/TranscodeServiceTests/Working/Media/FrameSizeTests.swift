import JobStore
import Testing

@testable import TranscodeService

@Suite struct FrameSizeTests {
    private func media(_ width: Int, _ height: Int, aspect: Double? = nil) -> ProbedMedia {
        ProbedMedia(
            facts: MediaFacts(durationSeconds: 1, width: width, height: height, videoCodec: "h264", audioCodec: nil), videoStream: 0,
            audioStream: nil, displayAspect: aspect ?? Double(width) / Double(height))
    }

    @Test(
        arguments: [
            (1920, 1080, nil, "640×360", "1280×720"),
            (1080, 1920, nil, "360×640", "720×1280"),
            (720, 576, 16.0 / 9, "640×360", "1024×576"),
            (1001, 667, nil, "540×360", "1002×668"),
            (320, 180, nil, "320×180", "320×180"),
            (1440, 1080, nil, "480×360", "960×720"),
            (16, 16, nil, "16×16", "16×16"),
            (16_384, 16, nil, "4096×16", "4096×16"),
            (16, 16_384, nil, "16×4096", "16×4096"),
        ] as [(Int, Int, Double?, String, String)])
    func `the shorter side has the lines, the aspect stays, and nothing grows`(
        width: Int, height: Int, aspect: Double?, p360: String, p720: String
    ) {
        let sizes = Resolution.allCases.map { FrameSize(media(width, height, aspect: aspect), $0) }
        #expect(sizes.map { "\($0.width)×\($0.height)" } == [p360, p720])
    }

    @Test func `sides are even, whatever comes`() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let (width, height) = (Int.random(in: 16...16_384, using: &generator), Int.random(in: 16...16_384, using: &generator))
            let aspect = Double(width) / Double(height) * Double.random(in: 0.1...10, using: &generator)
            for resolution in Resolution.allCases {
                let size = FrameSize(media(width, height, aspect: aspect), resolution)
                #expect(size.width % 2 == 0 && size.height % 2 == 0 && size.width >= 2 && size.height >= 2)
                #expect(max(size.width, size.height) <= FrameSize.maximumSide)
                #expect(min(size.width, size.height) <= resolution.shortSide)
            }
        }
    }
}
