/// What `ffmpeg -progress` tells: blocks of `key=value` lines, each of which ends with `progress=continue` or `progress=end`.
struct FFmpegProgress: Sendable {
    static let maximumLineBytes = 256

    /// Of the output, so far.
    private(set) var seconds = 0.0
    private(set) var frames: UInt64 = 0
    private(set) var isComplete = false
    private var line: [UInt8] = []
    private var isTooLong = false

    /// Bytes as they come, however they are cut.
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                if !isTooLong { take(String(decoding: line, as: UTF8.self)) }
                line.removeAll(keepingCapacity: true)
                isTooLong = false
            } else if line.count < Self.maximumLineBytes {
                line.append(byte)
            } else {
                isTooLong = true
            }
        }
    }

    private mutating func take(_ line: String) {
        guard let equals = line.firstIndex(of: "=") else { return }
        let value = line[line.index(after: equals)...].trimmingPrefix { $0 == " " }
        switch line[..<equals] {
        case "out_time_us":
            // `N/A` before the first frame; negative with some timestamps.
            if let microseconds = Int64(value), microseconds > 0 { seconds = max(seconds, Double(microseconds) / 1e6) }
        case "frame":
            if let count = UInt64(value) { frames = max(frames, count) }
        case "progress":
            isComplete = value == "end"
        default: break
        }
    }
}
