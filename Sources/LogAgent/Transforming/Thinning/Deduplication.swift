/// A `dedupe` step: of lines that are the same within a window of the lines' own time, the first goes through. The next one after the
/// window goes through again and says how many were left out since. Lines with new keys go through while the table is full.
struct Deduplication {
    private let key: KeyHash?
    private let windowNanoseconds: UInt64
    private let maximumKeys: Int

    init(_ settings: DedupeSettings, slot: (String) -> Int) {
        key = settings.fields.isEmpty ? nil : KeyHash(slots: settings.fields.map(slot))
        windowNanoseconds = settings.windowNanoseconds
        maximumKeys = settings.maximumKeys
    }

    func keeps(_ line: TransformedLine, _ table: inout KeyTable) -> Bool {
        let now = table.advance(to: line.time)
        let hash: UInt64
        if let key {
            // Lines without any of the fields are not the same, only unknown.
            guard let found = key.ofFields(line) else { return true }
            hash = found
        } else {
            hash = KeyHash.ofLine(line)
        }
        guard var cell = table[hash] else {
            if table.hasRoom(maximum: maximumKeys, interval: windowNanoseconds, { isOver($0, at: now) }) {
                table[hash] = KeyTable.Cell(time: now)
            }
            return true
        }
        defer { table[hash] = cell }
        guard isOver(cell, at: now) else {
            cell.suppressedWeight += line.weight
            cell.suppressedLines += 1
            return false
        }
        line.weight += cell.suppressedWeight
        line.repeats += cell.suppressedLines
        cell = KeyTable.Cell(time: now)
        return true
    }

    private func isOver(_ cell: KeyTable.Cell, at now: UInt64) -> Bool { now - cell.time >= windowNanoseconds }
}
