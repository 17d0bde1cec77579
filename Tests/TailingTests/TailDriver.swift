import Foundation
import Gzip
import SystemIO
import Tailing

/// Steps a ``TailSet`` as the agent's reading thread does, and collects the lines by the name their file was found under.
final class TailDriver {
    let tails: TailSet
    private(set) var lines: [String: [String]] = [:]
    private(set) var found: [String] = []
    private(set) var losses: [(path: String, cause: TailedFile.LossCause)] = []
    private(set) var continuedInCopy = 0
    private(set) var refusedLinks: [String] = []
    /// Of each line its file's name and its text, in the order in which they were read.
    private(set) var order: [String] = []
    /// Reads each file once in its turn, not to its end.
    var stopsAfterOneRead = false
    private let splitter: LineSplitter
    private let buffer: UnsafeMutableRawBufferPointer
    private let events = EventLog()

    private final class EventLog { var events: [TailEvent] = [] }

    init(
        _ include: [String], exclude: [String] = [], from start: TailSource.StartPosition = .beginning, polls: Bool = false,
        restoring saved: (files: [SavedFile], nextID: UInt64) = ([], 1), settle: Double = 0.05, copyWait: Double = 30,
        maximumLineBytes: Int = 1000, spills: SpillDirectory? = nil, readsAtStart: Bool = true,
        readBytes: Int = 64 * 1024, change: (inout TailSource) -> Void = { _ in }
    ) {
        splitter = LineSplitter(maximumLineBytes: maximumLineBytes)
        buffer = .allocate(byteCount: readBytes + TailedFile.readOverhead, alignment: 16)
        var source = TailSource(name: "test", include: include, exclude: exclude, startPosition: start, alwaysPolls: polls)
        change(&source)
        let events = events
        tails = TailSet(
            sources: [source], restored: saved.files, nextID: saved.nextID, pollNanoseconds: 1_000_000,
            settleNanoseconds: UInt64(settle * 1e9), copyWaitNanoseconds: UInt64(copyWait * 1e9), spills: spills
        ) { events.events.append($0) }
        tails.start()
        if readsAtStart { step() }
    }

    deinit { buffer.deallocate() }

    /// Takes what happened and reads everything that is there.
    func step() {
        tails.handleWatchEvents()
        tails.tick()
        while let file = tails.nextReadable() { read(file) }
        for event in events.events {
            switch event {
            case .found(let file): found.append(file.firstPath)
            case .contentGone(let file, let cause) where file.observedSize > file.counted.offset:
                losses.append((file.firstPath, cause))
            case .continuedInCopy: continuedInCopy += 1
            case .linkNotFollowed(let path, _): refusedLinks.append(path)
            default: break
            }
        }
        events.events.removeAll()
    }

    /// One read of the file whose turn it is. False when there is none.
    func readOnce() -> Bool {
        stopsAfterOneRead = true
        guard let file = tails.nextReadable() else { return false }
        read(file)
        return true
    }

    /// As ``step()``, but without relying on events.
    func lookAtEverything() {
        tails.lookAtEverything()
        step()
        step()
    }

    /// All lines so far, which are then forgotten.
    func takeLines() -> [String] {
        defer { lines.removeAll() }
        return lines.values.flatMap { $0 }
    }

    func save() -> (files: [SavedFile], nextID: UInt64) {
        ((tails.files.values.map { SavedFile($0, sourceName: "test") } + tails.setAside).sorted { $0.id < $1.id }, tails.upcomingID)
    }

    func lines(of path: String) -> [String] { lines[path] ?? [] }

    private func read(_ file: TailedFile) {
        if let predecessor = file.predecessor, !predecessor.isGone, predecessor.isOpen { read(predecessor) }
        guard !file.isGone else { return }
        switch file.read(at: file.counted, into: buffer) {
        case .bytes(let bytes, let reachesEnd):
            let isFinal = reachesEnd && (file.isRotatedAway || file.isCompressed) && tails.isSettled(file)
            let progress = splitter.split(bytes, isInsideCutLine: file.counted.isInsideCutLine, isFinal: isFinal) { line in
                let text = String(decoding: line.bytes, as: UTF8.self) + (line.isCut ? "…" : "")
                lines[file.firstPath, default: []].append(text)
                order.append("\(file.firstPath.split(separator: "/").last ?? ""): \(text)")
            }
            file.counted = TailedFile.advance(
                file.counted, over: bytes, by: progress.consumed, isInsideCutLine: progress.isInsideCutLine)
            if progress.consumed > 0 { file.lastActivityNanoseconds = SystemClock.monotonicNanoseconds() }
            if !reachesEnd { stopsAfterOneRead ? tails.markReadable(file) : read(file) }
        case .replaced:
            tails.replacedInPlace(file)
        case .unavailable: break
        }
    }
}

func append(_ text: String, to path: String) throws {
    if !FileManager.default.fileExists(atPath: path) { _ = FileManager.default.createFile(atPath: path, contents: nil) }
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(text.utf8))
    try handle.close()
}

func move(_ source: String, _ destination: String) throws {
    if rename(source, destination) != 0 { throw SystemError(call: "rename", subject: source) }
}

/// What logrotate's `copytruncate` does.
func copyTruncate(_ path: String, to copy: String) throws {
    try FileManager.default.copyItem(atPath: path, toPath: copy)
    if truncate(path, 0) != 0 { throw SystemError(call: "truncate", subject: path) }
}

/// `text` as one gzip member.
func gzipped(_ text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    Array(text.utf8).withUnsafeBytes { GzipEncoder(level: .zlib(6)).compress($0, into: &bytes) }
    return bytes
}

func append(_ bytes: [UInt8], to path: String) throws {
    if !FileManager.default.fileExists(atPath: path) { _ = FileManager.default.createFile(atPath: path, contents: nil) }
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(bytes))
    try handle.close()
}
