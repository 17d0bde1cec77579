/// The ledger as it is shown: for each file that is still followed, for the sum of those that are over, and in total.
struct LedgerReport: Encodable, Equatable, Sendable {
    struct Count: Encodable, Equatable, Sendable {
        var lines: UInt64
        var bytes: UInt64

        init(_ tally: Tally) {
            lines = tally.lines
            bytes = tally.bytes
        }
    }

    struct Output: Encodable, Equatable, Sendable {
        var name: String
        var delivered: Count
        var pending: Count
        var filtered: Count
        var refused: Count
        var lost: Count

        init(name: String, ledger: LedgerEntry, read: Tally) {
            self.name = name
            delivered = Count(ledger.delivered)
            pending = Count(ledger.pending(of: read))
            filtered = Count(ledger.filtered)
            refused = Count(ledger.refused)
            lost = Count(ledger.lost)
        }
    }

    struct File: Encodable, Equatable, Sendable {
        var id: UInt64
        var source: String
        /// The name that it was found under.
        var path: String
        /// The name that it has now; nil when it has none.
        var currentPath: String?
        /// Where reading began, and how far it has come: offsets in the file.
        var startOffset: UInt64
        var readOffset: UInt64
        var read: Count
        var lostUnreadBytes: UInt64
        var outputs: [Output]
    }

    struct ClosedFiles: Encodable, Equatable, Sendable {
        var source: String
        var files: UInt64
        var read: Count
        var lostUnreadBytes: UInt64
        var outputs: [Output]
    }

    struct Total: Encodable, Equatable, Sendable {
        var output: String
        var read: Count
        var delivered: Count
        var pending: Count
        var filtered: Count
        var refused: Count
        var lost: Count
    }

    var files: [File]
    var closed: [ClosedFiles]
    var totals: [Total]

    init(_ checkpoint: Checkpoint) {
        files = checkpoint.files.map(File.init)
        closed = checkpoint.closed.map(ClosedFiles.init)
        totals = Self.totals(
            checkpoint.files.flatMap { file in file.outputs.map { ($0.name, file.read, $0.ledger) } }
                + checkpoint.closed.flatMap { sum in sum.outputs.map { ($0.name, sum.read, $0.ledger) } })
    }

    init(_ state: AgentState) {
        let names = state.outputs.map(\.settings.name)
        let sorted = state.files.values.sorted { $0.id < $1.id }
        files = sorted.map { file in
            File(
                id: file.id, source: state.settings.sources[file.sourceIndex].name, path: file.firstPath, currentPath: file.path,
                startOffset: file.startOffset, readOffset: file.counted.offset, read: Count(file.read),
                lostUnreadBytes: file.lostUnreadBytes,
                outputs: zip(names, file.deliveries).map { Output(name: $0, ledger: $1.ledger, read: file.read) })
        }
        files += state.setAside.map(File.init)
        let sums = state.closed.values.sorted { $0.sourceName < $1.sourceName }
        closed = sums.map(ClosedFiles.init)
        totals = Self.totals(
            sorted.flatMap { file in zip(names, file.deliveries).map { ($0, file.read, $1.ledger) } }
                + state.setAside.flatMap { file in file.outputs.map { ($0.name, file.read, $0.ledger) } }
                + sums.flatMap { sum in sum.outputs.map { ($0.name, sum.read, $0.ledger) } })
    }

    private static func totals(_ entries: [(name: String, read: Tally, ledger: LedgerEntry)]) -> [Total] {
        var names: [String] = []
        var sums: [String: (read: Tally, ledger: LedgerEntry)] = [:]
        for entry in entries {
            if sums[entry.name] == nil { names.append(entry.name) }
            var sum = sums[entry.name] ?? (Tally(), LedgerEntry())
            sum.read += entry.read
            sum.ledger += entry.ledger
            sums[entry.name] = sum
        }
        return names.compactMap { name in
            sums[name].map { sum in
                Total(
                    output: name, read: Count(sum.read), delivered: Count(sum.ledger.delivered),
                    pending: Count(sum.ledger.pending(of: sum.read)), filtered: Count(sum.ledger.filtered),
                    refused: Count(sum.ledger.refused), lost: Count(sum.ledger.lost))
            }
        }
    }
}

extension LedgerReport.File {
    init(_ file: Checkpoint.File) {
        id = file.saved.id
        source = file.saved.sourceName
        path = file.saved.firstPath
        currentPath = file.saved.path
        startOffset = file.startOffset
        readOffset = file.saved.counted.offset
        read = LedgerReport.Count(file.read)
        lostUnreadBytes = file.lostUnreadBytes
        outputs = file.outputs.map { LedgerReport.Output(name: $0.name, ledger: $0.ledger, read: file.read) }
    }
}

extension LedgerReport.ClosedFiles {
    init(_ closed: Checkpoint.ClosedFiles) {
        source = closed.sourceName
        files = closed.files
        read = LedgerReport.Count(closed.read)
        lostUnreadBytes = closed.lostUnreadBytes
        outputs = closed.outputs.map { LedgerReport.Output(name: $0.name, ledger: $0.ledger, read: closed.read) }
    }
}
