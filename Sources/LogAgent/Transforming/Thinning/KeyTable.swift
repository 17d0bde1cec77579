/// What one step remembers of the lines before, for each key; bounded, and without any choice that the lines did not make: the order of
/// the table's storage never shows.
struct KeyTable {
    struct Cell {
        /// Of a limit: what is left in the bucket, as of ``time``.
        var tokens = 0.0
        /// Of the last line that went through, or (of a limit) that was looked at.
        var time: UInt64
        /// Of the lines that were left out since one went through.
        var suppressedWeight = 0.0
        var suppressedLines: UInt64 = 0
    }

    private var cells: [UInt64: Cell] = [:]
    /// The newest time of a line so far: time never steps back.
    private(set) var clock: UInt64 = 0
    private var lastSweep: UInt64 = 0

    mutating func removeAll() {
        cells.removeAll(keepingCapacity: true)
        clock = 0
        lastSweep = 0
    }

    /// Gives the time that the line counts as.
    mutating func advance(to time: UInt64) -> UInt64 {
        clock = max(clock, time)
        return clock
    }

    subscript(key: UInt64) -> Cell? {
        get { cells[key] }
        set { cells[key] = newValue }
    }

    /// Whether one more key may come. When the table is full, keys that `isOver` are forgotten first, at most once in `interval`.
    mutating func hasRoom(maximum: Int, interval: UInt64, _ isOver: (Cell) -> Bool) -> Bool {
        if cells.count < maximum { return true }
        if lastSweep > 0, clock < lastSweep &+ interval { return false }
        lastSweep = max(clock, 1)
        cells = cells.filter { !isOver($0.value) }
        return cells.count < maximum
    }
}
