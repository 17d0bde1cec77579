import CLinux
import Glibc

/// What `statx(2)` tells about a file.
package struct FileStatus: Equatable, Sendable {
    package enum Kind: Sendable { case regular, directory, symbolicLink, other }

    package var kind: Kind
    /// Major and minor number of the device, in one.
    package var device: UInt64
    package var inode: UInt64
    /// When the inode was made, in nanoseconds since 1970; 0 where the file system does not say.
    package var birthNanoseconds: UInt64
    /// When the content last changed, in nanoseconds since 1970.
    package var modifiedNanoseconds: UInt64
    package var size: UInt64
    /// How many names the inode has; 0 once a file that is still open was deleted.
    package var linkCount: UInt32

    /// `AT_EMPTY_PATH`, which Swift's Glibc module hides: the file is the descriptor itself.
    private static let emptyPath: Int32 = 0x1000

    package init(ofDescriptor descriptor: borrowing FileDescriptor) throws(SystemError) {
        try self.init(directory: descriptor.rawValue, path: "", flags: Self.emptyPath, subject: "descriptor \(descriptor.rawValue)")
    }

    /// Of the file that `path` names; a symbolic link is followed unless `followingLinks` is false.
    package init(ofPath path: String, followingLinks: Bool = true) throws(SystemError) {
        try self.init(directory: AT_FDCWD, path: path, flags: followingLinks ? 0 : AT_SYMLINK_NOFOLLOW, subject: path)
    }

    private init(directory: Int32, path: String, flags: Int32, subject: @autoclosure () -> String) throws(SystemError) {
        var raw = CLinux.statx()
        // STATX_BASIC_STATS | STATX_BTIME
        let result: Int32 = retryingOnInterrupt { statx(directory, path, flags, 0x0fff, &raw) }
        if result < 0 { throw SystemError(call: "statx", subject: subject()) }
        kind =
            switch UInt32(raw.stx_mode) & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .directory
            case S_IFLNK: .symbolicLink
            default: .other
            }
        device = UInt64(raw.stx_dev_major) << 32 | UInt64(raw.stx_dev_minor)
        inode = raw.stx_ino
        let hasBirth = raw.stx_mask & 0x800 != 0
        birthNanoseconds = hasBirth ? Self.nanoseconds(raw.stx_btime) : 0
        modifiedNanoseconds = Self.nanoseconds(raw.stx_mtime)
        size = raw.stx_size
        linkCount = raw.stx_nlink
    }

    private static func nanoseconds(_ time: statx_timestamp) -> UInt64 {
        time.tv_sec < 0 ? 0 : UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
