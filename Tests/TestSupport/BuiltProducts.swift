import Foundation

/// Where the build has put the programs: beside the bundle that these tests are part of.
package enum BuiltProducts {
    package static let directory: String = {
        // The bundle is mapped into this process; its path is the last column.
        let maps = String(decoding: FileManager.default.contents(atPath: "/proc/self/maps") ?? Data(), as: UTF8.self)
        let bundle = maps.split(separator: "\n").first { $0.hasSuffix("PackageTests.xctest") }
        guard let path = bundle?.drop(while: { $0 != "/" }), let slash = path.lastIndex(of: "/") else { return ".build/debug" }
        return String(path[..<slash])
    }()

    package static func path(of product: String) -> String { directory + "/" + product }
}
