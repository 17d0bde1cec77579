import FoundationEssentials
import HTTP

/// JSON as the API speaks it.
enum JSONMessage {
    static func response(_ value: some Encodable, status: Int = 200, type: String = "application/json") -> HTTPResponse {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            let body = Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]
            return HTTPResponse(status: status, headers: ["Content-Type": type, "Cache-Control": "no-store"], body: body)
        } catch {
            // Only a number that is none can't be written, and resources have none.
            return HTTPResponse(
                status: 500, headers: ["Content-Type": "application/problem+json"],
                body: Array(#"{"type":"about:blank","title":"Internal Server Error","status":500}"#.utf8))
        }
    }

    /// A number that JSON can write.
    static func finite(_ number: Double) -> Double { number.isFinite ? number : 0 }
}
