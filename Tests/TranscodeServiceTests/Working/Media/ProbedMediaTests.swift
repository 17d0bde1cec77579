import Foundation
import Testing

@testable import TranscodeService

@Suite struct ProbedMediaTests {
    private func media(_ json: String) throws -> ProbedMedia {
        try ProbedMedia(JSONDecoder().decode(ProbeReport.self, from: Data(json.utf8)), limits: MediaLimits())
    }

    @Test func `finds the streams that are transcoded`() throws {
        let media = try media(
            """
            {"programs": [], "streams": [
              {"index": 0, "codec_type": "data"},
              {"index": 1, "codec_type": "video", "codec_name": "mjpeg", "width": 500, "height": 500, "disposition": {"attached_pic": 1}},
              {"index": 2, "codec_type": "audio", "codec_name": "aac", "duration": "2.5"},
              {"index": 3, "codec_type": "video", "codec_name": "h264", "width": 1920, "height": 1080, "duration": "2.000000",
               "sample_aspect_ratio": "1:1", "disposition": {"attached_pic": 0}},
              {"index": 4, "codec_type": "subtitle", "duration": "99"}],
             "format": {"format_name": "mov,mp4", "duration": "99.0"}}
            """)
        #expect(media.videoStream == 3)
        #expect(media.audioStream == 2)
        #expect(media.facts.durationSeconds == 2.5)
        #expect(media.facts.videoCodec == "h264")
        #expect(media.facts.audioCodec == "aac")
    }

    @Test(arguments: [
        (#""sample_aspect_ratio": "64:45""#, 720, 576, 16.0 / 9),
        (#""sample_aspect_ratio": "0:1""#, 720, 576, 1.25),
        (#""sample_aspect_ratio": "100000:1""#, 720, 576, 1.25),
        (#""sample_aspect_ratio": "N/A""#, 720, 576, 1.25),
        (#""side_data_list": [{}, {"rotation": -90}]"#, 576, 720, 0.8),
        (#""side_data_list": [{"rotation": 180}]"#, 720, 576, 1.25),
        (#""side_data_list": [{"rotation": 270.0}]"#, 576, 720, 0.8),
    ])
    func `knows how the picture is seen`(field: String, width: Int, height: Int, aspect: Double) throws {
        let media = try media(
            """
            {"streams": [{"index": 0, "codec_type": "video", "codec_name": "vp9", "width": 720, "height": 576, \(field)}],
             "format": {"duration": "1"}}
            """)
        #expect(media.facts.width == width && media.facts.height == height)
        #expect(abs(media.displayAspect - aspect) < 1e-9)
    }

    private static func video(_ fields: String, duration: String = "1") -> String {
        #"{"streams": [{"index": 0, "codec_type": "video", "codec_name": "h264", \#(fields)}], "format": {"duration": "\#(duration)"}}"#
    }

    @Test(
        arguments: [
            ("{}", .noVideo),
            (#"{"streams": [{"index": 0, "codec_type": "audio", "codec_name": "mp3"}], "format": {"duration": "3"}}"#, .noVideo),
            (video(#""width": 0, "height": 0"#), .unknownVideo),
            (video(#""width": 320"#), .unknownVideo),
            (video(#""width": 8, "height": 8"#), .size(width: 8, height: 8, MediaLimits())),
            (video(#""width": 20000, "height": 20"#), .size(width: 20000, height: 20, MediaLimits())),
            (video(#""width": 16000, "height": 16000"#), .size(width: 16000, height: 16000, MediaLimits())),
            (video(#""width": 9223372036854775807, "height": 3"#), .size(width: .max, height: 3, MediaLimits())),
            (video(#""width": 320, "height": 240"#, duration: "0.000000"), .noDuration),
            (video(#""width": 320, "height": 240"#, duration: "N/A"), .noDuration),
            (video(#""width": 320, "height": 240"#, duration: "nan"), .noDuration),
            (video(#""width": 320, "height": 240"#, duration: "-4"), .noDuration),
            (video(#""width": 320, "height": 240"#, duration: "1e9"), .tooLong(seconds: 1e9, maximum: 86_400)),
            (video(#""width": 320, "height": 240"#, duration: "1e300"), .tooLong(seconds: 1e300, maximum: 86_400)),
        ] as [(String, MediaRefusal)])
    func `refuses what can't be transcoded`(json: String, refusal: MediaRefusal) {
        #expect(throws: refusal) { try media(json) }
    }
}
