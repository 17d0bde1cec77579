import Glibc
import JSONScanning

/// The inside of a JSON string without its escapes, with the place in the string that each byte came from. Used again for each.
struct UnescapedText {
    private(set) var bytes: [UInt8] = []
    /// Of each byte: where the character or escape that it comes from begins and ends in the string.
    private var origins: [(start: UInt32, end: UInt32)] = []

    mutating func read(_ text: UnsafeRawBufferPointer) {
        bytes.removeAll(keepingCapacity: true)
        origins.removeAll(keepingCapacity: true)
        var place = 0
        while place < text.count {
            let end = text[place] == UInt8(ascii: "\\") ? min(text.count, place + Self.escapeBytes(text, at: place)) : place + 1
            let part = UnsafeRawBufferPointer(rebasing: text[place..<end])
            if part.count > 1 { JSONStringDecoding.append(part, to: &bytes) } else { bytes.append(part[0]) }
            while origins.count < bytes.count { origins.append((UInt32(place), UInt32(end))) }
            place = end
        }
    }

    /// The part of the string that these bytes come from.
    func origin(of range: Range<Int>) -> Range<Int> {
        Int(origins[range.lowerBound].start)..<Int(origins[range.upperBound - 1].end)
    }

    /// Two halves of a surrogate pair are one escape.
    static func escapeBytes(_ text: UnsafeRawBufferPointer, at place: Int) -> Int {
        guard place + 1 < text.count, text[place + 1] == UInt8(ascii: "u") else { return 2 }
        guard place + 12 <= text.count, text[place + 2] | 0x20 == UInt8(ascii: "d"), text[place + 6] == UInt8(ascii: "\\"),
            text[place + 7] == UInt8(ascii: "u")
        else { return 6 }
        let isHighHalf: Bool =
            switch text[place + 3] | 0x20 {
            case UInt8(ascii: "8") | 0x20, UInt8(ascii: "9") | 0x20, UInt8(ascii: "a"), UInt8(ascii: "b"): true
            default: false
            }
        return isHighHalf ? 12 : 6
    }
}
