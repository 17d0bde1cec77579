import Glibc

/// A system call that failed: which one, on what, and why.
package struct SystemError: Error, Equatable, CustomStringConvertible {
    /// The name of the C function, for example `open`.
    package let call: String
    /// What it was called on: a path, an address, a host name.
    package let subject: String
    /// The value of `errno`.
    package let code: Int32

    package init(call: String, subject: String, code: Int32 = errno) {
        self.call = call
        self.subject = subject
        self.code = code
    }

    /// The C library's words for ``code``, for example `No such file or directory`.
    package var reason: String { String(cString: strerror(code)) }

    package var description: String { "\(call) \(subject): \(reason)" }
}

/// Calls `body` again for as long as a signal interrupts it: the one `EINTR` loop of the code base.
@inlinable
package func retryingOnInterrupt<Result: FixedWidthInteger>(_ body: () -> Result) -> Result {
    while true {
        let result = body()
        if result == -1 && errno == EINTR { continue }
        return result
    }
}
