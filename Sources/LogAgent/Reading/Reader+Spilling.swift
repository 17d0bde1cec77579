import SystemIO
import Tailing

/// A deleted file is held by its descriptor until it is delivered. What can't be held, as the process ends or as there are too many, is
/// written to the spill directory and delivered from there.
extension Reader {
    /// Begins to spill the oldest of the deleted files that rest, where there are more than may be held.
    func spillWhereTooManyAreHeld() {
        guard spill == nil else { return }
        let held = attended.values.filter { isHeldAlone($0) && tails.isSettled($0) }
        guard held.count > spillSettings.maximumHeldFiles, let oldest = held.min(by: { $0.id < $1.id }) else { return }
        beginSpill(of: oldest)
    }

    /// One more piece. True while there is more to do.
    func continueSpill() -> Bool {
        guard let spill else { return false }
        step(spill)
        return self.spill != nil
    }

    /// At the end of the process: everything that its descriptors alone hold.
    func spillEverything() {
        while let spill { step(spill) }
        for file in tails.files.values.sorted(by: { $0.id < $1.id }) where isHeldAlone(file) {
            if tails.continuesCompressed(file) { continue }
            beginSpill(of: file)
            while let spill { step(spill) }
        }
    }

    /// Nothing but the open descriptor leads to what is unread or undelivered of it.
    private func isHeldAlone(_ file: TailedFile) -> Bool {
        guard file.isOpen, file.path == nil, !file.isGone else { return false }
        return !file.hasNothingUnread || !shared.update { $0.files[file.id]?.isDelivered ?? true }
    }

    private func beginSpill(of file: TailedFile) {
        let settled = shared.update { state -> UInt64 in
            let open = file.counted.firstOpenOffset
            guard let known = state.files[file.id] else { return open }
            return known.deliveries.map(\.delivered.firstOpenOffset).min().map { min($0, open) } ?? open
        }
        do throws(SpillError) {
            guard let directory = tails.spills else { return }
            spill = try ContentSpill(of: file, from: settled, to: directory)
        } catch {
            lose(file, error)
        }
    }

    private func step(_ spill: ContentSpill) {
        do throws(SpillError) {
            guard try spill.step() else { return }
            self.spill = nil
            try goOn(in: spill)
            hasChanged = true
        } catch {
            self.spill = nil
            lose(spill.file, error)
        }
    }

    private func goOn(in spill: ContentSpill) throws(SpillError) {
        do throws(SystemError) {
            try tails.goesOn(in: spill)
        } catch {
            throw .system(error)
        }
    }

    private func lose(_ file: TailedFile, _ error: SpillError) {
        let cause: TailedFile.LossCause = if case .overBudget = error { .overSpillBudget } else { .spillFailed }
        let undelivered = shared.update { state -> UInt64 in
            guard let known = state.files[file.id] else { return file.observedSize }
            return file.observedSize - min(file.observedSize, known.deliveries.map(\.delivered.offset).min() ?? file.counted.offset)
        }
        log.notSpilled(path: file.firstPath, bytes: undelivered, error)
        tails.contentIsGone(file, cause)
        if let state = shared.update({ $0.files[file.id] }) { bookLoss(of: file, state) }
        hasChanged = true
    }
}
