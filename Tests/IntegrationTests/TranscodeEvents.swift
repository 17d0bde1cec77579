import Foundation

/// Lines as transcode-service writes them; each is different from every other by its number.
struct TranscodeEvents {
    private(set) var count = 0
    private var random: SystemRandomNumberGenerator = .init()

    /// One line without its newline.
    mutating func next() -> String {
        count += 1
        let head =
            #"{"timestamp":"\#(Self.now())","level":"\#(count % 37 == 0 ? "ERROR" : "INFO")","logger":"transcode","message":"event \#(count)","number":\#(count),"trace_id":"\#(Self.hex(count))","job_id":"job-\#(count % 1000)","#
        switch Int.random(in: 0..<20, using: &random) {
        case 0: return head + #""event":"job.created","status":"queued"}"#
        case 1: return head + #""event":"job.started","status":"processing","queue_time_seconds":\#(number(0...700))}"#
        case 2: return head + #""event":"job.completed","status":"completed","processing_duration_seconds":\#(number(10...20_000))}"#
        case 3:
            let type = ["probe", "transcode", "storage", "timeout"].randomElement(using: &random) ?? ""
            return head + #""event":"job.failed","status":"failed","error_type":"\#(type)"}"#
        case 4...6:
            return head
                + #""event":"transcode.finished","resolution":"\#(Bool.random(using: &random) ? "360p" : "720p")","duration_seconds":\#(number(5...4000)),"output_bytes":\#(Int.random(in: 1...50_000_000, using: &random)),"compression_ratio":\#(Double(Int.random(in: 1...99, using: &random)) / 100)}"#
        case 7:
            return head
                + #""event":"transcription.finished","whisper_model":"base","duration_seconds":\#(number(5...2000)),"word_count":\#(Int.random(in: 1...12_000, using: &random))}"#
        default:
            let method = ["GET", "POST"].randomElement(using: &random) ?? ""
            let endpoint = ["/api/v1/jobs", "/api/v1/jobs/{id}", "/api/v1/videos"].randomElement(using: &random) ?? ""
            let status = [200, 200, 200, 201, 404, 500].randomElement(using: &random) ?? 0
            return head
                + #""event":"http.request","method":"\#(method)","endpoint":"\#(endpoint)","status":\#(status),"duration_ms":\#(number(1...12_000))}"#
        }
    }

    /// A line with the fields of one event, given as JSON members.
    mutating func event(_ members: String) -> String {
        count += 1
        return #"{"timestamp":"\#(Self.now())","level":"INFO","number":\#(count),"trace_id":"\#(Self.hex(count))",\#(members)}"#
    }

    /// With two digits after the point.
    private mutating func number(_ range: ClosedRange<Int>) -> String {
        let hundredths = Int.random(in: range.lowerBound * 100...range.upperBound * 100, using: &random)
        return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
    }

    static func hex(_ number: Int) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "a", count: 32 - digits.count) + digits
    }

    private static func now() -> String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        var parts = tm()
        gmtime_r(&time.tv_sec, &parts)
        func padded(_ value: Int, _ width: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: width - text.count) + text
        }
        let day = "\(Int(parts.tm_year) + 1900)-\(padded(Int(parts.tm_mon) + 1, 2))-\(padded(Int(parts.tm_mday), 2))"
        let clock = "\(padded(Int(parts.tm_hour), 2)):\(padded(Int(parts.tm_min), 2)):\(padded(Int(parts.tm_sec), 2))"
        return "\(day)T\(clock).\(padded(time.tv_nsec / 1000, 6))Z"
    }
}
