/// Writes events as JSON lines. A part of a program gets one and never makes one; copies share their output.
///
/// The message is a constant sentence and the data are fields, so that equal events look equal:
/// `logger.warning("Batch refused by Loki.", ["http.status": 400, "batch.lines": 512])`.
/// Writing never throws and never waits for a slow reader.
package struct Logger: Sendable {
    /// Which part of the program speaks: `shipping.loki`.
    package let name: String
    @usableFromInline package let level: LogLevel
    private let output: LogOutput
    private let holdsBackRepeats: Bool

    /// `level` is the least that is written.
    package init(name: String, level: LogLevel = .info, output: LogOutput) {
        self.init(name: name, level: level, output: output, holdsBackRepeats: true)
    }

    private init(name: String, level: LogLevel, output: LogOutput, holdsBackRepeats: Bool) {
        self.name = name
        self.level = level
        self.output = output
        self.holdsBackRepeats = holdsBackRepeats
    }

    /// The same output for another part.
    package func named(_ name: String) -> Logger {
        Logger(name: name, level: level, output: output, holdsBackRepeats: holdsBackRepeats)
    }

    /// The same, but repeats are written too: for lists that a person has asked for, of a length that the caller bounds.
    package var withRepeats: Logger { Logger(name: name, level: level, output: output, holdsBackRepeats: false) }

    /// Whether events of `level` are written; for work that only a log needs.
    @inlinable
    package func isEnabled(_ level: LogLevel) -> Bool { level >= self.level }

    @inlinable
    package func debug(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = .none) {
        if level <= .debug { write(.debug, message(), fields()) }
    }

    @inlinable
    package func info(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = .none) {
        if level <= .info { write(.info, message(), fields()) }
    }

    @inlinable
    package func warning(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = .none) {
        if level <= .warning { write(.warning, message(), fields()) }
    }

    @inlinable
    package func error(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = .none) {
        write(.error, message(), fields())
    }

    @usableFromInline
    package func write(_ level: LogLevel, _ message: String, _ fields: LogFields) {
        output.write(
            LogEvent(level: level, logger: name, message: message, fields: fields, mayBeHeldBack: holdsBackRepeats))
    }
}

/// One event on its way to a line.
struct LogEvent {
    var level: LogLevel
    var logger: String
    var message: String
    var fields: LogFields
    /// Where it repeats what was written a moment ago.
    var mayBeHeldBack = true
}
