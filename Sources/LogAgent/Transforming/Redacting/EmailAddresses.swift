import CLinux
import Glibc

/// Finds e-mail addresses as people write them (the dot-atom form of RFC 5322 §3.4.1 with a domain of two labels or more), also with
/// the `@` escaped as `%40`, as in the query of a URL.
enum EmailAddresses {
    private static let escapedAt = Array("%40".utf8)

    static func find(in text: UnsafeRawBufferPointer, _ found: (Range<Int>) -> Void) {
        guard let base = text.baseAddress else { return }
        var place = 0
        var floor = 0
        while place < text.count, let match = memchr(base + place, 0x40, text.count - place) {
            let at = UnsafeRawPointer(match) - base
            place = at + 1
            guard let address = address(at: at..<at + 1, in: text, notBefore: floor) else { continue }
            found(address)
            floor = address.upperBound
            place = max(place, address.upperBound)
        }
        place = 0
        floor = 0
        while place < text.count, let match = memmem(base + place, text.count - place, escapedAt, escapedAt.count) {
            let at = UnsafeRawPointer(match) - base
            place = at + escapedAt.count
            guard let address = address(at: at..<at + escapedAt.count, in: text, notBefore: floor) else { continue }
            found(address)
            floor = address.upperBound
            place = max(place, address.upperBound)
        }
    }

    private static func address(at: Range<Int>, in text: UnsafeRawBufferPointer, notBefore floor: Int) -> Range<Int>? {
        var start = at.lowerBound
        while start > floor, isLocal(text[start - 1]) { start -= 1 }
        while start < at.lowerBound, !TextByte.isWord(text[start]) { start += 1 }
        guard start < at.lowerBound, let end = endOfDomain(in: text, from: at.upperBound) else { return nil }
        return start..<end
    }

    private static func isLocal(_ byte: UInt8) -> Bool {
        TextByte.isWord(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
            || byte == UInt8(ascii: "%")
    }

    /// The last label that can be a top-level domain, with at least one before it.
    private static func endOfDomain(in text: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var end: Int?
        var label = start
        var labelCount = 0
        while label < text.count {
            var stop = label
            var isName = true
            while stop < text.count, TextByte.isLetterOrDigit(text[stop]) || text[stop] == UInt8(ascii: "-") || text[stop] >= 0x80 {
                if !TextByte.isLetter(text[stop]) && text[stop] < 0x80 { isName = false }
                stop += 1
            }
            if stop == label || text[label] == UInt8(ascii: "-") { break }
            labelCount += 1
            let isPunycode = stop - label > 4 && text[label] | 0x20 == UInt8(ascii: "x") && text[label + 2] == UInt8(ascii: "-")
            if labelCount > 1, stop - label > 1, isName || isPunycode { end = stop }
            guard stop + 1 < text.count, text[stop] == UInt8(ascii: ".") else { break }
            label = stop + 1
        }
        return end
    }
}
