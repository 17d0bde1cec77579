/// A body on its way to a consumer: what has arrived and was not given to it yet, and whether it is at work.
struct StreamedBody: Sendable {
    let stream: BodyStream
    var pending: [UInt8] = []
    /// What the consumer has now; nil when nothing is given to it.
    var consumingBytes: Int?
    var isWhole = false
    var interruption: HTTPBodyInterruption?
    /// What has come since the current span of time began.
    var spanBytes = 0

    /// How much is read ahead of a consumer that is at work.
    private static let readAheadBytes = 128 << 10

    init(_ stream: BodyStream) {
        self.stream = stream
    }

    var heldBytes: Int { pending.count + (consumingBytes ?? 0) }

    /// Whether the client is to be read.
    var isReceiving: Bool { !isWhole && interruption == nil && pending.count < Self.readAheadBytes }

    /// What the consumer does next; nil while it is at work, or has nothing to do.
    mutating func nextWork() -> ServerWork? {
        guard consumingBytes == nil else { return nil }
        if let interruption {
            pending = []
            consumingBytes = 0
            return .interrupt(stream, interruption)
        }
        guard !pending.isEmpty || isWhole else { return nil }
        let bytes = pending
        pending = []
        consumingBytes = bytes.count
        return .consume(stream, bytes: bytes, isLast: isWhole)
    }
}
