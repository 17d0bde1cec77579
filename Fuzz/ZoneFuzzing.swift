@testable import LogAgent

/// A file of the time zone database, or the rules at its end.
enum ZoneFuzzing {
    static func run(_ input: UnsafeRawBufferPointer) {
        let times: [Int64] = [0, 1_000_000_000, 1_768_478_400, 1_784_116_800, 9_223_372_036]
        let rules = ZoneRules(Array(input))
        let posix = PosixZone(Array(input))
        for time in times {
            _ = rules?.offset(at: time)
            _ = rules?.offset(atLocal: time)
            _ = posix?.offset(at: time)
        }
    }
}
