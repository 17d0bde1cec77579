import Glibc

/// Makes whole lines of a stream of bytes, in bounded memory: of a line that is too long the rest is left out.
struct LineAssembler {
    /// How much of a line is kept: somewhat more than ``SourceSettings/maximumLineBytes``, so that its reader sees that it goes on,
    /// cuts it at a character's edge, and marks and counts it.
    let keptBytes: Int
    private var partial: [UInt8] = []

    init(maximumLineBytes: Int) {
        keptBytes = maximumLineBytes + 4
    }

    /// A line has begun whose end has not come.
    var isInsideLine: Bool { !partial.isEmpty }

    /// Appends every line that `bytes` complete to `lines`, each with its newline. Gives how many bytes of long lines were left out.
    mutating func take(_ bytes: UnsafeRawBufferPointer, into lines: inout [UInt8]) -> Int {
        guard let base = bytes.baseAddress else { return 0 }
        var dropped = 0
        var start = 0
        while let newline = memchr(base + start, 0x0a, bytes.count - start) {
            let end = UnsafeRawPointer(newline) - base
            dropped += keep(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
            endLine(into: &lines)
            start = end + 1
        }
        return dropped + keep(UnsafeRawBufferPointer(rebasing: bytes[start...]))
    }

    /// Nothing more comes: what has begun is a line.
    mutating func finish(into lines: inout [UInt8]) {
        if !partial.isEmpty { endLine(into: &lines) }
    }

    private mutating func keep(_ piece: UnsafeRawBufferPointer) -> Int {
        let room = min(piece.count, keptBytes - partial.count)
        partial.append(contentsOf: UnsafeRawBufferPointer(rebasing: piece[..<room]))
        return piece.count - room
    }

    private mutating func endLine(into lines: inout [UInt8]) {
        lines.append(contentsOf: partial)
        lines.append(UInt8(ascii: "\n"))
        partial.removeAll(keepingCapacity: partial.capacity <= 64 * 1024)
    }
}
