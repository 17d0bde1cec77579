/// The body of a Loki push, in pieces: `{"streams":[{"stream":{…},"values":[…]},…]}`.
enum PushBody {
    private static let head = #"{"streams":["#
    private static let streamHead = #"{"stream":"#
    private static let valuesHead = #","values":["#
    private static let streamTail = "]}"
    private static let tail = "]}"

    /// What a body with this one stream has besides its entries, in bytes.
    static func overhead(labels: [UInt8]) -> Int {
        head.utf8.count + streamHead.utf8.count + labels.count + valuesHead.utf8.count + streamTail.utf8.count + tail.utf8.count
    }

    /// Hands out the body's bytes in order, in as few pieces as there are stretches of entries. `write` must not keep them.
    static func write<Failure: Error>(
        _ part: PushPart, of batches: [SealedBatch], to write: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        var glue = Array(head.utf8)
        for (index, selection) in part.selections.enumerated() {
            let batch = batches[selection.batch]
            if index > 0 { glue.append(UInt8(ascii: ",")) }
            glue.append(contentsOf: streamHead.utf8)
            glue.append(contentsOf: batch.labels)
            glue.append(contentsOf: valuesHead.utf8)
            for (index, range) in selection.entries.enumerated() {
                if index > 0 { glue.append(UInt8(ascii: ",")) }
                try glue.span.bytes.withUnsafeBytes { (raw) throws(Failure) in try write(raw) }
                glue.removeAll(keepingCapacity: true)
                try write(batch.bytes(ofEntries: range))
            }
            glue.append(contentsOf: streamTail.utf8)
        }
        glue.append(contentsOf: tail.utf8)
        try glue.span.bytes.withUnsafeBytes { (raw) throws(Failure) in try write(raw) }
    }
}

/// What one request carries: all or some of the entries of one or several batches, each of another stream.
struct PushPart: Equatable, Sendable {
    struct Selection: Equatable, Sendable {
        /// Index among the batches of the push.
        var batch: Int
        /// Ascending, not empty, not touching.
        var entries: [Range<Int>]

        var entryCount: Int { entries.reduce(0) { $0 + $1.count } }
    }

    var selections: [Selection]

    var entryCount: Int { selections.reduce(0) { $0 + $1.entryCount } }

    static func whole(_ batches: [SealedBatch]) -> PushPart {
        PushPart(selections: batches.indices.map { Selection(batch: $0, entries: [0..<batches[$0].entries.count]) })
    }

    /// Uncompressed, about: what a server counts.
    func bodyBytes(of batches: [SealedBatch]) -> Int {
        selections.reduce(0) { sum, selection in
            selection.entries.reduce(sum) { sum, range in sum + batches[selection.batch].bytes(ofEntries: range).count }
        }
    }
}
