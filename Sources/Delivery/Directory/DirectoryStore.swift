import Glibc
import Synchronization
import SystemIO

/// Request bodies as files in one directory, with an index. Shared by the threads of one output.
///
/// - `0000000000000001` and the suffix, …: one body each, numbered without gaps; a file is complete from the moment it has its name.
/// - `index.jsonl`: one object a line for each of them, in order:
///   `{"batch":1,"file":"…",…,"bytes":n,"compressed_bytes":n}`, with members between that the caller gives.
///
/// Content first, then the index line, then the name: after a crash of the program every named file has its line, and a line
/// without a file, which can only be the last, is taken back. After a crash of the machine, which may lose the end of the index,
/// files without a line get one of ``Settings/unknownMembers``. Old batches are removed by age and by size, oldest first.
package final class DirectoryStore: Sendable {
    package struct Settings: Equatable, Sendable {
        package var path: String
        /// Batches older than this are removed; nil: never.
        package var retentionNanoseconds: UInt64?
        /// The oldest batches are removed above this size.
        package var maximumBytes: UInt64
        /// Of file names: `.json.gz`.
        package var suffix: String
        /// What an index line has in place of the members of a batch that is not known: `"from":"0","to":"9"`.
        package var unknownMembers: String

        package init(path: String, retentionNanoseconds: UInt64?, maximumBytes: UInt64, suffix: String, unknownMembers: String) {
            self.path = path
            self.retentionNanoseconds = retentionNanoseconds
            self.maximumBytes = maximumBytes
            self.suffix = suffix
            self.unknownMembers = unknownMembers
        }
    }

    package struct Usage: Equatable, Sendable {
        package var files: UInt64 = 0
        /// Of the files, without the index.
        package var bytes: UInt64 = 0
        package var removedFiles: UInt64 = 0
        package var removedBytes: UInt64 = 0
        /// Whose index line was lost in a crash.
        package var recoveredFiles: UInt64 = 0

        package init(
            files: UInt64 = 0, bytes: UInt64 = 0, removedFiles: UInt64 = 0, removedBytes: UInt64 = 0, recoveredFiles: UInt64 = 0
        ) {
            self.files = files
            self.bytes = bytes
            self.removedFiles = removedFiles
            self.removedBytes = removedBytes
            self.recoveredFiles = recoveredFiles
        }
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

    private let settings: Settings
    private let synchronizes: Bool
    private let state = Mutex(State())

    /// `synchronizes` is for tests: without it, what was stored survives a crash of the program, not of the machine.
    package init(_ settings: Settings, synchronizes: Bool = true) {
        self.settings = settings
        self.synchronizes = synchronizes
    }

    package var usage: Usage { state.withLock { $0.usage } }

    /// Stores one body. `members` stand in its index line, as JSON: `"lines":3`. On an error nothing of it is left, unless the device
    /// fails at the last step.
    package func store(_ body: [UInt8], members: [UInt8], uncompressedBytes: Int, wallNanoseconds: UInt64) throws(SystemError) {
        let temporary = try locked { (state) throws(SystemError) in
            try open(&state)
            state.nextTemporary += 1
            return "\(settings.path)/\(state.nextTemporary).tmp"
        }
        // Written without the lock: several threads can wait for the device at once.
        try write(body, to: temporary)
        do throws(SystemError) {
            try locked { (state) throws(SystemError) in
                try add(temporary, body.count, members, uncompressedBytes: uncompressedBytes, &state)
                // The batch is stored: that an old one cannot be removed is no reason to store it again.
                try? removeOld(&state, wallNanoseconds: wallNanoseconds)
            }
        } catch {
            unlink(temporary)
            throw error
        }
        if synchronizes { try synchronizeNames() }
    }

    /// A name is on the device only when its directory is. If that fails, the body is there and comes again: twice is better than not.
    private func synchronizeNames() throws(SystemError) {
        do throws(SystemError) {
            try FileDescriptor(opening: settings.path, O_RDONLY | O_DIRECTORY).synchronize()
        } catch {
            // Some file systems, of shared folders mostly, have directories that can't be synchronized.
            if error.code == EINVAL || error.code == ENOTSUP { return }
            throw SystemError(call: error.call, subject: settings.path, code: error.code)
        }
    }

    /// Removes what is too old, for times without new batches.
    package func removeExpired(wallNanoseconds: UInt64) throws(SystemError) {
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
        _ temporary: String, _ compressed: Int, _ members: [UInt8], uncompressedBytes: Int, _ state: inout State
    ) throws(SystemError) {
        let number = state.next
        let final = path(number)
        let line = indexLine(number, members, uncompressedBytes: uncompressedBytes, compressedBytes: compressed)
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
            guard let number = number(ofFile: entry.name), let size = try? FileStatus(ofPath: path).size else { continue }
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
                #"{"batch":\#(number),"file":"\#(fileName(number))",\#(settings.unknownMembers)}"#.utf8)
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
                if let number = Self.number(ofIndexLine: pending[start...newline]) { body(number, pending[start...newline]) }
                start = newline + 1
            }
            pending.removeSubrange(..<start)
        }
    }

    private static func number(ofIndexLine line: ArraySlice<UInt8>) -> UInt64? {
        let start = #"{"batch":"#.utf8
        guard line.starts(with: start) else { return nil }
        let digits = line.dropFirst(start.count).prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return UInt64(String(decoding: digits, as: UTF8.self))
    }

    private func number(ofFile name: String) -> UInt64? {
        guard name.hasSuffix(settings.suffix) else { return nil }
        let digits = name.dropLast(settings.suffix.count)
        guard digits.utf8.count >= 16, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return UInt64(digits)
    }

    private var indexPath: String { "\(settings.path)/index.jsonl" }

    private func fileName(_ number: UInt64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 16 - digits.utf8.count)) + digits + settings.suffix
    }

    private func path(_ number: UInt64) -> String { "\(settings.path)/\(fileName(number))" }

    private func indexLine(_ number: UInt64, _ members: [UInt8], uncompressedBytes: Int, compressedBytes: Int) -> [UInt8] {
        var text = Array(#"{"batch":\#(number),"file":"\#(fileName(number))","#.utf8)
        text.append(contentsOf: members)
        text.append(contentsOf: #","bytes":\#(uncompressedBytes),"compressed_bytes":\#(compressedBytes)}"#.utf8)
        text.append(0x0a)
        return text
    }
}
