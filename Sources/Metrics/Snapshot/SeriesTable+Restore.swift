/// What a snapshot held that the present families have no place for.
package enum RestoreFinding: Equatable, Sendable, CustomStringConvertible {
    /// No such family is declared any more: its series are dropped.
    case unknownFamily(name: String, series: Int)
    /// The family starts again at 0.
    case changedKind(name: String)
    case changedLabels(name: String, previous: [String])
    case changedBuckets(name: String)
    /// More series than the family may have now: the rest was added to its overflow series.
    case folded(name: String, series: Int)

    package var description: String {
        switch self {
        case .unknownFamily(let name, let series): "`\(name)` is no longer configured: \(series) saved series were dropped."
        case .changedKind(let name): "`\(name)` is now of another kind: it starts again."
        case .changedLabels(let name, let previous): "`\(name)` had the labels \(previous.joined(separator: ", ")): it starts again."
        case .changedBuckets(let name): "`\(name)` has other buckets now: it starts again."
        case .folded(let name, let series):
            "`\(name)` had more series than its limit allows now: \(series) of them went to its overflow series."
        }
    }
}

extension SeriesTable {
    /// Gives the declared families the values of a snapshot, and says what had no place. To be called once, before any update.
    /// When it throws, nothing has changed. `now`: nanoseconds since 1970, the update time of series saved without one.
    package func restore(from bytes: UnsafeRawBufferPointer, now: UInt64) throws(SnapshotError) -> [RestoreFinding] {
        var check = SnapshotRestoring(reader: SnapshotReader(bytes), families: nil, now: now)
        try check.run()
        var restoring = SnapshotRestoring(reader: SnapshotReader(bytes), families: families, now: now)
        try restoring.run()
        return restoring.findings
    }
}

/// One pass over a snapshot.
private struct SnapshotRestoring {
    var reader: SnapshotReader
    /// nil: only check.
    let families: [MetricFamily]?
    let now: UInt64
    var findings: [RestoreFinding] = []

    /// The head of one family in the snapshot.
    private struct Head {
        var name: String
        var kind: UInt8
        var labels: [String]
        var bounds: [Double]
        var flags: UInt8
        var overflowed: UInt64
        var seriesCount: Int
        var isHistogram: Bool { kind == 2 }
        var places: Int { isHistogram ? bounds.count + 1 : 1 }
    }

    mutating func run() throws(SnapshotError) {
        let count = try reader.count(ofPartsOf: 6)
        for _ in 0..<count { try readFamily() }
        guard reader.isAtEnd else { throw reader.damaged("something follows its end") }
    }

    private mutating func readFamily() throws(SnapshotError) {
        let head = try readHead()
        let family = families.flatMap { find(head, in: $0) }
        family?.overflowedUpdates = head.overflowed
        var folded = 0
        for _ in 0..<head.seriesCount where try !readSeries(of: head, into: family) { folded += 1 }
        if folded > 0 { findings.append(.folded(name: head.name, series: folded)) }
    }

    private mutating func readHead() throws(SnapshotError) -> Head {
        let name = try reader.text()
        let kind = try reader.byte()
        guard kind <= 2 else { throw reader.damaged("a family of the unknown kind \(kind)") }
        var labels: [String] = []
        for _ in 0..<(try reader.count(ofPartsOf: 1, atMost: FamilyDefinition.maximumLabels)) { labels.append(try reader.text()) }
        var bounds: [Double] = []
        if kind == 2 {
            for _ in 0..<(try reader.count(ofPartsOf: 8, atMost: FamilyDefinition.maximumBuckets)) {
                bounds.append(Double(bitPattern: try reader.word()))
            }
        }
        let flags = try reader.byte()
        guard flags <= 3 else { throw reader.damaged("unknown flags \(flags)") }
        let overflowed = try reader.varint()
        let seriesCount = try reader.count(ofPartsOf: 17)
        return Head(
            name: name, kind: kind, labels: labels, bounds: bounds, flags: flags, overflowed: overflowed, seriesCount: seriesCount)
    }

