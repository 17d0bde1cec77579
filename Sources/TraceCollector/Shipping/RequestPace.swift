import ConnectionSettings
import Delivery

/// When the senders of one output may send: all of them pause after a failure, and then one of them tries whether it is over. A pure value.
struct RequestPace: Equatable, Sendable {
    enum Turn: Equatable {
        case send
        /// Not before this time on the monotonic clock, or (nil) not before the sender that tries has its answer.
        case wait(untilNanoseconds: UInt64?)
    }

    private let policy: RetryPolicy
    /// In a row.
    private(set) var failures = 0
    private var notBefore: UInt64 = 0
    private var isTrying = false

    init(_ retry: RetrySettings) {
        policy = RetryPolicy(
            minimumBackoffNanoseconds: retry.minimumBackoffNanoseconds, maximumBackoffNanoseconds: retry.maximumBackoffNanoseconds)
    }

    /// Who gets ``Turn/send`` sends, and then calls ``succeeded()`` or ``failed(_:now:using:)``.
    mutating func next(now: UInt64) -> Turn {
        if failures == 0 { return .send }
        if isTrying { return .wait(untilNanoseconds: nil) }
        if now < notBefore { return .wait(untilNanoseconds: notBefore) }
        isTrying = true
        return .send
    }

    /// The receiver has decided on the request.
    mutating func succeeded() {
        failures = 0
        isTrying = false
    }

    /// The request is to be repeated. Gives how long the pause is, in nanoseconds.
    mutating func failed(_ pace: DeliveryFailure.Pace, now: UInt64, using generator: inout SeededGenerator) -> UInt64 {
        failures += 1
        isTrying = false
        let delay: UInt64 =
            switch pace {
            case .backoff: policy.delay(afterFailures: failures, using: &generator)
            case .asked(let nanoseconds): policy.delay(askedNanoseconds: nanoseconds, using: &generator)
            case .slow: policy.slowDelay(using: &generator)
            }
        notBefore = max(notBefore, now + delay)
        return delay
    }
}
