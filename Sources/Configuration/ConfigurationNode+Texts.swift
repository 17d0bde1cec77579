/// Texts of a form that many settings have.
extension ConfigurationNode {
    /// What names a source or an output: it becomes a label value and part of file names.
    package func identifier() -> String? {
        guard let text = string() else { return nil }
        let isPlain = text.utf8.allSatisfy { Self.isLetterOrDigit($0) || "_-.".utf8.contains($0) }
        if isPlain && (1...64).contains(text.utf8.count) && !text.hasPrefix(".") { return text }
        refuse(found: text, "use 1 to 64 letters, digits, `_`, `-` and `.`, not starting with `.`")
        return nil
    }

    package static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }

    /// `[a-zA-Z_][a-zA-Z0-9_]*`, what Prometheus and Loki take as the name of a label.
    package static func isLabelName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
        return text.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "_") } && text.utf8.count <= 256
    }
}
