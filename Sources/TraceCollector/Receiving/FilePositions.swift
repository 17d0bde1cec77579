import FoundationEssentials
import Glibc
import SystemIO
import Tailing

/// How far each file was read, in a file of JSON under the data directory.
struct FilePositions: Sendable {
    fileprivate struct Saved: Codable {
        struct File: Codable {
            var id: UInt64
            var source: String
            var firstPath: String
            var path: String?
            var device: UInt64
            var inode: UInt64
            var birth: UInt64
            var headLength: UInt16
            var headHash: UInt64
            var offset: UInt64
            var guardHash: UInt64
            var guardLength: UInt8
            var isInsideCutLine: Bool
            var observedSize: UInt64
            var lastSeen: UInt64
            var isGone: Bool
            var baseOffset: UInt64
            var inflatedFileSize: UInt64
        }

        var version = 1
        var writtenAt: UInt64
        var nextID: UInt64
        var files: [File]
    }

    let path: String

    init(dataDirectory: String) { path = dataDirectory + "/files.json" }

    /// What ``save(_:nextID:)`` has written, empty where it has written nothing; nil where it can't be read.
    func load() throws(SystemError) -> (files: [SavedFile], writtenAt: UInt64?, nextID: UInt64)? {
        let file: FileDescriptor
        do throws(SystemError) { file = try FileDescriptor(opening: path) } catch {
            if error.code == ENOENT { return ([], nil, 1) }
            throw error
        }
        var bytes = [UInt8](repeating: 0, count: Int(min(try FileStatus(ofDescriptor: file).size, 64 << 20)))
        guard try file.readAll(into: &bytes, at: 0), let saved = try? JSONDecoder().decode(Saved.self, from: Data(bytes)),
            saved.version == 1, saved.files.allSatisfy(\.isPossible)
        else { return nil }
        return (saved.files.map(SavedFile.init), saved.writtenAt, saved.nextID)
    }

    func save(_ files: [SavedFile], nextID: UInt64) throws(SystemError) {
        let saved = Saved(writtenAt: SystemClock.wallNanoseconds(), nextID: nextID, files: files.map(Saved.File.init))
        // Numbers, texts and flags: nothing that can't be encoded.
        guard let data = try? JSONEncoder().encode(saved) else { return }
        try AtomicFileReplacement.write(Array(data), to: path)
    }
}

extension FilePositions.Saved.File {
    /// Whether it can have been written here: what is read relies on it.
    fileprivate var isPossible: Bool {
        Int(headLength) <= ContentHash.headBytes && Int(guardLength) <= ContentHash.guardBytes && UInt64(guardLength) <= offset
    }

    fileprivate init(_ file: SavedFile) {
        self.init(
            id: file.id, source: file.sourceName, firstPath: file.firstPath, path: file.path, device: file.identity.device,
            inode: file.identity.inode, birth: file.identity.birthNanoseconds, headLength: file.head.length, headHash: file.head.hash,
            offset: file.counted.offset, guardHash: file.counted.guardHash, guardLength: file.counted.guardLength,
            isInsideCutLine: file.counted.isInsideCutLine, observedSize: file.observedSize, lastSeen: file.lastSeenNanoseconds,
            isGone: file.isGone, baseOffset: file.baseOffset, inflatedFileSize: file.inflatedFileSize)
    }
}

extension SavedFile {
    fileprivate init(_ file: FilePositions.Saved.File) {
        self.init(
            id: file.id, sourceName: file.source, firstPath: file.firstPath, path: file.path,
            identity: FileIdentity(device: file.device, inode: file.inode, birthNanoseconds: file.birth),
            head: HeadFingerprint(length: file.headLength, hash: file.headHash),
            counted: FileCursor(
                offset: file.offset, guardHash: file.guardHash, guardLength: file.guardLength, isInsideCutLine: file.isInsideCutLine),
            observedSize: file.observedSize, lastSeenNanoseconds: file.lastSeen, isGone: file.isGone, baseOffset: file.baseOffset,
            inflatedFileSize: file.inflatedFileSize)
    }
}
