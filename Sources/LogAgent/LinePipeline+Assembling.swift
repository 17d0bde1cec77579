import SystemIO
import Tailing

/// The way of entries that are made of several lines, or of a part of a line: assemble → parse → derive → transform → batch.
extension LinePipeline {
    private struct Sum {
        var entryCount = 0
        var made: [Made]
        var newestNanoseconds: UInt64 = 0
        /// Of the entry that is too new to be taken.
        var heldBackNanoseconds: UInt64?
    }

    func takeAssembled(
        by assembler: EntryAssembler, _ piece: UnsafeRawBufferPointer, at cursor: FileCursor, isFinal: Bool, of file: FileState, pass: Pass
    ) -> PassResult {
        let pieceEnd = cursor.offset + UInt64(piece.count)
        envelopeFields?.begin(path: file.firstPath, origin: file.origin)
        var sum = Sum(made: noneMade(pass))
        let decoding = decoding(of: file)
        let progress = assembler.pass(
            over: piece, at: cursor, isFinal: isFinal, splitter: splitter(for: decoding), decoding: decoding,
            breaks: knownBreaks(of: file, after: cursor.firstOpenOffset, through: lastBreak(of: pass, before: pieceEnd)),
            ending: EntryAssembler.Ending(
                idleStreams: pass.idleStreams, isContentEnd: pass.counts && isFinal, countedEnd: pass.countedEnd),
            end: { if pass.counts { record($0, of: file) } },
            take: { take($0, mayDecline: $1, readEnd: pieceEnd, of: file, pass: pass, &sum) })
        reached(cursor.offset + UInt64(progress.split.consumed), in: file, pass)
        if pass.counts {
            counts.lines += UInt64(progress.split.lineCount)
            counts.bytes += UInt64(progress.split.consumed)
            counts.cutBytes += UInt64(progress.split.droppedBytes)
            counts.replacedSequences += progress.replacedSequences
            recordTimes(of: progress, since: cursor, readEnd: pieceEnd, in: file, pass)
        }
        let read = Tally(lines: UInt64(progress.split.lineCount), bytes: UInt64(progress.split.consumed))
        return PassResult(
            progress: progress.split, read: read, closed: Tally(cursor.openEntries) + read - Tally(progress.openEntries),
            entryCount: sum.entryCount, made: sum.made, newestLineNanoseconds: sum.newestNanoseconds,
            heldBackNanoseconds: sum.heldBackNanoseconds, openEntries: progress.openEntries, grown: progress.grown)
    }

    /// The last place where the clock can have ended an entry that concerns the pass. What is open where a replay ends is open.
    private func lastBreak(of pass: Pass, before pieceEnd: UInt64) -> UInt64 {
        guard let end = pass.replayEnd, end.offset == pieceEnd, !end.openEntries.isEmpty, pieceEnd > 0 else { return pieceEnd }
        return pieceEnd - 1
    }

    /// False: it is too new to be taken.
    private func take(
        _ entry: AssembledEntry, mayDecline: Bool, readEnd: UInt64, of file: FileState, pass: Pass, _ sum: inout Sum
    ) -> Bool {
        var parsed: ParsedLine
        if let error = entry.error {
            parsed = parser.leave(entry.content)
            parsed.error = .envelope(error)
        } else {
            parsed = parser.parse(entry.content)
        }
        if let envelopeFields { parsed.text = envelopeFields.add(entry, to: parsed.text) }
        let time = time(of: parsed, envelope: entry.time, at: entry.offset, readEnd: readEnd, in: file, pass: pass)
        if time > pass.untilNanoseconds && mayDecline {
            sum.heldBackNanoseconds = time
            return false
        }
        sum.newestNanoseconds = max(sum.newestNanoseconds, time)
        if pass.counts { count(entry, parsed) }
        if let transforms {
            let origin = EntryOrigin(
                content: entry.content, offset: entry.offset, tally: entry.tally, isCut: entry.isCut, isSplit: entry.isSplit)
            transform(origin, parsed, by: transforms, time: time, file: file, pass: pass, &sum.made)
            return true
        }
        if pass.counts { rules.apply(scanner.allFields, in: parsed.text, now: time) }
        guard !pass.outputs.isEmpty else { return true }
        sum.entryCount += 1
        ship(entry, parsed, time: time, file: file, pass: pass)
        return true
    }

    private func count(_ entry: AssembledEntry, _ parsed: ParsedLine) {
        counts.assembledEntries += 1
        if parsed.error != nil { counts.parseErrors += 1 }
        if entry.isCut { counts.cutLines += 1 }
        if entry.isSplit { counts.splitEntries += 1 }
        if entry.content.isEmpty { counts.emptyLines += 1 }
    }

    /// An entry without a time of its own has that at which its first line was seen, not its last.
    private func recordTimes(
        of progress: EntryAssembler.PassProgress, since cursor: FileCursor, readEnd: UInt64, in file: FileState, _ pass: Pass
    ) {
        let open = progress.openEntries
        if open.isEmpty || timestamp != nil || source.envelope != nil || file.deliveries.isEmpty { return }
        let offset = cursor.offset + UInt64(progress.split.consumed)
        for stream in LogStream.allCases where open.distances[stream.rawValue] > 0 {
            let start = offset - UInt64(open.distances[stream.rawValue])
            if start < cursor.offset { continue }
            do throws(SystemError) {
                _ = try times(of: file).time(ofLineAt: start, readEnd: readEnd, now: pass.now)
            } catch {
                counts.unrecordedTimes += 1
            }
        }
    }
}

// MARK: Breaks

extension LinePipeline {
    private func observedBreaks(of file: FileState) throws(SystemError) -> ObservedBreaks {
        if let breaks = file.observedBreaks { return breaks }
        let breaks = try ObservedBreaks(path: journals.breaks.path(for: file.content))
        file.observedBreaks = breaks
        return breaks
    }

    private func record(_ new: ObservedBreaks.Break, of file: FileState) {
        do throws(SystemError) {
            try observedBreaks(of: file).record(new)
        } catch {
            counts.unrecordedBreaks += 1
        }
    }

    private func knownBreaks(of file: FileState, after start: UInt64, through end: UInt64) -> [ObservedBreaks.Break] {
        do throws(SystemError) {
            return try observedBreaks(of: file).breaks(after: start, through: end)
        } catch {
            counts.unrecordedBreaks += 1
            return []
        }
    }
}
