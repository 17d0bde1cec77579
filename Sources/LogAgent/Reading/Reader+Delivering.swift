import SystemIO
import Tailing

extension Reader {
    /// Reads, for outputs that fell behind, one piece each of what was counted without them. True when there is more to do at once.
    func deliverBehind() -> Bool {
        var hasMore = false
        for output in shared.update({ $0.outputs }) {
            guard let state = shared.update({ _ in nextBehind(output) }) else { continue }
            deliver(state, to: output)
            hasMore = hasMore || shared.update { _ in !output.behind.isEmpty && output.hasRoom }
        }
        return hasMore
    }

    /// The file whose turn it is: the one whose lines are oldest, and after what came before it under the same name.
    private func nextBehind(_ output: OutputPort) -> FileState? {
        guard output.hasRoom else { return nil }
        return output.behind.first
    }

    private func deliver(_ state: FileState, to output: OutputPort) {
        guard let file = tails.files[state.id], !file.isGone else {
            if let file = tails.files[state.id] { bookLoss(of: file, state) }
            shared.update { _ in leaveQueue(state, output) }
            return
        }
        if let predecessor = file.predecessor, shared.update({ $0.files[predecessor.id]?.isBehind(output: output.index) ?? false }) {
            // It stands in the queue too.
            shared.update { _ in moveToEnd(state, output) }
            return
        }
        let cursor = shared.update { _ in state.deliveries[output.index].enqueued }
        switch file.read(at: cursor, into: buffer) {
        case .bytes(let bytes, _):
            deliver(bytes, from: cursor, of: file, state, to: output)
        case .replaced:
            tails.replacedInPlace(file)
            refresh(file)
        case .unavailable(let error):
            if let error { log.unreadable(path: file.path ?? file.firstPath, error) }
            shared.update { _ in leaveQueue(state, output) }
        }
    }

    private func deliver(
        _ bytes: UnsafeRawBufferPointer, from cursor: FileCursor, of file: TailedFile, _ state: FileState, to output: OutputPort
    ) {
        let uncounted = file.counted.offset - cursor.offset
        let piece = UnsafeRawBufferPointer(rebasing: bytes[..<min(bytes.count, Int(clamping: uncounted))])
        let endsWhereCountingIs = UInt64(piece.count) == uncounted
        shared.update { agent in
            let pass = LinePipeline.Pass(
                counts: false, outputs: [output],
                segments: [SegmentReference(file: state.id, segment: state.deliveries[output.index].nextSegment)],
                now: SystemClock.wallNanoseconds())
            let result = agent.pipelines[file.sourceIndex].take(
                piece, at: cursor.offset, isInsideCutLine: cursor.isInsideCutLine, isFinal: endsWhereCountingIs, of: state, pass: pass)
            let isAll = endsWhereCountingIs && result.progress.consumed == piece.count
            let end =
                isAll
                ? file.counted
                : TailedFile.advance(
                    cursor, over: piece, by: result.progress.consumed, isInsideCutLine: result.progress.isInsideCutLine)
            state.deliveries[output.index].enqueue(
                through: end, read: result.read, filtered: result.filtered,
                entryCount: Int(result.read.lines - result.filtered.lines))
            hasChanged = true
            if isAll || result.progress.consumed == 0 { leaveQueue(state, output) } else { moveToEnd(state, output) }
        }
    }

    private func leaveQueue(_ state: FileState, _ output: OutputPort) {
        output.behind.removeAll { $0 === state }
        state.isQueuedForDelivery[output.index] = false
    }

    private func moveToEnd(_ state: FileState, _ output: OutputPort) {
        output.behind.removeAll { $0 === state }
        output.behind.append(state)
    }
}
