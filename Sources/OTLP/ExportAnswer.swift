/// What a receiver of OTLP/HTTP says besides its status (OTLP specification, "OTLP/HTTP Response").
package enum ExportAnswer {
    /// `partial_success` of an `Export…ServiceResponse`, the same for logs, traces and metrics.
    package struct PartialSuccess: Equatable, Sendable {
        /// Which they are is not told.
        package var rejected: Int64
        package var message: String
    }

    /// Of the body of a success; nil where everything was accepted, or the body is none of these messages.
    package static func partialSuccess(_ body: [UInt8]) -> PartialSuccess? {
        guard let partial = data(1, in: body[...]) else { return nil }
        var reader = ProtobufReader(partial)
        var found = PartialSuccess(rejected: 0, message: "")
        do throws(ProtobufError) {
            while let field = try reader.next() {
                switch (field.number, field.value) {
                case (1, .varint(let count)): found.rejected = Int64(bitPattern: count)
                case (2, .data(let text)): found.message = String(decoding: text, as: UTF8.self)
                default: break
                }
            }
        } catch { return nil }
        return found == PartialSuccess(rejected: 0, message: "") ? nil : found
    }

    /// `message` of a `google.rpc.Status`, the body of an error; nil where it is none.
    package static func statusMessage(_ body: [UInt8]) -> String? {
        data(2, in: body[...]).flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// The bytes of a field; nil where it is not there or the whole is no message.
    private static func data(_ number: Int, in bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        var reader = ProtobufReader(bytes)
        var found: ArraySlice<UInt8>?
        do throws(ProtobufError) {
            while let field = try reader.next() {
                if field.number == number, case .data(let data) = field.value { found = data }
            }
        } catch { return nil }
        return found
    }
}
