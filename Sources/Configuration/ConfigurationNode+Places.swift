/// Texts that say where something is.
extension ConfigurationNode {
    /// A path from the root directory, without a slash at its end.
    package func absolutePath() -> String? {
        guard var path = string() else { return nil }
        if !path.hasPrefix("/") || path.utf8.contains(0) {
            refuse(found: path, "use an absolute path: it starts with `/`")
            return nil
        }
        while path.count > 1 && path.hasSuffix("/") { path.removeLast() }
        return path
    }

    /// `host:port` or `unix:/path`.
    package func listenAddress(example: String) -> String? {
        guard let text = string() else { return nil }
        if text.hasPrefix("unix:/") && text.utf8.count > 6 {
            if text.utf8.count - 5 < 108 { return text }
            refuse(found: text, "use a shorter path: a Unix socket's has at most 107 bytes")
            return nil
        }
        if Self.isHostAndPort(text) { return text }
        refuse(found: text, "use \"host:port\", as in \"\(example)\", or \"unix:/path\"")
        return nil
    }

    /// `127.0.0.1:80`, `localhost:80` or `[::1]:80`.
    package static func isHostAndPort(_ text: String) -> Bool {
        guard let colon = text.lastIndex(of: ":") else { return false }
        let host = text[..<colon]
        let port = text[text.index(after: colon)...]
        let isHost =
            !host.isEmpty && (host.hasPrefix("[") ? host.hasSuffix("]") : !host.contains(":")) && !host.contains { " /@".contains($0) }
        return isHost && port.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } && UInt16(port) != nil
    }
}
