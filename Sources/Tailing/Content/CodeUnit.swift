import Glibc

/// What a text's line ends are looked for in: single bytes, or units of two or four.
package enum CodeUnit: Sendable, Equatable {
    /// UTF-8, and every encoding in which the byte 0x0A is nothing but a newline.
    case byte
    case utf16LittleEndian, utf16BigEndian, utf32LittleEndian, utf32BigEndian

    package var width: Int {
        switch self {
        case .byte: 1
        case .utf16LittleEndian, .utf16BigEndian: 2
        case .utf32LittleEndian, .utf32BigEndian: 4
        }
    }

    /// Where in a unit the byte stands that tells ASCII characters apart.
    private var lowByte: Int {
        switch self {
        case .byte, .utf16LittleEndian, .utf32LittleEndian: 0
        case .utf16BigEndian, .utf32BigEndian: width - 1
        }
    }

    /// Where the first unit with the value of `character` begins at or after `start`, which is a unit's beginning; nil for none.
    func first(_ character: UInt8, in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var search = start + lowByte
        while search < bytes.count, let base = bytes.baseAddress,
            let found = memchr(base + search, Int32(character), bytes.count - search)
        {
            let unit = UnsafeRawPointer(found) - base - lowByte
            if (unit - start) % width == 0 && isUnit(character, in: bytes, at: unit) { return unit }
            search = unit + lowByte + 1
        }
        return nil
    }

    /// Whether the unit at `index` is there and has the value of `character`.
    func isUnit(_ character: UInt8, in bytes: UnsafeRawBufferPointer, at index: Int) -> Bool {
        guard index >= 0, index + width <= bytes.count else { return false }
        return (0..<width).allSatisfy { bytes[index + $0] == ($0 == lowByte ? character : 0) }
    }

    /// The largest count of `bytes`, up to `limit`, that ends neither inside a unit nor between two surrogates.
    func characterEdge(in bytes: UnsafeRawBufferPointer, atMost limit: Int) -> Int {
        if self == .byte { return LineSplitter.characterEdge(in: bytes, atMost: limit) }
        let edge = min(bytes.count, limit) / width * width
        guard width == 2, edge > 2 else { return edge }
        let high = bytes[edge - 2 + (1 - lowByte)]
        return 0xd8...0xdb ~= high ? edge - 2 : edge
    }
}
