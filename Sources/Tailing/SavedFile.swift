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

    package init(
        id: UInt64, sourceName: String, firstPath: String, path: String?, identity: FileIdentity, head: HeadFingerprint,
        counted: FileCursor, observedSize: UInt64, lastSeenNanoseconds: UInt64, isGone: Bool
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
    }

    package init(_ file: TailedFile, sourceName: String) {
        self.init(
            id: file.id, sourceName: sourceName, firstPath: file.firstPath, path: file.path, identity: file.identity, head: file.head,
            counted: file.counted, observedSize: file.observedSize, lastSeenNanoseconds: file.lastSeenNanoseconds, isGone: file.isGone)
    }
}
