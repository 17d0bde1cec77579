/// The series of one family, in flat arrays that one number, the slot, indexes. Not Sendable: whoever uses the table holds a lock.
///
/// The arrays are `@exclusivity(unchecked)`: the checks at run time cost 40 of the 65 ns of an update. No access to one of them
/// runs code that could begin another: they are internal, their elements plain, and nothing here calls out.
package final class MetricFamily {
    package var definition: FamilyDefinition { shape.definition }
    let shape: FamilyShape

    /// `Double` bits for counters and gauges; for histograms the sum (high, low), then the count of each bucket, `+Inf` last.
    @exclusivity(unchecked) var cells = FlatArray<UInt64>()
    let cellsPerSeries: Int
    @exclusivity(unchecked) var texts = FlatArray<SeriesText>()
    /// Nanoseconds since 1970.
    @exclusivity(unchecked) var created = FlatArray<UInt64>()
    /// Nanoseconds since 1970; empty unless the family has an idle timeout.
    @exclusivity(unchecked) var updated = FlatArray<UInt64>()
    /// One for each counter or bucket; empty unless the family keeps exemplars.
    @exclusivity(unchecked) var exemplars = FlatArray<Exemplar>()
    let exemplarsPerSeries: Int

    @exclusivity(unchecked) var index = SeriesIndex()
    var arena = TextArena()
    private var labelScratch: [UInt8] = []
    /// Slots of series that expired.
    private var freeSlots: [Int] = []
    /// Slots below are declared, not seen: they never expire.
    private var pinnedCount = 0
    private(set) var overflowSlot: Int?

    /// Series that exist, the overflow series not counted.
    package private(set) var seriesCount = 0
    /// Updates that went to the overflow series for want of room.
    package internal(set) var overflowedUpdates: UInt64 = 0
    package private(set) var expiredSeries: UInt64 = 0
    /// Which label filled the family; set when it first overflows.
    package internal(set) var overflow: OverflowReport?

    init(_ definition: FamilyDefinition, now: UInt64) {
        shape = FamilyShape(definition)
        switch definition.kind {
        case .counter: (cellsPerSeries, exemplarsPerSeries) = (1, definition.keepsExemplars ? 1 : 0)
        case .gauge: (cellsPerSeries, exemplarsPerSeries) = (1, 0)
        case .histogram(let bounds):
            (cellsPerSeries, exemplarsPerSeries) = (3 + bounds.count, definition.keepsExemplars ? 1 + bounds.count : 0)
        }
        createInitialSeries(now: now)
    }

    /// Label values that are new go to the overflow series.
    package var isFull: Bool { seriesCount >= definition.maximumSeries }

    // MARK: Finding

    /// The slot of the series with these label values; makes the series, or names the overflow series, if there is none.
    @inline(__always)
    func slot(for key: borrowing SeriesKey, now: UInt64) -> Int {
        precondition(key.valueCount == shape.labelCount, "a series key has one value for each label")
        if shape.labelCount == 0 { return 0 }
        let hash = index.hash(key.base, key.count)
        if let slot = index.slot(of: key.base, key.count, hash: hash, in: texts.base) { return slot }
        return missingSlot(for: key.bytes, hash: hash, now: now)
    }

    /// The slot of these label values, or nil: for tests and reports.
    func existingSlot(for key: UnsafeRawBufferPointer) -> Int? {
        if shape.labelCount == 0 { return 0 }
        guard let base = key.baseAddress else { return nil }
        return index.slot(of: base, key.count, hash: index.hash(base, key.count), in: texts.base)
    }

    @inline(never)
    private func missingSlot(for key: UnsafeRawBufferPointer, hash: UInt64, now: UInt64) -> Int {
        if !isFull {
            seriesCount += 1
            return create(key, hash: hash, now: now)
        }
        if overflow == nil { overflow = findCrowdedLabel() }
        overflowedUpdates += 1
        return slotOfOverflow(now: now)
    }

    func slotOfOverflow(now: UInt64) -> Int {
        if let overflowSlot { return overflowSlot }
        let slot = shape.overflowKey.withUnsafeBytes { key in
            // A log may hold the word itself; then that series is the one.
            existingSlot(for: key) ?? create(key, hash: hash(of: key), now: now)
        }
        overflowSlot = slot
        return slot
    }

    private func hash(of key: UnsafeRawBufferPointer) -> UInt64 {
        key.baseAddress.map { index.hash($0, key.count) } ?? 0
    }

    // MARK: Making

    private func createInitialSeries(now: UInt64) {
        let lists = definition.labelNames.isEmpty ? [] : definition.initialLabelValues
        guard let lists else { return }
        var key = SeriesKey()
        for combination in Self.combinations(of: lists) {
            key.removeAll()
            for value in combination { key.append(value) }
            guard shape.labelCount == 0 || existingSlot(for: key.bytes) == nil else { continue }
            seriesCount += 1
            _ = create(key.bytes, hash: hash(of: key.bytes), now: now)
        }
        pinnedCount = texts.count
    }

    /// In the order of the lists, the last label changing fastest.
    private static func combinations(of lists: [[String]]) -> [[String]] {
        lists.reduce([[]]) { combinations, list in
            combinations.flatMap { combination in list.map { combination + [$0] } }
        }
    }

    /// Makes the series of a snapshot; nil if the family is full.
    func slotForRestoring(_ key: UnsafeRawBufferPointer, created: UInt64) -> Int? {
        if let slot = existingSlot(for: key) { return slot }
        if shape.overflowKey.elementsEqual(key) { return slotOfOverflow(now: created) }
        guard !isFull else { return nil }
        seriesCount += 1
        return create(key, hash: hash(of: key), now: created)
    }

    private func create(_ key: UnsafeRawBufferPointer, hash: UInt64, now: UInt64) -> Int {
        labelScratch.removeAll(keepingCapacity: true)
        shape.appendLabels(of: key, to: &labelScratch)
        let text = labelScratch.withUnsafeBytes { arena.append(key: key, labels: $0) }
        let slot: Int
        if let free = freeSlots.popLast() {
            slot = free
            texts[slot] = text
            created[slot] = now
            if shape.expires { updated[slot] = now }
        } else {
            slot = texts.count
            texts.append(repeating: text, count: 1)
            created.append(repeating: now, count: 1)
            cells.append(repeating: 0, count: cellsPerSeries)
            if exemplarsPerSeries > 0 { exemplars.append(repeating: .none, count: exemplarsPerSeries) }
            if shape.expires { updated.append(repeating: now, count: 1) }
        }
        index.insert(slot, hash: hash, in: texts)
        return slot
    }

    // MARK: Expiring

    /// Removes the series that were not updated for the family's idle timeout; returns how many.
    func expire(now: UInt64) -> Int {
        guard let timeout = definition.idleTimeoutNanoseconds else { return 0 }
        var removed = 0
        for slot in pinnedCount..<max(pinnedCount, texts.count) where slot != overflowSlot && texts[slot].base != nil {
            // A wall clock that stepped back makes nothing idle.
            guard now >= updated[slot], now - updated[slot] >= timeout else { continue }
            texts[slot] = .free
            for cell in 0..<cellsPerSeries { cells[slot * cellsPerSeries + cell] = 0 }
            for place in 0..<exemplarsPerSeries { exemplars[slot * exemplarsPerSeries + place] = .none }
            freeSlots.append(slot)
            removed += 1
        }
        guard removed > 0 else { return 0 }
        // The lowest slot is used again first.
        freeSlots.sort(by: >)
        seriesCount -= removed
        expiredSeries += UInt64(removed)
        compactTexts()
        index.rebuild(from: texts)
        return removed
    }

    /// Copies the texts in use into a new arena once most of the old one is of series that are gone.
    private func compactTexts() {
        var live = 0
        for slot in 0..<texts.count { live += texts[slot].byteCount }
        guard arena.byteCount > 2 * live + 4096 else { return }
        var compact = TextArena()
        for slot in 0..<texts.count where texts[slot].base != nil {
            texts[slot] = compact.append(key: texts[slot].key, labels: texts[slot].labels)
        }
        arena = compact
    }

    // MARK: Overflow

    private func findCrowdedLabel() -> OverflowReport {
        var distinct = [Set<[UInt8]>](repeating: [], count: shape.labelCount)
        for slot in 0..<texts.count where texts[slot].base != nil {
            _ = SeriesKey.forEachValue(in: texts[slot].key, valueCount: shape.labelCount) { position, value in
                distinct[position].insert([UInt8](value))
            }
        }
        let crowded = distinct.indices.max { distinct[$0].count < distinct[$1].count } ?? 0
        return OverflowReport(
            family: definition.name, label: definition.labelNames[crowded], distinctValues: distinct[crowded].count,
            maximumSeries: definition.maximumSeries)
    }
}

/// Why a family began to overflow: the label with the most values at that moment.
package struct OverflowReport: Equatable, Sendable {
    package let family: String
    package let label: String
    package let distinctValues: Int
    package let maximumSeries: Int
}