    /// The declared family that the saved one still fits; a finding if there is none.
    private mutating func find(_ head: Head, in families: [MetricFamily]) -> MetricFamily? {
        guard let family = families.first(where: { $0.definition.name == head.name }) else {
            findings.append(.unknownFamily(name: head.name, series: head.seriesCount))
            return nil
        }
        if family.shape.kindByte != head.kind {
            findings.append(.changedKind(name: head.name))
        } else if family.definition.labelNames != head.labels {
            findings.append(.changedLabels(name: head.name, previous: head.labels))
        } else if family.shape.bounds != head.bounds {
            findings.append(.changedBuckets(name: head.name))
        } else {
            return family
        }
        return nil
    }

    /// False if the series went to the overflow series.
    private mutating func readSeries(of head: Head, into family: MetricFamily?) throws(SnapshotError) -> Bool {
        let key = try reader.piece()
        guard SeriesKey.forEachValue(in: key, valueCount: head.labels.count, { _, _ in }) else {
            throw reader.damaged("a series of `\(head.name)` has not \(head.labels.count) label values")
        }
        let created = try reader.word()
        let updated = head.flags & SnapshotLayout.hasUpdateTimes != 0 ? try reader.word() : now
        let existing = family?.slotForRestoring(key, created: created)
        let slot = existing ?? family?.slotOfOverflow(now: created)
        let isFolded = family != nil && existing == nil
        // What was folded before must not be lost to the saved overflow series.
        try readValue(of: head, into: family, slot: slot, adding: slot != nil && slot == family?.overflowSlot)
        if head.flags & SnapshotLayout.hasExemplars != 0 { try readExemplars(of: head, into: family, slot: slot) }
        if let family, let slot {
            if family.shape.expires { family.updated[slot] = updated }
            if !isFolded { family.created[slot] = created }
        }
        return !isFolded
    }

    private mutating func readValue(
        of head: Head, into family: MetricFamily?, slot: Int?, adding: Bool
    ) throws(SnapshotError) {
        let value = Double(bitPattern: try reader.word())
        guard value.isFinite, head.kind != 0 || value >= 0 else { throw reader.damaged("`\(head.name)` has the value \(value)") }
        if !head.isHistogram {
            if let family, let slot {
                let sum = adding ? Double(bitPattern: family.cells[slot]) + value : value
                if sum.isFinite { family.cells[slot] = sum.bitPattern }
            }
            return
        }
        let low = Double(bitPattern: try reader.word())
        guard low.isFinite else { throw reader.damaged("`\(head.name)` has the sum \(low)") }
        let first = (slot ?? 0) * (head.places + 2)
        if let family, slot != nil {
            var sum = CompensatedSum(high: value, low: low)
            if adding {
                let previous = CompensatedSum(
                    high: Double(bitPattern: family.cells[first]), low: Double(bitPattern: family.cells[first + 1]))
                sum = previous.adding(value).flatMap { $0.adding(low) } ?? previous
            }
            family.cells[first] = sum.high.bitPattern
            family.cells[first + 1] = sum.low.bitPattern
        }
        for bucket in 0..<head.places {
            let count = try reader.varint()
            guard let family, slot != nil else { continue }
            family.cells[first + 2 + bucket] = adding ? family.cells[first + 2 + bucket] &+ count : count
        }
    }

    private mutating func readExemplars(of head: Head, into family: MetricFamily?, slot: Int?) throws(SnapshotError) {
        for place in 0..<head.places {
            let stamp = try reader.word()
            guard stamp != 0 else { continue }
            guard (1...32).contains(stamp & 63) else { throw reader.damaged("an exemplar of `\(head.name)` has \(stamp & 63) digits") }
            let high = try reader.word()
            let low = try reader.word()
            let value = Double(bitPattern: try reader.word())
            guard value.isFinite else { throw reader.damaged("an exemplar of `\(head.name)` has the value \(value)") }
            guard let family, let slot, family.exemplarsPerSeries > 0 else { continue }
            family.exemplars[slot * family.exemplarsPerSeries + place] = Exemplar(high: high, low: low, value: value, stamp: stamp)
        }
    }
}
