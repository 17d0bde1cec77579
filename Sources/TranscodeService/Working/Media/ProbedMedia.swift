import JobStore

/// A video that can be transcoded.
struct ProbedMedia: Equatable, Sendable {
    var facts: MediaFacts
    /// Of FFmpeg, within the file.
    var videoStream: Int
    var audioStream: Int?
    /// Width ÷ height of the picture as it is seen.
    var displayAspect: Double
}

extension ProbedMedia {
    init(_ report: ProbeReport, limits: MediaLimits) throws(MediaRefusal) {
        let streams = report.streams ?? []
        guard let video = streams.first(where: \.isVideo) else { throw .noVideo }
        let audio = streams.first { $0.kind == "audio" }
        guard let width = video.width, let height = video.height, let codec = video.codec, width > 0, height > 0 else {
            throw .unknownVideo
        }
        let sides = limits.minimumSide...limits.maximumSide
        let (pixels, isOver) = width.multipliedReportingOverflow(by: height)
        guard sides.contains(width), sides.contains(height), !isOver, pixels <= limits.maximumPixels else {
            throw .size(width: width, height: height, limits)
        }
        // Streams that are not used may be longer, and a file may say less than its streams.
        let used = [video.seconds, audio?.seconds].compactMap { $0 }.max()
        guard let seconds = [used, report.format?.seconds].compactMap({ $0 }).min() else { throw .noDuration }
        guard seconds <= limits.maximumSeconds else { throw .tooLong(seconds: seconds, maximum: limits.maximumSeconds) }
        let isTurned = video.isTurned
        let facts = MediaFacts(
            durationSeconds: seconds, width: isTurned ? height : width, height: isTurned ? width : height, videoCodec: codec,
            audioCodec: audio.map { $0.codec ?? "unknown" })
        let aspect = Double(width) / Double(height) * video.pixelAspect
        self.init(
            facts: facts, videoStream: video.index, audioStream: audio?.index, displayAspect: isTurned ? 1 / aspect : aspect)
    }
}

/// Why an upload is no video for this service. Its text is for the client.
enum MediaRefusal: Error, Equatable, Sendable, CustomStringConvertible {
    /// What ffprobe said.
    case unreadable(String)
    case otherFormat
    case noVideo
    case unknownVideo
    case noDuration
    case tooLong(seconds: Double, maximum: Double)
    case size(width: Int, height: Int, MediaLimits)

    var description: String {
        switch self {
        case .unreadable(let text):
            "the file can't be read as a video" + (text.isEmpty ? "" : ": \(text)")
        case .otherFormat:
            "the file is of no format that is accepted; use \(MediaLimits.containers)"
        case .noVideo:
            "the file has no video stream"
        case .unknownVideo:
            "the file has a video stream of unknown codec or size"
        case .noDuration:
            "the file has no duration: it is empty, a still picture, or cut off"
        case .tooLong(let seconds, let maximum):
            "the video is \(Int(min(seconds, 1e15))) s long; up to \(Int(maximum)) s are accepted"
        case .size(let width, let height, let limits):
            "the picture is \(width)×\(height); accepted are sides from \(limits.minimumSide) to \(limits.maximumSide) and up to "
                + "\(limits.maximumPixels) pixels"
        }
    }
}
