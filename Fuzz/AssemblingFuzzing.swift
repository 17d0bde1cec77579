import Tailing

@testable import LogAgent

/// A log of several lines to an entry, or of parts of lines: read at once, and read in pieces, each from what a checkpoint would have. Both
/// make the same entries, and every byte is accounted for.
///
/// The first byte chooses the settings, the second how much each read brings; the rest is the log.
enum AssemblingFuzzing {
    private struct Made: Equatable {
        var content: [UInt8]
        var offset: UInt64
        var tally: Tally
    }

    private static let start = try? RegexProgram("^S", needsNames: false)
    private static let continuation = try? RegexProgram("^\\s", needsNames: false)

    private static func settings(_ choice: UInt8) -> AssemblingSettings {
        let envelope: LineEnvelope? = [nil, .docker, .cri][Int(choice) % 3]
        var multiline: MultilineSettings?
        if envelope == nil || choice & 0x40 != 0 {
            multiline = MultilineSettings(
                start: choice & 0x20 != 0 ? start : nil, continuation: choice & 0x20 != 0 ? nil : continuation, maximumLines: 4,
                maximumBytes: 64, timeoutNanoseconds: 1)
        }
        return AssemblingSettings(envelope: envelope, multiline: multiline, maximumBytes: 64, reachBytes: 400)
    }

    static func run(_ input: UnsafeRawBufferPointer) {
        guard input.count > 2 else { return }
        let log = UnsafeRawBufferPointer(rebasing: input[2...])
        let settings = settings(input[0])
        let whole = entries(of: log, settings, pieceBytes: log.count)
        let pieces = entries(of: log, settings, pieceBytes: Int(input[1]) + 1)
        precondition(whole == pieces, "entries depend on where reads end")
    }

    private static func entries(of log: UnsafeRawBufferPointer, _ settings: AssemblingSettings, pieceBytes: Int) -> [Made] {
        var cursor = FileCursor.start
        var made: [Made] = []
        var read = Tally()
        var closed = Tally()
        var size = 0
        repeat {
            size = min(log.count, size + pieceBytes)
            let isEnd = size == log.count
            let before = cursor
            let progress = EntryAssembler(settings, attributePaths: ["attrs.tag"]).pass(
                over: UnsafeRawBufferPointer(rebasing: log[Int(cursor.offset)..<size]), at: cursor, isFinal: isEnd,
                splitter: LineSplitter(maximumLineBytes: 200), breaks: [], ending: EntryAssembler.Ending(isContentEnd: isEnd),
                end: { _ in }
            ) { entry, _ in
                _ = entry.error?.description
                made.append(Made(content: Array(entry.content), offset: entry.offset, tally: entry.tally))
                return true
            }
            cursor.offset += UInt64(progress.split.consumed)
            cursor.isInsideCutLine = progress.split.isInsideCutLine
            cursor.openEntries = progress.openEntries
            precondition(cursor.openEntries.reach <= settings.reachBytes, "an open entry reaches too far")
            let taken = Tally(lines: UInt64(progress.split.lineCount), bytes: UInt64(progress.split.consumed))
            read += taken
            closed += Tally(before.openEntries) + taken - Tally(cursor.openEntries)
        } while size < log.count
        precondition(read == closed && read.bytes == UInt64(log.count), "bytes are not accounted for")
        precondition(made.reduce(0) { $0 + $1.tally.lines } == read.lines, "lines are not accounted for")
        return made
    }
}
