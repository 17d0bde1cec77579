import Glibc

/// Resolves the escapes of a JSON string's text (RFC 8259 §7), the part between its quotes.
///
/// Bytes that are no UTF-8 stay as they are; half a surrogate pair becomes U+FFFD. Beyond what a ``JSONScanner`` lets pass there are
/// the escapes that Go adds (`strconv.Quote`, in logfmt): `\a`, `\v`, `\xhh` and `\Uhhhhhhhh`. All else is kept as it stands.
package enum JSONStringDecoding {
    /// Appends the decoded bytes of `text`.
    package static func append(_ text: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        var rest = text
        while let backslash = firstBackslash(in: rest) {
            bytes.append(contentsOf: rest[..<backslash])
            rest = UnsafeRawBufferPointer(rebasing: rest[backslash...])
            let escape = Escape(rest)
            withUnsafeBytes(of: escape.utf8) { bytes.append(contentsOf: $0[..<escape.utf8Count]) }
            rest = UnsafeRawBufferPointer(rebasing: rest[escape.textCount...])
        }
        bytes.append(contentsOf: rest)
    }

    /// Writes the decoded bytes of `text` and gives their count. They are never more than those of `text`, which is the room
    /// that `destination` must have.
    package static func decode(_ text: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer) -> Int {
        precondition(destination.count >= text.count, "The destination must have room for the undecoded text.")
        var rest = text
        var written = 0
        func write(_ bytes: UnsafeRawBufferPointer) {
            UnsafeMutableRawBufferPointer(rebasing: destination[written...]).copyMemory(from: bytes)
            written += bytes.count
        }
        while let backslash = firstBackslash(in: rest) {
            write(UnsafeRawBufferPointer(rebasing: rest[..<backslash]))
            rest = UnsafeRawBufferPointer(rebasing: rest[backslash...])
            let escape = Escape(rest)
            withUnsafeBytes(of: escape.utf8) { write(UnsafeRawBufferPointer(rebasing: $0[..<escape.utf8Count])) }
            rest = UnsafeRawBufferPointer(rebasing: rest[escape.textCount...])
        }
        write(rest)
        return written
    }

    /// Whether `text`, once decoded, is `bytes`. Nothing is copied.
    package static func equals(_ text: UnsafeRawBufferPointer, _ bytes: UnsafeRawBufferPointer) -> Bool {
        var rest = text
        var other = bytes
        while let backslash = firstBackslash(in: rest) {
            guard starts(other, with: UnsafeRawBufferPointer(rebasing: rest[..<backslash])) else { return false }
            other = UnsafeRawBufferPointer(rebasing: other[backslash...])
            rest = UnsafeRawBufferPointer(rebasing: rest[backslash...])
            let escape = Escape(rest)
            let isSame = withUnsafeBytes(of: escape.utf8) {
                starts(other, with: UnsafeRawBufferPointer(rebasing: $0[..<escape.utf8Count]))
            }
            guard isSame else { return false }
            other = UnsafeRawBufferPointer(rebasing: other[escape.utf8Count...])
            rest = UnsafeRawBufferPointer(rebasing: rest[escape.textCount...])
        }
        return rest.count == other.count && starts(other, with: rest)
    }

    private static func firstBackslash(in text: UnsafeRawBufferPointer) -> Int? {
        guard let base = text.baseAddress, let found = memchr(base, 0x5C, text.count) else { return nil }
        return UnsafeRawPointer(found) - base
    }

    private static func starts(_ bytes: UnsafeRawBufferPointer, with prefix: UnsafeRawBufferPointer) -> Bool {
        guard prefix.count <= bytes.count else { return false }
        guard let prefixBase = prefix.baseAddress, let base = bytes.baseAddress else { return prefix.isEmpty }
        return memcmp(base, prefixBase, prefix.count) == 0
    }
}

extension FieldValue {
    /// Whether the value's text, with its escapes resolved, is `bytes`.
    @inlinable
    package func equals(_ bytes: UnsafeRawBufferPointer, in line: UnsafeRawBufferPointer) -> Bool {
        if hasEscapes { return JSONStringDecoding.equals(text(in: line), bytes) }
        guard count == bytes.count, let one = line.baseAddress, let other = bytes.baseAddress else { return count == bytes.count }
        return memcmp(one + Int(start), other, bytes.count) == 0
    }

