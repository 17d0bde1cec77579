/// Writes the lines of a service: each with its place in the source, its context, and complete. A part of a program gets one and never
/// makes one; copies share their output.
///
/// Events feed metrics, so each becomes a line whatever the level is. Writing never throws; it waits where a pipe's reader is slow
/// (``ServiceLogOutput``).
package struct ServiceLogger: Sendable {
    /// Which part of the program speaks: `api`.
    package let name: String
    /// The least that is written of what is no event.
    package let level: LogLevel
    package let output: ServiceLogOutput
    /// Of every line.
    package var context: LogContext

    package init(name: String, level: LogLevel = .info, output: ServiceLogOutput, context: LogContext = .none) {
        self.name = name
        self.level = level
        self.output = output
        self.context = context
    }

    /// The same output for another part.
    package func named(_ name: String) -> ServiceLogger { ServiceLogger(name: name, level: level, output: output, context: context) }

    /// The same, with another context.
    package func with(_ context: LogContext) -> ServiceLogger {
        ServiceLogger(name: name, level: level, output: output, context: context)
    }

    package func isEnabled(_ level: LogLevel) -> Bool { level >= self.level }

    package func debug(
        _ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = .none, fileID: StaticString = #fileID,
        function: StaticString = #function, line: UInt = #line
    ) {
        if level <= .debug { write(.debug, message(), fields(), nil, LogSource(fileID: fileID, function: function, line: line)) }
    }

    package func info(
        _ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = .none, fileID: StaticString = #fileID,
        function: StaticString = #function, line: UInt = #line
    ) {
        if level <= .info { write(.info, message(), fields(), nil, LogSource(fileID: fileID, function: function, line: line)) }
    }

    /// `exception` is what an error says of itself.
    package func warning(
        _ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = .none, exception: @autoclosure () -> String? = nil,
        fileID: StaticString = #fileID, function: StaticString = #function, line: UInt = #line
    ) {
        if level <= .warning {
            write(.warning, message(), fields(), exception(), LogSource(fileID: fileID, function: function, line: line))
        }
    }

    package func error(
        _ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = .none, exception: @autoclosure () -> String? = nil,
        fileID: StaticString = #fileID, function: StaticString = #function, line: UInt = #line
    ) {
        write(.error, message(), fields(), exception(), LogSource(fileID: fileID, function: function, line: line))
    }

    private func write(_ level: LogLevel, _ message: String, _ fields: LogFields, _ exception: String?, _ source: LogSource) {
        output.write(
            ServiceLogEntry(
                level: level, logger: name, message: message, source: source, event: nil, context: context, fields: fields,
                exception: exception))
    }

    /// Writes an event, whatever the level is.
    package func event(
        _ event: String, _ level: LogLevel, _ message: String, context: LogContext, fields: LogFields, exception: String?,
        source: LogSource
    ) {
        output.write(
            ServiceLogEntry(
                level: level, logger: name, message: message, source: source, event: event, context: context, fields: fields,
                exception: exception))
    }
}

/// One line on its way.
struct ServiceLogEntry {
    var level: LogLevel
    var logger: String
    var message: String
    var source: LogSource
    var event: String?
    var context: LogContext
    var fields: LogFields
    var exception: String?
}
