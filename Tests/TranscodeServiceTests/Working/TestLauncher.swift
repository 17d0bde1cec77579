import TestSupport

/// The program that becomes the one to start: transcode-service itself.
enum TestLauncher {
    static let path = BuiltProducts.path(of: "transcode-service")
}
