import Glibc

/// Which span a thread works in, for code far below that is called back without one: a database connection that tells of each statement.
package enum CurrentSpan {
    private final class Box {
        let span: TraceSpan
        init(_ span: TraceSpan) { self.span = span }
    }

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        let code = pthread_key_create(&key, nil)
        precondition(code == 0, "A process has room for \(PTHREAD_KEYS_MAX) thread-specific values.")
        return key
    }()

    /// Of the calling thread; nil outside of ``during(_:_:)``.
    package static var value: TraceSpan? {
        pthread_getspecific(key).map { Unmanaged<Box>.fromOpaque($0).takeUnretainedValue().span }
    }

    /// Makes `span` the thread's for as long as `body` runs.
    package static func during<Result: ~Copyable, Failure: Error>(
        _ span: TraceSpan, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let before = pthread_getspecific(key)
        let box = Unmanaged.passRetained(Box(span))
        pthread_setspecific(key, box.toOpaque())
        defer {
            pthread_setspecific(key, before)
            box.release()
        }
        return try body()
    }
}
