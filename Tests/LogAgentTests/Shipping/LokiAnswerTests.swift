import Delivery
import HTTP
import SystemIO
import Testing

@testable import LogAgent

struct LokiAnswerTests {
    /// The rows of the status table, and what a server's answer leads to.
    enum Expected: String, Sendable {
        case stored, refused, tooLarge
        case backoff, backoffOfStream, slow
    }

    @Test(arguments: [
        (204, "", Expected.stored), (200, "", .stored),
        (260, "ingestion blocked for user fake until '2030-01-01T00:00:00Z' with status code '260'", .slow),
        (429, "ingestion blocked for user fake until '2030-01-01T00:00:00Z' with status code '429'", .slow),
        (202, "accepted", .slow), (301, "moved", .slow), (307, "", .slow),
        (400, "entry for stream '{a=\"b\"}' has timestamp too old: 2020-01-01T00:00:00Z", .refused),
        (400, "something else", .refused),
        (400, "no org id", .slow), (400, "tenant ID is too long: max 150 characters", .slow),
        (400, "Content-Encoding \"br\" not supported", .slow), (400, "mime: no media type", .slow),
        (400, "content type: text/plain is not supported", .slow), (407, "", .slow),
        (400, "gzip: invalid header", .slow), (400, "snappy: corrupt input", .slow), (400, "proto: illegal wireType 7", .slow),
        (401, "no org id", .slow), (403, "", .slow), (404, "404 page not found", .slow), (405, "", .slow), (410, "", .slow),
        (408, "", .backoff), (425, "", .backoff),
        (413, "request body too large: 9 bytes, limit: 8 bytes", .tooLarge),
        (422, "error at least one valid stream is required for ingestion", .slow),
        (
            429,
            "Ingestion rate limit exceeded for user fake (limit: 4194304 bytes/sec) while attempting to ingest '1' lines totaling '9' bytes",
            .backoff
        ),
        (429, "entry with timestamp … ignored, reason: 'Per stream rate limit exceeded (limit: 3MB/sec)'", .backoffOfStream),
        (429, "Maximum active stream limit exceeded when trying to create stream {a=\"b\"}", .backoffOfStream),
        (500, "", .backoff), (501, "", .backoff), (502, "", .backoff), (503, "", .backoff), (504, "", .backoff), (599, "", .backoff),
    ])
    func `a status leads to`(status: Int, text: String, expected: Expected) {
        let answer = LokiAnswer(.text(text, status: status), wallSeconds: 0)
        let found: Expected? =
            switch answer {
            case .stored: .stored
            case .refused: .refused
            case .tooLarge: .tooLarge
            case .retry(_, DeliveryFailure(scope: .output, pace: .backoff)): .backoff
            case .retry(_, DeliveryFailure(scope: .stream, pace: .backoff)): .backoffOfStream
            case .retry(_, DeliveryFailure(scope: .output, pace: .slow)): .slow
            case .retry: nil
            }
        #expect(found == expected)
    }

    @Test func `a page from something in between is no refusal`() {
        let page = HTTPResponse(
            status: 400, headers: ["Content-Type": "text/html; charset=utf-8"], body: Array("<h1>Bad Request</h1>".utf8))
        guard case .retry(let problem, let failure) = LokiAnswer(page, wallSeconds: 0) else {
            Issue.record("taken for Loki's answer")
            return
        }
        #expect(failure == DeliveryFailure(scope: .output, pace: .slow))
        #expect(problem.kind == .answered(status: 400))
    }

    @Test(
        arguments: [
            ("7", 7_000_000_000), ("0", 0), ("Tue, 14 Nov 2023 22:13:30 GMT", 10_000_000_000),
            ("999999999999", 1_000_000_000_000_000),
        ] as [(String, UInt64)])
    func `a wait that the server asks for is taken up`(value: String, nanoseconds: UInt64) {
        for status in [429, 503] {
            var response = HTTPResponse(status: status)
            response.headers.append("Retry-After", value)
            guard case .retry(_, let failure) = LokiAnswer(response, wallSeconds: 1_700_000_000) else {
                Issue.record("no retry")
                return
            }
            #expect(failure.pace == .asked(nanoseconds: nanoseconds))
        }
    }

