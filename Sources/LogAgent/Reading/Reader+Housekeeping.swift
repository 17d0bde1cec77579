import SystemIO
import Tailing

extension Reader {
    static let housekeepingNanoseconds: UInt64 = 1_000_000_000
    static let checkpointNanoseconds: UInt64 = 1_000_000_000
    static let maximumCheckpointNanoseconds: UInt64 = 10_000_000_000
    static let tidyNanoseconds: UInt64 = 60_000_000_000
    /// Descriptors of files that rest this long are closed; the name opens them again.
    static let idleDescriptorNanoseconds: UInt64 = 60_000_000_000
    /// Nothing was read for so long: the agent rests.
    static let restNanoseconds: UInt64 = 2_000_000_000

    /// What the clock drives: catching up, checkpoints, closing what rests, forgetting what is over.
    func housekeep(now: UInt64) {
        if shared.update({ $0.isCatchingUp }) && hasCaughtUp() {
            shared.update { state in
                state.isCatchingUp = false
                state.pipelines.first?.journals.removeUnclaimed()
            }
            log.caughtUp()
        }
        takeWrittenCheckpoint()
        if hasChanged && SystemClock.nanoseconds(from: lastCheckpointNanoseconds, to: now) >= checkpointPause
            && !checkpoints.isBusy
        {
            lastCheckpointNanoseconds = now
            checkpoint()
        }
        guard SystemClock.nanoseconds(from: lastHousekeepingNanoseconds, to: now) >= Self.housekeepingNanoseconds else { return }
        lastHousekeepingNanoseconds = now
        if !isResting && SystemClock.nanoseconds(from: lastReadNanoseconds, to: now) >= Self.restNanoseconds {
            isResting = true
            // Most of what a start or a burst has brought in is not for resting.
            ResidentCode.release()
        }
        openFileCount = 0
        for file in Array(attended.values) { lookAfter(file, now: now) }
        spillWhereTooManyAreHeld()
        if !hasChanged && !segmentsToRemove().isEmpty { hasChanged = true }
        if SystemClock.nanoseconds(from: lastTidyNanoseconds, to: now) >= Self.tidyNanoseconds {
            lastTidyNanoseconds = now
            tidy()
        }
        let overflows = shared.update { state in
            _ = state.derived.table.expire(now: SystemClock.wallNanoseconds())
            return state.derived.table.takeOverflowReports()
        }
        for overflow in overflows { log.overflowed(overflow) }
    }

    /// With many files a checkpoint takes long; then it is made less often, so that it takes at most a fiftieth of the time.
    /// However old it is, nothing is counted twice after a crash, only more is read again.
    private var checkpointPause: UInt64 {
        min(max(Self.checkpointNanoseconds, 50 * checkpointCostNanoseconds), Self.maximumCheckpointNanoseconds)
    }

    /// Lets `file` be looked after for as long as anything is open, unread or undelivered.
    func attend(_ file: TailedFile) { attended[file.id] = file }

    /// Every file was read up to the size that it had at the start.
    private func hasCaughtUp() -> Bool {
        tails.files.values.allSatisfy { $0.isGone || !$0.isQueued || (!$0.isCompressed && $0.counted.offset >= $0.sizeAtStart) }
    }

    private func lookAfter(_ file: TailedFile, now: UInt64) {
        if let predecessor = file.predecessor, shared.update({ $0.files[predecessor.id]?.isDelivered ?? true }),
            predecessor.hasNothingUnread || predecessor.isGone
        {
            file.predecessor = nil
        }
        guard let state = shared.update({ $0.files[file.id] }) else { return }
        let isDelivered = shared.update { agent in
            if !file.isGone, state.deliveryFailedNanoseconds + Self.deliveryRetryNanoseconds < now { queueWhereBehind(state, agent) }
            return state.isDelivered
        }
        switch file.presence {
        case .gone:
            bookLoss(of: file, state)
            if shared.update({ _ in state.isDelivered }) { forget(file, state) }
        case .deleted where isDelivered && file.hasNothingUnread && tails.isSettled(file):
            if tails.continuesCompressed(file) { hasChanged = true } else { forget(file, state) }
        case .rotated where isDelivered && file.hasNothingUnread && tails.isSpilled(file) && !file.isQueued:
            if let path = file.path { removals.add(.init(path: path, status: nil)) }
            forget(file, state)
        case .named, .rotated, .deleted:
            let rests = SystemClock.nanoseconds(from: file.lastActivityNanoseconds, to: now) > Self.idleDescriptorNanoseconds
            // What is open may be the only way to a content whose name is gone, or is a link.
            let canBeOpenedAgain = file.path != nil && !file.needsPolling
            let isOver = file.isRotatedAway && isDelivered && file.hasNothingUnread
            // Read again from the file, should it go on.
            if rests && !file.isQueued { shared.update { _ in state.transformMemories.removeAll() } }
            if file.isOpen && rests && (canBeOpenedAgain || isOver) && !file.isQueued { file.closeDescriptor() }
            let waitsForRemoval = removeWhereAskedFor(file, isDelivered: isDelivered)
            let needsNothing = !file.isOpen && !file.isQueued && isDelivered && file.hasNothingUnread && file.predecessor == nil
            if needsNothing && !waitsForRemoval && !file.isDeleted { attended[file.id] = nil }
        }
        if file.isOpen { openFileCount += 1 }
    }

    /// Removes what directories keep too long, and gives memory that nobody uses back.
    private func tidy() {
        let directories = shared.update { $0.outputs.compactMap(\.sender.directory) }
        for directory in directories {
            do throws(SystemError) {
                try directory.removeExpired(wallNanoseconds: SystemClock.wallNanoseconds())
            } catch {
                log.storedNotRemoved(error)
            }
        }
        BufferMemory.shared.trim()
    }

    func forget(_ file: TailedFile, _ state: FileState) {
        tails.forget(file)
        attended[file.id] = nil
        damagedFiles.remove(file.id)
        shared.update { $0.close(state) }
        hasChanged = true
    }
}

extension TailedFile {
    /// All that was ever seen of it was read, and made entries of.
    var hasNothingUnread: Bool { counted.offset >= max(observedSize, sizeWhenFound) && counted.openEntries.isEmpty }
}
