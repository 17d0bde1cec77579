import Delivery
import SystemIO

/// Pushes as files: `0000000000000001.json.gz` and so on, with
/// `{"batch":1,"file":"…","from":"<oldest ns>","to":"<newest ns>","streams":[{…}],"lines":n,"bytes":n,"compressed_bytes":n}` for each,
/// and `"tenant":"…"` behind the streams where a transform named one. A batch whose line was lost covers all times.
extension DirectoryStore {
    /// What its files are called, as patterns.
    static let fileNames = ["[0-9]*.json.gz", "[0-9]*.tmp", "index.jsonl*"]

    convenience init(_ settings: DirectorySettings, synchronizes: Bool = true) {
        self.init(
            Settings(
                path: settings.path, retentionNanoseconds: settings.retentionNanoseconds, maximumBytes: settings.maximumBytes,
                suffix: ".json.gz", unknownMembers: #""from":"0","to":"\#(UInt64.max)","streams":null,"lines":null"#),
            synchronizes: synchronizes)
    }

    /// Stores one body. On an error nothing of it is left.
    func store(_ body: [UInt8], of batches: [SealedBatch], uncompressedBytes: Int, wallNanoseconds: UInt64) throws(SystemError) {
        let from = batches.map(\.timestamps.lowerBound).min() ?? 0
        let to = batches.map(\.timestamps.upperBound).max() ?? 0
        let lines = batches.reduce(0) { $0 + $1.entries.count }
        var members = Array(#""from":"\#(from)","to":"\#(to)","streams":["#.utf8)
        for (index, batch) in batches.enumerated() {
            if index > 0 { members.append(UInt8(ascii: ",")) }
            members.append(contentsOf: batch.labels)
        }
        members.append(UInt8(ascii: "]"))
        if let tenant = batches.first?.tenant { members.append(contentsOf: #","tenant":"\#(tenant)""#.utf8) }
        members.append(contentsOf: #","lines":\#(lines)"#.utf8)
        try store(body, members: members, uncompressedBytes: uncompressedBytes, wallNanoseconds: wallNanoseconds)
    }
}
