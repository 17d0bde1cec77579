import Glibc
import SystemIO

@testable import TraceCollector

/// The collector's buffer as a file of anything. The first byte says what is made of the rest: a segment as it is; whole records, one of
/// them changed or cut; or whole records with a cursor anywhere. Opening never fails, nothing is read that was not written, and what is
/// appended afterwards comes.
enum SegmentLogFuzzing {
    /// In memory, and removed by script/fuzz.
    private static let directory = getenv("FUZZ_DIRECTORY").map { String(cString: $0) } ?? "/dev/shm/tailspan-fuzz-\(getpid())"
    private static let new = Array("a new record".utf8)

    static func run(_ bytes: UnsafeRawBufferPointer) {
        guard let first = bytes.first else { return }
        let rest = Array(bytes.dropFirst())
        do throws(SystemError) {
            try clear()
            switch first % 3 {
            case 0:
                try write(LogSegment.mark + rest)
                let read = try readAll()
                precondition(read.last == new, "what is appended does not come")
                let again = try readAll()
                precondition(again.dropLast() == read[...], "the next process reads others")
            case 1: try damage(records(of: rest), Array(rest.prefix(4)))
            default: try moveCursor(records(of: rest), Array(rest.prefix(4)))
            }
        } catch {
            preconditionFailure("\(error)")
        }
    }

    private static func damage(_ records: [[UInt8]], _ how: [UInt8]) throws(SystemError) {
        var file = content(records)
        guard how.count == 4, !records.isEmpty else { return }
        let place = (Int(how[0]) << 8 | Int(how[1])) % file.count
        if how[2] == 0 { file.removeLast(file.count - place) } else { file[place] ^= how[2] }
        try write(file)
        let read = try readAll()
        precondition(read.last == new, "what is appended does not come")
        precondition(records.starts(with: read.dropLast()), "what is read was never written")
    }

    private static func moveCursor(_ records: [[UInt8]], _ how: [UInt8]) throws(SystemError) {
        guard how.count == 4 else { return }
        try write(content(records))
        let position = LogPosition(segment: UInt64(how[0] % 4), offset: UInt64(how[1]) << 8 | UInt64(how[2]))
        try CursorFile(directory: directory, reader: "a").save(position)
        let read = try readAll()
        precondition(read.last == new, "what is appended does not come")
        precondition(read.dropLast().allSatisfy(records.contains), "what is read was never written")
    }

    /// Opens, appends one, and reads all.
    private static func readAll() throws(SystemError) -> [[UInt8]] {
        let log = try SegmentLog(directory: directory, readers: ["a"], maximumBytes: 8 << 20, synchronization: .never) { _, _, _ in }
        try new.span.bytes.withUnsafeBytes { (raw) throws(SystemError) in
            try log.append(raw, content: .protobuf, spans: 1, messageBytes: raw.count)
        }
        let batch = LogBatch()
        var read: [[UInt8]] = []
        while try log.take(into: batch, maximumBytes: 64, by: 0) { read += batch.records.map { Array(batch.bytes[$0.range]) } }
        return read
    }

    /// Each begins with its length.
    private static func records(of bytes: [UInt8]) -> [[UInt8]] {
        var records: [[UInt8]] = []
        var rest = bytes[...]
        while let count = rest.popFirst(), records.count < 16 {
            records.append(Array(rest.prefix(Int(count) % 50)))
            rest = rest.dropFirst(Int(count) % 50)
        }
        return records
    }

    private static func content(_ records: [[UInt8]]) -> [UInt8] {
        var file = LogSegment.mark
        for record in records {
            let header = BufferRecord(content: .protobuf, spans: 2, messageBytes: record.count, storedBytes: record.count, receivedAt: 7)
            file += record.withUnsafeBytes { header.header(for: $0) } + record
        }
        return file
    }

    private static func clear() throws(SystemError) {
        try Directory.create(directory)
        for entry in try Directory.entries(of: directory) { unlink(directory + "/" + entry.name) }
    }

    private static func write(_ content: [UInt8]) throws(SystemError) {
        let file = try FileDescriptor(opening: directory + "/" + LogSegment.fileName(1), O_WRONLY | O_CREAT | O_TRUNC)
        try file.writeAll(content)
    }
}
