import Glibc

/// Finds the tokens of `Authorization: Bearer …`, without the word before them (RFC 6750 §2.1; the word in any case).
enum BearerTokens {
    private static let word = Array("bearer".utf8)
    /// What is shorter is more likely the next word of a sentence.
    private static let minimumBytes = 8

    static func find(in text: UnsafeRawBufferPointer, _ found: (Range<Int>) -> Void) {
        var place = 0
        while let start = CaselessSearch.first(word, in: text, from: place) {
            place = start + word.count
            var token = place
            while token < text.count, isSeparator(text[token]) { token += 1 }
            if token == place { continue }
            var end = token
            while end < text.count, isTokenByte(text[end]) { end += 1 }
            place = end
            if end - token >= minimumBytes { found(token..<end) }
        }
    }

    /// Blanks, and what stands there where a header became a field: `bearer: …`, `bearer=…`.
    private static func isSeparator(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "=")
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        TextByte.isLetterOrDigit(byte) || "-._~+/=".utf8.contains(byte)
    }
}

/// Finds a word of lowercase ASCII letters, written in any case.
enum CaselessSearch {
    static func first(_ word: [UInt8], in text: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard let base = text.baseAddress, let initial = word.first, text.count >= word.count else { return nil }
        let pattern = 0x0101_0101_0101_0101 &* UInt64(initial)
        let last = text.count - word.count
        var place = start
        while place <= last {
            if place + 8 <= text.count {
                // Eight bytes at a time: the initial, in either case, is where the difference is zero.
                let difference = (base + place).loadUnaligned(as: UInt64.self) | 0x2020_2020_2020_2020
                let changed = difference ^ pattern
                let marks = (changed &- 0x0101_0101_0101_0101) & ~changed & 0x8080_8080_8080_8080
                if marks == 0 {
                    place += 8
                    continue
                }
                place += marks.littleEndian.trailingZeroBitCount / 8
                if place > last { return nil }
            }
            if isWord(word, base + place) { return place }
            place += 1
        }
        return nil
    }

    private static func isWord(_ word: [UInt8], _ text: UnsafeRawPointer) -> Bool {
        for (index, letter) in word.enumerated() where text.load(fromByteOffset: index, as: UInt8.self) | 0x20 != letter { return false }
        return true
    }
}

/// Classes of bytes that the patterns share.
enum TextByte {
    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    @inline(__always)
    static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

    @inline(__always)
    static func isLetterOrDigit(_ byte: UInt8) -> Bool { isDigit(byte) || isLetter(byte) }

    @inline(__always)
    static func isHexadecimal(_ byte: UInt8) -> Bool { isDigit(byte) || (byte | 0x20) &- 0x61 < 6 }

    /// Letters, digits, the underscore and what is not ASCII: a number between two of them is part of a name.
    @inline(__always)
    static func isWord(_ byte: UInt8) -> Bool { isLetterOrDigit(byte) || byte == UInt8(ascii: "_") || byte >= 0x80 }
}
