import Glibc
import Gzip
import SystemIO

/// One generation of one file: a content that only ever grows. A truncation ends it and begins another, even in the same inode.
///
/// Lives as long as anything of it may still be read or remembered. Used by the reading thread alone.
package final class TailedFile {
    /// How the content's name in the file system fares.
    package enum Presence: Equatable {
        /// Its name is one that was asked for.
        case named
        /// Renamed, or its name was given to another file; the writer may still append for a moment.
        case rotated(sinceNanoseconds: UInt64)
        /// Without any name; readable for as long as the descriptor is open.
        case deleted(sinceNanoseconds: UInt64)
        /// Nothing of the content is left to read.
        case gone(LossCause)
    }

    /// Why content can't be read any more.
    package enum LossCause: String, Sendable, CaseIterable {
        /// Truncated or rewritten in place, and no copy of it was found.
        case truncated
        /// Deleted or moved away before it was read.
        case deleted
        /// Deleted, and what was left of it had no room in the budget for spilled content.
        case overSpillBudget = "over_spill_budget"
        /// What was left of it could not be spilled, or not be read from where it was spilled to.
        case spillFailed = "spill_failed"
    }

    /// Never used twice in one data directory.
    package let id: UInt64
    package var sourceIndex: Int
    /// The name under which it was found first: what labels are made of, so that they never change.
    package let firstPath: String
    /// The name it has now; nil when it has none that is known.
    package internal(set) var path: String?
    package internal(set) var identity: FileIdentity
    package internal(set) var head: HeadFingerprint
    /// Every line before this was taken by the reader.
    package var counted: FileCursor
    /// The furthest end of content that was ever seen, as an offset.
    package var observedSize: UInt64
    /// How long it was when it was found, or found again: so much there is to read, even before the first read.
    package internal(set) var sizeWhenFound: UInt64 = 0
    package internal(set) var presence: Presence = .named
    /// The generation that had this name before; its lines are older.
    package var predecessor: TailedFile?
    /// How long the content was when the agent started; until it is read the derived metrics are withheld.
    package internal(set) var sizeAtStart: UInt64 = 0
    /// When this content was last seen under a name, in nanoseconds since 1970.
    package internal(set) var lastSeenNanoseconds: UInt64
    /// Reached through a symbolic link, or on a file system without inotify: looked at by the clock.
    package internal(set) var needsPolling = false

    /// Monotonic time of the last growth or look that found something.
    package var lastActivityNanoseconds: UInt64 = 0
    /// The name that it lost last.
    var pathBefore: String?
    /// Stands in the line of files to read.
    package internal(set) var isQueued = false
    package internal(set) var form: ContentForm = .unknown
    /// What the content begins with to tell its encoding; known as soon as ``form`` is.
    package internal(set) var byteOrderMark: ByteOrderMark?
    /// Where in the content the file's first byte stands: not 0 where the file holds the rest of a content that is gone.
    package internal(set) var baseOffset: UInt64 = 0
    /// How large the file was when all of it had been inflated; only for compressed content.
    package internal(set) var inflatedFileSize: UInt64 = 0
    /// Why compressed content ends where it does; nil as long as nothing is wrong with it.
    package internal(set) var damage: GzipError?
    var descriptor: FileDescriptor?
    /// One for each place where the content is read on.
    var inflations: [GzipInflation] = []

    package init(
        id: UInt64, sourceIndex: Int, path: String, identity: FileIdentity, counted: FileCursor, lastSeenNanoseconds: UInt64
    ) {
        self.id = id
        self.sourceIndex = sourceIndex
        firstPath = path
        self.path = path
        self.identity = identity
        head = .empty
        self.counted = counted
        observedSize = counted.offset
        self.lastSeenNanoseconds = lastSeenNanoseconds
    }

    package init(restoring saved: SavedFile, sourceIndex: Int) {
        id = saved.id
        self.sourceIndex = sourceIndex
        firstPath = saved.firstPath
        path = saved.path
        identity = saved.identity
        head = saved.head
        counted = saved.counted
        observedSize = saved.observedSize
        lastSeenNanoseconds = saved.lastSeenNanoseconds
        baseOffset = saved.baseOffset
        inflatedFileSize = saved.inflatedFileSize
    }

    /// Its bytes are the content, whatever they begin with: anyone may have sent them, so they say nothing about themselves.
    package func takeAsPlain() { form = .plain }

    package var isOpen: Bool { descriptor != nil }

    package var isRotatedAway: Bool {
        switch presence {
        case .named: false
        case .rotated, .deleted, .gone: true
        }
    }

    /// What was seen of it is not all taken, as its last line has no end.
    var hasUnfinishedEnd: Bool { counted.offset < observedSize || counted.isInsideCutLine || !counted.openEntries.isEmpty }

    /// All of the content that was seen is read; of compressed content, up to the file's end.
    package var isReadWhole: Bool { !hasUnfinishedEnd && (!isCompressed || inflatedFileSize > 0) }

    package var isDeleted: Bool { if case .deleted = presence { true } else { false } }

    package var isGone: Bool { if case .gone = presence { true } else { false } }
}

