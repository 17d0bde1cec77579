import Glibc

/// An open file, socket or event source. Closed exactly once, when its one owner goes away.
package struct FileDescriptor: ~Copyable, Sendable {
    /// The number that the kernel knows it by; valid as long as this value lives.
    package let rawValue: Int32

    /// Takes ownership of a descriptor that some C call returned.
    package init(owning rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// `open(2)`, always close-on-exec. `permissions` matters only with `O_CREAT`.
    package init(opening path: String, _ flags: Int32 = O_RDONLY, permissions: mode_t = 0o640) throws(SystemError) {
        rawValue = retryingOnInterrupt { open(path, flags | O_CLOEXEC, permissions) }
        if rawValue < 0 { throw SystemError(call: "open", subject: path) }
    }

    deinit {
        if rawValue >= 0 { close(rawValue) }
    }

    /// `pread(2)` of up to `buffer.count` bytes. Gives how many arrived; 0 at the end of the file.
    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(SystemError) -> Int {
        let count = retryingOnInterrupt { pread(rawValue, buffer.baseAddress, buffer.count, off_t(offset)) }
        if count < 0 { throw SystemError(call: "pread", subject: "descriptor \(rawValue)") }
        return count
    }

    /// `read(2)`. Gives how many bytes arrived; 0 at the end of input, nil where a non-blocking descriptor has nothing.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int? {
        let count = retryingOnInterrupt { Glibc.read(rawValue, buffer.baseAddress, buffer.count) }
        if count >= 0 { return count }
        if errno == EAGAIN || errno == EWOULDBLOCK { return nil }
        throw SystemError(call: "read", subject: "descriptor \(rawValue)")
    }

    /// Writes all of `bytes`, in as many `write(2)` calls as it takes. For blocking descriptors.
    package func writeAll(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = retryingOnInterrupt { Glibc.write(rawValue, rest.baseAddress, rest.count) }
            if count < 0 { throw SystemError(call: "write", subject: "descriptor \(rawValue)") }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    package func writeAll(_ bytes: [UInt8]) throws(SystemError) {
        try bytes.span.bytes.withUnsafeBytes { (raw) throws(SystemError) in try writeAll(raw) }
    }

    package func writeAll(_ text: String) throws(SystemError) {
        try writeAll(Array(text.utf8))
    }

    /// `fdatasync(2)`: the bytes written so far are on the device when this returns.
    package func synchronize() throws(SystemError) {
        if retryingOnInterrupt({ fdatasync(rawValue) }) < 0 {
            throw SystemError(call: "fdatasync", subject: "descriptor \(rawValue)")
        }
    }
}
