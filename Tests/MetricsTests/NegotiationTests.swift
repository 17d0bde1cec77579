import Testing

@testable import Metrics

@Suite struct NegotiationTests {
    @Test(arguments: [
        // Prometheus 2.42, 2.42 with native histograms, 3.0 (with its doubled parameter), 3.5.
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;escaping=allow-utf-8;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;escaping=allow-utf-8;q=0.3,*/*;q=0.2",
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
        "application/openmetrics-text", "Application/OpenMetrics-Text ; Version=\"1.0.0\"", "application/openmetrics-text, text/plain",
        "text/html;level=\"a,b;c\",application/openmetrics-text", "*/*, application/openmetrics-text;q=0.5, text/plain;q=0.4",
    ])
    func `OpenMetrics is given to who prefers it`(accept: String) {
        #expect(ExpositionFormat(accept: accept) == .openMetrics)
    }

    @Test(arguments: [
        nil, "", "*/*", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/plain", "text/*",
        "application/openmetrics-text;version=0.0.1", "application/openmetrics-text;q=0", "application/openmetrics-text;q=0, */*",
        "application/openmetrics-text;q=0.3,text/plain;q=0.5", "text/plain, application/openmetrics-text",
        "application/openmetrics-text;q=high", "application/openmetrics-text;version=2.0.0,text/plain;q=0.1", ";;,,=;q", "application/json",
    ])
    func `all others get the text of Prometheus`(accept: String?) {
        #expect(ExpositionFormat(accept: accept) == .prometheusText)
    }

    @Test func `the content types are those that scrapers know`() {
        #expect(ExpositionFormat.prometheusText.contentType == "text/plain; version=0.0.4; charset=utf-8")
        #expect(ExpositionFormat.openMetrics.contentType == "application/openmetrics-text; version=1.0.0; charset=utf-8")
    }
}
