import Glibc

/// A directory that one process at a time uses: the file `lock` in it is locked (`flock(2)`) as long as this value lives, and the process.
package struct DirectoryLock: ~Copyable, Sendable {
    private let file: FileDescriptor

    /// Makes the directory where it is missing. Throws with `EWOULDBLOCK` of `flock` where another process has it.
    package init(_ directory: String) throws(SystemError) {
        try Directory.create(directory)
        let opened = try FileDescriptor(opening: directory + "/lock", O_RDWR | O_CREAT)
        if flock(opened.rawValue, LOCK_EX | LOCK_NB) != 0 { throw SystemError(call: "flock", subject: directory) }
        file = opened
    }

    package consuming func release() {}
}

extension SystemError {
    /// Of ``DirectoryLock``: another process has it.
    package var isLockTaken: Bool { call == "flock" && code == EWOULDBLOCK }
}
