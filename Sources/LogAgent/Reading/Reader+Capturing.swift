import SystemIO
import Tailing

/// A segment that is sealed, counted, and settled at every output.
struct CaptureSegment {
    let file: TailedFile
    let state: FileState
    let log: CaptureLog
    let path: String
}

extension Reader {
    /// How long delivery may stand still, once nothing more is captured, before the rest is left to the next start.
    static let standstillNanoseconds: UInt64 = LogAgentService.stopNanoseconds

    private func capture(of sourceIndex: Int) -> CaptureState? { captures[tails.sources[sourceIndex].name] }

    /// Nothing will follow what `file` holds now: it is a segment that is not written any more.
    func isSealedSegment(_ file: TailedFile) -> Bool {
        guard !captures.isEmpty, let path = file.path else { return false }
        return capture(of: file.sourceIndex)?.log(ofSealed: path) != nil
    }

    /// Only a checkpoint that has counted and delivered a whole segment makes it superfluous: without it the lines would be read again.
    func segmentsToRemove() -> [CaptureSegment] {
        guard !captures.isEmpty else { return [] }
        return tails.files.values.compactMap { file in
            guard let capture = capture(of: file.sourceIndex), file.hasNothingUnread, let path = file.path,
                let log = capture.log(ofSealed: path), let state = shared.update({ $0.files[file.id] }),
                shared.update({ _ in state.isDelivered }),
                // The size of a sealed segment is final, also where no event has told of it yet.
                let status = try? FileStatus(ofPath: path), status.size == file.counted.offset
            else { return nil }
            return CaptureSegment(file: file, state: state, log: log, path: path)
        }
    }

    /// The checkpoint is on disk. The name goes first: found again, it would be read again.
    func removeFinishedSegments() {
        for segment in finishedSegments where tails.files[segment.file.id] != nil {
            do throws(SystemError) {
                try segment.log.remove(segment.path)
                forget(segment.file, segment.state)
            } catch {
                log.stateNotWritten(error)
            }
        }
        finishedSegments = []
    }

    /// Nothing more is captured: stops when everything was read and has its answer, or when that stands still.
    func stopOnceDelivered() {
        let now = SystemClock.monotonicNanoseconds()
        if finishing == nil {
            tails.lookAtEverything()
            // Entries that were open when their segments were sealed have come to their end.
            for file in tails.files.values where !file.counted.openEntries.isEmpty && isSealedSegment(file) { tails.markReadable(file) }
        }
        tails.handleWatchEvents()
        let isRead = !tails.hasReadable && tails.files.values.allSatisfy { capture(of: $0.sourceIndex) == nil || $0.hasNothingUnread }
        let (delivered, isDelivered) = shared.update { state in
            let captured = state.files.values.filter { capture(of: $0.sourceIndex) != nil }
            let bytes = captured.reduce(0) { $1.deliveries.reduce($0 + $1.counted.offset) { $0 + $1.delivered.offset } }
            return (bytes, captured.allSatisfy(\.isDelivered))
        }
        guard let last = finishing else {
            finishing = (delivered, now)
            return
        }
        if delivered != last.deliveredBytes { finishing = (delivered, now) }
        let standsStill = SystemClock.nanoseconds(from: last.sinceNanoseconds, to: now) >= Self.standstillNanoseconds
        if (isRead && isDelivered) || (standsStill && delivered == last.deliveredBytes) {
            control.stop(within: LogAgentService.stopNanoseconds)
        }
    }
}
