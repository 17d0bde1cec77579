import Glibc

/// Where a command writes for a person to read. Colours only where a terminal reads, and never with `NO_COLOR` set.
package struct Terminal: Sendable {
    package enum Style: String {
        case bold = "1"
        case dim = "2"
        case red = "1;31"
        case yellow = "1;33"
        case green = "1;32"
        case cyan = "36"
    }

    package let output: @Sendable (String) -> Void
    package let error: @Sendable (String) -> Void
    package var outputHasColour: Bool
    package var errorHasColour: Bool
    /// Whether a person reads the errors as they come; a log must not keep lines of the configuration.
    package var errorIsTerminal: Bool

    package init(
        output: @escaping @Sendable (String) -> Void, error: @escaping @Sendable (String) -> Void, outputHasColour: Bool,
        errorHasColour: Bool, errorIsTerminal: Bool
    ) {
        self.output = output
        self.error = error
        self.outputHasColour = outputHasColour
        self.errorHasColour = errorHasColour
        self.errorIsTerminal = errorIsTerminal
    }

    package func styled(_ text: String, _ style: Style, onError: Bool = false) -> String {
        (onError ? errorHasColour : outputHasColour) ? "\u{1b}[\(style.rawValue)m\(text)\u{1b}[0m" : text
    }

    /// Standard output and standard error.
    package static var standard: Terminal {
        let mayColour = getenv("NO_COLOR") == nil && getenv("TERM").map { String(cString: $0) != "dumb" } ?? false
        return Terminal(
            output: { write($0, to: STDOUT_FILENO) }, error: { write($0, to: STDERR_FILENO) },
            outputHasColour: mayColour && isatty(STDOUT_FILENO) == 1, errorHasColour: mayColour && isatty(STDERR_FILENO) == 1,
            errorIsTerminal: isatty(STDERR_FILENO) == 1)
    }

    /// A reader that has gone away is no error of ours.
    private static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno != EINTR { return }
            rest = rest.dropFirst(max(0, count))
        }
    }
}
