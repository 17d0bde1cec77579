import CLinux
import Glibc

/// A POSIX extended regular expression that can't be compiled.
struct BytePatternError: Error, Equatable, CustomStringConvertible {
    let pattern: String
    let reason: String

    var description: String { "`\(pattern)` is no POSIX extended regular expression: \(reason)." }
}

/// A POSIX extended regular expression over bytes, compiled once by the C library (`regcomp`). It matches anywhere in a text unless
/// anchored; in a text that is not ASCII each byte is a character of its own, and `.` is any byte but NUL.
///
/// Two things keep lines from reaching the expression: a part of it that must be in every match is looked for first with `memmem`
/// (75 times as fast), and an expression that is nothing but such a part is never compiled.
///
/// Back references are refused: with them the time for one line has no bound.
final class BytePattern {
    let pattern: String
    /// Stands in every text that matches; empty if no such part is known.
    let requiredLiteral: [UInt8]
    /// nil: finding ``requiredLiteral`` is all.
    private let expression: UnsafeMutablePointer<regex_t>?

    init(_ pattern: String) throws(BytePatternError) {
        let bytes = Array(pattern.utf8)
        guard !bytes.contains(0) else { throw BytePatternError(pattern: pattern, reason: "it contains a NUL byte") }
        self.pattern = pattern
        let parts = PatternLiterals(bytes)
        guard !parts.hasBackReference else { throw BytePatternError(pattern: pattern, reason: "back references are not supported") }
        requiredLiteral = parts.longest
        if parts.isWholePattern {
            expression = nil
            return
        }
        let compiled = UnsafeMutablePointer<regex_t>.allocate(capacity: 1)
        compiled.initialize(to: regex_t())
        let code = regcomp(compiled, pattern, REG_EXTENDED)
        guard code == 0 else {
            let reason = Self.reason(code, compiled)
            compiled.deallocate()
            throw BytePatternError(pattern: pattern, reason: reason)
        }
        expression = compiled
    }

    deinit {
        if let expression {
            regfree(expression)
            expression.deallocate()
        }
    }

    /// Whether the expression matches anywhere in `text`, which may hold any bytes.
    func matches(_ text: UnsafeRawBufferPointer) -> Bool {
        if !requiredLiteral.isEmpty && !Self.contains(text, requiredLiteral) { return false }
        guard let expression else { return true }
        // The library wants an address even for no bytes.
        guard let base = text.baseAddress else { return "".withCString { Self.execute(expression, $0, 0) } }
        return Self.execute(expression, base.assumingMemoryBound(to: CChar.self), text.count)
    }

    private static func execute(_ expression: UnsafePointer<regex_t>, _ text: UnsafePointer<CChar>, _ count: Int) -> Bool {
        var range = regmatch_t(rm_so: 0, rm_eo: regoff_t(truncatingIfNeeded: count))
        return regexec(expression, text, 1, &range, REG_STARTEND) == 0
    }

    private static func contains(_ text: UnsafeRawBufferPointer, _ literal: [UInt8]) -> Bool {
        guard let base = text.baseAddress, text.count >= literal.count else { return false }
        return memmem(base, text.count, literal, literal.count) != nil
    }

    private static func reason(_ code: Int32, _ expression: UnsafePointer<regex_t>) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            regerror(code, expression, buffer.baseAddress, buffer.count)
            return buffer.baseAddress.map { String(cString: $0) } ?? ""
        }
    }
}
