import Glibc

/// How full a file system is (`statvfs(3)`).
package enum FileSystemSpace {
    /// Bytes that this process may still write on the file system that `path` is on: without what is kept for root.
    package static func availableBytes(at path: String) throws(SystemError) -> UInt64 {
        var information = statvfs()
        if retryingOnInterrupt({ statvfs(path, &information) }) < 0 { throw SystemError(call: "statvfs", subject: path) }
        let (bytes, isOver) = UInt64(information.f_bavail).multipliedReportingOverflow(by: UInt64(information.f_frsize))
        return isOver ? .max : bytes
    }
}
