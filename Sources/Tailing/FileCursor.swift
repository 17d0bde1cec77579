/// A place between two lines of one file's content, with enough of what stands before it to recognise the content again.
package struct FileCursor: Equatable, Sendable {
    /// Bytes from the beginning of the file.
    package var offset: UInt64
    /// Hash of the `guardLength` bytes before `offset`.
    package var guardHash: UInt64
    /// How many bytes before `offset` the guard covers: 64, or all there are.
    package var guardLength: UInt8
    /// The cursor stands inside a line whose beginning was already taken, cut; the rest up to its newline is left out.
    package var isInsideCutLine: Bool
    /// What was begun before the cursor and is not over; empty where every line is an entry.
    package var openEntries = OpenEntries.none

    package static let start = FileCursor(offset: 0, guardHash: 0, guardLength: 0, isInsideCutLine: false)

    package init(offset: UInt64, guardHash: UInt64, guardLength: UInt8, isInsideCutLine: Bool) {
        self.offset = offset
        self.guardHash = guardHash
        self.guardLength = guardLength
        self.isInsideCutLine = isInsideCutLine
    }

    /// The first byte of which something may still be made.
    package var firstOpenOffset: UInt64 { offset - UInt64(openEntries.reach) }

    /// How many bytes before the cursor a read has to bring: those that guard it, and those of open entries.
    var bytesBefore: Int { max(Int(guardLength), openEntries.reach) }

    /// Less was made of the content than at `other`: fewer lines were taken, or entries are open that are closed there.
    package func isBehind(_ other: FileCursor) -> Bool {
        offset < other.offset || (offset == other.offset && openEntries != other.openEntries)
    }
}

/// A hash of file content, to compare with later content. Not for adversaries.
package enum ContentHash {
    /// How much of a file's beginning identifies it, and how much before a cursor guards it, in bytes.
    package static let headBytes = 256
    package static let guardBytes = 64

    /// FNV-1a over eight bytes at a time, then over the rest.
    package static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        var index = 0
        while index + 8 <= bytes.count {
            hash = (hash ^ bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)) &* 0x0000_0100_0000_01b3
            hash ^= hash >> 29
            index += 8
        }
        while index < bytes.count {
            hash = (hash ^ UInt64(bytes[index])) &* 0x0000_0100_0000_01b3
            index += 1
        }
        return hash ^ (hash >> 32)
    }
}
