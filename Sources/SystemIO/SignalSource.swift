import Dispatch
import Glibc

/// Signals as calls of a handler on a queue of its own, instead of interruptions of whatever runs.
package final class SignalSource: @unchecked Sendable {
    // `@unchecked`: the sources are made in `handle`, once, before any other thread knows of them.
    private let signals: [Int32]
    private let queue = DispatchQueue(label: "signals")
    private var sources: [any DispatchSourceSignal] = []

    /// From here on these signals no longer end the process. To be made before other threads are.
    package init(_ signals: [Int32]) throws(SystemError) {
        self.signals = signals
        var ignore = sigaction()
        ignore.__sigaction_handler.sa_handler = SIG_IGN
        for number in signals + [SIGPIPE] where sigaction(number, &ignore, nil) != 0 {
            throw SystemError(call: "sigaction", subject: "\(number)")
        }
    }

    /// Calls `body` with each signal that comes.
    package func handle(_ body: @escaping @Sendable (Int32) -> Void) {
        for number in signals {
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { body(number) }
            source.activate()
            sources.append(source)
        }
    }
}
