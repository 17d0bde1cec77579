import Synchronization

/// Keeps the promises to a consumer: one call at a time, and it learns how its body ended, exactly once, also when the last reference
/// goes away.
final class BodyStream: Sendable {
    private let consumer: any HTTPBodyConsumer
    /// Held while the consumer is at work.
    private let hasEnded = Mutex(false)

    init(to consumer: any HTTPBodyConsumer) {
        self.consumer = consumer
    }

    deinit {
        interrupt(.disconnected)
    }

    /// A response ends the stream; the last piece always has one. nil too when it had ended before.
    func receive(_ bytes: [UInt8], isLast: Bool) -> HTTPResponse? {
        hasEnded.withLock { hasEnded in
            if hasEnded { return nil }
            var response = bytes.isEmpty ? nil : consumer.receive(bytes)
            if response == nil && isLast { response = consumer.finish() }
            hasEnded = response != nil
            return response
        }
    }

    /// nil when it had ended before.
    @discardableResult
    func interrupt(_ cause: HTTPBodyInterruption) -> HTTPResponse? {
        hasEnded.withLock { hasEnded in
            if hasEnded { return nil }
            hasEnded = true
            return consumer.interrupt(cause)
        }
    }
}
