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
    private let beginsEntry: ((UnsafeRawBufferPointer) -> Bool)?
    private var file: FileDescriptor?
    private var fileBytes: UInt64 = 0
    /// The last write ended inside a line: the next bytes belong into the same segment.
    private var isInsideLine = false

    /// `beginsEntry`: whether a line, without its newline, is the first of an entry; segments then end where entries do, as far as that
    /// is possible. nil: every line is.
    package init(_ log: CaptureLog, beginsEntry: ((UnsafeRawBufferPointer) -> Bool)? = nil) {
        self.log = log
        self.beginsEntry = beginsEntry
    }

    /// Appends `lines`, which end with a newline, in one write. Gives how many of their bytes are in the log now: all of them, unless
    /// something blocks. After that the next call has to go on with the rest.
    package mutating func append(_ lines: UnsafeRawBufferPointer) -> (taken: Int, blockage: Blockage?) {
        var taken = 0
        while taken < lines.count {
            var piece = UnsafeRawBufferPointer(rebasing: lines[taken...])
            // A line that was begun is finished, whatever the budget says.
            if !isInsideLine {
                let isFull = fileBytes >= log.segmentBytes
                if log.budget.isUsedUp {
                    // Only a sealed segment can be removed, so that there is room again. While this one is small there are others.
                    if isFull || continuation(in: piece) == 0 { seal() }
                    return (taken, .budget)
                }
                if isFull {
                    let continued = fileBytes < Self.longestSegments * log.segmentBytes ? continuation(in: piece) : 0
                    if continued == 0 { seal() } else { piece = UnsafeRawBufferPointer(rebasing: piece[..<continued]) }
                }
            }
            do throws(SystemError) {
                taken += try write(piece)
            } catch {
                return (taken, .disk(error))
            }
        }
        return (taken, nil)
    }

    /// An entry that goes on and on ends with the segment when that has come to so many times its size.
    private static let longestSegments: UInt64 = 2

    /// How many of the first bytes of `lines` belong to the entry before.
    private func continuation(in lines: UnsafeRawBufferPointer) -> Int {
        guard let beginsEntry, fileBytes > 0 else { return 0 }
        var start = 0
        while start < lines.count {
            let rest = UnsafeRawBufferPointer(rebasing: lines[start...])
            let length = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.count
            if beginsEntry(UnsafeRawBufferPointer(rebasing: rest[..<length])) { return start }
            start += min(length + 1, rest.count)
        }
        return lines.count
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
