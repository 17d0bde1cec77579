/// What a checkpoint remembers of a ``TailedFile``.
package struct SavedFile: Equatable, Sendable {
    package var id: UInt64
    package var sourceName: String
    package var firstPath: String
    package var path: String?
    package var identity: FileIdentity
    package var head: HeadFingerprint
    package var counted: FileCursor
    package var observedSize: UInt64
    package var lastSeenNanoseconds: UInt64
    /// Nothing of the content was left to read when this was saved.
    package var isGone: Bool
    /// Where in the content the file's first byte stands.
    package var baseOffset: UInt64
    /// How large a compressed file was when all of it had been inflated; 0 for others.
    package var inflatedFileSize: UInt64

    package init(
        id: UInt64, sourceName: String, firstPath: String, path: String?, identity: FileIdentity, head: HeadFingerprint,
        counted: FileCursor, observedSize: UInt64, lastSeenNanoseconds: UInt64, isGone: Bool,
        baseOffset: UInt64 = 0, inflatedFileSize: UInt64 = 0
    ) {
        self.id = id
        self.sourceName = sourceName
        self.firstPath = firstPath
        self.path = path
        self.identity = identity
        self.head = head
        self.counted = counted
        self.observedSize = observedSize
        self.lastSeenNanoseconds = lastSeenNanoseconds
        self.isGone = isGone
        self.baseOffset = baseOffset
        self.inflatedFileSize = inflatedFileSize
    }

    package init(_ file: TailedFile, sourceName: String) {
        self.init(
            id: file.id, sourceName: sourceName, firstPath: file.firstPath, path: file.path, identity: file.identity, head: file.head,
            counted: file.counted, observedSize: file.observedSize, lastSeenNanoseconds: file.lastSeenNanoseconds, isGone: file.isGone,
            baseOffset: file.baseOffset, inflatedFileSize: file.inflatedFileSize)
    }
}
