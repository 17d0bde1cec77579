import Glibc
import Synchronization
import SystemIO

/// Push bodies as files in one directory, with an index. Shared by the threads of one output.
///
/// - `0000000000000001.json.gz`, …: one push each, numbered without gaps; a file is complete from the moment it has its name.
/// - `index.jsonl`: one object a line for each of them, in order:
///   `{"batch":1,"file":"…","from":"<oldest ns>","to":"<newest ns>","streams":[{…}],"lines":n,"bytes":n,"compressed_bytes":n}`,
///   with `"tenant":"…"` behind the streams where a transform named one.
///
/// Content first, then the index line, then the name: after a crash of the program every named file has its line, and a line
/// without a file, which can only be the last, is taken back. After a crash of the machine, which may lose the end of the index,
/// files without a line get one that covers all times. Old batches are removed by age and by size, oldest first.
final class DirectoryStore: Sendable {
    struct Usage: Equatable, Sendable {
        var files: UInt64 = 0
        /// Of the files, without the index.
        var bytes: UInt64 = 0
        var removedFiles: UInt64 = 0
        var removedBytes: UInt64 = 0
        /// Whose index line was lost in a crash.
        var recoveredFiles: UInt64 = 0
    }

    private final class OpenFile: Sendable {
        let descriptor: FileDescriptor
        init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
    }

    private struct State {
        /// nil until the directory has been looked at.
        var index: OpenFile?
        var indexBytes: UInt64 = 0
        var oldest: UInt64 = 1
        var next: UInt64 = 1
        var nextTemporary = 0
        var removedSinceCompaction: UInt64 = 0
        var usage = Usage()
    }

    /// What its files are called, as patterns.
    static let fileNames = ["[0-9]*.json.gz", "[0-9]*.tmp", "index.jsonl*"]

    private let settings: DirectorySettings
    private let synchronizes: Bool
    private let state = Mutex(State())

    /// `synchronizes` is for tests: without it, what was stored survives a crash of the program, not of the machine.
    init(_ settings: DirectorySettings, synchronizes: Bool = true) {
        self.settings = settings
        self.synchronizes = synchronizes
    }

    var usage: Usage { state.withLock { $0.usage } }

    /// Stores one body. On an error nothing of it is left.
    func store(_ body: [UInt8], of batches: [SealedBatch], uncompressedBytes: Int, wallNanoseconds: UInt64) throws(SystemError) {
        let temporary = try locked { (state) throws(SystemError) in
            try open(&state)
            state.nextTemporary += 1
            return "\(settings.path)/\(state.nextTemporary).tmp"
        }
        // Written without the lock: several threads can wait for the device at once.
        try write(body, to: temporary)
        do throws(SystemError) {
            try locked { (state) throws(SystemError) in
                try add(temporary, body.count, batches, uncompressedBytes: uncompressedBytes, &state)
                // The batch is stored: that an old one cannot be removed is no reason to store it again.
                try? removeOld(&state, wallNanoseconds: wallNanoseconds)
            }
        } catch {
            unlink(temporary)
            throw error
        }
    }

    /// Removes what is too old, for times without new batches.
    func removeExpired(wallNanoseconds: UInt64) throws(SystemError) {
        try locked { (state) throws(SystemError) in
            try open(&state)
            try removeOld(&state, wallNanoseconds: wallNanoseconds)
        }
    }

