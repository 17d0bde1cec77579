import Glibc
import Synchronization
import SystemIO

/// A series of append-only files, `0000000001.log` and so on in one directory, for bytes that come from no file: a pipe, a socket.
///
/// One ``CaptureWriter`` appends whole lines to the newest segment. All before it are *sealed*: complete, never written again, and
/// removed once their reader is done with them. Any thread may use it.
package final class CaptureLog: Sendable {
    package let directory: String
    package let budget: CaptureBudget
    /// A segment that has come to this size is sealed, in bytes.
    package let segmentBytes: UInt64
    /// Lines that a process which ended had begun and not finished: each got its line end when the log was opened again.
    package let tornLines: Int

    /// The number of the segment that is written, or will be next.
    private let current: Atomic<UInt64>
    private let writtenBytes = Atomic<UInt64>(0)
    private let writtenLines = Atomic<UInt64>(0)

    /// Opens the log in `directory`, which is made if it is missing. What an earlier process has left there is sealed.
    package init(directory: String, budget: CaptureBudget, segmentBytes: UInt64) throws(SystemError) {
        self.directory = directory
        self.budget = budget
        self.segmentBytes = segmentBytes
        try Directory.create(directory)
        var torn = 0
        var last: UInt64 = 0
        for entry in try Directory.entries(of: directory) {
            guard let number = Self.number(ofName: entry.name) else { continue }
            last = max(last, number)
            let path = directory + "/" + entry.name
            if try Self.completeLastLine(of: path) { torn += 1 }
            budget.take(try FileStatus(ofPath: path).size)
        }
        tornLines = torn
        current = Atomic(last + 1)
    }

    /// Since the log was opened.
    package var written: (lines: UInt64, bytes: UInt64) {
        (writtenLines.load(ordering: .relaxed), writtenBytes.load(ordering: .relaxed))
    }

    /// Whether nothing will ever be appended to the segment at `path` of this log.
    package func isSealed(_ path: String) -> Bool {
        guard path.hasPrefix(directory + "/"), let number = Self.number(ofName: path.dropFirst(directory.utf8.count + 1)) else {
            return false
        }
        return number < current.load(ordering: .acquiring)
    }

    /// Removes a sealed segment: its reader is done with it.
    package func remove(_ path: String) throws(SystemError) {
        precondition(isSealed(path), "only a sealed segment is removed")
        let size = try FileStatus(ofPath: path).size
        if unlink(path) < 0 { throw SystemError(call: "unlink", subject: path) }
        budget.giveBack(size)
    }

    /// The path of a segment.
    package func path(ofSegment number: UInt64) -> String {
        let digits = String(number)
        return directory + "/" + String(repeating: "0", count: max(0, 10 - digits.utf8.count)) + digits + ".log"
    }

    private static func number(ofName name: some StringProtocol) -> UInt64? {
        guard name.hasSuffix(".log") else { return nil }
        let digits = name.dropLast(4)
        guard digits.utf8.count >= 10, digits.utf8.allSatisfy({ UInt8(ascii: "0") <= $0 && $0 <= UInt8(ascii: "9") }) else { return nil }
        return UInt64(digits)
    }

    /// Puts a newline behind a line that was cut off by the end of its writer. False where there was none.
    private static func completeLastLine(of path: String) throws(SystemError) -> Bool {
        let file = try FileDescriptor(opening: path, O_RDWR | O_APPEND)
        let size = try FileStatus(ofDescriptor: file).size
        guard size > 0 else { return false }
        var last: UInt8 = 0
        _ = try withUnsafeMutableBytes(of: &last) { (bytes) throws(SystemError) in try file.read(into: bytes, at: size - 1) }
        guard last != UInt8(ascii: "\n") else { return false }
        try file.writeAll("\n")
        return true
    }

    // MARK: For the writer

    var currentNumber: UInt64 { current.load(ordering: .relaxed) }

    /// Nothing more comes into the current segment.
    func sealCurrent() { current.add(1, ordering: .releasing) }

    func count(bytes: UInt64, lines: UInt64) {
        budget.take(bytes)
        writtenBytes.add(bytes, ordering: .relaxed)
        writtenLines.add(lines, ordering: .relaxed)
    }
}
