import Glibc

/// Reading and making directories.
package enum Directory {
    package struct Entry: Equatable, Sendable {
        package var name: String
        package var inode: UInt64
        /// nil where the file system does not tell the kind with the name.
        package var kind: FileStatus.Kind?
    }

    /// All entries but `.` and `..`, in no order.
    package static func entries(of path: String) throws(SystemError) -> [Entry] {
        guard let stream = opendir(path) else { throw SystemError(call: "opendir", subject: path) }
        defer { closedir(stream) }
        var entries: [Entry] = []
        while let raw = readdir(stream) {
            let name = withUnsafePointer(to: &raw.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name == "." || name == ".." { continue }
            let kind: FileStatus.Kind? =
                switch Int(raw.pointee.d_type) {
                case Int(DT_REG): .regular
                case Int(DT_DIR): .directory
                case Int(DT_LNK): .symbolicLink
                case Int(DT_UNKNOWN): nil
                default: .other
                }
            entries.append(Entry(name: name, inode: UInt64(raw.pointee.d_ino), kind: kind))
        }
        return entries
    }

    /// The path that `path` leads to, without links in it (`realpath(3)`).
    package static func resolvedPath(of path: String) throws(SystemError) -> String {
        guard let resolved = realpath(path, nil) else { throw SystemError(call: "realpath", subject: path) }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Makes `path` and every directory above it that is missing.
    package static func create(_ path: String, permissions: mode_t = 0o750) throws(SystemError) {
        if mkdir(path, permissions) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw SystemError(call: "mkdir", subject: path)
        }
        try create(String(path[..<slash]), permissions: permissions)
        if mkdir(path, permissions) < 0 && errno != EEXIST { throw SystemError(call: "mkdir", subject: path) }
    }

    /// Removes `path` and all that is below it; links are removed, not followed. One that is not there is removed already.
    package static func removeTree(_ path: String) throws(SystemError) {
        if unlink(path) == 0 || errno == ENOENT { return }
        // EISDIR on Linux; EPERM where POSIX is taken by its word.
        guard errno == EISDIR || errno == EPERM else { throw SystemError(call: "unlink", subject: path) }
        for entry in try entries(of: path) { try removeTree(path + "/" + entry.name) }
        if rmdir(path) < 0 && errno != ENOENT { throw SystemError(call: "rmdir", subject: path) }
    }
}
