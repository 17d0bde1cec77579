import CPostgres
import Glibc
import SystemIO

/// A connection to the server. Every call blocks, but never longer than the time-outs of its settings.
///
/// `@unchecked Sendable`: it is used by one thread at a time; a ``PostgresPool`` sees to that, and a ``PostgresListener`` has its own.
package final class PostgresConnection: @unchecked Sendable {
    private let connection: OpaquePointer
    private let observer: StatementObserver?
    private let timeoutMilliseconds: Int
    private var prepared: Set<String> = []
    /// Whether `COMMIT` decides, rather than each statement.
    private var isInTransaction = false
    /// Given up: what would still come over it is nobody's answer.
    private var isAbandoned = false

    package init(_ settings: PostgresSettings, observer: StatementObserver? = nil) throws(PostgresError) {
        self.observer = observer
        timeoutMilliseconds = settings.statementTimeoutMilliseconds
        connection = try Self.connect(settings)
        // Notices would go to standard error.
        PQsetNoticeProcessor(connection, { _, _ in }, nil)
        try execute(Self.configure, [.text("\(timeoutMilliseconds)")])
    }

    deinit { PQfinish(connection) }

    private static let configure = PostgresStatement(
        "session.configure",
        "SELECT set_config('statement_timeout', $1, false), set_config('bytea_output', 'hex', false), "
            + "set_config('extra_float_digits', '1', false), set_config('standard_conforming_strings', 'on', false)", isPrepared: false)

    private static func connect(_ settings: PostgresSettings) throws(PostgresError) -> OpaquePointer {
        // In libpq's order: what `dbname` says overrides what is before it, what comes after overrides that.
        let parameters = [
            ("application_name", settings.applicationName), ("connect_timeout", "\(max(2, settings.connectTimeoutSeconds))"),
            ("keepalives_idle", "30"), ("keepalives_interval", "10"), ("keepalives_count", "3"),
            ("tcp_user_timeout", "\(settings.statementTimeoutMilliseconds + 5_000)"), ("dbname", settings.connection),
            ("client_encoding", "UTF8"),
        ]
        guard !settings.connection.utf8.contains(0) else { throw PostgresError(.value, "the connection text has a NUL character") }
        var options: UnsafeMutablePointer<CChar>?
        let parsed = PQconninfoParse(settings.connection, &options)
        PQfreemem(options)
        guard let parsed else {
            // libpq's words repeat the text, and with it the password.
            throw PostgresError(
                .value, "the connection text is neither a URI like postgresql://user@host:5432/database nor keyword=value pairs")
        }
        PQconninfoFree(parsed)
        var keywords: [UnsafePointer<CChar>?] = parameters.map { UnsafePointer(strdup($0.0)) } + [nil]
        var values: [UnsafePointer<CChar>?] = parameters.map { UnsafePointer(strdup($0.1)) } + [nil]
        defer { for pointer in keywords + values { free(UnsafeMutablePointer(mutating: pointer)) } }
        guard let connection = PQconnectdbParams(&keywords, &values, 1) else { throw PostgresError(.connection, "out of memory") }
        if PQstatus(connection) != CONNECTION_OK {
            let message = text(PQerrorMessage(connection))
            PQfinish(connection)
            throw PostgresError(.connection, message)
        }
        return connection
    }

    // MARK: Statements

    /// Runs one statement.
    @discardableResult
    package func execute(_ statement: PostgresStatement, _ values: [PostgresValue] = []) throws(PostgresError) -> PostgresResult {
        let start = SystemClock.monotonicNanoseconds()
        let wall = observer == nil ? 0 : SystemClock.wallNanoseconds()
        func observe(rows: Int, _ error: PostgresError?) {
            observer?(
                StatementExecution(
                    statement: statement, startNanoseconds: wall,
                    durationNanoseconds: SystemClock.nanoseconds(from: start, to: SystemClock.monotonicNanoseconds()), rows: rows,
                    error: error))
        }
        do throws(PostgresError) {
            let result = try run(statement, values)
            observe(rows: result.affectedRows, nil)
            return result
        } catch {
            observe(rows: 0, error)
            throw error
        }
    }

    /// Runs `body` in a transaction; whatever it throws rolls that back.
    package func transaction<Result>(
        _ body: (PostgresConnection) throws(PostgresError) -> Result
    ) throws(PostgresError) -> Result {
        try execute(Self.begin)
        isInTransaction = true
        let result: Result
        do throws(PostgresError) {
            result = try body(self)
        } catch {
            isInTransaction = false
            // Where this fails the connection is lost, and the server rolls back by itself; the first error is the one to tell.
            _ = try? execute(Self.rollback)
            throw error
        }
        isInTransaction = false
        try execute(Self.commit)
        return result
    }

    private static let begin = PostgresStatement("transaction.begin", "BEGIN", isPrepared: false)
    private static let commit = PostgresStatement("transaction.commit", "COMMIT", isPrepared: false)
    private static let rollback = PostgresStatement("transaction.rollback", "ROLLBACK", isPrepared: false)

    private func run(_ statement: PostgresStatement, _ values: [PostgresValue]) throws(PostgresError) -> PostgresResult {
        guard isUsable else { throw lost(statement, mayHaveHappened: false) }
        let arguments = try Arguments(values, of: statement)
        if statement.isPrepared && !prepared.contains(statement.name) {
            if PQsendPrepare(connection, statement.name, statement.text, Int32(values.count), arguments.types) == 0 {
                throw lost(statement, mayHaveHappened: false)
            }
            _ = try answer(to: statement, mayHaveHappened: false)
            prepared.insert(statement.name)
        }
        let isSent =
            statement.isPrepared
            ? PQsendQueryPrepared(
                connection, statement.name, Int32(values.count), arguments.values, arguments.lengths, arguments.formats, 0)
            : PQsendQueryParams(
                connection, statement.text, Int32(values.count), arguments.types, arguments.values, arguments.lengths,
                arguments.formats, 0)
        if isSent == 0 { throw lost(statement, mayHaveHappened: !isInTransaction) }
        return try answer(to: statement, mayHaveHappened: !isInTransaction)
    }

    /// Waits for all that the server answers, for as long as it may take.
    private func answer(to statement: PostgresStatement, mayHaveHappened: Bool) throws(PostgresError) -> PostgresResult {
        let deadline = SystemClock.monotonicNanoseconds() + UInt64(timeoutMilliseconds + 5_000) * 1_000_000
        var result: PostgresResult?
        var failure: PostgresError?
        while true {
            while PQisBusy(connection) == 1 {
                let rest = SystemClock.nanoseconds(from: SystemClock.monotonicNanoseconds(), to: deadline)
                if rest == 0 {
                    isAbandoned = true
                    throw PostgresError(
                        .connection, "the server has not answered in \(timeoutMilliseconds + 5_000) ms", statement: statement.name,
                        mayHaveHappened: mayHaveHappened)
                }
                _ = Poll.readable([PQsocket(connection)], milliseconds: Int(rest / 1_000_000) + 1)
                if PQconsumeInput(connection) == 0 { throw lost(statement, mayHaveHappened: mayHaveHappened) }
            }
            guard let raw = PQgetResult(connection) else { break }
            switch PQresultStatus(raw) {
            case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: result = PostgresResult(owning: raw, of: statement.name)
            default:
                failure = failure ?? error(in: raw, statement, mayHaveHappened: mayHaveHappened)
                PQclear(raw)
            }
        }
        if let failure { throw failure }
        guard let result else { throw lost(statement, mayHaveHappened: mayHaveHappened) }
        return result
    }

    private func error(in result: OpaquePointer, _ statement: PostgresStatement, mayHaveHappened: Bool) -> PostgresError {
        // PG_DIAG_SQLSTATE and so on are characters.
        func field(_ code: Character) -> String? {
            PQresultErrorField(result, Int32(code.asciiValue ?? 0)).map { Self.text($0) }
        }
        let state = field("C")
        // The server ends the connection itself after a fatal error.
        let isLost = PQstatus(connection) != CONNECTION_OK || state == nil || ["FATAL", "PANIC"].contains(field("V"))
        if isLost { isAbandoned = true }
        // 26000: the server does not know a statement that was prepared, as a pooler between it and us may cause.
        if state == "26000" { prepared.remove(statement.name) }
        return PostgresError(
            isLost ? .connection : .statement, field("M") ?? Self.text(PQresultErrorMessage(result)), sqlState: state,
            severity: field("V"), detail: field("D"), constraint: field("n"), statement: statement.name,
            mayHaveHappened: isLost && mayHaveHappened)
    }

    private func lost(_ statement: PostgresStatement, mayHaveHappened: Bool) -> PostgresError {
        isAbandoned = true
        let message = Self.text(PQerrorMessage(connection))
        return PostgresError(
            .connection, message.isEmpty ? "the connection is lost" : message, statement: statement.name, mayHaveHappened: mayHaveHappened)
    }

    /// Messages end with a line feed, and have one per host that was tried.
    private static func text(_ message: UnsafePointer<CChar>?) -> String {
        guard let message else { return "" }
        return String(cString: message).split(whereSeparator: \.isNewline).joined(separator: "; ")
    }

    // MARK: State

    /// False once the connection is known to be lost.
    package var isUsable: Bool { !isAbandoned && PQstatus(connection) == CONNECTION_OK }

    /// Whether it is usable and at rest: nothing of an earlier caller is in the way. Does not ask the server, but notices when it has
    /// closed the connection.
    var isIdle: Bool {
        guard isUsable, PQtransactionStatus(connection) == PQTRANS_IDLE else { return false }
        if Poll.readable([PQsocket(connection)], milliseconds: 0)[0] {
            if PQconsumeInput(connection) == 0 { return false }
            // What else comes unasked, like a changed setting, has been read now.
            return PQstatus(connection) == CONNECTION_OK && !Poll.readable([PQsocket(connection)], milliseconds: 0)[0]
        }
        return true
    }

    /// For a ``PostgresListener``.
    var socket: Int32 { PQsocket(connection) }

    /// Takes what the server has sent by itself; gives the channels that were notified since the last time, with their payloads.
    func notifications() throws(PostgresError) -> [PostgresNotification] {
        if PQconsumeInput(connection) == 0 {
            isAbandoned = true
            throw PostgresError(.connection, Self.text(PQerrorMessage(connection)))
        }
        var found: [PostgresNotification] = []
        while let notification = PQnotifies(connection) {
            found.append(
                PostgresNotification(
                    channel: Self.text(notification.pointee.relname), payload: Self.text(notification.pointee.extra)))
            PQfreemem(notification)
        }
        return found
    }

    // MARK: Values

    /// The values in the form that libpq takes, freed with it.
    private struct Arguments: ~Copyable {
        var types: [Oid] = []
        var values: [UnsafePointer<CChar>?] = []
        var lengths: [Int32] = []
        var formats: [Int32] = []

        init(_ values: [PostgresValue], of statement: PostgresStatement) throws(PostgresError) {
            for case .text(let text) in values where text.utf8.contains(0) {
                throw PostgresError(
                    .value, "a text has a NUL character, which PostgreSQL can't store", sqlState: "22021", statement: statement.name)
            }
            for value in values {
                switch value {
                case .null: append(nil)
                case .text(let text): append(text)
                case .integer(let number): append("\(number)")
                case .real(let number): append("\(number)")
                case .boolean(let value): append(value ? "t" : "f")
                case .bytes(let bytes):
                    let copy = UnsafeMutableRawPointer.allocate(byteCount: max(1, bytes.count), alignment: 1)
                    copy.copyMemory(from: bytes, byteCount: bytes.count)
                    // bytea, as it is.
                    types.append(17)
                    self.values.append(UnsafePointer(copy.assumingMemoryBound(to: CChar.self)))
                    lengths.append(Int32(bytes.count))
                    formats.append(1)
                }
            }
        }

        private mutating func append(_ text: String?) {
            types.append(0)
            values.append(
                text.map { text in
                    let bytes = Array(text.utf8CString)
                    let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
                    copy.initialize(from: bytes, count: bytes.count)
                    return UnsafePointer(copy)
                })
            lengths.append(0)
            formats.append(0)
        }

        deinit { for pointer in values { pointer?.deallocate() } }
    }
}

package struct PostgresNotification: Equatable, Sendable {
    package let channel: String
    package let payload: String
}
