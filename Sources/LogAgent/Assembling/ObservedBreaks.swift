import Glibc
import SystemIO

/// Where the clock, or the end of a rotated file, ended entries that lines could still have been added to: recorded before such an entry
/// is counted or sent, so that it is the same entry when the file is read again.
///
/// A journal of records `(offset, streams)` for one file, 16 bytes each, ascending: what of these streams began before the offset ends
/// there.
final class ObservedBreaks {
    struct Break: Equatable {
        var offset: UInt64
        var streams: LogStreamSet
    }

    private static let recordBytes = 16
    private static let maximumUnwritten = 4096

    private let path: String
    private var descriptor: FileDescriptor?
    private var count = 0
    private var last: Break?
    /// What could not be written; known as long as the process lives.
    private var unwritten: [Break] = []

    /// Opens the journal at `path`, making none yet.
    init(path: String) throws(SystemError) {
        self.path = path
        do throws(SystemError) {
            let file = try FileDescriptor(opening: path, O_RDWR)
            // A torn last record was never used: an entry is only sent after its break is whole.
            count = Int(try FileStatus(ofDescriptor: file).size) / Self.recordBytes
            descriptor = consume file
        } catch {
            if error.code != ENOENT { throw error }
        }
        if count > 0 { last = try record(count - 1) }
    }

    /// Remembers that entries of `streams` end at `offset`, which is not before any that was recorded. Throws when that is not on disk;
    /// it is known nevertheless until the process ends.
    func record(_ new: Break) throws(SystemError) {
        if new == last { return }
        last = new
        unwritten.append(new)
        // Without a disk that takes them, some are forgotten in time.
        if unwritten.count > Self.maximumUnwritten { unwritten.removeFirst() }
        while let next = unwritten.first {
            try write(next, at: count)
            count += 1
            unwritten.removeFirst()
        }
    }

    /// The breaks behind `start`, up to and with `end`.
    func breaks(after start: UInt64, through end: UInt64) throws(SystemError) -> [Break] {
        guard let last, last.offset > start else { return [] }
        var found: [Break] = []
        var index = try indexOfRecord(after: start)
        while index < count {
            let next = try record(index)
            if next.offset > end { return found }
            found.append(next)
            index += 1
        }
        return found + unwritten.filter { $0.offset > start && $0.offset <= end }
    }

    /// Drops the records when a checkpoint says that nothing that began before `offset` will be read again.
    func delivered(through offset: UInt64) throws(SystemError) {
        guard count > 0, let last, last.offset <= offset else { return }
        switch descriptor {
        case .some(let file):
            if ftruncate(file.rawValue, 0) < 0 { throw SystemError(call: "ftruncate", subject: path) }
        case .none: break
        }
        count = 0
        self.last = nil
        unwritten.removeAll()
    }

    /// Removes the journal; its file will not be read again.
    func remove() {
        descriptor = nil
        unlink(path)
    }

    private func indexOfRecord(after offset: UInt64) throws(SystemError) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if try record(middle).offset <= offset { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func record(_ index: Int) throws(SystemError) -> Break {
        var raw: (UInt64, UInt64) = (0, 0)
        switch descriptor {
        case .some(let file):
            let count = try withUnsafeMutableBytes(of: &raw) { (buffer) throws(SystemError) in
                try file.read(into: buffer, at: UInt64(index * Self.recordBytes))
            }
            if count < Self.recordBytes { throw SystemError(call: "pread", subject: path, code: EIO) }
        case .none: throw SystemError(call: "pread", subject: path, code: EBADF)
        }
        return Break(offset: raw.0, streams: LogStreamSet(rawValue: raw.1))
    }

    private func write(_ new: Break, at index: Int) throws(SystemError) {
        if descriptor == nil { descriptor = try FileDescriptor(opening: path, O_RDWR | O_CREAT) }
        var raw = (new.offset, new.streams.rawValue)
        switch descriptor {
        case .some(let file):
            let offset = off_t(index * Self.recordBytes)
            let written = withUnsafeBytes(of: &raw) { buffer in
                retryingOnInterrupt { pwrite(file.rawValue, buffer.baseAddress, buffer.count, offset) }
            }
            if written < Self.recordBytes { throw SystemError(call: "pwrite", subject: path, code: written < 0 ? errno : ENOSPC) }
        case .none: break
        }
    }
}
