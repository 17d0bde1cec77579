import Testing

@testable import TranscodeService
