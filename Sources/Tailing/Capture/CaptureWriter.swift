import Glibc
import SystemIO

/// Appends to a ``CaptureLog``. There is one for each log, and one thread uses it.
package struct CaptureWriter: ~Copyable {
    /// Why not all bytes were taken. Nothing of them is lost: the caller keeps the rest and tries again.
    package enum Blockage: Error, Equatable, Sendable {
        /// The budget is used up until a segment is removed.
        case budget
        /// The disk did not take them.
        case disk(SystemError)
    }

    package let log: CaptureLog
    private var file: FileDescriptor?
    private var fileBytes: UInt64 = 0
    /// The last write ended inside a line: the next bytes belong into the same segment.
    private var isInsideLine = false

    package init(_ log: CaptureLog) {
        self.log = log
    }

    /// Appends `lines`, which end with a newline, in one write. Gives how many of their bytes are in the log now: all of them, unless
    /// something blocks. After that the next call has to go on with the rest.
    package mutating func append(_ lines: UnsafeRawBufferPointer) -> (taken: Int, blockage: Blockage?) {
        var taken = 0
        while taken < lines.count {
            // A line that was begun is finished, whatever the budget says.
            if !isInsideLine {
                if log.budget.isUsedUp {
                    // Only a sealed segment can be removed, so that there is room again.
                    seal()
                    return (taken, .budget)
                }
                if fileBytes >= log.segmentBytes { seal() }
            }
            do throws(SystemError) {
                taken += try write(UnsafeRawBufferPointer(rebasing: lines[taken...]))
            } catch {
                return (taken, .disk(error))
            }
        }
        return (taken, nil)
    }

    /// Appends whole lines that stand in an array.
    package mutating func append(_ lines: [UInt8]) -> (taken: Int, blockage: Blockage?) {
        lines.withUnsafeBytes { append($0) }
    }

    /// Nothing more comes into the current segment; the next line begins another.
    package mutating func seal() {
        guard file != nil, !isInsideLine else { return }
        file = nil
        fileBytes = 0
        log.sealCurrent()
    }

    private mutating func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Int {
        let raw = try openFile()
        let count = retryingOnInterrupt { Glibc.write(raw, bytes.baseAddress, bytes.count) }
        if count < 0 { throw SystemError(call: "write", subject: log.path(ofSegment: log.currentNumber)) }
        let written = UnsafeRawBufferPointer(rebasing: bytes[..<count])
        fileBytes += UInt64(count)
        log.count(bytes: UInt64(count), lines: Self.newlines(in: written))
        isInsideLine = written.last.map { $0 != UInt8(ascii: "\n") } ?? isInsideLine
        return count
    }

    private mutating func openFile() throws(SystemError) -> Int32 {
        if file == nil {
            let path = log.path(ofSegment: log.currentNumber)
            do throws(SystemError) {
                file = try FileDescriptor(opening: path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL)
            } catch {
                // Somebody has removed the directory.
                guard error.code == ENOENT else { throw error }
                try Directory.create(log.directory)
                file = try FileDescriptor(opening: path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL)
            }
        }
        switch file {
        case .some(let open): return open.rawValue
        case .none: preconditionFailure("it was opened")
        }
    }

    private static func newlines(in bytes: UnsafeRawBufferPointer) -> UInt64 {
        guard let base = bytes.baseAddress else { return 0 }
        var count: UInt64 = 0
        var position = 0
        while let newline = memchr(base + position, 0x0a, bytes.count - position) {
            count += 1
            position = UnsafeRawPointer(newline) - base + 1
        }
        return count
    }
}
