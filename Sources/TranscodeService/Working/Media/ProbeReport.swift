/// What `ffprobe -print_format json` says of a file, as far as it is asked.
struct ProbeReport: Decodable, Sendable {
    /// `-show_entries`: only what is read here, so that no tag of a hostile file is.
    static let entries =
        "stream=index,codec_type,codec_name,width,height,duration,sample_aspect_ratio:stream_disposition=attached_pic"
        + ":stream_side_data=rotation:format=format_name,duration"

    struct Stream: Decodable, Sendable {
        struct Disposition: Decodable, Sendable {
            var attachedPicture: Int?
            enum CodingKeys: String, CodingKey { case attachedPicture = "attached_pic" }
        }
        struct SideData: Decodable, Sendable {
            var rotation: Double?
        }

        var index: Int
        var kind: String?
        var codec: String?
        var width: Int?
        var height: Int?
        var duration: String?
        var sampleAspectRatio: String?
        var disposition: Disposition?
        var sideData: [SideData]?

        enum CodingKeys: String, CodingKey {
            case index, width, height, duration, disposition
            case kind = "codec_type"
            case codec = "codec_name"
            case sampleAspectRatio = "sample_aspect_ratio"
            case sideData = "side_data_list"
        }

        /// A cover is a video stream of one picture.
        var isVideo: Bool { kind == "video" && disposition?.attachedPicture != 1 }
        var seconds: Double? { ProbeReport.seconds(duration) }

        /// Height and width change places.
        var isTurned: Bool {
            guard let degrees = sideData?.lazy.compactMap(\.rotation).first, degrees.isFinite else { return false }
            return (45..<135).contains(abs(degrees).truncatingRemainder(dividingBy: 180))
        }

        /// Width ÷ height of one pixel; 1 where it is not said or can't be.
        var pixelAspect: Double {
            let parts = (sampleAspectRatio ?? "").split(separator: ":").compactMap { Double($0) }
            guard parts.count == 2, parts[0] > 0, parts[1] > 0, (0.1...10).contains(parts[0] / parts[1]) else { return 1 }
            return parts[0] / parts[1]
        }
    }

    struct Format: Decodable, Sendable {
        var name: String?
        var duration: String?
        enum CodingKeys: String, CodingKey {
            case duration
            case name = "format_name"
        }

        var seconds: Double? { ProbeReport.seconds(duration) }
    }

    var streams: [Stream]?
    var format: Format?

    private static func seconds(_ text: String?) -> Double? {
        guard let text, let seconds = Double(text), seconds.isFinite, seconds > 0 else { return nil }
        return seconds
    }
}
