/// A decimal number without sign or exponent, kept exactly.
struct QuantityText {
    /// The number is `digits` / 10^`decimals`.
    private var digits: UInt64
    private var decimals: Int

    /// Takes a number off the front of `text`; nil where there is none, or one with too many digits.
    static func number(from text: inout Substring) -> QuantityText? {
        var quantity = QuantityText(digits: 0, decimals: 0)
        var count = 0
        var isBehindPoint = false
        var rest = text.utf8
        while let byte = rest.first {
            if byte == UInt8(ascii: ".") && !isBehindPoint && count > 0 {
                isBehindPoint = true
            } else if byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") {
                if count == 19 { return nil }
                quantity.digits = quantity.digits * 10 + UInt64(byte - UInt8(ascii: "0"))
                count += 1
                if isBehindPoint { quantity.decimals += 1 }
            } else {
                break
            }
            rest = rest.dropFirst()
        }
        if count == 0 || (isBehindPoint && quantity.decimals == 0) { return nil }
        text = Substring(rest)
        return quantity
    }

    /// nil where the product is no whole number or above 2^63 - 1.
    func multiplied(by factor: UInt64) -> UInt64? {
        var divisor: UInt64 = 1
        for _ in 0..<decimals { divisor *= 10 }
        let product = digits.multipliedFullWidth(by: factor)
        if product.high >= divisor { return nil }
        let (quotient, remainder) = divisor.dividingFullWidth(product)
        return remainder == 0 && quotient <= UInt64(Int64.max) ? quotient : nil
    }
}
