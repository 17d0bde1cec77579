import Glibc
import SystemIO

/// A file of records of up to four 64-bit words, ascending by the first: what was observed at places of a log, and must be known again
/// after a crash. Made by the first record that is written.
final class RecordJournal {
    private let path: String
    private let recordBytes: Int
    private var descriptor: FileDescriptor?
    private(set) var count = 0

    /// Opens the journal at `path`, making none yet. A last record that was torn by a crash is none.
    init(path: String, wordCount: Int) throws(SystemError) {
        precondition((1...4).contains(wordCount), "a record has one to four words")
        self.path = path
        recordBytes = wordCount * MemoryLayout<UInt64>.size
        do throws(SystemError) {
            let file = try FileDescriptor(opening: path, O_RDWR)
            count = Int(try FileStatus(ofDescriptor: file).size) / recordBytes
            descriptor = consume file
        } catch {
            if error.code != ENOENT { throw error }
        }
    }

    subscript(index: Int) -> SIMD4<UInt64> {
        get throws(SystemError) {
            var words = SIMD4<UInt64>.zero
            switch descriptor {
            case .some(let file):
                let wanted = recordBytes
                let read = try withUnsafeMutableBytes(of: &words) { (buffer) throws(SystemError) in
                    try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]), at: UInt64(index * wanted))
                }
                if read < wanted { throw SystemError(call: "pread", subject: path, code: EIO) }
            case .none: throw SystemError(call: "pread", subject: path, code: EBADF)
            }
            return words
        }
    }

    /// Writes over a record, or, where `index` is ``count``, adds one.
    func write(_ record: SIMD4<UInt64>, at index: Int) throws(SystemError) {
        if descriptor == nil { descriptor = try FileDescriptor(opening: path, O_RDWR | O_CREAT) }
        var words = record
        switch descriptor {
        case .some(let file):
            let offset = off_t(index * recordBytes)
            let size = recordBytes
            let written = withUnsafeBytes(of: &words) { buffer in
                retryingOnInterrupt { pwrite(file.rawValue, buffer.baseAddress, size, offset) }
            }
            if written < size { throw SystemError(call: "pwrite", subject: path, code: written < 0 ? errno : ENOSPC) }
        case .none: break
        }
        count = max(count, index + 1)
    }

    /// The index of the first record whose first word is greater than `place`.
    func index(after place: UInt64) throws(SystemError) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if try self[middle][0] <= place { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Drops every record.
    func removeAll() throws(SystemError) {
        switch descriptor {
        case .some(let file):
            if ftruncate(file.rawValue, 0) < 0 { throw SystemError(call: "ftruncate", subject: path) }
        case .none: break
        }
        count = 0
    }

    /// Removes the file.
    func remove() {
        descriptor = nil
        unlink(path)
    }
}
