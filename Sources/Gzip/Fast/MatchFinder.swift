/// Finds in one pass what was there before: a hash table says for six bytes where they were seen last.
///
/// Made for logs: names of fields repeat within a few lines, and between them stand digits that never do. Six bytes rather
/// than three, because a match of four hexadecimal digits far away costs more bits than the digits. A line goes on like the
/// one that its last match was in, behind a value of the same length: so after a few literals that line is compared before more
/// is looked up. docs/performance.md has what each number here is worth.
struct MatchFinder {
    /// 64 KiB of table.
    private static let hashBits = 15
    /// After more than so many literals in a row, only every ``stride``th position is looked up: this is an identifier.
    private static let patience = 4
    /// At most 8: the bytes come from one word, and ``DeflateTokens/spareTokens`` is the room for them.
    private static let stride = 6
    /// So many bytes before the end are not looked up, so that a word can be loaded at ``stride`` bytes after any position.
    private static let tailBytes = 16
    /// So many bytes are compared at once.
    fileprivate static let comparedBytes = 64
    /// So many more bytes at most are passed over there after ``patience``: 32 digits in all. A longer way would pass matches by.
    private static let farthestSkip = 32

    /// For each hash the low 16 bits of a position. An old entry can point to anything: what it points to is compared.
    private let table: UnsafeMutablePointer<UInt16>

    init() {
        table = .allocate(capacity: 1 << Self.hashBits)
        table.initialize(repeating: 0, count: 1 << Self.hashBits)
    }

    func deallocate() {
        table.deallocate()
    }

    /// Makes what follows independent of what was before.
    func forget() {
        table.update(repeating: 0, count: 1 << Self.hashBits)
    }

    /// Turns `source[start..<end]` into tokens until their room is used up. Gives where it stopped.
    ///
    /// Matches reach back to `source[0]` at most. `origin` is where `source[0]` stands in the member.
    func tokenize(_ source: UnsafeRawPointer, from start: Int, to end: Int, origin: Int, into tokens: inout DeflateTokens) -> Int {
        // A local copy stays in registers.
        var output = tokens
        let searchEnd = end - Self.tailBytes
        let comparisonEnd = searchEnd - Self.comparedBytes
        var at = start
        var literals = 0
        /// Of the last match; 0 before the first.
        var lastDistance = 0
        var lastDistanceToken: UInt32 = 0
        var regularity = Regularity(from: at)
        while at < searchEnd, output.hasRoom {
            let word = load(source, at)
            let distance = exchange(word, at &+ origin)
            // An unsigned comparison, so that a distance of 0 is out of reach too.
            if UInt(bitPattern: distance &- 1) < UInt(bitPattern: min(at, DeflateAlphabet.windowBytes)) {
                let difference = word ^ load(source, at &- distance)
                if difference &<< 16 == 0 {
                    var length =
                        at < comparisonEnd ? matchLength(source, at, distance, end) : matchLength(source, at, distance, from: 6, end)
                    let matchEnd = at &+ length
                    // The positions from which the next such place is found: at its first bytes, and at what follows it.
                    if matchEnd < searchEnd {
                        _ = exchange(load(source, at &+ 1), at &+ 1 &+ origin)
                        _ = exchange(load(source, matchEnd &- 1), matchEnd &- 1 &+ origin)
                    }
                    // Literals just before it may belong to the match: they were not looked up, or collided.
                    while literals > 0, at &- distance >= 8 {
                        let difference = load(source, at &- 8) ^ load(source, at &- 8 &- distance)
                        let more = min(difference.leadingZeroBitCount &>> 3, literals, DeflateAlphabet.longestMatch &- length)
                        at &-= more
                        length &+= more
                        literals &-= more
                        output.takeBack(more)
                        if more < 8 { break }
                    }
                    lastDistance = distance
                    lastDistanceToken = DeflateTokens.distanceToken(distance)
                    output.append(length: length, distance: lastDistanceToken)
                    literals = 0
                    at = matchEnd
                    regularity.noteMatch(endingAt: at)
                    continue
                }
            }
            if literals == 0 || literals == Self.patience, lastDistance != 0, at < comparisonEnd {
                let equality = ByteComparison.equality(source + at, source + (at &- lastDistance))
                let skipped = ByteComparison.firstSix(of: equality)
                if skipped <= (literals == 0 ? regularity.farthestSkip : Self.farthestSkip) {
                    _ = exchange(load(source, at &+ 1), at &+ 1 &+ origin)
                    output.append(literals: source + at, count: skipped)
                    at &+= skipped
                    var length = (~(equality &>> UInt64(truncatingIfNeeded: skipped))).trailingZeroBitCount
                    if skipped &+ length == Self.comparedBytes { length = matchLength(source, at, lastDistance, from: length, end) }
                    output.append(length: length, distance: lastDistanceToken)
                    literals = 0
                    at &+= length
                    if at < searchEnd { _ = exchange(load(source, at &- 1), at &- 1 &+ origin) }
                    regularity.noteMatch(endingAt: at)
                    continue
                }
            }
            let count = literals < Self.patience ? 1 : Self.stride
            output.append(literal: UInt8(truncatingIfNeeded: word))
            if count > 1 {
                for index in 1..<Self.stride { output.append(literal: UInt8(truncatingIfNeeded: word &>> UInt64(8 &* index))) }
            }
            at &+= count
            literals &+= count
        }
        if at >= searchEnd {
            while at < end, output.hasRoom {
                output.append(literal: byte(source, at))
                at &+= 1
            }
        }
        tokens = output
        return at
    }

