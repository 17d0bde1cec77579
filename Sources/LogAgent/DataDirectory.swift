import SystemIO

/// The directory that an agent keeps its state in. Only one agent at a time may.
struct DataDirectory: ~Copyable {
    private let lock: DirectoryLock

    /// Makes `path` with what belongs into it, and locks it until ``release()`` or the end of the process.
    static func open(_ path: String) throws(LogAgentError) -> DataDirectory {
        do throws(SystemError) {
            try Directory.create(path + "/times")
            return DataDirectory(lock: try DirectoryLock(path))
        } catch {
            if error.isLockTaken { throw .dataDirectoryInUse(path) }
            throw .start("\(error); check `data_dir`.")
        }
    }

    /// Where everything but the checkpoint and the lock stands: nothing that a source should read as a file.
    static func subdirectories(of path: String) -> [String] {
        ["times", "capture", "spill", "dead-letter"].map { "\(path)/\($0)" }
    }

    consuming func release() {}
}
