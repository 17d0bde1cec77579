/// How often each entry of a ``DeflateTokens`` token occurs in one block.
struct TokenCounts {
    /// Equal literals are often neighbours: an addition would wait for the one before it.
    private static let parts = 4

    private let counts: UnsafeMutablePointer<UInt32>

    init() {
        counts = .allocate(capacity: DeflateTokens.entryCount * Self.parts)
        counts.initialize(repeating: 0, count: DeflateTokens.entryCount * Self.parts)
    }

    func deallocate() {
        counts.deallocate()
    }

    /// Forgets what was counted before.
    func count(_ tokens: UnsafeBufferPointer<UInt32>) {
        let width = DeflateTokens.entryCount
        counts.update(repeating: 0, count: width * Self.parts)
        guard var token = tokens.baseAddress else { return }
        let end = token + tokens.count
        while end - token >= Self.parts {
            counts[DeflateTokens.entry(of: token[0])] &+= 1
            counts[width &+ DeflateTokens.entry(of: token[1])] &+= 1
            counts[2 &* width &+ DeflateTokens.entry(of: token[2])] &+= 1
            counts[3 &* width &+ DeflateTokens.entry(of: token[3])] &+= 1
            token += Self.parts
        }
        while token < end {
            counts[DeflateTokens.entry(of: token[0])] &+= 1
            token += 1
        }
        for entry in 0..<width { counts[entry] += counts[width + entry] + counts[2 * width + entry] + counts[3 * width + entry] }
    }

    subscript(entry: Int) -> UInt32 { counts[entry] }

    var literals: UnsafePointer<UInt32> { UnsafePointer(counts) }
    /// By symbol.
    var distances: UnsafePointer<UInt32> { UnsafePointer(counts + DeflateTokens.distances) }
}
