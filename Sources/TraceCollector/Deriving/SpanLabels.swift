/// Values of labels as Tempo has them: the names of the enums.
enum SpanLabels {
    static func kind(_ number: UInt8) -> StaticString {
        switch number {
        case 1: "SPAN_KIND_INTERNAL"
        case 2: "SPAN_KIND_SERVER"
        case 3: "SPAN_KIND_CLIENT"
        case 4: "SPAN_KIND_PRODUCER"
        case 5: "SPAN_KIND_CONSUMER"
        default: "SPAN_KIND_UNSPECIFIED"
        }
    }

    static func status(_ number: UInt8) -> StaticString {
        switch number {
        case 1: "STATUS_CODE_OK"
        case 2: "STATUS_CODE_ERROR"
        default: "STATUS_CODE_UNSET"
        }
    }

    /// Of a resource without `service.name` (semantic conventions, `service.name`).
    static let unknownService: StaticString = "unknown_service"
}

extension StaticString {
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: utf8Start, count: utf8CodeUnitCount) }
}
