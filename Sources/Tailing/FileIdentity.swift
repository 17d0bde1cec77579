import SystemIO

/// Which inode a file is. An inode number is given out again after a deletion; the birth time tells the two apart.
package struct FileIdentity: Hashable, Sendable {
    package var device: UInt64
    package var inode: UInt64
    /// Nanoseconds since 1970; 0 where the file system does not say.
    package var birthNanoseconds: UInt64

    package init(device: UInt64, inode: UInt64, birthNanoseconds: UInt64) {
        self.device = device
        self.inode = inode
        self.birthNanoseconds = birthNanoseconds
    }

    package init(_ status: FileStatus) {
        self.init(device: status.device, inode: status.inode, birthNanoseconds: status.birthNanoseconds)
    }
}

/// The hash of a file's first bytes: up to 256, as many as it had when it was looked at.
package struct HeadFingerprint: Equatable, Sendable {
    package var length: UInt16
    package var hash: UInt64

    package static let empty = HeadFingerprint(length: 0, hash: 0)

    package init(length: UInt16, hash: UInt64) {
        self.length = length
        self.hash = hash
    }
}
