import HTTP

/// Requests on one connection, and a response. What comes out does not depend on where reads end.
enum HTTPFuzzing {
    static func run(_ bytes: UnsafeRawBufferPointer) {
        let limits = HTTPLimits(targetBytes: 256, headBytes: 2048, headerCount: 16, bodyBytes: 4096)
        let input = Array(bytes)
        precondition(
            requests(in: input, pieceBytes: input.count, limits) == requests(in: input, pieceBytes: 1, limits),
            "where reads end makes a difference to requests")
        precondition(
            response(in: input, pieceBytes: input.count, limits) == response(in: input, pieceBytes: 1, limits),
            "where reads end makes a difference to a response")
    }

    private static func requests(in input: [UInt8], pieceBytes: Int, _ limits: HTTPLimits) -> [String] {
        var parser = RequestParser(limits: limits)
        var events: [String] = []
        do throws(HTTPParseError) {
            for start in stride(from: 0, to: input.count, by: max(pieceBytes, 1)) {
                parser.append(input[start..<min(start + pieceBytes, input.count)])
                while let event = try parser.next() { events.append("\(event)") }
            }
        } catch {
            events.append("error")
        }
        return events
    }

    private static func response(in input: [UInt8], pieceBytes: Int, _ limits: HTTPLimits) -> String {
        var parser = ResponseParser(to: .get, limits: limits)
        do throws(HTTPParseError) {
            for start in stride(from: 0, to: input.count, by: max(pieceBytes, 1)) {
                parser.append(input[start..<min(start + pieceBytes, input.count)])
                if let result = try parser.next() { return "\(result.response)" }
            }
            return "more"
        } catch {
            return "error"
        }
    }
}
