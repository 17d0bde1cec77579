/// Why bytes are no request of traces: what was found, at which byte, in which field.
package struct TraceReadError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Reason: Equatable, Sendable {
        /// The message ends within the field.
        case endsEarly
        /// The length of the field reaches so many bytes beyond its message.
        case lengthBeyondEnd(by: UInt64)
        /// A number of more than 64 bits.
        case varintTooLong
        /// No field has the number 0, or one of 2²⁹ and more.
        case badFieldNumber
        /// 3 and 4, groups, are not in proto3; 6 and 7 are nothing.
        case unknownWireType(UInt8)
        case wrongWireType(UInt8)
        /// Values within values.
        case tooDeep(limit: Int)
        case tooManySpans(limit: Int)
        case tooLarge
    }

    package let reason: Reason
    /// In the request, in bytes.
    package let offset: Int
    package let message: TraceMessage
    /// 0 where no field was met yet.
    package let field: Int

    package init(_ reason: Reason, at offset: Int, in message: TraceMessage, field: Int = 0) {
        self.reason = reason
        self.offset = offset
        self.message = message
        self.field = field
    }

    package var description: String {
        let place = field == 0 ? message.rawValue : "\(message.rawValue).\(message.name(ofField: field) ?? String(field))"
        let what =
            switch reason {
            case .endsEarly: "the message ends within the field"
            case .lengthBeyondEnd(let count): "its length reaches \(count) bytes beyond the end of the message"
            case .varintTooLong: "a number has more than 64 bits"
            case .badFieldNumber: "a field has a number that none can have"
            case .unknownWireType(let type): "a field has wire type \(type), which is none of proto3"
            case .wrongWireType(let type): "it has wire type \(type), which is not that of the field"
            case .tooDeep(let limit): "values are nested deeper than \(limit)"
            case .tooManySpans(let limit): "the request holds more than \(limit) spans; send fewer at once"
            case .tooLarge: "the request has 4 GiB or more"
            }
        return "byte \(offset), \(place): \(what)"
    }
}
