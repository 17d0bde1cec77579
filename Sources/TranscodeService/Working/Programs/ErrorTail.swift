/// The end of what a program writes to its standard error.
struct ErrorTail: Sendable {
    static let maximumBytes = 4096

    private var bytes: [UInt8] = []

    mutating func append(_ more: UnsafeRawBufferPointer) {
        bytes += more.suffix(Self.maximumBytes)
        // Twice as much before it is cut, so that bytes are moved seldom.
        if bytes.count > 2 * Self.maximumBytes { bytes.removeFirst(bytes.count - Self.maximumBytes) }
    }

    /// Whole characters, in the order they came.
    var text: String {
        // The cut may have gone through a character.
        String(decoding: bytes.suffix(Self.maximumBytes).drop { $0 & 0xc0 == 0x80 }, as: UTF8.self)
    }
}
