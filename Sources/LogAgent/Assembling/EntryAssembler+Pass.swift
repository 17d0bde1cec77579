import Tailing

/// One pass over a piece of a file.
extension EntryAssembler {
    /// What ends where a pass does, though lines could still be added to it.
    struct Ending {
        /// Streams whose entries have waited long enough, unless the pass brings lines for them.
        var idleStreams: LogStreamSet = []
        /// No line will follow: the file was rotated away and is at rest.
        var isContentEnd = false
        /// Where counting is, if the pass goes that far: what is not open there ended there.
        var countedEnd: FileCursor?
    }

    struct PassProgress {
        var split: LineSplitter.Progress
        var openEntries: OpenEntries
        /// Streams that had lines.
        var grown: LogStreamSet
        /// U+FFFD written for what could not be decoded, in lines that were new.
        var replacedSequences: UInt64 = 0
    }

    /// Makes entries of the complete lines of `piece`, which stands at `cursor`, with the lines of its open entries right before it.
    /// `decoding`: nil where they are UTF-8.
    ///
    /// `breaks`: where entries ended before, ascending. `end` is told, before it happens, that entries end where the pass does, because
    /// of `ending`. `take` gets each entry, and whether it may decline it: one that it declines by giving false ends the pass before
    /// the line that has completed it. A line can complete several entries; when the first of them is taken the others are, too.
    func pass(
        over piece: UnsafeRawBufferPointer, at cursor: FileCursor, isFinal: Bool, splitter: LineSplitter, decoding: LineDecoding? = nil,
        breaks: [ObservedBreaks.Break], ending: Ending, end: (ObservedBreaks.Break) -> Void,
        take: (AssembledEntry, _ mayDecline: Bool) -> Bool
    ) -> PassProgress {
        var hasTaken = false
        var isOver = false
        func emit(_ entry: AssembledEntry) {
            if isOver { return }
            if take(entry, !hasTaken) { hasTaken = true } else { isOver = true }
        }
        // Where the pass stands if the step that comes can't be taken.
        var stepStart = 0
        var openBefore = cursor.openEntries
        resume(before: piece, at: cursor, splitter, decoding, emit)

        var rest = breaks[...]
        func beginStep(at start: Int) {
            hasTaken = false
            stepStart = start
            openBefore = openEntries(at: cursor.offset + UInt64(start))
            let offset = cursor.offset + UInt64(start)
            while let next = rest.first, next.offset <= offset {
                rest.removeFirst()
                for stream in LogStream.allCases where next.streams.contains(stream) {
                    if let start = self.start(of: stream), start < next.offset { close(stream, emit) }
                }
            }
            closeOutOfReach(at: offset, emit)
        }

        var grown: LogStreamSet = []
        var replaced: UInt64 = 0
        var lineCount = 0
        var progress = splitter.split(piece, isInsideCutLine: cursor.isInsideCutLine, isFinal: isFinal) { line in
            if isOver { return }
            beginStep(at: line.start)
            if isOver { return }
            let offset = cursor.offset + UInt64(line.start)
            var line = line
            if let decoding {
                let before = decoding.replacedSequences
                line = decoding.decode(line, at: offset)
                replaced += decoding.replacedSequences - before
            }
            if let stream = add(line, at: offset, emit) { grown.insert(LogStreamSet(stream)) }
            if !isOver { lineCount += 1 }
        }
        if isOver {
            // A line begins there.
            progress.isInsideCutLine = stepStart == 0 && cursor.isInsideCutLine
            progress.lineCount = lineCount
        } else {
            beginStep(at: progress.consumed)
            endWhatWaits(at: cursor.offset + UInt64(progress.consumed), ending, grown: grown, end, emit)
        }
        if isOver { progress.consumed = stepStart }
        let open = isOver ? openBefore : openEntries(at: cursor.offset + UInt64(progress.consumed))
        return PassProgress(split: progress, openEntries: open, grown: grown, replacedSequences: replaced)
    }

    /// Takes in the open entries that end right before `piece`.
    private func resume(
        before piece: UnsafeRawBufferPointer, at cursor: FileCursor, _ splitter: LineSplitter, _ decoding: LineDecoding?,
        _ emit: (AssembledEntry) -> Void
    ) {
        let open = cursor.openEntries
        guard open.reach > 0, let base = piece.baseAddress else { return clear() }
        var lines = UnsafeRawBufferPointer(start: base - open.reach, count: open.reach)
        if restore(open, lines, at: cursor.offset, splitter: splitter, decoding: decoding) { return }
        // Other settings have read them. Nothing of them may be left out, so all of these bytes become one entry.
        clear()
        if let decoding { lines = decoding.decode(lines, at: cursor.firstOpenOffset) }
        let text = lines.last == UInt8(ascii: "\n") ? UnsafeRawBufferPointer(rebasing: lines.dropLast()) : lines
        emit(
            AssembledEntry(
                content: text, offset: cursor.firstOpenOffset, tally: Tally(open), stream: .unnamed, isSplit: true))
    }

    private func endWhatWaits(
        at offset: UInt64, _ ending: Ending, grown: LogStreamSet, _ end: (ObservedBreaks.Break) -> Void,
        _ emit: (AssembledEntry) -> Void
    ) {
        var ended: LogStreamSet = []
        for stream in LogStream.allCases {
            guard let start = start(of: stream) else { continue }
            var isOver = ending.isContentEnd || (ending.idleStreams.contains(stream) && !grown.contains(stream))
            if let counted = ending.countedEnd, counted.offset == offset {
                isOver = isOver || offset - start != UInt64(counted.openEntries.distances[stream.rawValue])
            }
            if isOver { ended.insert(LogStreamSet(stream)) }
        }
        if ended.isEmpty { return }
        end(ObservedBreaks.Break(offset: offset, streams: ended))
        for stream in LogStream.allCases where ended.contains(stream) { close(stream, emit) }
    }
}

extension Tally {
    /// What open entries have had so far.
    init(_ open: OpenEntries) {
        self.init(lines: UInt64(open.lines), bytes: UInt64(open.bytes))
    }
}
