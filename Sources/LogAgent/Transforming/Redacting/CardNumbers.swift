/// Finds numbers of payment cards: in one piece, or in groups with one kind of separator (`4111 1111 1111 1111`, `3782-822463-10005`);
/// with an issuer's prefix, of a length that this issuer uses, and with the right check digit (Luhn, ISO/IEC 7812-1 annex B).
enum CardNumbers {
    /// How cards print their numbers in groups, the longer ones first.
    private static let groupings = [[4, 4, 4, 4, 3], [4, 4, 4, 4], [4, 6, 5], [4, 6, 4]]
    private static let maximumDigits = 19

    static func find(in text: UnsafeRawBufferPointer, _ found: (Range<Int>) -> Void) {
        var place = 0
        while place < text.count {
            guard TextByte.isDigit(text[place]) else {
                place += 1
                continue
            }
            let end = endOfDigits(in: text, from: place)
            defer { place = max(place, end) }
            if place > 0, TextByte.isWord(text[place - 1]) || isFraction(text, place) { continue }
            let length = end - place
            if length >= 13, length <= maximumDigits, !goesOn(text, end), isCard(text, [place..<end]) {
                found(place..<end)
            } else if length == 4, let stop = endOfGroups(in: text, from: place) {
                found(place..<stop)
                place = stop
            }
        }
    }

    private static func endOfDigits(in text: UnsafeRawBufferPointer, from start: Int) -> Int {
        var end = start
        while end < text.count, TextByte.isDigit(text[end]) { end += 1 }
        return end
    }

    /// Digits behind a decimal point.
    private static func isFraction(_ text: UnsafeRawBufferPointer, _ place: Int) -> Bool {
        text[place - 1] == 0x2e && place > 1 && TextByte.isDigit(text[place - 2])
    }

    private static func goesOn(_ text: UnsafeRawBufferPointer, _ end: Int) -> Bool {
        guard end < text.count else { return false }
        return TextByte.isWord(text[end]) || text[end] == 0x2e && end + 1 < text.count && TextByte.isDigit(text[end + 1])
    }

    private static func endOfGroups(in text: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard start + 4 < text.count, case let separator = text[start + 4], separator == 0x20 || separator == 0x2d else { return nil }
        for grouping in groupings {
            var place = start
            var groups: [Range<Int>] = []
            for (index, count) in grouping.enumerated() {
                if index > 0 {
                    guard place < text.count, text[place] == separator else { break }
                    place += 1
                }
                let end = endOfDigits(in: text, from: place)
                guard end - place == count else { break }
                groups.append(place..<end)
                place = end
            }
            if groups.count == grouping.count, !goesOn(text, place), isCard(text, groups) { return place }
        }
        return nil
    }

    private static func isCard(_ text: UnsafeRawBufferPointer, _ groups: [Range<Int>]) -> Bool {
        var prefix = 0
        var count = 0
        var sum = 0
        let length = groups.reduce(0) { $0 + $1.count }
        for group in groups {
            for place in group {
                let digit = Int(text[place] - 0x30)
                if count < 4 { prefix = prefix * 10 + digit }
                // Every second digit from the right, beginning beside the check digit, counts twice.
                let isDoubled = (length - count).isMultiple(of: 2)
                sum += isDoubled ? (digit * 2 > 9 ? digit * 2 - 9 : digit * 2) : digit
                count += 1
            }
        }
        return sum.isMultiple(of: 10) && isIssued(prefix: prefix, length: length)
    }

    /// `prefix`: the first four digits.
    private static func isIssued(prefix: Int, length: Int) -> Bool {
        switch prefix {
        case 4000...4999: length == 13 || length == 16 || length == 19
        case 5100...5599, 2221...2720: length == 16
        case 3400...3499, 3700...3799: length == 15
        case 3000...3059, 3600...3699, 3800...3999: length == 14
        case 3528...3589, 6011, 6200...6299, 6440...6599: length >= 16
        case 5018, 5020, 5038, 5893, 6304, 6759, 6761...6763: length >= 13
        default: false
        }
    }
}
