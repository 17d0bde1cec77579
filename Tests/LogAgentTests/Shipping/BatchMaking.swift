import TestSupport

@testable import LogAgent

/// Makes sealed batches of literal entries.
enum BatchMaking {
    static func batch(
        _ labels: String = #"{"job":"test"}"#, tenant: String? = nil, sequence: UInt64 = 0, entries: [LokiEntry]
    ) -> SealedBatch {
        let open = OpenBatch(stream: Stream(labels: Array(labels.utf8), tenant: tenant), buffer: EntryBuffer(capacity: 1024), openedAt: 1)
        for (index, entry) in entries.enumerated() {
            var metadata: [UInt8] = []
            if !entry.metadata.isEmpty {
                let pairs = entry.metadata.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\"\($0.value)\"" }
                metadata = Array("{\(pairs.joined(separator: ","))}".utf8)
            }
            let line = Array(entry.line.utf8)
            _ = line.withUnsafeBytes { line in
                metadata.withUnsafeBytes { metadata in
                    open.append(
                        timestamp: entry.timestamp, line: line, fileBytes: line.count + 1, metadata: metadata,
                        from: SegmentReference(file: 1, segment: UInt64(index / 3)))
                }
            }
        }
        return open.seal(sequence: sequence)
    }

    static func batch(
        _ labels: String = #"{"job":"test"}"#, tenant: String? = nil, sequence: UInt64 = 0, lines: [String],
        from timestamp: UInt64 = 1_700_000_000_000_000_000
    )
        -> SealedBatch
    {
        batch(
            labels, tenant: tenant, sequence: sequence,
            entries: lines.enumerated().map { LokiEntry(timestamp: timestamp + UInt64($0.offset), line: $0.element) })
    }

    static func body(_ part: PushPart, of batches: [SealedBatch]) -> String {
        var bytes: [UInt8] = []
        PushBody.write(part, of: batches) { bytes.append(contentsOf: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
