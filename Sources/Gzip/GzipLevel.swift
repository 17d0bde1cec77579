/// How much work goes into making the output small.
package enum GzipLevel: Equatable, Sendable {
    /// Our own single pass, made for logs: the fastest.
    case fast
    /// zlib's deflate at a level from 1, fast, to 9, the smallest output.
    case zlib(Int)

    /// The level of a setting, from 1, the fastest, to 9, the smallest output.
    package init(_ number: Int) {
        precondition((1...9).contains(number), "A compression level is a number from 1 to 9.")
        self = number == 1 ? .fast : .zlib(number)
    }
}
