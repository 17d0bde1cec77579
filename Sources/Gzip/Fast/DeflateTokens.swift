/// What a stretch of input became: literals and matches in order.
///
/// A token is one symbol of the block, a match two of them, its length and its distance, so that a loop without branches can encode them:
/// - bits 0–9, the entry: 0–255 a literal, 256–511 the length of a match of 3–258 bytes, from 512 on the symbol of its distance;
/// - bits 10–22, the distance's extra bits.
struct DeflateTokens {
    /// Of an average log, 32 Ki tokens cover about 180 KiB: enough that the block's code tables cost little.
    static let capacity = 32 << 10
    /// The first entry of a length.
    static let lengths = 256
    /// The first entry of a distance.
    static let distances = 512
    static let entryCount = distances + 32
    /// While there is room, there is room for so many tokens.
    static let spareTokens = 80

    private let first: UnsafeMutablePointer<UInt32>
    private var next: UnsafeMutablePointer<UInt32>

    init() {
        first = .allocate(capacity: Self.capacity)
        next = first
    }

    func deallocate() {
        first.deallocate()
    }

    mutating func clear() {
        next = first
    }

    @inline(__always)
    static func entry(of token: UInt32) -> Int { Int(token & 0x3FF) }

    @inline(__always)
    static func extraBits(of token: UInt32) -> UInt32 { token &>> 10 }

    var all: UnsafeBufferPointer<UInt32> { UnsafeBufferPointer(start: first, count: next - first) }

    var hasRoom: Bool {
        @inline(__always) get { next < first + (Self.capacity - Self.spareTokens) }
    }

    @inline(__always)
    mutating func append(literal: UInt8) {
        next.pointee = UInt32(literal)
        next += 1
    }

    /// At most 64. Reads up to the next multiple of 16 bytes, and writes as many tokens, of which only `count` stay.
    @inline(__always)
    mutating func append(literals: UnsafeRawPointer, count: Int) {
        var index = 0
        while index < count {
            let sixteen = literals.loadUnaligned(fromByteOffset: index, as: SIMD16<UInt8>.self)
            UnsafeMutableRawPointer(next + index).storeBytes(of: SIMD16<UInt32>(truncatingIfNeeded: sixteen), as: SIMD16<UInt32>.self)
            index &+= 16
        }
        next += count
    }

    /// Undoes the last appends, of `count` literals.
    @inline(__always)
    mutating func takeBack(_ count: Int) {
        next -= count
    }

    /// Appends a match; `distance` is a ``distanceToken(_:)``.
    @inline(__always)
    mutating func append(length: Int, distance: UInt32) {
        next.pointee = UInt32(truncatingIfNeeded: Self.lengths &- DeflateAlphabet.shortestMatch &+ length)
        (next + 1).pointee = distance
        next += 2
    }

    /// The token of a distance from 1 to 32,768.
    @inline(__always)
    static func distanceToken(_ distance: Int) -> UInt32 {
        let (symbol, extra) = DeflateAlphabet.distance(distance)
        return UInt32(truncatingIfNeeded: distances &+ symbol | extra &<< 10)
    }
}
