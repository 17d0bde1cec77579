/// The escapes of both exposition formats (wire contract 6.3).
enum TextEscaping {
    /// `\`, `"` and newline become `\\`, `\"` and `\n`.
    static func appendLabelValue(_ value: UnsafeRawBufferPointer, to text: inout [UInt8]) {
        for byte in value { append(byte, escapingQuotes: true, to: &text) }
    }

    /// The help of a family: 0.0.4 leaves quotes as they are, OpenMetrics escapes them.
    static func appendHelp(_ help: String, escapingQuotes: Bool, to text: inout [UInt8]) {
        for byte in help.utf8 { append(byte, escapingQuotes: escapingQuotes, to: &text) }
    }

    private static func append(_ byte: UInt8, escapingQuotes: Bool, to text: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\\"): text += [byte, byte]
        case UInt8(ascii: "\n"): text += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
        case UInt8(ascii: "\"") where escapingQuotes: text += [UInt8(ascii: "\\"), byte]
        default: text.append(byte)
        }
    }
}
