/// What the program tells its caller.
package struct ExitCode: Equatable, Sendable {
    package let rawValue: Int32

    /// It did what was asked, or was asked to stop.
    package static let success = ExitCode(rawValue: 0)
    /// It failed at work.
    package static let failure = ExitCode(rawValue: 1)
    /// Bad arguments or a bad configuration: nothing was started.
    package static let usage = ExitCode(rawValue: 2)

    /// What the main service has ended with.
    package static func ofService(_ code: Int32) -> ExitCode { ExitCode(rawValue: code) }
}
