import SystemIO
import Tailing

extension Reader {
    enum CountResult {
        case read
        /// An output's memory is full, but it is at work: the file's turn comes again when there is room.
        case waitsForRoom
        /// What came before it under the same name is read first.
        case waitsForPredecessor
        case nothing
    }

    /// Reads `file` on from where counting is: the lines move the metrics, and go to every output that has kept pace.
    func count(_ file: TailedFile) -> CountResult {
        guard let state = shared.update({ $0.files[file.id] }) ?? begin(file) else { return .nothing }
        if file.isGone {
            bookLoss(of: file, state)
            return .nothing
        }
        // Older content of the same name comes first.
        if let predecessor = file.predecessor, !hasBeenRead(predecessor) {
            tails.markReadable(predecessor)
            tails.markReadable(file)
            return .waitsForPredecessor
        }
        guard let outputs = outputsInStep(with: state, file) else {
            tails.markReadable(file)
            return .waitsForRoom
        }
        let wasOpen = file.isOpen
        let isSealed = isSealedSegment(file)
        remember(file, state, before: file.counted, at: .counting)
        let result = file.read(at: file.counted, into: buffer)
        if file.isOpen && !wasOpen { openFileCount += 1 }
        switch result {
        case .bytes(let bytes, let reachesEnd):
            tails.keepInflating(file)
            let isFinal = reachesEnd && (isSealed || ((file.isRotatedAway || file.isCompressed) && tails.isSettled(file)))
            let consumed = take(bytes, reachesEnd: reachesEnd, of: file, state, outputs: outputs, isFinal: isFinal)
            if reachesEnd {
                shared.update { _ in state.lastAtEndNanoseconds = SystemClock.monotonicNanoseconds() }
                rest(file)
                tellDamage(of: file, isFinal: isFinal)
            } else {
                tails.markReadable(file)
            }
            return consumed > 0 ? .read : .nothing
        case .replaced:
            closeAccounting(of: file)
            tails.replacedInPlace(file)
            refresh(file)
            return .read
        case .unavailable(let error):
            if let error {
                shared.update { $0.readErrors += 1 }
                log.unreadable(path: file.path ?? file.firstPath, error)
            }
            refresh(file)
            return .nothing
        }
    }

    /// Makes the state for a file that was just found.
    private func begin(_ file: TailedFile) -> FileState? {
        let (state, source) = shared.update { ($0.begin(file), $0.settings.sources[file.sourceIndex]) }
        if let pattern = source.pathPattern, pattern.captures(in: file.firstPath).isEmpty {
            log.pathUnfit(path: file.firstPath, source: source.name, pattern: pattern.text)
        }
        return state
    }

    private func hasBeenRead(_ file: TailedFile) -> Bool {
        file.isGone || !file.isQueued || file.hasNothingUnread
    }

    /// The outputs that take this file's next lines; nil when it is better to wait for one of them.
    private func outputsInStep(with file: FileState, _ tailed: TailedFile) -> [OutputPort]? {
        shared.update { state -> [OutputPort]? in
            let now = SystemClock.monotonicNanoseconds()
            let wallNow = SystemClock.wallNanoseconds()
            var inStep: [OutputPort] = []
            for output in state.outputs {
                if file.isBehind(output: output.index) { continue }
                // What came before under this name must be sent before.
                if let predecessor = tailed.predecessor, let before = state.files[predecessor.id],
                    before.isQueuedForDelivery[output.index]
                {
                    continue
                }
                if output.hasOldBacklog(ofSource: tailed.sourceIndex, wallNow: wallNow) { continue }
                if output.hasRoom {
                    inStep.append(output)
                } else if output.isWorthWaitingFor(now: now) {
                    return nil
                }
            }
            return inStep
        }
    }

