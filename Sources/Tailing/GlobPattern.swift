import Glibc

/// A pattern of file paths: `*`, `?` and `[…]` within one name (by `fnmatch(3)`), `**` for any number of directories, `{a,b}` for a choice.
package struct GlobPattern: Equatable, Sendable {
    package let text: String
    /// One list of path components for each way to choose from the braces.
    private let alternatives: [[String]]

    package init(_ text: String) {
        self.text = text
        alternatives = Self.expandingBraces(text).map(Self.components)
    }

    /// Files of one directory, whose path is taken as it is, with names that match `pattern`.
    package init(filesIn directory: String, named pattern: String) {
        text = directory + "/" + pattern
        let literal = Self.components(directory).map { component in
            component.reduce(into: "") { $0 += "*?[]\\".contains($1) ? "\\\($1)" : String($1) }
        }
        alternatives = [literal + [pattern]]
    }

    /// A name begins with a dot only where the pattern says so.
    package func matches(_ path: String) -> Bool {
        let components = Self.components(path)
        return alternatives.contains { Self.matches($0[...], components[...]) }
    }

    /// For patterns without a slash: compares with the last component alone.
    package func matchesName(ofPath path: String) -> Bool {
        guard !text.utf8.contains(UInt8(ascii: "/")) else { return matches(path) }
        let name = TailSet.name(of: path)
        return alternatives.contains { $0.count == 1 && Self.matches(component: $0[0], name) }
    }

    /// The directories without any wildcard from which a search has to start.
    package var baseDirectories: [String] {
        var bases: [String] = []
        for components in alternatives {
            let literal = components.dropLast().prefix { !Self.hasWildcard($0) }
            let base = "/" + literal.joined(separator: "/")
            if !bases.contains(base) { bases.append(base) }
        }
        return bases
    }

    /// Whether a file below the directory `path` could match.
    package func mayMatch(below path: String) -> Bool {
        let components = Self.components(path)
        return alternatives.contains { Self.mayMatch($0[...], below: components[...]) }
    }

    private static func components(_ path: String) -> [String] {
        path.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
    }

    private static func hasWildcard(_ component: String) -> Bool {
        component.utf8.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "[") }
    }

    private static func matches(_ pattern: ArraySlice<String>, _ path: ArraySlice<String>) -> Bool {
        guard let first = pattern.first else { return path.isEmpty }
        if first == "**" {
            if pattern.count == 1 { return !path.isEmpty }
            return path.indices.contains { matches(pattern.dropFirst(), path[$0...]) }
        }
        guard let name = path.first, matches(component: first, name) else { return false }
        return matches(pattern.dropFirst(), path.dropFirst())
    }

    private static func mayMatch(_ pattern: ArraySlice<String>, below path: ArraySlice<String>) -> Bool {
        guard let name = path.first else { return !pattern.isEmpty }
        guard let first = pattern.first else { return false }
        if first == "**" { return true }
        return pattern.count > 1 && matches(component: first, name) && mayMatch(pattern.dropFirst(), below: path.dropFirst())
    }

    private static func matches(component pattern: String, _ name: String) -> Bool {
        fnmatch(pattern, name, FNM_PERIOD) == 0
    }

    private static func expandingBraces(_ text: String) -> [String] {
        guard let open = text.firstIndex(of: "{") else { return [text] }
        var depth = 0
        var parts: [String] = []
        var start = text.index(after: open)
        for index in text[open...].indices {
            switch text[index] {
            case "{": depth += 1
            case "," where depth == 1:
                parts.append(String(text[start..<index]))
                start = text.index(after: index)
            case "}":
                depth -= 1
                guard depth == 0 else { continue }
                parts.append(String(text[start..<index]))
                let rest = text[text.index(after: index)...]
                return parts.flatMap { expandingBraces(text[..<open] + $0 + rest) }
            default: break
            }
        }
        // An unclosed brace stands for itself.
        return [text]
    }
}
