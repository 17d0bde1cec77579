import Testing

@testable import OTLP

struct LogsRequestTests {
    /// Checked with `opentelemetry-proto` of Python: `ExportLogsServiceRequest.FromString(bytes)` gives these fields, and its
    /// `SerializeToString()` the same bytes.
    @Test func `a request has the bytes that other implementations write`() {
        var writer = ProtobufWriter()
        LogsRequest.appendResource(to: &writer) { resource in
            ResourceAttributes.append("service.name".utf8, "api".utf8, to: &resource)
        } records: { records in
            LogRecord(
                timeUnixNano: 1_700_000_000_000_000_005, severityNumber: 9, severityText: Array("INFO".utf8), body: Array("hi".utf8),
                attributes: [(Array("job_id".utf8), Array("7".utf8))], traceID: Array(1...16), spanID: Array(1...8)
            ).append(to: &records)
            LogRecord(timeUnixNano: 1).append(to: &records)
        }
        let hexadecimal = writer.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(
            hexadecimal
                == "0a6e0a170a150a0c736572766963652e6e616d6512050a03617069125312420905002a36fe9c971710091a04494e464f2a04"
                + "0a026869320d0a066a6f625f696412030a01374a100102030405060708090a0b0c0d0e0f1052080102030405060708120d09"
                + "01000000000000002a020a00"
        )
    }

    @Test(
        arguments: [
            ("INFO", 9), ("info", 9), ("Warning", 13), ("WARN", 13), ("error", 17), ("CRITICAL", 18), ("fatal", 21), ("debug", 5),
            ("trace", 1), ("notice", 10), ("alert", 19), ("emerg", 21), ("", 0), ("loud", 0), ("information and more", 0),
        ] as [(String, UInt8)])
    func `a level has its number`(name: String, number: UInt8) {
        #expect(Severity.number(of: Array(name.utf8)) == number)
    }

    @Test func `what a receiver says is read, and other bodies are none of it`() {
        // partial_success { rejected_log_records: 3, error_message: "no" }
        #expect(ExportAnswer.partialSuccess([0x0a, 0x06, 0x08, 0x03, 0x12, 0x02, 0x6e, 0x6f]) == .init(rejected: 3, message: "no"))
        #expect(ExportAnswer.partialSuccess([0x0a, 0x04, 0x12, 0x02, 0x6e, 0x6f]) == .init(rejected: 0, message: "no"))
        #expect(ExportAnswer.partialSuccess([0x0a, 0x00]) == nil)
        #expect(ExportAnswer.partialSuccess([]) == nil)
        #expect(ExportAnswer.partialSuccess(Array("{}".utf8)) == nil)
        // code: 0, message: "no org id"
        #expect(ExportAnswer.statusMessage([0x12, 0x09] + Array("no org id".utf8)) == "no org id")
        #expect(ExportAnswer.statusMessage([0x08, 0x03, 0x12, 0x02, 0x6e, 0x6f]) == "no")
        for text in ["", "no org id\n", "<html></html>", "404 page not found"] {
            #expect(ExportAnswer.statusMessage(Array(text.utf8)) == nil)
        }
    }
}