    /// Appends the value's text, with its escapes resolved.
    package func appendText(in line: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        if hasEscapes {
            JSONStringDecoding.append(text(in: line), to: &bytes)
        } else {
            bytes.append(contentsOf: text(in: line))
        }
    }
}

/// One escape at the start of a text, decoded.
private struct Escape {
    /// How many bytes of the text it takes.
    let textCount: Int
    /// Its UTF-8, the first byte lowest in memory.
    let utf8: UInt32
    let utf8Count: Int

    /// `text` starts with a backslash.
    init(_ text: UnsafeRawBufferPointer) {
        switch text.count > 1 ? text[1] : 0 {
        case UInt8(ascii: "n"): self.init(textCount: 2, byte: 0x0A)
        case UInt8(ascii: "t"): self.init(textCount: 2, byte: 0x09)
        case UInt8(ascii: "r"): self.init(textCount: 2, byte: 0x0D)
        case UInt8(ascii: "b"): self.init(textCount: 2, byte: 0x08)
        case UInt8(ascii: "f"): self.init(textCount: 2, byte: 0x0C)
        case UInt8(ascii: "a"): self.init(textCount: 2, byte: 0x07)
        case UInt8(ascii: "v"): self.init(textCount: 2, byte: 0x0B)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): self.init(textCount: 2, byte: text[1])
        case UInt8(ascii: "u"): self = Self.unicode(text) ?? .backslash
        case UInt8(ascii: "x"): self = Self.hexadecimal(text, 2).map { Escape(textCount: 4, byte: UInt8($0)) } ?? .backslash
        case UInt8(ascii: "U"):
            self = Self.hexadecimal(text, 8).map { Escape(textCount: 10, scalar: Unicode.Scalar($0)?.value ?? 0xFFFD) } ?? .backslash
        default: self = .backslash
        }
    }

    private static let backslash = Escape(textCount: 1, byte: 0x5C)

    /// `\uXXXX`, or two of them for a pair of surrogates.
    private static func unicode(_ text: UnsafeRawBufferPointer) -> Escape? {
        guard let unit = codeUnit(text, at: 0) else { return nil }
        if unit & 0xFC00 == 0xD800, let low = codeUnit(text, at: 6), low & 0xFC00 == 0xDC00 {
            return Escape(textCount: 12, scalar: 0x10000 + (unit & 0x3FF) << 10 + low & 0x3FF)
        }
        return Escape(textCount: 6, scalar: unit & 0xF800 == 0xD800 ? 0xFFFD : unit)
    }

    private init(textCount: Int, byte: UInt8) {
        self.textCount = textCount
        utf8 = UInt32(littleEndian: UInt32(byte))
        utf8Count = 1
    }

    private init(textCount: Int, scalar: UInt32) {
        self.textCount = textCount
        let tail = { (shift: UInt32) -> UInt32 in 0x80 | scalar >> shift & 0x3F }
        let bytes: UInt32
        switch scalar {
        case 0..<0x80:
            bytes = scalar
            utf8Count = 1
        case 0x80..<0x800:
            bytes = 0xC0 | scalar >> 6 | tail(0) << 8
            utf8Count = 2
        case 0x800..<0x10000:
            bytes = 0xE0 | scalar >> 12 | tail(6) << 8 | tail(0) << 16
            utf8Count = 3
        default:
            bytes = 0xF0 | scalar >> 18 | tail(12) << 8 | tail(6) << 16 | tail(0) << 24
            utf8Count = 4
        }
        utf8 = UInt32(littleEndian: bytes)
    }

    /// The value of `\uXXXX` at `offset`, if it stands there.
    private static func codeUnit(_ text: UnsafeRawBufferPointer, at offset: Int) -> UInt32? {
        guard text.count >= offset + 6, text[offset] == 0x5C, text[offset + 1] == UInt8(ascii: "u") else { return nil }
        return hexadecimal(UnsafeRawBufferPointer(rebasing: text[offset...]), 4)
    }

    /// The value of so many digits behind the two bytes that an escape starts with.
    private static func hexadecimal(_ text: UnsafeRawBufferPointer, _ digits: Int) -> UInt32? {
        guard text.count >= digits + 2 else { return nil }
        var unit: UInt32 = 0
        for index in 2..<digits + 2 {
            let byte = text[index]
            let digit: UInt8
            if byte &- 0x30 < 10 {
                digit = byte &- 0x30
            } else if (byte | 0x20) &- 0x61 < 6 {
                digit = (byte | 0x20) &- 0x61 + 10
            } else {
                return nil
            }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }
}
