/// What all programs of this package are made of.
package enum Release {
    package static let version = "0.1.0"
    /// When this version was made: the date of the manual pages.
    package static let releaseDate = "2026-11-25"

    package static let swiftVersion: String = {
        #if compiler(>=6.4)
            "6.4 or later"
        #elseif compiler(>=6.3)
            "6.3"
        #else
            "6.2"
        #endif
    }()
}
