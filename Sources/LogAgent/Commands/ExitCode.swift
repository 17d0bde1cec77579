/// What the program tells its caller.
struct ExitCode: Equatable, Sendable {
    let rawValue: Int32

    /// It did what was asked, or was asked to stop.
    static let success = ExitCode(rawValue: 0)
    /// It failed at work.
    static let failure = ExitCode(rawValue: 1)
    /// Bad arguments or a bad configuration: nothing was started.
    static let usage = ExitCode(rawValue: 2)

    /// What the main service has ended with.
    static func ofService(_ code: Int32) -> ExitCode { ExitCode(rawValue: code) }
}