// MARK: Reading

extension TailedFile {
    package enum ReadResult {
        /// Bytes from the cursor's offset on; with `reachesEnd` there were no more when they were read.
        case bytes(UnsafeRawBufferPointer, reachesEnd: Bool)
        /// The file is shorter than the cursor, or other bytes stand before it: the content was replaced in place.
        case replaced
        /// No descriptor, and the name is gone or another file's.
        case unavailable(SystemError?)
    }

    /// Reads from `cursor` on, into `buffer`, in one call that also brings the bytes before the cursor, to see that they are the same.
    /// The bytes given stand in `buffer`, and right before them those from the beginning of the cursor's oldest open entry on.
    package func read(at cursor: FileCursor, into buffer: UnsafeMutableRawBufferPointer) -> ReadResult {
        do throws(SystemError) {
            guard try openIfNeeded() else { return .unavailable(nil) }
            if form != .plain {
                try probe()
                if form == .gzip { return try readInflated(at: cursor, into: buffer) }
            }
            let before = cursor.bytesBefore
            precondition(before < buffer.count, "the buffer has room for the open entries of every cursor")
            let count = try readDescriptor(into: buffer, at: cursor.offset - UInt64(before))
            guard let bytes = bytes(behindGuardOf: cursor, in: buffer, count: count) else { return .replaced }
            observedSize = max(observedSize, cursor.offset + UInt64(bytes.count))
            if head.length < ContentHash.headBytes && observedSize > UInt64(head.length) { try refreshHead() }
            return .bytes(bytes, reachesEnd: count < buffer.count)
        } catch {
            return .unavailable(error)
        }
    }