    @Test(arguments: [
        (
            HTTPClientError.cannotConnect(address: "a:1", cause: SystemError(call: "connect", subject: "a:1", code: 111)),
            DeliveryFailure.Pace.backoff
        ),
        (.timedOut(address: "a:1", phase: .waiting, timeoutNanoseconds: 1), .backoff),
        (.closedEarly(address: "a:1", detail: ""), .backoff),
        (.invalidRequest(.badHeaderValue(name: "X")), .slow),
        (.insecure(address: "a:1", .untrusted(CertificateProblem(.expired(since: 0), subject: "/CN=a"))), .backoff),
        (.insecure(address: "a:1", .cannotLoad(file: "f", purpose: "the certificate", reason: "r")), .backoff),
        (.proxyRefused(proxy: "p:1", target: "a:1", status: 407), .slow),
        (.proxyRefused(proxy: "p:1", target: "a:1", status: 503), .backoff),
    ])
    func `no answer leads to another try`(error: HTTPClientError, pace: DeliveryFailure.Pace) {
        guard case .retry(_, let failure) = LokiAnswer(error) else {
            Issue.record("no retry")
            return
        }
        #expect(failure == DeliveryFailure(scope: .output, pace: pace))
    }

    @Test(
        arguments: [
            (400, [0x12, 2, 0x6e, 0x6f], .refused(text: "no")), (400, Array("plain".utf8), .refused(text: "plain")), (204, [], .stored),
            (200, [], .stored), (200, [0x0a, 0x04, 0x12, 0x02, 0x6e, 0x6f], .stored),
            (200, [0x0a, 0x06, 0x08, 0x03, 0x12, 0x02, 0x6e, 0x6f], .refused(text: "no")),
            (413, [0x12, 2, 0x6e, 0x6f], .tooLarge(RefusalReason(.requestTooLarge, "no"))),
            (
                400, [0x12, 9] + Array("no org id".utf8),
                .retry(OutputProblem(.answered(status: 400), "no org id"), DeliveryFailure(scope: .output, pace: .slow))
            ),
            (
                503, [0x12, 2, 0x6e, 0x6f],
                .retry(OutputProblem(.answered(status: 503), "no"), DeliveryFailure(scope: .output, pace: .backoff))
            ),
        ] as [(Int, [UInt8], LokiAnswer)])
    func `an answer to OTLP holds the same words in another form`(status: Int, body: [UInt8], answer: LokiAnswer) {
        #expect(LokiAnswer(HTTPResponse(status: status, body: body), to: .otlp, wallSeconds: 0) == answer)
    }

    @Test func `certificates that are not as they must be are for a person to mend`() {
        guard case .retry(let problem, _) = LokiAnswer(.insecure(address: "a:1", .keyMismatch(certificateFile: "c", keyFile: "k"))) else {
            Issue.record("no retry")
            return
        }
        #expect(OutputMetrics.RetryReason(problem) == .configuration)
    }

    @Test(arguments: [
        (OutputProblem(.answered(status: 401), "no org id"), "answered 401: no org id; check the output's authorization and tenant_id"),
        (
            OutputProblem(.answered(status: 404), "not found"),
            "answered 404: not found; check the path of the output's url: /loki/api/v1/push, or /otlp/v1/logs for encoding \"otlp\""
        ),
    ])
    func `a problem says what to do`(problem: OutputProblem, text: String) {
        #expect(problem.description == text)
    }

    @Test(
        arguments: [
            ("2026-01-02 15:04:05.123456789 +0000 UTC", 1_767_366_245_123_456_789),
            ("2026-01-02 15:04:05.12 +0000 UTC", 1_767_366_245_120_000_000), ("2026-01-02 15:04:05 +0000 UTC", 1_767_366_245_000_000_000),
            ("2026-01-02 17:04:05.000000001 +0200 CEST", 1_767_366_245_000_000_001),
            ("2026-01-02 09:34:05 -0530 XXX", 1_767_366_245_000_000_000), ("2026-13-02 15:04:05 +0000 UTC", nil),
            ("2026-01-02T15:04:05Z", nil), ("", nil), ("2026-01-02 15:04:05. +0000 UTC", nil), ("9999-01-02 15:04:05 +0000 UTC", nil),
        ] as [(String, UInt64?)])
    func `times as Go prints them`(text: String, nanoseconds: UInt64?) {
        #expect(GoTime.nanoseconds(text[...]) == nanoseconds)
    }
}
