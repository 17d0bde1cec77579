/// Finds in one pass what was there before: a hash table gives for five bytes where they were seen last.
///
/// Made for logs: names of fields repeat within a few lines, and between them stand digits that never do. Five bytes rather
/// than three, because a match of four hexadecimal digits far away costs more bits than the digits.
struct MatchFinder {
    private static let hashBits = 15
    /// After so many positions in a row without a match, most are skipped: it is an identifier, or not text at all.
    private static let patience = 12

    /// For each hash the low 16 bits of a position. An old entry can point to anything: what it points to is compared.
    private let table: UnsafeMutablePointer<UInt16>

    init() {
        table = .allocate(capacity: 1 << Self.hashBits)
        forget()
    }

    func deallocate() {
        table.deallocate()
    }

    /// Makes the result of what follows independent of what was before.
    func forget() {
        table.update(repeating: 0, count: 1 << Self.hashBits)
    }

    /// Turns `source[start..<end]` into tokens until their room is used up. Gives where it stopped.
    ///
    /// Matches reach back to `source[0]` at most. `origin` is where `source[0]` stands in the member.
    func tokenize(_ source: UnsafeRawPointer, from start: Int, to end: Int, origin: Int, into block: inout DeflateTokens) -> Int {
        let table = table
        let entryCounts = block.entryCounts
        let distanceCounts = block.distanceCounts
        var next = block.tokens
        let tokenLimit = block.tokens + (DeflateTokens.capacity - 8)
        let searchEnd = end - 16
        let literalBits = UInt32(DeflateTokens.noDistance) << 9
        var at = start
        var misses = 0
        while at < searchEnd, next < tokenLimit {
            let word = load(source, at)
            let slot = hash(word)
            let position = UInt16(truncatingIfNeeded: at &+ origin)
            let distance = Int(position &- table[slot])
            table[slot] = position
            let reach = min(at, DeflateAlphabet.windowBytes)
            if UInt(bitPattern: distance &- 1) < UInt(bitPattern: reach) {
                let difference = word ^ load(source, at &- distance)
                if difference & 0xFF_FFFF_FFFF == 0 {
                    var length = 8
                    if difference != 0 {
                        length = difference.trailingZeroBitCount &>> 3
                    } else {
                        let longest = min(DeflateAlphabet.longestMatch, end &- at)
                        while length &+ 8 <= longest {
                            let difference = load(source, at &+ length) ^ load(source, at &+ length &- distance)
                            if difference != 0 {
                                length &+= difference.trailingZeroBitCount &>> 3
                                break
                            }
                            length &+= 8
                        }
                        if length &+ 8 > longest {
                            while length < longest, byte(source, at &+ length) == byte(source, at &+ length &- distance) { length &+= 1 }
                        }
                    }
                    if misses > Self.patience {
                        while length < DeflateAlphabet.longestMatch, at > start, misses > 0, at &- distance > 0,
                            byte(source, at &- 1) == byte(source, at &- 1 &- distance)
                        {
                            at &-= 1
                            length &+= 1
                            misses &-= 1
                            next -= 1
                            entryCounts[Int(byte(source, at))] &-= 1
                        }
                    }
                    misses = 0
                    let symbol = DeflateAlphabet.distanceSymbol(distance)
                    let entry = 256 &- DeflateAlphabet.shortestMatch &+ length
                    let extraMask = (1 &<< max(symbol &>> 1 &- 1, 0)) &- 1
                    next.pointee = UInt32(truncatingIfNeeded: entry | symbol &<< 9 | ((distance &- 1) & extraMask) &<< 14)
                    next += 1
                    entryCounts[entry] &+= 1
                    distanceCounts[symbol] &+= 1
                    let matchEnd = at &+ length
                    if matchEnd < searchEnd {
                        insert(source, at &+ 1, origin)
                        insert(source, matchEnd &- 2, origin)
                    }
                    at = matchEnd
                    continue
                }
            }
            let literal = Int(truncatingIfNeeded: word & 0xFF)
            next.pointee = UInt32(truncatingIfNeeded: literal) | literalBits
            next += 1
            entryCounts[literal] &+= 1
            at &+= 1
            misses &+= 1
            if misses > Self.patience {
                for shift in 1...3 {
                    let literal = Int(truncatingIfNeeded: (word &>> UInt64(8 * shift)) & 0xFF)
                    next.pointee = UInt32(truncatingIfNeeded: literal) | literalBits
                    next += 1
                    entryCounts[literal] &+= 1
                }
                at &+= 3
                misses &+= 3
            }
        }
        if at >= searchEnd {
            while at < end, next < tokenLimit {
                let literal = byte(source, at)
                next.pointee = UInt32(literal) | literalBits
                next += 1
                entryCounts[Int(literal)] &+= 1
                at &+= 1
            }
        }
        block.count = next - block.tokens
        return at
    }

    @inline(__always)
    private func insert(_ source: UnsafeRawPointer, _ at: Int, _ origin: Int) {
        table[hash(load(source, at))] = UInt16(truncatingIfNeeded: at &+ origin)
    }

    /// Of the five bytes at the low end of `word`.
    @inline(__always)
    private func hash(_ word: UInt64) -> Int {
        Int(truncatingIfNeeded: ((word &<< 24) &* 0x9E37_79B1_85EB_CA87) &>> UInt64(64 - Self.hashBits))
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
