import Configuration
import HTTP

extension ConfigurationNode {
    /// An http or https URL, or one of a Unix socket, with a path, without user name, query or fragment. A refused URL may hold a
    /// password: it is not repeated.
    ///
    /// `expectedPath` is what the messages say that the path of `server` is; `checkTarget` gets the path that was found.
    package func endpointURL(
        example: String, expectedPath: String, of server: String, checkTarget: (Substring) -> Void = { _ in }
    ) -> String? {
        guard let text = string() else { return nil }
        let lowercased = text.lowercased()
        if lowercased.hasPrefix("unix:") || lowercased.hasPrefix("http+unix:") {
            return unixURL(text, expectedPath, of: server, checkTarget)
        }
        guard let scheme = ["http://", "https://"].first(where: { lowercased.hasPrefix($0) }) else {
            tell("`\(path)` is not an http URL; use one such as \"\(example)\".", hidingLine: text.contains("@"))
            return nil
        }
        let rest = text.dropFirst(scheme.count)
        let authority = rest.prefix { !"/?#".contains($0) }
        let target = rest.dropFirst(authority.count)
        if authority.contains("@") {
            tell("`\(path)` holds a user name; use `basic_auth`.", hidingLine: true)
        } else if !Self.isAuthority(authority) {
            tell("`\(path)` has no valid host and port; use a URL such as \"\(example)\".")
        } else if target.contains("#") || target.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7f }) {
            tell("`\(path)` holds a `#`, a space or a letter beyond ASCII; escape it as %XX.")
        } else if target.isEmpty || target == "/" {
            tell("`\(path)` has no path.", hint: "\(server)'s is \(expectedPath): \"\(scheme)\(authority)\(expectedPath)\".")
        } else {
            checkTarget(target)
            return text
        }
        return nil
    }

    private func unixURL(_ text: String, _ expectedPath: String, of server: String, _ checkTarget: (Substring) -> Void) -> String? {
        do throws(HTTPEndpointError) {
            let endpoint = try HTTPEndpoint(url: text)
            if endpoint.target != "/" {
                checkTarget(endpoint.target[...])
                return text
            }
            tell(
                "`\(path)` has no path.",
                hint: "\(server)'s is \(expectedPath): \"http+unix://%2Frun%2F\(server.lowercased()).sock\(expectedPath)\".")
        } catch {
            tell("`\(path)`: \(error).")
        }
        return nil
    }

    private static func isAuthority(_ text: Substring) -> Bool {
        var host = text
        if let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") {
            guard let port = UInt16(text[text.index(after: colon)...]), port > 0 else { return false }
            host = text[..<colon]
        }
        if host.hasPrefix("[") && host.hasSuffix("]") { return host.count > 3 && host.contains(":") }
        return !host.isEmpty && host.utf8.allSatisfy { isLetterOrDigit($0) || "-._".utf8.contains($0) }
    }
}