    /// Of the `count` bytes in `buffer` those behind the guard of `cursor`; nil where other bytes stand before it than once did.
    func bytes(behindGuardOf cursor: FileCursor, in buffer: UnsafeMutableRawBufferPointer, count: Int) -> UnsafeRawBufferPointer? {
        let before = cursor.bytesBefore
        guard count >= before else { return nil }
        let guarded = UnsafeRawBufferPointer(rebasing: buffer[before - Int(cursor.guardLength)..<before])
        guard ContentHash.of(guarded) == cursor.guardHash || guarded.isEmpty else { return nil }
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[before..<count])
        return cursor.offset == 0 && !beginsAsKnown(bytes) ? nil : bytes
    }

    /// Before the first cursor stands nothing that could guard it: the file's beginning has to be what it was.
    private func beginsAsKnown(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let length = Int(head.length)
        guard length > 0 else { return true }
        return bytes.count >= length && ContentHash.of(UnsafeRawBufferPointer(rebasing: bytes[..<length])) == head.hash
    }

    /// The cursor `byteCount` bytes further, after a read at `cursor` whose result was `bytes` (still in its buffer).
    package static func advance(
        _ cursor: FileCursor, over bytes: UnsafeRawBufferPointer, by byteCount: Int, isInsideCutLine: Bool,
        openEntries: OpenEntries = .none
    ) -> FileCursor {
        let offset = cursor.offset + UInt64(byteCount)
        let guardLength = Int(min(UInt64(ContentHash.guardBytes), UInt64(byteCount) + UInt64(cursor.guardLength)))
        guard byteCount > 0, let base = bytes.baseAddress else {
            var same = cursor
            same.isInsideCutLine = isInsideCutLine
            same.openEntries = openEntries
            return same
        }
        // The bytes of the old guard stand right before `bytes`, so a short advance still gets its full guard.
        let guarded = UnsafeRawBufferPointer(start: base + byteCount - guardLength, count: guardLength)
        var next = FileCursor(
            offset: offset, guardHash: ContentHash.of(guarded), guardLength: UInt8(guardLength), isInsideCutLine: isInsideCutLine)
        next.openEntries = openEntries
        return next
    }

    /// Room that a read needs beside the bytes it is for.
    package static let readOverhead = ContentHash.guardBytes

    /// A cursor at the last line's beginning within the first `size` bytes: where reading starts with `start_at: "end"`.
    /// `declared`: what the file is encoded in unless its mark says otherwise.
    package func cursorAtLastLine(before size: UInt64, declared: TextEncoding = .utf8) throws(SystemError) -> FileCursor {
        guard try openIfNeeded() else { return .start }
        try probe()
        if form == .gzip { return try cursorAtLastInflatedLine() }
        let unit = TextEncoding.of(declared: declared, mark: byteOrderMark).unit
        let blockBytes = 64 * 1024
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: blockBytes, alignment: 16)
        defer { block.deallocate() }
        var end = size - size % UInt64(unit.width)
        while end > 0 {
            let start = end > UInt64(blockBytes) ? end - UInt64(blockBytes) : 0
            let wanted = UnsafeMutableRawBufferPointer(rebasing: block[..<Int(end - start)])
            let bytes = UnsafeRawBufferPointer(rebasing: wanted[..<(try readDescriptor(into: wanted, at: start))])
            var position = bytes.count / unit.width * unit.width - unit.width
            while position >= 0 {
                if unit.isUnit(0x0a, in: bytes, at: position) { return try cursor(atOffset: start + UInt64(position + unit.width)) }
                position -= unit.width
            }
            end = start
        }
        return .start
    }

    func cursor(atOffset offset: UInt64) throws(SystemError) -> FileCursor {
        let guardLength = Int(min(offset, UInt64(ContentHash.guardBytes)))
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: ContentHash.guardBytes, alignment: 16)
        defer { bytes.deallocate() }
        let wanted = UnsafeMutableRawBufferPointer(rebasing: bytes[..<guardLength])
        _ = try readDescriptor(into: wanted, at: offset - UInt64(guardLength))
        return FileCursor(
            offset: offset, guardHash: ContentHash.of(UnsafeRawBufferPointer(wanted)), guardLength: UInt8(guardLength),
            isInsideCutLine: false)
    }

    /// Whether this content begins as `head` says.
    package func begins(with head: HeadFingerprint) throws(SystemError) -> Bool {
        try matches(head: head, at: .start)
    }

    /// Whether this content begins as `head` says, and has `cursor`'s guard where that says.
    func matches(head: HeadFingerprint, at cursor: FileCursor) throws(SystemError) -> Bool {
        guard try openIfNeeded() else { return false }
        try probe()
        if form == .gzip { return try inflatedMatches(head: head, at: cursor) }
        guard try currentSize() >= max(cursor.offset, UInt64(head.length)) else { return false }
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: ContentHash.headBytes, alignment: 16)
        defer { bytes.deallocate() }
        let headPart = UnsafeMutableRawBufferPointer(rebasing: bytes[..<Int(head.length)])
        guard try readDescriptor(into: headPart, at: 0) == headPart.count else { return false }
        guard head.length == 0 || ContentHash.of(UnsafeRawBufferPointer(headPart)) == head.hash else { return false }
        let guardPart = UnsafeMutableRawBufferPointer(rebasing: bytes[..<Int(cursor.guardLength)])
        guard try readDescriptor(into: guardPart, at: cursor.offset - UInt64(guardPart.count)) == guardPart.count else { return false }
        return guardPart.isEmpty || ContentHash.of(UnsafeRawBufferPointer(guardPart)) == cursor.guardHash
    }

    /// Looks at the content's beginning as soon as it is found, so that a truncation before the first read is noticed.
    /// What can't be read now is tried again by the first read.
    func noteHead() {
        if (try? openIfNeeded()) == true { try? refreshHead() }
    }

    func refreshHead() throws(SystemError) {
        try probe()
        if form == .gzip { return try refreshInflatedHead() }
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: ContentHash.headBytes, alignment: 16)
        defer { bytes.deallocate() }
        let count = try readDescriptor(into: bytes, at: 0)
        let hash = ContentHash.of(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        head = HeadFingerprint(length: UInt16(count), hash: hash)
    }

    func readDescriptor(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(SystemError) -> Int {
        guard let raw = rawDescriptor else { return 0 }
        let count = retryingOnInterrupt { pread(raw, buffer.baseAddress, buffer.count, off_t(offset)) }
        if count < 0 { throw SystemError(call: "pread", subject: path ?? firstPath) }
        return count
    }
}

