import Tailing

/// One thread's way into a log: keeps what the log can't take now, so that its source stops reading.
struct CaptureOutlet: ~Copyable {
    /// Whole lines that are not in the log yet. Its owner appends to it.
    var lines: [UInt8] = []
    private var taken = 0
    private var writer: CaptureWriter

    /// `stream`: the index of its log.
    init(_ state: CaptureState, stream: Int) {
        let pattern = state.multiline.map(MultilinePattern.init)
        writer = CaptureWriter(state.logs[stream], beginsEntry: pattern.map { pattern in { pattern.begins($0) } })
    }

    /// Writes what is waiting. nil when all of it is in the log; otherwise nothing more is to be read until this succeeds.
    mutating func flush() -> CaptureWriter.Blockage? {
        guard taken < lines.count else { return nil }
        let (count, blockage) = lines.withUnsafeBytes { writer.append(UnsafeRawBufferPointer(rebasing: $0[taken...])) }
        taken += count
        guard taken == lines.count else { return blockage }
        lines.removeAll(keepingCapacity: lines.capacity <= Self.keptCapacity)
        taken = 0
        return nil
    }

    /// Larger buffers are for few long lines.
    private static let keptCapacity = 512 * 1024

    /// What is waiting: whole lines, the first perhaps begun in the log.
    var waiting: (lines: Int, bytes: Int) { (lines[taken...].count { $0 == UInt8(ascii: "\n") }, lines.count - taken) }

    mutating func seal() { writer.seal() }
}

extension CaptureState {
    /// Says what a flush came to. nil: reading may go on. That the disk takes nothing, and that it does again, is logged once each.
    func note(_ blockage: CaptureWriter.Blockage?) {
        let pause: Pause? =
            switch blockage {
            case nil: nil
            case .budget: .budget
            case .disk: .disk
            }
        let before = update { counts in
            if case .disk(let error) = blockage { counts.lastDiskError = error }
            return exchange(&counts.pause, with: pause)
        }
        if case .disk(let error) = blockage, before != .disk { log.captureIsPaused(source: name, error) }
        if before == .disk && pause != .disk { log.captureGoesOn(source: name) }
    }
}
