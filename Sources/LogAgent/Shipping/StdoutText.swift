import JSONScanning

/// What a batch is as text for people: an entry a line.
enum StdoutText {
    /// Appends the entries of `batch`.
    ///
    /// As JSON, `{"stream":{…},"tenant":"…","timestamp":"<ns>","metadata":{…},"line":"…"}`, without the tenant and metadata where there are
    /// none; else the line alone, as it stands in its file.
    static func append(_ batch: SealedBatch, as format: StdoutSettings.Format, to text: inout [UInt8]) {
        for index in batch.entries.indices {
            let entry = batch.bytes(ofEntries: index..<index + 1)
            guard let parts = EntryText(entry) else { continue }
            switch format {
            case .line: JSONStringDecoding.append(UnsafeRawBufferPointer(rebasing: entry[parts.line]), to: &text)
            case .json: appendObject(batch, entry, parts, to: &text)
            }
            text.append(UInt8(ascii: "\n"))
        }
    }

    private static func appendObject(_ batch: SealedBatch, _ entry: UnsafeRawBufferPointer, _ parts: EntryText, to text: inout [UInt8]) {
        text.append(contentsOf: #"{"stream":"#.utf8)
        text.append(contentsOf: batch.labels)
        // Its characters need no escape (``Tenant``).
        if let tenant = batch.tenant { text.append(contentsOf: #","tenant":"\#(tenant)""#.utf8) }
        text.append(UInt8(ascii: ","))
        parts.appendMembers(of: entry, to: &text)
        text.append(UInt8(ascii: "}"))
    }
}
