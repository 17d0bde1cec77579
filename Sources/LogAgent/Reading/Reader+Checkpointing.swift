import SystemIO
import Tailing

extension Reader {
    /// Hands the state as it is between two lines to the thread that writes it.
    func checkpoint() {
        hasChanged = false
        // Also what was found and not read yet: content that was born before the newest that is saved would not be looked for again.
        for file in tails.files.values where shared.update({ $0.files[file.id] == nil }) { begin(file) }
        var (saved, times) = shared.update { state in
            state.derived.table.capture(into: &capture)
            return (makeCheckpoint(state), recordedTimes(state))
        }
        capture.encode(into: &saved.metrics)
        checkpoints.submit(CheckpointCoding.encode(saved), times)
    }

    private func makeCheckpoint(_ state: AgentState) -> Checkpoint {
        var files: [Checkpoint.File] = []
        files.reserveCapacity(state.files.count)
        for tailed in tails.files.values {
            guard let file = state.files[tailed.id] else { continue }
            let outputs = zip(state.outputs, file.deliveries).map {
                Checkpoint.Output(name: $0.settings.name, delivered: $1.delivered, ledger: $1.ledger)
            }
            files.append(
                Checkpoint.File(
                    saved: SavedFile(tailed, sourceName: state.settings.sources[file.sourceIndex].name), startOffset: file.startOffset,
                    read: file.read, lostUnreadBytes: file.lostUnreadBytes, outputs: outputs + file.otherOutputs))
        }
        return Checkpoint(
            writtenAt: SystemClock.wallNanoseconds(), nextFileID: tails.upcomingID,
            files: (files + state.setAside).sorted { $0.saved.id < $1.saved.id },
            closed: state.closed.values.sorted { $0.sourceName < $1.sourceName }, metrics: [])
    }

    /// Files whose lines' times are recorded, and how far each was delivered everywhere.
    private func recordedTimes(_ state: AgentState) -> [UInt64: UInt64] {
        var delivered: [UInt64: UInt64] = [:]
        for file in state.files.values where file.observedTimes != nil {
            delivered[file.id] = file.deliveries.map(\.delivered.offset).min() ?? file.counted.offset
        }
        return delivered
    }

    /// Once a checkpoint is on disk, records of times that it has left behind are not needed any more.
    func takeWrittenCheckpoint() {
        guard let written = checkpoints.takeResult() else { return }
        shared.update { state in
            switch written {
            case .success(let saved):
                state.checkpointWrittenAt = saved.at
                state.checkpointBytes = saved.byteCount
                state.lastCheckpointError = nil
                for (id, offset) in saved.times {
                    do throws(SystemError) {
                        try state.files[id]?.observedTimes?.delivered(through: offset)
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
