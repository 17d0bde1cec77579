import Glibc
import Gzip
import SystemIO

/// Where the rests of contents that are gone are kept until they are delivered: compressed, one file each, within a budget.
///
/// A file's name is `<id>-<offset>.spill.gz`: which content it belongs to, and where in the content it begins.
package struct SpillDirectory: Sendable {
    package let path: String
    package var maximumBytes: UInt64

    package init(path: String, maximumBytes: UInt64) {
        self.path = path
        self.maximumBytes = maximumBytes
    }

    struct Entry {
        var path: String
        var id: UInt64
        var baseOffset: UInt64

        /// Of content that was spilled after the checkpoint that `saved` is of: where it is now. Nothing else changes.
        func latest(of saved: SavedFile) -> SavedFile {
            guard !saved.isGone, saved.path != path, let status = try? FileStatus(ofPath: path) else { return saved }
            if let old = saved.path, let named = try? FileStatus(ofPath: old), FileIdentity(named) == saved.identity { return saved }
            var latest = saved
            latest.path = path
            latest.identity = FileIdentity(status)
            latest.baseOffset = baseOffset
            return latest
        }
    }

    private static let suffix = ".spill.gz"

    func contains(_ path: String) -> Bool { path.hasPrefix(self.path + "/") }

    func path(ofContent id: UInt64, from offset: UInt64) -> String { "\(path)/\(id)-\(offset)\(Self.suffix)" }

    /// What was spilled and not removed yet, by the content it belongs to.
    func entries() -> [UInt64: Entry] {
        var entries: [UInt64: Entry] = [:]
        for entry in (try? Directory.entries(of: path)) ?? [] where entry.name.hasSuffix(Self.suffix) {
            let numbers = entry.name.dropLast(Self.suffix.count).split(separator: "-").map { UInt64($0) }
            guard numbers.count == 2, let id = numbers[0], let offset = numbers[1] else { continue }
            entries[id] = Entry(path: path + "/" + entry.name, id: id, baseOffset: offset)
        }
        return entries
    }

    /// Removes what belongs to none of `ids`, and what was not finished.
    package func removeAll(except ids: Set<UInt64>) {
        for entry in (try? Directory.entries(of: path)) ?? [] where !entry.name.hasSuffix(Self.suffix) { unlink(path + "/" + entry.name) }
        for entry in entries().values where !ids.contains(entry.id) { unlink(entry.path) }
    }

    package var usedBytes: UInt64 {
        entries().values.reduce(0) { $0 + ((try? FileStatus(ofPath: $1.path))?.size ?? 0) }
    }
}

/// Why the rest of a content could not be spilled.
package enum SpillError: Error, Equatable, CustomStringConvertible {
    case overBudget(maximumBytes: UInt64)
    case system(SystemError)

    package var description: String {
        switch self {
        case .overBudget(let maximumBytes):
            "The rest of a deleted file would take more than the \(maximumBytes) bytes of `spill.max_bytes`; raise it, or keep rotated files for longer."
        case .system(let error): error.description
        }
    }
}

/// Writes the rest of one content to the spill directory, a piece at a time, so that reading others goes on meanwhile.
package final class ContentSpill {
    package let file: TailedFile
    private let directory: SpillDirectory
    private let baseOffset: UInt64
    private let temporaryPath: String
    private let output: FileDescriptor
    private let encoder = GzipEncoder(level: .fast)
    private let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
    private var compressed: [UInt8] = []
    private var offset: UInt64
    private var writtenBytes: UInt64
    private var isFinished = false

    /// Begins to spill what stands in `file` from `offset` on, and the bytes before that guard it.
    package init(of file: TailedFile, from offset: UInt64, to directory: SpillDirectory) throws(SpillError) {
        self.file = file
        self.directory = directory
        baseOffset = max(file.baseOffset, offset - min(offset, UInt64(ContentHash.guardBytes)))
        self.offset = baseOffset
        temporaryPath = "\(directory.path)/\(file.id).tmp"
        do throws(SystemError) {
            try Directory.create(directory.path)
            output = try FileDescriptor(opening: temporaryPath, O_WRONLY | O_CREAT | O_TRUNC)
        } catch {
            throw .system(error)
        }
        writtenBytes = directory.usedBytes
        encoder.begin()
    }

    deinit {
        if !isFinished { unlink(temporaryPath) }
        piece.deallocate()
    }

    /// Spills one more piece. True when all is spilled and on disk, under a name of its own.
    package func step() throws(SpillError) -> Bool {
        let isAtEnd = try attempt { () throws(SystemError) in try spillPiece() }
        guard writtenBytes <= directory.maximumBytes else { throw .overBudget(maximumBytes: directory.maximumBytes) }
        if isAtEnd { try attempt { () throws(SystemError) in try finish() } }
        return isAtEnd
    }

    private func attempt<Value>(_ body: () throws(SystemError) -> Value) throws(SpillError) -> Value {
        do throws(SystemError) {
            return try body()
        } catch {
            throw .system(error)
        }
    }

    private func spillPiece() throws(SystemError) -> Bool {
        let count = try file.readContent(at: offset, into: piece)
        offset += UInt64(count)
        if count > 0 {
            encoder.append(UnsafeRawBufferPointer(rebasing: piece[..<count]), into: &compressed)
        } else {
            encoder.finish(into: &compressed)
        }
        if count == 0 || compressed.count > 64 << 10 {
            try output.writeAll(compressed)
            writtenBytes += UInt64(compressed.count)
            compressed.removeAll(keepingCapacity: true)
        }
        return count == 0
    }

    private func finish() throws(SystemError) {
        try output.synchronize()
        if rename(temporaryPath, directory.path(ofContent: file.id, from: baseOffset)) < 0 {
            throw SystemError(call: "rename", subject: temporaryPath)
        }
        isFinished = true
    }

    /// The content as it was spilled.
    func spilledFile() throws(SystemError) -> TailedFile {
        let path = directory.path(ofContent: file.id, from: baseOffset)
        let status = try FileStatus(ofPath: path, followingLinks: false)
        let spilled = TailedFile(
            id: file.id, sourceIndex: file.sourceIndex, path: path, identity: FileIdentity(status), counted: .start, lastSeenNanoseconds: 0)
        spilled.baseOffset = baseOffset
        spilled.form = .gzip
        return spilled
    }
}

extension TailedFile {
    /// The content's bytes at `offset`, without looking whether they are still the same. 0 at its end.
    func readContent(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        guard try openIfNeeded() else { return 0 }
        return isCompressed ? try inflate(into: buffer, at: offset).count : try readDescriptor(into: buffer, at: offset)
    }
}

extension TailSet {
    package func isSpilled(_ file: TailedFile) -> Bool {
        guard let spills, let path = file.path else { return false }
        return spills.contains(path)
    }

    /// What `spill` has written is where `file`'s content is read from now.
    package func goesOn(in spill: ContentSpill) throws(SystemError) {
        let file = spill.file
        let spilled = try spill.spilledFile()
        guard try spilled.openIfNeeded() else { throw SystemError(call: "open", subject: spilled.path ?? "", code: ENOENT) }
        if byIdentity[file.identity] === file { byIdentity[file.identity] = nil }
        if let path = file.path, byPath[path] === file { byPath[path] = nil }
        file.continueInCopy(spilled)
        file.presence = .rotated(sinceNanoseconds: SystemClock.monotonicNanoseconds())
        byIdentity[file.identity] = file
        if let path = file.path { byPath[path] = file }
        report(.spilled(file))
        markReadable(file)
    }
}
