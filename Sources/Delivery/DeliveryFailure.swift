/// A try that did not succeed and is to be repeated.
package struct DeliveryFailure: Equatable, Sendable {
    /// What waits.
    package enum Scope: Equatable, Sendable {
        /// Everything: the server did not take anything, or could not be reached.
        case output
        /// Only the streams of this push: others may pass.
        case stream
    }

    package enum Pace: Equatable, Sendable {
        /// By ``RetryPolicy/delay(afterFailures:using:)``.
        case backoff
        /// As long as the server asked for.
        case asked(nanoseconds: UInt64)
        /// By ``RetryPolicy/slowDelay(using:)``.
        case slow
    }

    package var scope: Scope
    package var pace: Pace

    package init(scope: Scope, pace: Pace) {
        self.scope = scope
        self.pace = pace
    }
}
