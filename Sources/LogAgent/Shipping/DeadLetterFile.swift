import Glibc
import JSONScanning
import Synchronization
import SystemIO

/// Where refused lines are put with the reason, one JSON object a line. Appended to by any thread.
///
/// `name.jsonl` is the newest file; above its size it becomes `name.1.jsonl`, and so on; the oldest is removed and what was in it
/// is counted. A line is written in one call, and one that was cut by a crash is removed at the next start, so that every line
/// in the file is whole. After a crash a line may be there twice.
final class DeadLetterFile: Sendable {
    struct Counters: Equatable, Sendable {
        var lines: UInt64 = 0
        var bytes: UInt64 = 0
        /// Removed because newer ones needed the room.
        var removedBytes: UInt64 = 0
        /// Of a line cut short by a crash.
        var tornBytes: UInt64 = 0
    }

    /// Where a line stood.
    struct Origin: Equatable, Sendable {
        var path: String
        var offset: UInt64
    }

    private struct State {
        var file: OpenFile?
        var counters = Counters()
    }

    /// A class, so that it can be optional in the state.
    private final class OpenFile: Sendable {
        let descriptor: FileDescriptor
        init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
    }

    private let directory: String
    private let name: String
    private let maximumBytes: UInt64
    private let maximumFiles: Int
    private let state = Mutex(State())

    /// The files are in `directory`, which is made when needed. `maximumFiles` includes the newest.
    init(directory: String, name: String, maximumBytes: UInt64 = 64 << 20, maximumFiles: Int = 2) {
        self.directory = directory
        self.name = name
        self.maximumBytes = maximumBytes
        self.maximumFiles = max(1, maximumFiles)
    }

    var counters: Counters { state.withLock { $0.counters } }
    var path: String { path(0) }

    /// Appends the refused entries of one batch, and returns when the kernel has them. On an error none of them is in the file.
    func append(
        _ refused: [RefusedEntry], of batch: SealedBatch, output: String, wallNanoseconds: UInt64, origin: (Int) -> Origin? = { _ in nil }
    ) throws(SystemError) {
        if refused.isEmpty { return }
        var text: [UInt8] = []
        for one in refused {
            Self.write(
                one, batch.bytes(ofEntries: one.index..<one.index + 1), of: batch, output: output, wallNanoseconds: wallNanoseconds,
                origin: origin(one.index), to: &text)
        }
        let failure = state.withLock { state -> SystemError? in
            do throws(SystemError) { try append(text, lines: refused.count, &state) } catch { return error }
            return nil
        }
        if let failure { throw failure }
    }

    private func append(_ text: [UInt8], lines: Int, _ state: inout State) throws(SystemError) {
        try lock(&state)
        defer { if let file = state.file { flock(file.descriptor.rawValue, LOCK_UN) } }
        let file = try open(&state)
        var size = try FileStatus(ofDescriptor: file.descriptor).size
        if size > 0 && size + UInt64(text.count) > maximumBytes {
            try rotate(&state)
            try lock(&state)
            size = 0
        }
        let current = try open(&state)
        do throws(SystemError) {
            try current.descriptor.writeAll(text)
        } catch {
            // Half a line would make the next one unreadable.
            ftruncate(current.descriptor.rawValue, off_t(size))
            throw SystemError(call: error.call, subject: path, code: error.code)
        }
        state.counters.lines += UInt64(lines)
        state.counters.bytes += UInt64(text.count)
    }

    private func open(_ state: inout State) throws(SystemError) -> OpenFile {
        if let file = state.file { return file }
        try Directory.create(directory)
        let file = OpenFile(try FileDescriptor(opening: path, O_RDWR | O_CREAT | O_APPEND, permissions: 0o600))
        state.counters.tornBytes += try Self.cutTornLine(file.descriptor)
        state.file = file
        return file
    }