// MARK: The descriptor

extension TailedFile {
    private var rawDescriptor: Int32? {
        // A copyable view of the number: the descriptor itself stays where it is.
        switch descriptor {
        case .some(let open): open.rawValue
        case .none: nil
        }
    }

    /// Opens the current name, if it is still this file's. False when it isn't.
    func openIfNeeded() throws(SystemError) -> Bool {
        if descriptor != nil { return true }
        guard let path else { return false }
        let opened: FileDescriptor
        do throws(SystemError) {
            opened = try Self.open(path)
        } catch {
            if error.code == ENOENT || error.code == ENOTDIR { return false }
            throw error
        }
        let status = try FileStatus(ofDescriptor: opened)
        guard status.kind == .regular, FileIdentity(status) == identity else { return false }
        descriptor = consume opened
        return true
    }

    /// `O_NOATIME`, which Swift's Glibc module hides: without it, the first read after each write would dirty the inode.
    private static let withoutAccessTime: Int32 = 0x40000

    private static func open(_ path: String) throws(SystemError) -> FileDescriptor {
        let flags = O_RDONLY | O_NONBLOCK | O_NOCTTY
        do throws(SystemError) {
            return try FileDescriptor(opening: path, flags | withoutAccessTime)
        } catch {
            // Only a file's owner, or root, may ask for it.
            guard error.code == EPERM else { throw error }
            return try FileDescriptor(opening: path, flags)
        }
    }

    func currentSize() throws(SystemError) -> UInt64 { try currentStatus()?.size ?? 0 }

    /// What the open descriptor says; nil without one.
    package func currentStatus() throws(SystemError) -> FileStatus? {
        switch descriptor {
        case .some(let open): try FileStatus(ofDescriptor: open)
        case .none: nil
        }
    }

    /// Lets go of the descriptor; the next read opens the name again.
    package func closeDescriptor() {
        descriptor = nil
        inflations.removeAll()
    }

    /// Goes on in `other`'s content, which begins with everything that this one has had: the copy made by a copytruncate rotation.
    func continueInCopy(_ other: TailedFile) {
        descriptor = other.descriptor.take()
        identity = other.identity
        path = other.path
        form = other.form
        byteOrderMark = other.byteOrderMark
        baseOffset = other.baseOffset
        inflatedFileSize = other.inflatedFileSize
        damage = nil
        inflations = other.inflations
    }

    /// Hands the descriptor over: another generation begins in the same inode.
    func takeDescriptor() -> FileDescriptor? { descriptor.take() }

    func useDescriptor(_ opened: consuming FileDescriptor?) { descriptor = opened }
}