    private func take(
        _ bytes: UnsafeRawBufferPointer, reachesEnd: Bool, of file: TailedFile, _ state: FileState, outputs: [OutputPort], isFinal: Bool
    ) -> Int {
        let idle = reachesEnd ? idleStreams(of: file, state) : []
        let isUnfinished = file.counted.isInsideCutLine || !file.counted.openEntries.isEmpty
        guard !bytes.isEmpty || (isFinal && isUnfinished) || !idle.isEmpty else {
            shared.update { agent in
                mirror(file, state)
                // After a start: counted by the process before, but not delivered by it.
                queueWhereBehind(state, agent)
            }
            return 0
        }
        let now = SystemClock.wallNanoseconds()
        if !bytes.isEmpty { file.lastActivityNanoseconds = SystemClock.monotonicNanoseconds() }
        return shared.update { agent in
            let pipeline = agent.pipelines[file.sourceIndex]
            let pass = LinePipeline.Pass(
                counts: true, outputs: outputs,
                segments: outputs.map { SegmentReference(file: state.id, segment: state.deliveries[$0.index].nextSegment) }, now: now,
                idleStreams: idle)
            let result = pipeline.take(bytes, at: file.counted, isFinal: isFinal, of: state, pass: pass)
            if result.progress.consumed > 0 || isFinal || result.openEntries != file.counted.openEntries {
                hasChanged = true
                file.counted = TailedFile.advance(
                    file.counted, over: bytes, by: result.progress.consumed, isInsideCutLine: result.progress.isInsideCutLine,
                    openEntries: result.openEntries)
                state.read += result.read
                state.newestLineNanoseconds = max(state.newestLineNanoseconds, result.newestLineNanoseconds)
                for (position, output) in outputs.enumerated() {
                    let made = result.made(at: position)
                    state.deliveries[output.index].enqueue(
                        through: file.counted, read: result.closed, filtered: made.filtered, entryCount: made.entryCount)
                }
            }
            awaitOpenEntries(of: file, state, agent, grown: result.grown)
            mirror(file, state)
            queueWhereBehind(state, agent)
            return result.progress.consumed
        }
    }

    /// Copies what the endpoints show.
    func refresh(_ file: TailedFile) {
        shared.update { agent in
            guard let state = agent.files[file.id] else { return }
            mirror(file, state)
            if !file.isGone { queueWhereBehind(state, agent) }
        }
    }

    func mirror(_ file: TailedFile, _ state: FileState) {
        state.sourceIndex = file.sourceIndex
        state.counted = file.counted
        state.observedSize = file.observedSize
        state.path = file.path
        state.isRotatedAway = file.isRotatedAway
        state.isGone = file.isGone
    }

    /// At the end of a file: does it need its descriptor any longer?
    private func rest(_ file: TailedFile) {
        if case .named = file.presence, openFileCount > maximumOpenFiles, file.isOpen {
            file.closeDescriptor()
            openFileCount -= 1
        }
    }

    /// Compressed content ended where it should not have, and no more can be expected. What was spilled that way is lost.
    private func tellDamage(of file: TailedFile, isFinal: Bool) {
        guard isFinal, let damage = file.damage, damagedFiles.insert(file.id).inserted else { return }
        shared.update { $0.readErrors += 1 }
        log.damaged(path: file.path ?? file.firstPath, at: file.observedSize, damage)
        if tails.isSpilled(file) { tails.contentIsGone(file, .spillFailed) }
    }

    /// Nothing more of `file` can be read: what was not read, and what was not put into batches, is lost.
    func bookLoss(of file: TailedFile, _ state: FileState) {
        guard case .gone(let cause) = file.presence else { return }
        shared.update { agent in
            let unread = file.observedSize > file.counted.offset ? file.observedSize - file.counted.offset : 0
            if unread > state.lostUnreadBytes {
                agent.lostBytes[cause, default: 0] += unread - state.lostUnreadBytes
                state.lostUnreadBytes = unread
            }
            let open = file.counted.openEntries
            if !open.isEmpty {
                // Their lines were read, but nothing was made of them.
                file.counted.openEntries = .none
                if agent.outputs.isEmpty { agent.lostBytes[cause, default: 0] += UInt64(open.bytes) }
            }
            mirror(file, state)
            for output in agent.outputs where state.isBehind(output: output.index) {
                let lost = state.unqueued(output: output.index)
                agent.lostBytes[cause, default: 0] += lost.bytes
                state.deliveries[output.index].lose(through: state.counted, read: lost)
                log.linesLost(path: state.firstPath, output: output.settings.name, cause: cause, lines: lost.lines, bytes: lost.bytes)
            }
        }
    }

    /// The content of `file` was replaced in place: its partial last line will never be completed there.
    private func closeAccounting(of file: TailedFile) {
        log.replaced(path: file.path ?? file.firstPath, at: file.counted.offset, of: file.observedSize)
    }
}