    /// Locks the file that has the name: a replay may have moved the one that was written so far aside.
    private func lock(_ state: inout State) throws(SystemError) {
        while true {
            let file = try open(&state)
            if retryingOnInterrupt({ flock(file.descriptor.rawValue, LOCK_EX) }) < 0 { throw SystemError(call: "flock", subject: path) }
            let inode = try FileStatus(ofDescriptor: file.descriptor).inode
            if let named = try? FileStatus(ofPath: path), named.inode == inode { return }
            state.file = nil
        }
    }

    private func rotate(_ state: inout State) throws(SystemError) {
        state.file = nil
        if maximumFiles == 1 {
            try remove(path(0), &state)
            return
        }
        try remove(path(maximumFiles - 1), &state)
        for number in stride(from: maximumFiles - 2, through: 0, by: -1) {
            if rename(path(number), path(number + 1)) < 0 && errno != ENOENT {
                throw SystemError(call: "rename", subject: "\(path(number)) to \(path(number + 1))")
            }
        }
    }

    private func remove(_ path: String, _ state: inout State) throws(SystemError) {
        guard let size = try? FileStatus(ofPath: path).size else { return }
        if unlink(path) < 0 && errno != ENOENT { throw SystemError(call: "unlink", subject: path) }
        state.counters.removedBytes += size
    }

    private func path(_ number: Int) -> String {
        number == 0 ? "\(directory)/\(name).jsonl" : "\(directory)/\(name).\(number).jsonl"
    }

    /// Removes what follows the last newline. Gives how many bytes that were.
    private static func cutTornLine(_ descriptor: borrowing FileDescriptor) throws(SystemError) -> UInt64 {
        let size = try FileStatus(ofDescriptor: descriptor).size
        var end = size
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        defer { chunk.deallocate() }
        while end > 0 {
            let start = end - min(end, UInt64(chunk.count))
            let count = try descriptor.read(into: UnsafeMutableRawBufferPointer(rebasing: chunk[..<Int(end - start)]), at: start)
            if let newline = chunk[..<count].lastIndex(of: 0x0a) {
                end = start + UInt64(newline) + 1
                break
            }
            end = start
        }
        if end < size, ftruncate(descriptor.rawValue, off_t(end)) < 0 {
            throw SystemError(call: "ftruncate", subject: "descriptor \(descriptor.rawValue)")
        }
        return size - end
    }

    private static func write(
        _ refused: RefusedEntry, _ entry: UnsafeRawBufferPointer, of batch: SealedBatch, output: String, wallNanoseconds: UInt64,
        origin: Origin?, to text: inout [UInt8]
    ) {
        text.append(contentsOf: #"{"refused_at":"\#(wallNanoseconds)","output":"#.utf8)
        appendString(output, to: &text)
        text.append(contentsOf: #","reason":"\#(refused.reason.kind.rawValue)","detail":"#.utf8)
        appendString(refused.reason.text, to: &text)
        if let origin {
            text.append(contentsOf: #","path":"#.utf8)
            appendString(origin.path, to: &text)
            text.append(contentsOf: #","offset":\#(origin.offset)"#.utf8)
        }
        text.append(contentsOf: #","stream":"#.utf8)
        text.append(contentsOf: batch.labels)
        if let tenant = batch.tenant {
            text.append(contentsOf: #","tenant":"#.utf8)
            appendString(tenant, to: &text)
        }
        if let parts = EntryText(entry) {
            text.append(UInt8(ascii: ","))
            parts.appendMembers(of: entry, to: &text)
        } else {
            // Not of our own making, and yet not to be lost.
            text.append(contentsOf: #","entry":"#.utf8)
            text.append(contentsOf: entry)
        }
        text.append(contentsOf: "}\n".utf8)
    }

    private static func appendString(_ string: String, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\""))
        Array(string.utf8).withUnsafeBytes { raw in
            _ = JSONStringEscaping.append(raw, to: &text)
        }
        text.append(UInt8(ascii: "\""))
    }
}
