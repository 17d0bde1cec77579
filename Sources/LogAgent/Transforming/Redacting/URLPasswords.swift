import CLinux
import Glibc

/// Finds the passwords of URLs, `scheme://user:password@host`, and of connection strings that look so (RFC 3986 §3.2.1).
/// An `@` within a password is taken for a part of it: the last one before the host's end counts.
enum URLPasswords {
    private static let mark = Array("://".utf8)

    static func find(in text: UnsafeRawBufferPointer, _ found: (Range<Int>) -> Void) {
        guard let base = text.baseAddress else { return }
        var place = 0
        while text.count - place > mark.count, let match = memmem(base + place, text.count - place, mark, mark.count) {
            let start = UnsafeRawPointer(match) - base + mark.count
            place = start
            guard start > mark.count, TextByte.isLetterOrDigit(text[start - mark.count - 1]) else { continue }
            var colon: Int?
            var at: Int?
            var end = start
            while end < text.count, !endsAuthority(text[end]) {
                if text[end] == UInt8(ascii: ":"), colon == nil, at == nil { colon = end }
                if text[end] == UInt8(ascii: "@") { at = end }
                end += 1
            }
            if let colon, let at, at > colon + 1 { found(colon + 1..<at) }
        }
    }

    private static func endsAuthority(_ byte: UInt8) -> Bool {
        switch byte {
        case 0...0x20, 0x7f, UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: "\""), UInt8(ascii: "'"),
            UInt8(ascii: "`"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\\"):
            true
        default: false
        }
    }
}