    private func locked<Result: Sendable>(_ body: (inout State) throws(SystemError) -> Result) throws(SystemError) -> Result {
        let result = state.withLock { state -> Swift.Result<Result, SystemError> in
            do throws(SystemError) { return .success(try body(&state)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    private func write(_ body: [UInt8], to path: String) throws(SystemError) {
        do throws(SystemError) {
            let file = try FileDescriptor(opening: path, O_WRONLY | O_CREAT | O_TRUNC, permissions: 0o640)
            try file.writeAll(body)
            if synchronizes { try file.synchronize() }
        } catch {
            unlink(path)
            throw SystemError(call: error.call, subject: path, code: error.code)
        }
    }

    private func add(
        _ temporary: String, _ compressed: Int, _ batches: [SealedBatch], uncompressedBytes: Int, _ state: inout State
    ) throws(SystemError) {
        let number = state.next
        let final = path(number)
        let line = indexLine(number, batches, uncompressedBytes: uncompressedBytes, compressedBytes: compressed)
        guard let index = state.index else { return }
        do throws(SystemError) {
            try index.descriptor.writeAll(line)
            if rename(temporary, final) < 0 { throw SystemError(call: "rename", subject: "\(temporary) to \(final)") }
        } catch {
            ftruncate(index.descriptor.rawValue, off_t(state.indexBytes))
            throw error.call == "rename" ? error : SystemError(call: error.call, subject: indexPath, code: error.code)
        }
        state.indexBytes += UInt64(line.count)
        state.next += 1
        state.usage.files += 1
        state.usage.bytes += UInt64(compressed)
    }
}

// MARK: Retention

extension DirectoryStore {
    private func removeOld(_ state: inout State, wallNanoseconds: UInt64) throws(SystemError) {
        // The newest stays, however large it is.
        while state.oldest + 1 < state.next {
            let path = path(state.oldest)
            guard let status = try? FileStatus(ofPath: path) else {
                // Removed by somebody else.
                state.oldest += 1
                continue
            }
            let isTooOld = settings.retentionNanoseconds.map {
                status.modifiedNanoseconds < wallNanoseconds && wallNanoseconds - status.modifiedNanoseconds > $0
            }
            guard state.usage.bytes > settings.maximumBytes || isTooOld == true else { break }
            if unlink(path) < 0 && errno != ENOENT { throw SystemError(call: "unlink", subject: path) }
            state.oldest += 1
            state.usage.files -= min(1, state.usage.files)
            state.usage.bytes -= min(status.size, state.usage.bytes)
            state.usage.removedFiles += 1
            state.usage.removedBytes += status.size
            state.removedSinceCompaction += 1
        }
        if state.removedSinceCompaction > 1000 && state.removedSinceCompaction > state.usage.files { try compact(&state) }
    }

    /// Writes the index anew without the lines of removed batches.
    private func compact(_ state: inout State) throws(SystemError) {
        let oldest = state.oldest
        var kept: [UInt8] = []
        try forEachIndexLine { number, line in
            if number >= oldest { kept.append(contentsOf: line) }
        }
        try AtomicFileReplacement.write(kept, to: indexPath)
        state.index = OpenFile(try FileDescriptor(opening: indexPath, O_RDWR | O_APPEND))
        state.indexBytes = UInt64(kept.count)
        state.removedSinceCompaction = 0
    }
}

// MARK: Start

extension DirectoryStore {
    /// Looks at what is there, makes index and files agree, and goes on after the last batch.
    private func open(_ state: inout State) throws(SystemError) {
        if state.index != nil { return }
        try Directory.create(settings.path)
        let index = OpenFile(try FileDescriptor(opening: indexPath, O_RDWR | O_CREAT | O_APPEND))
        var files: [UInt64] = []
        var bytes: UInt64 = 0
        for entry in try Directory.entries(of: settings.path) {
            let path = "\(settings.path)/\(entry.name)"
            if entry.name.hasSuffix(".tmp") { unlink(path) }
            guard let number = Self.number(ofFile: entry.name), let size = try? FileStatus(ofPath: path).size else { continue }
            files.append(number)
            bytes += size
        }
        files.sort()
        let newest = files.last ?? 0
        var whole: UInt64 = 0
        var last: UInt64 = 0
        var isPast = false
        try forEachIndexLine { number, line in
            isPast = isPast || number > newest
            if isPast { return }
            whole += UInt64(line.count)
            last = max(last, number)
        }
        if ftruncate(index.descriptor.rawValue, off_t(whole)) < 0 { throw SystemError(call: "ftruncate", subject: indexPath) }
        for number in files where number > last {
            let line = Array(
                #"{"batch":\#(number),"file":"\#(fileName(number))","from":"0","to":"\#(UInt64.max)","streams":null,"lines":null}"#.utf8)
            try index.descriptor.writeAll(line + [0x0a])
            whole += UInt64(line.count + 1)
            state.usage.recoveredFiles += 1
        }
        state.usage.files = UInt64(files.count)
        state.usage.bytes = bytes
        state.oldest = files.first ?? 1
        state.next = newest + 1
        state.indexBytes = whole
        state.index = index
    }

    /// Whole lines only, each with its newline.
    private func forEachIndexLine(_ body: (UInt64, ArraySlice<UInt8>) -> Void) throws(SystemError) {
        let file = try FileDescriptor(opening: indexPath)
        var pending: [UInt8] = []
        var offset: UInt64 = 0
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        defer { chunk.deallocate() }
        while case let count = try file.read(into: chunk, at: offset), count > 0 {
            offset += UInt64(count)
            pending.append(contentsOf: chunk[..<count])
            var start = 0
            while let newline = pending[start...].firstIndex(of: 0x0a) {
                var text = Substring(decoding: pending[start...newline], as: UTF8.self)
                if text.take("{\"batch\":"), let number = text.takeNumber() { body(UInt64(number), pending[start...newline]) }
                start = newline + 1
            }
            pending.removeSubrange(..<start)
        }
    }

    private static func number(ofFile name: String) -> UInt64? {
        var rest = name[...]
        guard rest.utf8.count > 16, let number = rest.takeNumber(), rest == ".json.gz" else { return nil }
        return UInt64(number)
    }

    private var indexPath: String { "\(settings.path)/index.jsonl" }

    private func fileName(_ number: UInt64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 16 - digits.utf8.count)) + digits + ".json.gz"
    }

    private func path(_ number: UInt64) -> String { "\(settings.path)/\(fileName(number))" }

    private func indexLine(_ number: UInt64, _ batches: [SealedBatch], uncompressedBytes: Int, compressedBytes: Int) -> [UInt8] {
        let from = batches.map(\.timestamps.lowerBound).min() ?? 0
        let to = batches.map(\.timestamps.upperBound).max() ?? 0
        let lines = batches.reduce(0) { $0 + $1.entries.count }
        var text = Array(#"{"batch":\#(number),"file":"\#(fileName(number))","from":"\#(from)","to":"\#(to)","streams":["#.utf8)
        for (index, batch) in batches.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            text.append(contentsOf: batch.labels)
        }
        text.append(UInt8(ascii: "]"))
        if let tenant = batches.first?.tenant { text.append(contentsOf: #","tenant":"\#(tenant)""#.utf8) }
        text.append(contentsOf: #","lines":\#(lines),"bytes":\#(uncompressedBytes),"compressed_bytes":\#(compressedBytes)}"#.utf8)
        text.append(0x0a)
        return text
    }
}
