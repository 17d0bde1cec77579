import Glibc

/// Finds IPv4 addresses in dotted decimal. `1.2.3.4.5` and `v1.2.3.4` are none.
enum IPv4Addresses {
    static func find(in text: UnsafeRawBufferPointer, _ found: (Range<Int>) -> Void) {
        guard let base = text.baseAddress else { return }
        var place = 1
        while place < text.count - 1, let match = memchr(base + place, 0x2e, text.count - 1 - place) {
            let dot = UnsafeRawPointer(match) - base
            place = dot + 1
            guard TextByte.isDigit(text[dot - 1]), TextByte.isDigit(text[dot + 1]) else { continue }
            var start = dot - 1
            while start > 0, dot - start < 4, TextByte.isDigit(text[start - 1]) { start -= 1 }
            guard start == 0 || !(TextByte.isWord(text[start - 1]) || text[start - 1] == 0x2e),
                let end = endOfAddress(in: text, from: start)
            else { continue }
            place = end
            let goesOn =
                end < text.count
                && (TextByte.isWord(text[end]) || text[end] == 0x2e && end + 1 < text.count && TextByte.isDigit(text[end + 1]))
            if !goesOn { found(start..<end) }
        }
    }

    /// Behind four numbers up to 255 with dots between them.
    static func endOfAddress(in text: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var place = start
        for part in 0..<4 {
            if part > 0 {
                guard place < text.count, text[place] == 0x2e else { return nil }
                place += 1
            }
            var value = 0
            let first = place
            while place < text.count, place - first < 3, TextByte.isDigit(text[place]) {
                value = value * 10 + Int(text[place] - 0x30)
                place += 1
            }
            guard place > first, value < 256 else { return nil }
        }
        return place
    }
}

/// Finds IPv6 addresses in every text form of RFC 4291 §2.2, without zone and prefix length. `::` alone says nothing, and is none.
enum IPv6Addresses {
    static func find(in text: UnsafeRawBufferPointer, _ found: (Range<Int>) -> Void) {
        guard let base = text.baseAddress else { return }
        var place = 0
        var floor = 0
        while place < text.count, let match = memchr(base + place, 0x3a, text.count - place) {
            let colon = UnsafeRawPointer(match) - base
            var start = colon
            while start > floor, colon - start < 5, TextByte.isHexadecimal(text[start - 1]) { start -= 1 }
            var end = colon
            while end < text.count, TextByte.isHexadecimal(text[end]) || text[end] == 0x3a || text[end] == 0x2e { end += 1 }
            place = end
            let runEnd = end
            defer { floor = runEnd }
            if start > 0, TextByte.isWord(text[start - 1]) || text[start - 1] == 0x2e { continue }
            if end < text.count, TextByte.isWord(text[end]) { continue }
            // The end of a sentence, or of what the address is followed by.
            while end > start, text[end - 1] == 0x2e || text[end - 1] == 0x3a && !(end - start > 1 && text[end - 2] == 0x3a) { end -= 1 }
            if isAddress(text, start..<end) { found(start..<end) }
        }
    }

    private static func isAddress(_ text: UnsafeRawBufferPointer, _ range: Range<Int>) -> Bool {
        var place = range.lowerBound
        var groups = 0
        var hasGap = false
        while place < range.upperBound {
            if text[place] == 0x3a {
                // Between two groups, or twice in the one place where zeros are left out.
                let isDouble = place + 1 < range.upperBound && text[place + 1] == 0x3a
                if isDouble {
                    if hasGap { return false }
                    hasGap = true
                    place += 2
                    if place < range.upperBound, text[place] == 0x3a { return false }
                    continue
                }
                if groups == 0 || place + 1 == range.upperBound { return false }
                place += 1
            }
            let first = place
            while place < range.upperBound, TextByte.isHexadecimal(text[place]) { place += 1 }
            guard place > first, place - first <= 4 || place < range.upperBound && text[place] == 0x2e else { return false }
            if place < range.upperBound, text[place] == 0x2e {
                guard IPv4Addresses.endOfAddress(in: text, from: first) == range.upperBound else { return false }
                groups += 2
                break
            }
            groups += 1
            if groups > 8 { return false }
        }
        return hasGap ? groups > 0 && groups < 8 : groups == 8
    }
}
