import HTTP

/// A request target, taken apart once: the path's segments and the query's fields, percent-decoded.
struct RequestTarget: Equatable, Sendable {
    let segments: [String]
    let query: [(name: String, value: String)]

    /// nil: it is not percent-encoded as it must be.
    init?(_ target: String) {
        let path = target.prefix { $0 != "?" }
        var segments: [String] = []
        for part in path.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            guard let decoded = PercentEncoding.decode(part) else { return nil }
            segments.append(decoded)
        }
        var query: [(name: String, value: String)] = []
        let queryText = path.endIndex < target.endIndex ? target[target.index(after: path.endIndex)...] : ""
        for field in queryText.split(separator: "&") {
            let pair = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentEncoding.decode(pair[0], plusIsSpace: true),
                let value = PercentEncoding.decode(pair.count > 1 ? pair[1] : "", plusIsSpace: true)
            else { return nil }
            query.append((name, value))
        }
        self.segments = segments
        self.query = query
    }

    static func == (left: RequestTarget, right: RequestTarget) -> Bool {
        left.segments == right.segments && left.query.elementsEqual(right.query) { $0 == $1 }
    }
}
