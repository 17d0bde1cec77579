import StructuredLogging
import Testing

@Test func `levels ascend from debug to error`() {
    #expect(LogLevel.allCases == LogLevel.allCases.sorted())
}
