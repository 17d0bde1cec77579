/// The walk's steps over blanks, numbers and literals.
extension JSONScanner {
    static let true4: UInt32 = 0x6575_7274
    static let alse4: UInt32 = 0x6573_6C61
    static let null4: UInt32 = 0x6C6C_756E

    @inline(__always)
    static func load4(_ p: UnsafeRawPointer) -> UInt32 { UInt32(littleEndian: p.loadUnaligned(as: UInt32.self)) }

    @inline(__always)
    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

    @inline(__always)
    static func isHexDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 6 }

    /// Moves to the next byte that is no blank and gives it.
    @inline(__always)
    static func skipBlanks(_ p: inout UnsafeRawPointer) -> UInt8 {
        var byte = p.load(as: UInt8.self)
        while byte <= 0x20, isBlank(byte) {
            p += 1
            byte = p.load(as: UInt8.self)
        }
        return byte
    }

    /// Moves behind a number (RFC 8259 §6) that starts with `-` or a digit. Where a digit is missing it stops and gives false.
    @inline(__always)
    static func skipNumber(_ p: inout UnsafeRawPointer) -> Bool {
        if p.load(as: UInt8.self) == UInt8(ascii: "-") { p += 1 }
        if p.load(as: UInt8.self) == UInt8(ascii: "0") {
            p += 1
        } else {
            guard skipDigits(&p) else { return false }
        }
        if p.load(as: UInt8.self) == UInt8(ascii: ".") {
            p += 1
            guard skipDigits(&p) else { return false }
        }
        if p.load(as: UInt8.self) | 0x20 == UInt8(ascii: "e") {
            p += 1
            let sign = p.load(as: UInt8.self)
            if sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { p += 1 }
            guard skipDigits(&p) else { return false }
        }
        return true
    }

    @inline(__always)
    private static func skipDigits(_ p: inout UnsafeRawPointer) -> Bool {
        let start = p
        while p.load(as: UInt8.self) &- 0x30 < 10 { p += 1 }
        return p > start
    }
}
