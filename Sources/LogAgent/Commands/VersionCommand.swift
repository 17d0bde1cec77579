/// `log-agent version`.
enum VersionCommand {
    static let version = "0.1.0"
    /// When this version was made: the date of the manual page.
    static let releaseDate = "2026-11-25"

    static let swiftVersion: String = {
        #if compiler(>=6.4)
            "6.4 or later"
        #elseif compiler(>=6.3)
            "6.3"
        #else
            "6.2"
        #endif
    }()

    static func run(terminal: Terminal) -> ExitCode {
        terminal.output("log-agent \(version) (Swift \(swiftVersion))\n")
        return .success
    }
}
