/// How much work goes into making the output small.
package enum GzipLevel: Equatable, Sendable {
    /// zlib's deflate at a level from 1, the fastest, to 9, the smallest.
    case zlib(Int)

    /// The level of a setting, 1 to 9.
    package init(_ number: Int) {
        precondition((1...9).contains(number), "A compression level is a number from 1 to 9.")
        self = .zlib(number)
    }
}
