import Glibc

/// A thread with a small stack that its owner waits for, or lets go. All signals but a profiler's are blocked in it: those of the program
/// reach the thread that expects them.
package final class WorkerThread: Sendable {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private let thread: pthread_t

    /// `name` says in an error what could not be started.
    package init(_ name: String, stackBytes: Int, _ run: @escaping @Sendable () -> Void) throws(SystemError) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackBytes)

        // A new thread has the mask of the one that makes it.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        // Sent to the very thread that is to be sampled.
        sigdelset(&all, SIGPROF)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }

        let context = Unmanaged.passRetained(Body(run))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, &attributes,
            { context in
                guard let context else { return nil }
                Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        if code != 0 {
            context.release()
            throw SystemError(call: "pthread_create", subject: name, code: code)
        }
        self.thread = thread
    }

    /// Returns once the thread has ended. Call this or ``detach()``, once.
    package func join() {
        pthread_join(thread, nil)
    }

    /// Nobody will wait for the thread.
    package func detach() {
        pthread_detach(thread)
    }
}
