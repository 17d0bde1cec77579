import SystemIO
import Tailing

extension Reader {
    /// How long a file that could not be read for an output waits, unless something happens to it.
    static let deliveryRetryNanoseconds: UInt64 = 10_000_000_000

    /// Reads, for outputs that fell behind, one piece each of what was counted without them. True when there is more to do at once.
    func deliverBehind() -> Bool {
        var hasMore = false
        for output in shared.update({ $0.outputs }) {
            guard let turn = shared.update({ nextTurn($0, output) }) else { continue }
            deliver(turn, to: output)
            hasMore = hasMore || shared.update { _ in output.isBehind && output.hasRoom }
        }
        return hasMore
    }

    /// Lets `state` wait for its turn at every output that it has fallen behind at.
    func queueWhereBehind(_ state: FileState, _ agent: AgentState) {
        for output in agent.outputs where state.isBehind(output: output.index) && !state.isQueuedForDelivery[output.index] {
            state.isQueuedForDelivery[output.index] = true
            output.fallBehind(DeliveryQueue.Entry(file: state, nextLineNanoseconds: 0))
        }
    }

    private struct Turn {
        var entry: DeliveryQueue.Entry
        /// Lines that are newer wait until other files have come as far.
        var untilNanoseconds: UInt64
    }

    /// The file whose turn it is: the one whose lines are oldest, and after what came before it under the same name.
    private func nextTurn(_ agent: AgentState, _ output: OutputPort) -> Turn? {
        guard output.hasRoom, let source = output.nextSourceBehind(), let oldest = output.oldestBehind(ofSource: source) else { return nil }
        var state = oldest.file
        // To find out how old a file's next line is does no harm to the order.
        if oldest.nextLineNanoseconds > 0 {
            while let predecessor = tails.files[state.id]?.predecessor, let before = agent.files[predecessor.id],
                before.isQueuedForDelivery[output.index], before.sourceIndex == source
            { state = before }
        }
        guard let entry = output.takeOutBehind(state) else { return nil }
        guard let other = output.oldestBehind(ofSource: source) else { return Turn(entry: entry, untilNanoseconds: .max) }
        if entry.nextLineNanoseconds == 0 { return Turn(entry: entry, untilNanoseconds: 0) }
        let reached = max(entry.nextLineNanoseconds, other.nextLineNanoseconds)
        let sum = reached.addingReportingOverflow(OutputPort.backlogWindowNanoseconds)
        return Turn(entry: entry, untilNanoseconds: sum.overflow ? .max : sum.partialValue)
    }

    private func deliver(_ turn: Turn, to output: OutputPort) {
        let state = turn.entry.file
        attend(state.content)
        guard let file = tails.files[state.id], !file.isGone else {
            shared.update { _ in state.isQueuedForDelivery[output.index] = false }
            if let file = tails.files[state.id] { bookLoss(of: file, state) }
            return
        }
        let cursor = shared.update { _ in state.deliveries[output.index].enqueued }
        remember(file, state, before: cursor, at: .delivering(output: output.index))
        switch file.read(at: cursor, into: buffer) {
        case .bytes(let bytes, let reachesEnd):
            tails.keepInflating(file)
            if bytes.isEmpty && reachesEnd && tails.isSpilled(file) {
                // Counted once, but not where it should be any more.
                tails.contentIsGone(file, .spillFailed)
                shared.update { _ in state.isQueuedForDelivery[output.index] = false }
                return bookLoss(of: file, state)
            }
            deliver(bytes, from: cursor, of: file, turn, to: output)
        case .replaced:
            shared.update { _ in state.isQueuedForDelivery[output.index] = false }
            tails.replacedInPlace(file)
            refresh(file)
        case .unavailable(let error):
            if let error { log.unreadable(path: file.path ?? file.firstPath, error) }
            shared.update { _ in
                state.isQueuedForDelivery[output.index] = false
                state.deliveryFailedNanoseconds = SystemClock.monotonicNanoseconds()
            }
        }
    }

    private func deliver(
        _ bytes: UnsafeRawBufferPointer, from cursor: FileCursor, of file: TailedFile, _ turn: Turn, to output: OutputPort
    ) {
        let state = turn.entry.file
        let uncounted = file.counted.offset - cursor.offset
        let piece = UnsafeRawBufferPointer(rebasing: bytes[..<min(bytes.count, Int(clamping: uncounted))])
        let endsWhereCountingIs = UInt64(piece.count) == uncounted
        shared.update { agent in
            let pass = LinePipeline.Pass(
                counts: false, outputs: [output],
                segments: [SegmentReference(file: state.id, segment: state.deliveries[output.index].nextSegment)],
                now: SystemClock.wallNanoseconds(), untilNanoseconds: turn.untilNanoseconds,
                countedEnd: endsWhereCountingIs ? file.counted : nil,
                memory: .delivering(output: output.index))
            let result = agent.pipelines[file.sourceIndex].take(piece, at: cursor, isFinal: endsWhereCountingIs, of: state, pass: pass)
            let isAll = endsWhereCountingIs && result.progress.consumed == piece.count && result.heldBackNanoseconds == nil
            if result.progress.consumed > 0 || isAll || result.openEntries != cursor.openEntries {
                let end =
                    isAll
                    ? file.counted
                    : TailedFile.advance(
                        cursor, over: piece, by: result.progress.consumed, isInsideCutLine: result.progress.isInsideCutLine,
                        openEntries: result.openEntries)
                let made = result.made(at: 0)
                state.deliveries[output.index].enqueue(
                    through: end, read: result.closed, filtered: made.filtered, entryCount: made.entryCount)
                hasChanged = true
            }
            if isAll || (result.progress.consumed == 0 && result.heldBackNanoseconds == nil) {
                state.isQueuedForDelivery[output.index] = false
                state.transformMemories.forget(.delivering(output: output.index))
            } else {
                let next = result.heldBackNanoseconds ?? max(turn.entry.nextLineNanoseconds, result.newestLineNanoseconds)
                output.fallBehind(DeliveryQueue.Entry(file: state, nextLineNanoseconds: max(1, next)))
            }
        }
    }
}
