import SystemIO

/// The directory that a collector keeps its buffer in. Only one collector at a time may.
struct DataDirectory: ~Copyable {
    private let lock: DirectoryLock

    static func open(_ path: String) throws(CollectorError) -> DataDirectory {
        do throws(SystemError) {
            return DataDirectory(lock: try DirectoryLock(path))
        } catch {
            if error.isLockTaken { throw .dataDirectoryInUse(path) }
            throw .start("\(error); check `data_dir`.")
        }
    }

    consuming func release() {}
}
