/// What a stretch of input became: literals and matches in order, with how often each occurs.
///
/// A token is one word, so that a loop without branches can encode it:
/// - bits 0–8, the entry: 0–255 a literal, 256–511 a match of 3–258 bytes;
/// - bits 9–13, its distance symbol, or ``noDistance``;
/// - bits 14–26, the distance's extra bits.
struct DeflateTokens {
    /// Of an average log, 32 Ki tokens cover about 160 KiB: enough that the block's code tables cost little.
    static let capacity = 32 << 10
    static let noDistance = 30
    static let entryCount = 512

    let tokens: UnsafeMutablePointer<UInt32>
    var count = 0
    /// How often each entry occurs.
    let entryCounts: UnsafeMutablePointer<UInt32>
    /// How often each distance symbol occurs.
    let distanceCounts: UnsafeMutablePointer<UInt32>

    init() {
        tokens = .allocate(capacity: Self.capacity)
        entryCounts = .allocate(capacity: Self.entryCount)
        distanceCounts = .allocate(capacity: 32)
        clear()
    }

    func deallocate() {
        tokens.deallocate()
        entryCounts.deallocate()
        distanceCounts.deallocate()
    }

    mutating func clear() {
        count = 0
        entryCounts.update(repeating: 0, count: Self.entryCount)
        distanceCounts.update(repeating: 0, count: 32)
    }
}