    /// Puts `position` into the table for the six low bytes of `word`. Gives the distance to what stood there, modulo 64 Ki.
    @inline(__always)
    private func exchange(_ word: UInt64, _ position: Int) -> Int {
        let slot = Int(truncatingIfNeeded: ((word &<< 16) &* 0x9E37_79B1_85EB_CA87) &>> UInt64(64 &- Self.hashBits))
        let position = UInt16(truncatingIfNeeded: position)
        let distance = position &- table[slot]
        table[slot] = position
        return Int(distance)
    }

    /// How far the bytes at `at` equal those `distance` before: up to 258.
    @inline(__always)
    private func matchLength(_ source: UnsafeRawPointer, _ at: Int, _ distance: Int, _ end: Int) -> Int {
        // Most end within one comparison, and that has no branch for each word.
        let length = (~ByteComparison.equality(source + at, source + (at &- distance))).trailingZeroBitCount
        return length < Self.comparedBytes ? length : matchLength(source, at, distance, from: length, end)
    }

    /// The same where the first `known` bytes are equal.
    @inline(__always)
    private func matchLength(_ source: UnsafeRawPointer, _ at: Int, _ distance: Int, from known: Int, _ end: Int) -> Int {
        let longest = min(DeflateAlphabet.longestMatch, end &- at)
        var length = known
        while length &+ 8 <= longest {
            let difference = load(source, at &+ length) ^ load(source, at &+ length &- distance)
            if difference != 0 { return length &+ difference.trailingZeroBitCount &>> 3 }
            length &+= 8
        }
        while length < longest, byte(source, at &+ length) == byte(source, at &+ length &- distance) { length &+= 1 }
        return length
    }
}

/// Whether lines are alike, by how many bytes the last matches took: then bytes are passed over at once, without patience.
private struct Regularity {
    private static let matchesWatched = 256
    /// Each, with the literals before it.
    private static let bytesOfRegularMatch = 33

    /// At most so many bytes may be passed over at once.
    private(set) var farthestSkip = 0
    private var matches = 0
    private var start: Int

    init(from start: Int) { self.start = start }

    @inline(__always)
    mutating func noteMatch(endingAt end: Int) {
        matches &+= 1
        if matches < Self.matchesWatched { return }
        farthestSkip = end &- start > Self.matchesWatched &* Self.bytesOfRegularMatch ? MatchFinder.comparedBytes &- 1 : 0
        start = end
        matches = 0
    }
}

@inline(__always)
private func load(_ source: UnsafeRawPointer, _ at: Int) -> UInt64 {
    UInt64(littleEndian: source.loadUnaligned(fromByteOffset: at, as: UInt64.self))
}

@inline(__always)
private func byte(_ source: UnsafeRawPointer, _ at: Int) -> UInt8 {
    source.load(fromByteOffset: at, as: UInt8.self)
}
