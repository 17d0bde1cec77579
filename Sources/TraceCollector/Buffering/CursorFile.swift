import Glibc
import SystemIO

/// How far each reader of a ``SegmentLog`` had settled it, in a file beside the segments: a line each, `name segment offset`.
struct CursorFile: Sendable {
    static let name = "cursors"
    private static let firstLine = "tailspan cursors 1"

    let path: String

    init(directory: String) { path = directory + "/" + Self.name }

    /// A file that is missing or damaged has none: readers then begin at the oldest record, so that nothing is lost.
    func load() throws(SystemError) -> [String: LogPosition] {
        let file: FileDescriptor
        do throws(SystemError) { file = try FileDescriptor(opening: path) } catch {
            if error.code == ENOENT { return [:] }
            throw error
        }
        var bytes = [UInt8](repeating: 0, count: Int(min(try FileStatus(ofDescriptor: file).size, 1 << 20)))
        guard try file.readAll(into: &bytes, at: 0) else { return [:] }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard lines.first == Self.firstLine[...] else { return [:] }
        var positions: [String: LogPosition] = [:]
        for line in lines.dropFirst() {
            let words = line.split(separator: " ")
            guard words.count == 3, let segment = UInt64(words[1]), let offset = UInt64(words[2]) else { continue }
            positions[String(words[0])] = LogPosition(segment: segment, offset: offset)
        }
        return positions
    }

    func save(_ readers: [SegmentLogState.Reader]) throws(SystemError) {
        var text = Self.firstLine + "\n"
        for reader in readers { text += "\(reader.name) \(reader.committed.segment) \(reader.committed.offset)\n" }
        try AtomicFileReplacement.write(Array(text.utf8), to: path)
    }
}
