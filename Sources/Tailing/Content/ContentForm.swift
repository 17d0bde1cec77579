/// How the bytes of a file hold its content, as its first bytes tell.
package enum ContentForm: UInt8, Sendable {
    /// There are too few bytes yet.
    case unknown = 0
    /// The bytes are the content.
    case plain = 1
    /// Members of gzip (RFC 1952), one after the other. Offsets are those of what they inflate to.
    case gzip = 2

    /// Magic number and method.
    private static let gzipHead: [UInt8] = [0x1f, 0x8b, 0x08]
    /// How many of a file's bytes tell its form and its byte order mark.
    static let probeBytes = 4

    /// `bytes`: the file's first four, or all it has.
    init(of bytes: UnsafeRawBufferPointer) {
        let compared = min(bytes.count, Self.gzipHead.count)
        if !bytes.prefix(compared).elementsEqual(Self.gzipHead[..<compared]) {
            self = .plain
        } else {
            self = compared == Self.gzipHead.count ? .gzip : .unknown
        }
    }
}

/// What a text file may begin with to tell its encoding (Unicode 16, section 23.8). It is no part of the first line.
package enum ByteOrderMark: Sendable, Equatable {
    case utf8, utf16LittleEndian, utf16BigEndian, utf32LittleEndian, utf32BigEndian

    private static let all: [(ByteOrderMark, [UInt8])] = [
        (.utf8, [0xef, 0xbb, 0xbf]), (.utf32LittleEndian, [0xff, 0xfe, 0, 0]), (.utf32BigEndian, [0, 0, 0xfe, 0xff]),
        (.utf16LittleEndian, [0xff, 0xfe]), (.utf16BigEndian, [0xfe, 0xff]),
    ]

    package var byteCount: Int {
        switch self {
        case .utf8: 3
        case .utf16LittleEndian, .utf16BigEndian: 2
        case .utf32LittleEndian, .utf32BigEndian: 4
        }
    }

    /// The mark that content with these first bytes has; nil for none.
    init?(of bytes: UnsafeRawBufferPointer) {
        guard let found = Self.all.first(where: { bytes.starts(with: $0.1) }) else { return nil }
        self = found.0
    }
}
