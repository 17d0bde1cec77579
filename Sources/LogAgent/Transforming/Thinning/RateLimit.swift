/// A `limit` step: a token bucket for each key, on the lines' own time. The next line of a key that goes through stands also for those
/// that did not. Keys beyond the largest number share one bucket.
struct RateLimit {
    private let key: KeyHash?
    private let perNanosecond: Double
    private let burst: Double
    private let maximumKeys: Int
    /// In which an empty bucket becomes full.
    private let fillNanoseconds: UInt64
    /// Of lines without a key of their own.
    private static let sharedKey: UInt64 = 0

    init(_ settings: LimitSettings, slot: (String) -> Int) {
        key = settings.key.map { KeyHash(slots: [slot($0)]) }
        perNanosecond = settings.perSecond / 1e9
        burst = settings.burst
        maximumKeys = settings.maximumKeys
        fillNanoseconds = UInt64(min(settings.burst / settings.perSecond * 1e9, 1e18))
    }

    func keeps(_ line: TransformedLine, _ table: inout KeyTable) -> Bool {
        let now = table.advance(to: line.time)
        var hash = key.flatMap { $0.ofFields(line) } ?? Self.sharedKey
        if table[hash] == nil, hash != Self.sharedKey,
            !table.hasRoom(maximum: maximumKeys, interval: fillNanoseconds, { $0.suppressedLines == 0 && isFull($0, at: now) })
        {
            hash = Self.sharedKey
        }
        var cell = table[hash] ?? KeyTable.Cell(tokens: burst, time: now)
        cell.tokens = tokens(cell, at: now)
        cell.time = now
        defer { table[hash] = cell }
        guard cell.tokens >= 1 else {
            cell.suppressedWeight += line.weight
            cell.suppressedLines += 1
            return false
        }
        cell.tokens -= 1
        line.weight += cell.suppressedWeight
        cell.suppressedWeight = 0
        cell.suppressedLines = 0
        return true
    }

    private func tokens(_ cell: KeyTable.Cell, at now: UInt64) -> Double {
        min(burst, cell.tokens + Double(now - cell.time) * perNanosecond)
    }

    private func isFull(_ cell: KeyTable.Cell, at now: UInt64) -> Bool { tokens(cell, at: now) >= burst }
}
