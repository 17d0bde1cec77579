/// A set of characters: sorted, disjoint ranges of units.
///
/// A unit is what a regular expression reads in one step: the number of a Unicode scalar, or, of a byte that belongs to no valid UTF-8,
/// `0x110000` plus that byte. So every line is a row of units, and sets with everything but a few characters hold the odd bytes too.
struct RegexSet: Equatable, Sendable {
    private(set) var ranges: [ClosedRange<UInt32>]

    static let oddByte: UInt32 = 0x11_0000
    static let lastUnit: UInt32 = oddByte + 0xFF

    static let digits = RegexSet([0x30...0x39])
    static let wordCharacters = RegexSet([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    /// As in RE2 and Perl before 5.18: `\t \n \f \r` and the blank; with the vertical tab, which `[:space:]` has.
    static let blanks = RegexSet([0x09...0x0D, 0x20...0x20])
    static let all = RegexSet([0...lastUnit])

    init(_ ranges: [ClosedRange<UInt32>]) {
        self.ranges = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = self.ranges.last, range.lowerBound <= last.upperBound &+ 1 {
                self.ranges[self.ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                self.ranges.append(range)
            }
        }
    }

    init(_ unit: UInt32) { ranges = [unit...unit] }

    /// Everything else.
    var inverted: RegexSet {
        var result: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges {
            if range.lowerBound > next { result.append(next...(range.lowerBound - 1)) }
            next = range.upperBound + 1
        }
        if next <= Self.lastUnit { result.append(next...Self.lastUnit) }
        return RegexSet(result)
    }

    func union(_ other: RegexSet) -> RegexSet { RegexSet(ranges + other.ranges) }

    /// With the other case of each ASCII letter in it.
    var ignoringCase: RegexSet {
        var result = ranges
        for range in ranges {
            for (letters, other) in [(UInt32(0x41)...0x5A, UInt32(0x20)), (UInt32(0x61)...0x7A, UInt32(bitPattern: -0x20))]
            where range.overlaps(letters) {
                let both = range.clamped(to: letters)
                result.append((both.lowerBound &+ other)...(both.upperBound &+ other))
            }
        }
        return RegexSet(result)
    }

    func isDisjoint(with other: RegexSet) -> Bool { !ranges.contains { range in other.ranges.contains { $0.overlaps(range) } } }

    func contains(_ unit: UInt32) -> Bool { ranges.contains { $0.contains(unit) } }

    /// Its one member, if it has one.
    var single: UInt32? {
        guard let range = ranges.first, ranges.count == 1, range.count == 1 else { return nil }
        return range.lowerBound
    }
}
