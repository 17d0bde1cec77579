/// How the fields of a line are written.
enum LineFormat: Equatable, Sendable {
    /// One JSON object.
    case json
    /// No fields but ``LineParser/messageField``, the whole line.
    case text

    /// As it stands in the configuration.
    var name: String {
        switch self {
        case .json: "json"
        case .text: "text"
        }
    }

    static let names = ["json", "text"]
}
