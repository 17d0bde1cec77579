import Testing

@testable import TraceCollector
