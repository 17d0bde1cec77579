/// How far the reading of an expression has come, and the steps that every syntax takes.
struct RegexCursor {
    private let expression: [Unicode.Scalar]
    var place = 0

    init(_ expression: String) {
        self.expression = Array(expression.unicodeScalars)
    }

    var isAtEnd: Bool { place >= expression.count }

    var next: Unicode.Scalar? { ahead(0) }

    /// The character so many places behind ``next``; nil beyond the end.
    func ahead(_ distance: Int) -> Unicode.Scalar? {
        place + distance < expression.count ? expression[place + distance] : nil
    }

    /// What was read since `start`.
    func text(from start: Int) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: expression[start..<min(place, expression.count)])
        return String(text)
    }

    /// Takes `wanted` where it comes next.
    mutating func skip(_ wanted: String) -> Bool {
        guard expression[place...].starts(with: wanted.unicodeScalars) else { return false }
        place += wanted.unicodeScalars.count
        return true
    }

    /// Takes `*`, `+` or `?`, and gives how often what is before it stands.
    mutating func repetitionSign() -> (minimum: Int, maximum: Int?)? {
        switch next {
        case "*":
            place += 1
            return (0, nil)
        case "+":
            place += 1
            return (1, nil)
        case "?":
            place += 1
            return (0, 1)
        default: return nil
        }
    }

    /// Takes digits; nil where there are none. Numbers beyond what is allowed stop growing, not being read.
    mutating func number() -> Int? {
        let start = place
        var value = 0
        while let digit = next, ("0"..."9").contains(digit) {
            value = min(value * 10 + Int(digit.value - 0x30), RegexParser.maximumCount + 1)
            place += 1
        }
        return place > start ? value : nil
    }
}
