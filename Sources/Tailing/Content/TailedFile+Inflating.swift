import Glibc
import Gzip
import SystemIO

/// Content that is compressed: its offsets are those of what it inflates to.
extension TailedFile {
    package var isCompressed: Bool { form == .gzip }

    /// Whether a file of this size holds something that has not been seen.
    package func holdsMore(atSize size: UInt64) -> Bool {
        form == .gzip || inflatedFileSize > 0 || baseOffset > 0 ? size != inflatedFileSize : size != observedSize
    }

    /// Looks at the first bytes, as long as they have not told what the content is.
    func probe() throws(SystemError) {
        guard form == .unknown else { return }
        var word: UInt32 = 0
        let count = try withUnsafeMutableBytes(of: &word) { (bytes) throws(SystemError) in try readDescriptor(into: bytes, at: 0) }
        guard count > 0 else { return }
        withUnsafeBytes(of: word) { bytes in
            let first = UnsafeRawBufferPointer(rebasing: bytes[..<count])
            form = ContentForm(of: first)
            if form == .plain { byteOrderMark = ByteOrderMark(of: first) }
        }
        // One more look is due while a mark may still be incomplete.
        if form == .plain && count < ContentForm.probeBytes && [0, 0xef, 0xfe, 0xff].contains(UInt8(truncatingIfNeeded: word)) {
            form = .unknown
        }
        if form == .gzip { try refreshInflatedHead() }
    }

    /// What the content begins with to tell its encoding, as far as it can be read now.
    package func probedByteOrderMark() -> ByteOrderMark? {
        do throws(SystemError) {
            if try openIfNeeded() { try probe() }
        } catch {
            // A later read tells.
        }
        return byteOrderMark
    }

    func readInflated(at cursor: FileCursor, into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> ReadResult {
        let before = UInt64(cursor.bytesBefore)
        guard cursor.offset >= baseOffset + before else { return .unavailable(nil) }
        precondition(before < buffer.count, "the buffer has room for the open entries of every cursor")
        let (count, ending) = try inflate(into: buffer, at: cursor.offset - before)
        guard let bytes = bytes(behindGuardOf: cursor, in: buffer, count: count) else { return .replaced }
        observedSize = max(observedSize, cursor.offset + UInt64(bytes.count))
        if head.length < ContentHash.headBytes && observedSize > UInt64(head.length) { try refreshInflatedHead() }
        switch ending {
        case .more:
            return .bytes(bytes, reachesEnd: false)
        case .complete:
            damage = nil
        case .truncated:
            damage = .truncated
        case .damaged(let error):
            damage = error
        }
        inflatedFileSize = try currentSize()
        return .bytes(bytes, reachesEnd: true)
    }

    /// Nothing behind the end that was reached can ever be read.
    package var endsInDamage: Bool {
        guard case .corrupt = damage else { return false }
        return true
    }

    /// The content from `offset` on, by the decoder that is nearest before it. There are few: one where counting is, one for outputs.
    func inflate(
        into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
    ) throws(SystemError) -> (count: Int, ending: GzipInflation.Ending) {
        let wanted = offset - baseOffset
        let near = inflations.indices.compactMap { index in inflations[index].distance(to: wanted).map { (index, $0) } }
        let inflation: GzipInflation
        if let (index, _) = near.min(by: { $0.1 < $1.1 }) {
            inflation = inflations.remove(at: index)
        } else if inflations.count < 2 {
            inflation = GzipInflation()
        } else {
            inflation = inflations.removeFirst()
        }
        inflations.append(inflation)
        return try inflation.read(into: buffer, at: wanted) { (input, position) throws(SystemError) in
            try readDescriptor(into: input, at: position)
        }
    }

    func refreshInflatedHead() throws(SystemError) {
        guard baseOffset == 0 else { return }
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: ContentHash.headBytes, alignment: 16)
        defer { bytes.deallocate() }
        let (count, _) = try inflate(into: bytes, at: 0)
        let inflated = UnsafeRawBufferPointer(rebasing: bytes[..<count])
        head = HeadFingerprint(length: UInt16(count), hash: ContentHash.of(inflated))
        byteOrderMark = ByteOrderMark(of: inflated)
    }

    /// Whether this content begins as `head` says, and has `cursor`'s guard where that says. Where the file's last bytes say that it
    /// inflates to as much as stands before the cursor, they are believed; else everything up to the cursor is inflated.
    func inflatedMatches(head: HeadFingerprint, at cursor: FileCursor) throws(SystemError) -> Bool {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: ContentHash.headBytes, alignment: 16)
        defer { bytes.deallocate() }
        if baseOffset == 0 {
            let (count, _) = try inflate(into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<Int(head.length)]), at: 0)
            guard count == Int(head.length) else { return false }
            let start = UnsafeRawBufferPointer(rebasing: bytes[..<count])
            guard head.length == 0 || ContentHash.of(start) == head.hash else { return false }
            if cursor.offset > 0, try contentSizeModulo32() == UInt32(truncatingIfNeeded: cursor.offset) { return true }
        }
        let guardLength = Int(cursor.guardLength)
        guard cursor.offset >= baseOffset + UInt64(guardLength) else { return false }
        let (count, _) = try inflate(
            into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<guardLength]), at: cursor.offset - UInt64(guardLength))
        return count == guardLength
            && (count == 0 || ContentHash.of(UnsafeRawBufferPointer(rebasing: bytes[..<count])) == cursor.guardHash)
    }

    /// What the last member says it inflates to, modulo 2³² (RFC 1952, ISIZE).
    func contentSizeModulo32() throws(SystemError) -> UInt32? {
        let size = try currentSize()
        guard size >= 18 else { return nil }
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 4, alignment: 4)
        defer { bytes.deallocate() }
        guard try readDescriptor(into: bytes, at: size - 4) == 4 else { return nil }
        return UInt32(littleEndian: bytes.load(as: UInt32.self))
    }

    func cursorAtLastInflatedLine() throws(SystemError) -> FileCursor {
        let blockBytes = 64 * 1024
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: blockBytes, alignment: 16)
        defer { block.deallocate() }
        var offset: UInt64 = 0
        var lineStart: UInt64 = 0
        while true {
            let (count, ending) = try inflate(into: block, at: offset)
            if let newline = block[..<count].lastIndex(of: 0x0a) { lineStart = offset + UInt64(newline) + 1 }
            offset += UInt64(count)
            if ending != .more { break }
        }
        let guardLength = Int(min(lineStart, UInt64(ContentHash.guardBytes)))
        let guarded = UnsafeMutableRawBufferPointer(rebasing: block[..<guardLength])
        _ = try inflate(into: guarded, at: lineStart - UInt64(guardLength))
        return FileCursor(
            offset: lineStart, guardHash: ContentHash.of(UnsafeRawBufferPointer(guarded)), guardLength: UInt8(guardLength),
            isInsideCutLine: false)
    }
}
