/// The fields of `ExportLogsServiceRequest` that an agent writes (opentelemetry-proto `collector/logs/v1`, `logs/v1`, `resource/v1`,
/// `common/v1`). Requests may be joined: one that follows another adds its resources to it.
package enum LogsRequest {
    /// One resource with its records, all of one scope without a name.
    ///
    /// `attributes` and `records` write with the functions of ``ResourceAttributes`` and ``LogRecords``.
    package static func appendResource(
        to writer: inout ProtobufWriter, attributes: (inout ProtobufWriter) -> Void, records: (inout ProtobufWriter) -> Void
    ) {
        // ExportLogsServiceRequest.resource_logs
        writer.message(1) { resourceLogs in
            // ResourceLogs.resource
            resourceLogs.message(1, attributes)
            // ResourceLogs.scope_logs
            resourceLogs.message(2, records)
        }
    }
}

package enum ResourceAttributes {
    package static func append(_ name: some Collection<UInt8>, _ value: some Collection<UInt8>, to writer: inout ProtobufWriter) {
        // Resource.attributes
        KeyValue.append(name, value, as: 1, to: &writer)
    }
}

/// One log record. Texts are UTF-8; what is empty is left out, but for the body.
package struct LogRecord: Sendable {
    /// Since 1970. 0 means unknown: the receiver takes the time of arrival.
    package var timeUnixNano: UInt64
    /// 0 where it is not known.
    package var severityNumber: UInt8
    package var severityText: [UInt8]
    package var body: [UInt8]
    package var attributes: [(name: [UInt8], value: [UInt8])]
    /// 16 bytes, or none.
    package var traceID: [UInt8]
    /// 8 bytes, or none.
    package var spanID: [UInt8]

    package init(
        timeUnixNano: UInt64 = 0, severityNumber: UInt8 = 0, severityText: [UInt8] = [], body: [UInt8] = [],
        attributes: [(name: [UInt8], value: [UInt8])] = [], traceID: [UInt8] = [], spanID: [UInt8] = []
    ) {
        self.timeUnixNano = timeUnixNano
        self.severityNumber = severityNumber
        self.severityText = severityText
        self.body = body
        self.attributes = attributes
        self.traceID = traceID
        self.spanID = spanID
    }

    /// Appends it to the records of a ``LogsRequest``.
    package func append(to writer: inout ProtobufWriter) {
        // ScopeLogs.log_records
        writer.message(2) { record in
            if timeUnixNano != 0 { record.fixed64(1, timeUnixNano) }
            if severityNumber != 0 { record.unsigned(2, UInt64(severityNumber)) }
            if !severityText.isEmpty { record.data(3, severityText) }
            // LogRecord.body, an AnyValue with its string_value, which is there also when it is empty.
            record.message(5) { $0.data(1, body) }
            for (name, value) in attributes { KeyValue.append(name, value, as: 6, to: &record) }
            if !traceID.isEmpty { record.data(9, traceID) }
            if !spanID.isEmpty { record.data(10, spanID) }
        }
    }
}

private enum KeyValue {
    /// `KeyValue { key = 1, value = 2: AnyValue { string_value = 1 } }`.
    static func append(
        _ name: some Collection<UInt8>, _ value: some Collection<UInt8>, as field: Int, to writer: inout ProtobufWriter
    ) {
        writer.message(field) { pair in
            pair.data(1, name)
            pair.message(2) { $0.data(1, value) }
        }
    }
}
