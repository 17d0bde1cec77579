import JobStore

/// Why an attempt at a job ended without a result.
enum JobError: Error, Equatable, Sendable {
    case stopped(JobControl.StopReason)
    /// `isTransient`: it was no fault of the upload, so another attempt may do better.
    case failed(JobFailure, isTransient: Bool)

    /// The upload, or what its owner may use, is at fault.
    static func final(_ kind: JobFailure.Kind, _ message: String) -> JobError {
        .failed(JobFailure(kind: kind, message: message), isTransient: false)
    }

    /// This machine, or a program on it, is at fault.
    static func transient(_ kind: JobFailure.Kind, _ message: String) -> JobError {
        .failed(JobFailure(kind: kind, message: message), isTransient: true)
    }
}
