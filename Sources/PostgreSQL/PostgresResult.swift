import CPostgres

/// The rows that a statement gave.
///
/// `@unchecked Sendable`: libpq's result is never changed after it was made, and is freed with the last reference.
package final class PostgresResult: @unchecked Sendable {
    private let result: OpaquePointer
    private let statement: String
    private let columns: [String: Int32]
    package let count: Int
    /// Returned, or changed where none are returned.
    package let affectedRows: Int

    init(owning result: OpaquePointer, of statement: String) {
        self.result = result
        self.statement = statement
        count = Int(PQntuples(result))
        affectedRows = PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? count
        var columns: [String: Int32] = [:]
        for index in 0..<PQnfields(result) {
            if let name = PQfname(result, index) { columns[String(cString: name)] = index }
        }
        self.columns = columns
    }

    deinit { PQclear(result) }

    package var first: PostgresRow? { count > 0 ? self[0] : nil }

    package subscript(index: Int) -> PostgresRow {
        precondition((0..<count).contains(index), "there is no row \(index)")
        return PostgresRow(result: self, index: Int32(index))
    }

    fileprivate func text(_ row: Int32, _ column: String) throws(PostgresError) -> String? {
        guard let index = columns[column] else { throw PostgresError(.value, "there is no column \(column)", statement: statement) }
        if PQgetisnull(result, row, index) == 1 { return nil }
        let bytes = UnsafeRawBufferPointer(start: PQgetvalue(result, row, index), count: Int(PQgetlength(result, row, index)))
        return String(decoding: bytes, as: UTF8.self)
    }

    fileprivate func mismatch(_ column: String, _ wanted: Any.Type) -> PostgresError {
        PostgresError(.value, "the column \(column) is not \(wanted)", statement: statement)
    }
}

package struct PostgresRow: Sendable {
    fileprivate let result: PostgresResult
    fileprivate let index: Int32

    /// The value of a column that is not null.
    package func value<Value: PostgresDecodable>(_ column: String, as type: Value.Type = Value.self) throws(PostgresError) -> Value {
        guard let value = try optional(column, as: type) else { throw result.mismatch(column, type) }
        return value
    }

    /// nil where the column is null.
    package func optional<Value: PostgresDecodable>(_ column: String, as type: Value.Type = Value.self) throws(PostgresError) -> Value? {
        guard let text = try result.text(index, column) else { return nil }
        guard let value = Value(postgresText: text) else { throw result.mismatch(column, type) }
        return value
    }
}
