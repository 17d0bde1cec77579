import Glibc

/// Replaces a file's whole content in one step: readers, and a process that starts after a crash, see the old or the new.
package enum AtomicFileReplacement {
    /// Writes `bytes` beside `path`, synchronizes them to the device and renames them over it.
    /// On an error the old file stands unchanged.
    package static func write(_ bytes: UnsafeRawBufferPointer, to path: String, permissions: mode_t = 0o640) throws(SystemError) {
        let temporary = path + ".new"
        do throws(SystemError) {
            let file = try FileDescriptor(opening: temporary, O_WRONLY | O_CREAT | O_TRUNC, permissions: permissions)
            try file.writeAll(bytes)
            try file.synchronize()
        } catch {
            unlink(temporary)
            throw SystemError(call: error.call, subject: temporary, code: error.code)
        }
        if rename(temporary, path) < 0 {
            let error = SystemError(call: "rename", subject: "\(temporary) to \(path)")
            unlink(temporary)
            throw error
        }
    }

    package static func write(_ bytes: [UInt8], to path: String, permissions: mode_t = 0o640) throws(SystemError) {
        try bytes.span.bytes.withUnsafeBytes { (raw) throws(SystemError) in try write(raw, to: path, permissions: permissions) }
    }
}
