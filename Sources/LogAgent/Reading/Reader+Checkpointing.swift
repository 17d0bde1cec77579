import SystemIO
import Tailing

extension Reader {
    /// Hands the state as it is between two lines to the thread that writes it.
    func checkpoint() {
        hasChanged = false
        let start = SystemClock.monotonicNanoseconds()
        removals.submit()
        var (saved, times) = shared.update { state in
            state.derived.table.capture(into: &capture)
            return (makeCheckpoint(state), journaledFiles(state))
        }
        finishedSegments = segmentsToRemove()
        capture.encode(into: &saved.metrics)
        checkpoints.submit(CheckpointCoding.encode(saved), times)
        checkpointCostNanoseconds = SystemClock.nanoseconds(from: start, to: SystemClock.monotonicNanoseconds())
    }

    private func makeCheckpoint(_ state: AgentState) -> Checkpoint {
        var files: [Checkpoint.File] = []
        files.reserveCapacity(state.files.count)
        for tailed in tails.files.values {
            // Also what was found but not read yet: rotated away, it would not be found a second time.
            files.append(saved(tailed, state))
        }
        return Checkpoint(
            writtenAt: SystemClock.wallNanoseconds(), nextFileID: tails.upcomingID,
            files: (files + state.setAside).sorted { $0.saved.id < $1.saved.id },
            closed: state.closed.values.sorted { $0.sourceName < $1.sourceName }, metrics: [])
    }

    /// One file as a checkpoint has it.
    func saved(_ tailed: TailedFile, _ state: AgentState) -> Checkpoint.File {
        let file = state.files[tailed.id] ?? state.begin(tailed)
        return Checkpoint.File(
            saved: SavedFile(tailed, sourceName: state.settings.sources[file.sourceIndex].name), startOffset: file.startOffset,
            read: file.read, lostUnreadBytes: file.lostUnreadBytes, outputs: file.savedOutputs(state.outputs.map(\.settings.name)))
    }

    /// Files with journals, and before which place nothing of each will be read again.
    private func journaledFiles(_ state: AgentState) -> [UInt64: UInt64] {
        var delivered: [UInt64: UInt64] = [:]
        for file in state.files.values where file.observedTimes != nil || file.observedBreaks != nil {
            let offset = (file.deliveries.map(\.delivered) + [file.counted]).map(\.firstOpenOffset).min() ?? 0
            // Steps that look back need the times of what they look at.
            let looksBack = (state.pipelines[file.sourceIndex].transforms?.tableCount ?? 0) > 0
            delivered[file.id] = looksBack ? TransformMemory.firstNeeded(at: offset) : offset
        }
        return delivered
    }

    /// Once a checkpoint is on disk, records that it has left behind are not needed any more.
    func takeWrittenCheckpoint() {
        guard let written = checkpoints.takeResult() else { return }
        if case .success = written {
            removeWhatIsSaved()
            removeFinishedSegments()
        }
        shared.update { state in
            switch written {
            case .success(let saved):
                state.checkpointWrittenAt = saved.at
                state.checkpointBytes = saved.byteCount
                state.lastCheckpointError = nil
                for (id, offset) in saved.times {
                    do throws(SystemError) {
                        try state.files[id]?.observedTimes?.delivered(through: offset)
                        try state.files[id]?.observedBreaks?.delivered(through: offset)
                    } catch {
                        log.stateNotWritten(error)
                    }
                }
            case .failure(let error):
                state.checkpointFailures += 1
                state.lastCheckpointError = error.description
                hasChanged = true
                log.stateNotWritten(error)
            }
        }
    }
}
