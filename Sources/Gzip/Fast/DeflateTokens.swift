/// What a stretch of input became: literals and matches in order, with how often each occurs.
///
/// A token is one word, so that a loop without branches can encode it:
/// - bits 0–8, the entry: 0–255 a literal, 256–511 a match of 3–258 bytes;
/// - bits 9–13, its distance symbol, or ``noDistance``;
/// - bits 14–26, the distance's extra bits.
struct DeflateTokens {
    /// Of an average log, 32 Ki tokens cover about 200 KiB: enough that the block's code tables cost little.
    static let capacity = 32 << 10
    static let noDistance = 30
    static let entryCount = 512
    /// While there is room, there is room for so many tokens.
    static let spareTokens = 80

    private let first: UnsafeMutablePointer<UInt32>
    private var next: UnsafeMutablePointer<UInt32>
    /// How often each entry occurs.
    let entryCounts: UnsafeMutablePointer<UInt32>
    /// How often each distance symbol occurs.
    let distanceCounts: UnsafeMutablePointer<UInt32>

    init() {
        first = .allocate(capacity: Self.capacity)
        next = first
        entryCounts = .allocate(capacity: Self.entryCount)
        distanceCounts = .allocate(capacity: 32)
        clear()
    }

    func deallocate() {
        first.deallocate()
        entryCounts.deallocate()
        distanceCounts.deallocate()
    }

    mutating func clear() {
        next = first
        entryCounts.update(repeating: 0, count: Self.entryCount)
        distanceCounts.update(repeating: 0, count: 32)
    }

    var all: UnsafeBufferPointer<UInt32> { UnsafeBufferPointer(start: first, count: next - first) }

    var hasRoom: Bool {
        @inline(__always) get { next < first + (Self.capacity - Self.spareTokens) }
    }

    @inline(__always)
    mutating func append(literal: UInt8) {
        next.pointee = UInt32(literal) | UInt32(Self.noDistance) << 9
        next += 1
        entryCounts[Int(literal)] &+= 1
    }

    /// At most 64. Reads up to the next multiple of 16 bytes, and writes as many tokens, of which only `count` stay.
    @inline(__always)
    mutating func append(literals: UnsafeRawPointer, count: Int) {
        var index = 0
        while index < count {
            let sixteen = literals.loadUnaligned(fromByteOffset: index, as: SIMD16<UInt8>.self)
            let tokens = SIMD16<UInt32>(truncatingIfNeeded: sixteen) | SIMD16(repeating: UInt32(Self.noDistance) << 9)
            UnsafeMutableRawPointer(next + index).storeBytes(of: tokens, as: SIMD16<UInt32>.self)
            index &+= 16
        }
        next += count
        index = 0
        while index < count {
            entryCounts[Int(literals.load(fromByteOffset: index, as: UInt8.self))] &+= 1
            index &+= 1
        }
    }

    /// Undoes the last ``append(literal:)``.
    @inline(__always)
    mutating func takeBack(literal: UInt8) {
        next -= 1
        entryCounts[Int(literal)] &-= 1
    }

    @inline(__always)
    mutating func append(length: Int, distance: Int) {
        let entry = 256 &- DeflateAlphabet.shortestMatch &+ length
        let symbol = DeflateAlphabet.distanceSymbol(distance)
        let extra = (distance &- 1) & ((1 &<< DeflateAlphabet.distanceExtraBits(symbol)) &- 1)
        next.pointee = UInt32(truncatingIfNeeded: entry | symbol &<< 9 | extra &<< 14)
        next += 1
        entryCounts[entry] &+= 1
        distanceCounts[symbol] &+= 1
    }
}
