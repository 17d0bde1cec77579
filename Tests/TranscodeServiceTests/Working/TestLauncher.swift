import Foundation
import TestSupport

/// The program that becomes the one to start: transcode-service itself.
enum TestLauncher {
    static let path: String = {
        // The product, or, where products are left out of the build, the target's program: the newer one.
        let paths = ["transcode-service", "TranscodeService"].map { BuiltProducts.path(of: $0) }
        func age(_ path: String) -> Date {
            (try? FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date) ?? .distantPast
        }
        return paths.max { age($0) < age($1) } ?? paths[0]
    }()
}
