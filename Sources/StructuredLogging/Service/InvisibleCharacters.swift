/// Characters that show nothing but change what is shown: U+007F … U+009F (controls), U+2028 and U+2029 (ends of lines to some), and
/// U+200E, U+200F, U+202A … U+202E, U+2066 … U+2069 (the direction of text).
enum InvisibleCharacters {
    /// Replaces them in JSON text, which is valid UTF-8, by `\u` and four digits: the same string to a parser.
    static func escape(in bytes: inout [UInt8], from start: Int) {
        guard let first = bytes[start...].firstIndex(where: { $0 == 0x7f || $0 == 0xc2 || $0 == 0xe2 }) else { return }
        let rest = Array(bytes[first...])
        bytes.removeSubrange(first...)
        var index = 0
        while index < rest.count {
            let byte = rest[index]
            if byte == 0x7f {
                append(0x7f, to: &bytes)
            } else if byte == 0xc2, rest[index + 1] < 0xa0 {
                append(UInt16(rest[index + 1]), to: &bytes)
                index += 1
            } else if byte == 0xe2, case let code = 0x2000 | UInt16(rest[index + 1] & 0x3f) << 6 | UInt16(rest[index + 2] & 0x3f),
                isInvisible(code)
            {
                append(code, to: &bytes)
                index += 2
            } else {
                bytes.append(byte)
            }
            index += 1
        }
    }

    static func isInvisible(_ code: UInt16) -> Bool {
        switch code {
        case 0x7f...0x9f, 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069: true
        default: false
        }
    }

    private static func append(_ code: UInt16, to bytes: inout [UInt8]) {
        bytes += [UInt8(ascii: "\\"), UInt8(ascii: "u")]
        for shift in stride(from: UInt16(12), through: 0, by: -4) {
            let digit = UInt8(truncatingIfNeeded: code >> shift & 15)
            bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit)
        }
    }
}
