import Tailing

@testable import LogAgent

/// An entry as tests compare it.
struct MadeEntry: Equatable, CustomStringConvertible {
    var content: String
    var offset: Int
    var lines: Int
    var bytes: Int
    var stream: LogStream
    var time: UInt64?
    var marks = ""

    init(_ entry: AssembledEntry) {
        content = String(decoding: entry.content, as: UTF8.self)
        offset = Int(entry.offset)
        lines = Int(entry.tally.lines)
        bytes = Int(entry.tally.bytes)
        stream = entry.stream
        time = entry.time
        if entry.isCut { marks += "cut " }
        if entry.isSplit { marks += "split " }
        if let error = entry.error { marks += "error: \(error)" }
    }

    var description: String { "\(offset)+\(bytes) \(stream) \(marks)\"\(content)\"" }
}

/// One file that grows, read as the agent reads it. Each pass begins from what a checkpoint would have.
struct AssemblingFile {
    var text: [UInt8]
    var settings: AssemblingSettings
    var maximumLineBytes = 256 << 10

    var cursor = FileCursor.start
    var breaks: [ObservedBreaks.Break] = []
    var entries: [MadeEntry] = []
    var read = Tally()
    /// The lines of the entries that were made, and what else was passed over.
    var closed = Tally()

    init(_ text: String, _ settings: AssemblingSettings) {
        self.text = Array(text.utf8)
        self.settings = settings
    }

    /// Reads what there is of the first `size` bytes. `decline` says of which entries the pass may not take any more yet.
    @discardableResult
    mutating func read(
        through size: Int, _ ending: EntryAssembler.Ending = EntryAssembler.Ending(), isFinal: Bool = false,
        decline: (MadeEntry) -> Bool = { _ in false }
    ) throws -> Bool {
        let assembler = EntryAssembler(settings, attributePaths: [])
        let before = cursor
        let known = breaks.filter { $0.offset > before.firstOpenOffset && $0.offset <= UInt64(size) }
        var made: [MadeEntry] = []
        var new: [ObservedBreaks.Break] = []
        var hasDeclined = false
        let progress = text.withUnsafeBytes { bytes in
            assembler.pass(
                over: UnsafeRawBufferPointer(rebasing: bytes[Int(before.offset)..<size]), at: before, isFinal: isFinal,
                splitter: LineSplitter(maximumLineBytes: maximumLineBytes), breaks: known, ending: ending, end: { new.append($0) },
                take: { entry, mayDecline in
                    let entry = MadeEntry(entry)
                    if mayDecline && decline(entry) {
                        hasDeclined = true
                        return false
                    }
                    made.append(entry)
                    return true
                })
        }
        cursor.offset += UInt64(progress.split.consumed)
        cursor.isInsideCutLine = progress.split.isInsideCutLine
        cursor.openEntries = progress.openEntries
        if ending.countedEnd == nil { breaks += new }
        entries += made
        let taken = Tally(lines: UInt64(progress.split.lineCount), bytes: UInt64(progress.split.consumed))
        read += taken
        closed += Tally(before.openEntries) + taken - Tally(cursor.openEntries)
        return !hasDeclined
    }

    mutating func readToItsEnd() throws {
        try read(through: text.count, EntryAssembler.Ending(isContentEnd: true), isFinal: true)
    }
}

extension AssemblingSettings {
    /// Small enough for tests to meet the limits.
    init(
        _ envelope: LineEnvelope? = nil, start: String? = nil, continuation: String? = nil, maximumLines: Int = 100,
        maximumBytes: Int = 1000, reachBytes: Int = 4000
    ) {
        var multiline: MultilineSettings?
        if start != nil || continuation != nil {
            // What tests give is right.
            let program = { (text: String) in try? RegexProgram(text, needsNames: false) }
            multiline = MultilineSettings(
                start: start.flatMap(program), continuation: continuation.flatMap(program), maximumLines: maximumLines,
                maximumBytes: maximumBytes,
                timeoutNanoseconds: 1)
        }
        self.init(envelope: envelope, multiline: multiline, maximumBytes: maximumBytes, reachBytes: reachBytes)
    }
}

/// The contents of the entries that `text` makes, read at once to its end.
func assembled(_ text: String, _ settings: AssemblingSettings) throws -> [MadeEntry] {
    var file = AssemblingFile(text, settings)
    try file.readToItsEnd()
    return file.entries
}
