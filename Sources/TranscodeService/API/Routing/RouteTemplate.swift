import HTTP

/// A path with places for values: `/api/v1/jobs/{id}`. It is also what logs and metrics call an endpoint.
struct RouteTemplate: Equatable, Sendable, ExpressibleByStringLiteral {
    private enum Segment: Equatable {
        case literal(String)
        case parameter(String)
    }

    let text: String
    private let segments: [Segment]

    init(stringLiteral text: StaticString) {
        self.text = "\(text)"
        segments = self.text.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map { segment in
            segment.hasPrefix("{") ? .parameter(String(segment.dropFirst().dropLast())) : .literal(String(segment))
        }
    }

    /// The values in `path`, which is percent-decoded segment by segment; nil where the path is another.
    func values(in path: [String]) -> [String: String]? {
        guard path.count == segments.count else { return nil }
        var values: [String: String] = [:]
        for (segment, part) in zip(segments, path) {
            switch segment {
            case .literal(let text): if text != part { return nil }
            case .parameter(let name):
                if part.isEmpty { return nil }
                values[name] = part
            }
        }
        return values
    }
}
