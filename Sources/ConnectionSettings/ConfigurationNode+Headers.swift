import Configuration

/// A header that is sent with every request.
package struct HeaderSetting: Equatable, Sendable {
    package var name: String
    package var value: Secret

    package init(name: String, value: Secret) {
        self.name = name
        self.value = value
    }
}

extension ConfigurationNode {
    private static let framing = ["host", "content-length", "transfer-encoding", "connection"]

    /// Values may be secrets: they are never repeated. Headers in `ours`, lower case, are the program's own to set; `instead` says what
    /// sets them.
    package func headers(ours: [String], instead: (String) -> String?) -> [HeaderSetting] {
        var headers: [HeaderSetting] = []
        for (name, node) in members() ?? [] {
            node.hideLines()
            let isToken = name.utf8.allSatisfy { Self.isLetterOrDigit($0) || "!#$%&'*+-.^_`|~".utf8.contains($0) }
            if name.isEmpty || !isToken {
                node.tell("`\(node.path)`: this is not the name of an HTTP header.", at: .key)
            } else if (Self.framing + ours).contains(name.lowercased()) {
                node.tell("`\(node.path)`: the agent sets this header itself.", hint: instead(name), at: .key, hidingLine: true)
            }
            guard case .string = node.value else {
                node.tell("`\(node.path)` must be a text.")
                continue
            }
            guard let value = node.string() else { continue }
            if value.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value > 0x7e }) {
                node.tell("`\(node.path)` holds a line break, a control character or a letter beyond ASCII.")
                continue
            }
            headers.append(HeaderSetting(name: name, value: Secret(value: value)))
        }
        return headers
    }
}
