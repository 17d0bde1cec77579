import Foundation
import Testing

@testable import LogAgent

@Suite struct EditingTests {
    @Test(arguments: [
        (#"{"a":1,"b":2,"c":3}"#, #"{"a":1,"c":3}"#),
        (#"{"b":2,"c":3}"#, #"{"c":3}"#), (#"{"a":1,"b":2}"#, #"{"a":1}"#), (#"{"b":2}"#, "{}"),
        (#"{"b":{"x":[1,{"b":2}]},"d":{"e":1,"f":2}}"#, #"{"d":{"f":2}}"#),
        (#"{ "a" : 1 , "b" : 2 }"#, #"{ "a" : 1 }"#), (#"{"b":1,"d":{"e":1}}"#, #"{"d":{}}"#),
        (#"{"b":1,"b":2,"a":1,"b":3,"b":4}"#, #"{"a":1}"#), (#"{"a":["b",{"b":1}]}"#, #"{"a":["b",{"b":1}]}"#),
        (#"{"\u0062":1,"a":"\u00e9"}"#, #"{"a":"\u00e9"}"#), (#"{"d":[{"e":1,"g":2},{"e":3}]}"#, #"{"d":[{"g":2},{}]}"#),
        (#"{"a":{"b":1}}"#, #"{"a":{"b":1}}"#), ("{}", "{}"),
    ])
    func `members are removed with their commas`(line: String, expected: String) throws {
        #expect(try Transforming("{ remove: { fields: ['b', 'd.e'] } }").take(line).line == expected)
    }

    @Test(arguments: [
        (#"{"msg":"x","n":1}"#, #"{"message":"x","n":1}"#), (#"{"msg":"x","message":"y"}"#, #"{"msg":"x","message":"y"}"#),
        (#"{"h":{"m":"GET","s":{"method":1}}}"#, #"{"h":{"method":"GET","s":{"method":1}}}"#),
        (#"{"m":1,"h":{"m":1,"method":2}}"#, #"{"m":1,"h":{"m":1,"method":2}}"#), (#"{"ms\u0067":1}"#, #"{"message":1}"#),
        (#"{"msg":1,"msg":2}"#, #"{"message":1,"message":2}"#), (#"{"a":"msg"}"#, #"{"a":"msg"}"#),
    ])
    func `members get another name in their object`(line: String, expected: String) throws {
        #expect(try Transforming("{ rename: { fields: { msg: 'message', 'h.m': 'method' } } }").take(line).line == expected)
    }

    @Test(arguments: [
        (#"{"n":{"x":[1]}}"#, #"{"n":{"x":[1]},"region":"eu\"1","copy":{"x":[1]},"file":"/logs/a.log"}"#),
        ("{}", #"{"region":"eu\"1","file":"/logs/a.log"}"#), ("{ }", #"{ "region":"eu\"1","file":"/logs/a.log"}"#),
        (#"{"region":null,"n":"\n"} "#, #"{"region":null,"n":"\n","copy":"\n","file":"/logs/a.log"} "#),
        (#"{"region":1,"copy":2,"file":3}"#, #"{"region":1,"copy":2,"file":3}"#),
    ])
    func `members are added where they are not there`(line: String, expected: String) throws {
        let steps = "{ add: { fields: { region: 'eu\"1', copy: '$n', file: '$__path__' } } }"
        #expect(try Transforming(steps).take(line).line == expected)
    }

    @Test func `a line that is no JSON keeps its text, and gets metadata`() throws {
        let steps = "{ add: { fields: { 'a.b': 'x\"', all: '$message', none: '$n' } } }"
        #expect(
            try Transforming(steps, format: "text").take("hi \"you\"")
                == Transforming.Outcome(line: "hi \"you\"", metadata: #""a_b":"x\"","all":"hi \"you\"""#))
        let renaming = try Transforming("{ rename: { fields: { message: 'text' } } }", format: "text", watched: ["text"])
        #expect(renaming.take("hello").line == "hello")
        #expect(renaming.field("text") == "hello" && renaming.field("message") == nil)
        let removing = try Transforming("{ remove: { fields: ['message'] } }", format: "text")
        #expect(removing.take("hello").line == "hello")
        #expect(removing.field("message") == nil)
    }

    @Test func `what one step made the next one sees`() throws {
        let steps = """
            { rename: { fields: { msg: 'message' } } }, { redact: { fields: ['message'], with: '#' } },
            { add: { fields: { copy: '$message' } } }, { drop: { where: { copy: { not: '#' } } } }
            """
        #expect(try Transforming(steps).lines(#"{"msg":"x"}"#, #"{"m":"x"}"#) == [##"{"message":"#","copy":"#"}"##, nil])
    }

    @Test func `a random object loses, renames and gains what it should, and nothing else`() throws {
        let removing = try Transforming("{ remove: { fields: ['user.email', 'id'] } }")
        let renaming = try Transforming("{ rename: { fields: { msg: 'message', 'user.a': 'first' } } }")
        let adding = try Transforming("{ add: { fields: { region: 'eu', id: '7' } } }")
        var random = SeededNumbers(state: 5)
        for _ in 0..<2000 {
            let line = RandomJSON(&random).line
            let object = try parse(line)
            #expect(try parse(removing.take(line).line ?? "") == Self.removed(object), "\(line)")
            #expect(try parse(renaming.take(line).line ?? "") == Self.renamed(object), "\(line)")
            let sum = Self.mutable(object)
            for (name, value) in ["region": "eu", "id": "7"] where sum[name] == nil { sum[name] = value }
            #expect(try parse(adding.take(line).line ?? "") == sum, "\(line)")
        }
    }

    private func parse(_ line: String) throws -> NSDictionary {
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? NSDictionary, "\(line)")
    }

    private static func mutable(_ object: NSDictionary) -> NSMutableDictionary {
        let copy = NSMutableDictionary()
        for (key, value) in object { copy[key as? String ?? ""] = value }
        return copy
    }

    private static func removed(_ object: NSDictionary) -> NSDictionary {
        changed(object, removing: ["id"]) { $0.removeObject(forKey: "email") }
    }

    private static func renamed(_ object: NSDictionary) -> NSDictionary {
        let result = mutable(changed(object, removing: []) { rename("a", "first", in: $0) })
        rename("msg", "message", in: result)
        return result
    }

    private static func rename(_ old: String, _ new: String, in object: NSMutableDictionary) {
        guard let value = object[old], object[new] == nil else { return }
        object.removeObject(forKey: old)
        object[new] = value
    }

    /// With `change` done to the object `user`, or to each in that list.
    private static func changed(_ object: NSDictionary, removing names: [String], _ change: (NSMutableDictionary) -> Void) -> NSDictionary {
        let result = mutable(object)
        result.removeObjects(forKeys: names)
        func apply(_ value: Any) -> Any {
            if let object = value as? NSDictionary {
                let copy = mutable(object)
                change(copy)
                return copy
            }
            return (value as? [Any])?.map(apply) ?? value
        }
        if let user = result["user"] { result["user"] = apply(user) }
        return result
    }

    @Test func `lines and fields are cut at a character's edge`() throws {
        let whole = try Transforming("{ truncate: { max_bytes: 5 } }", format: "text")
        #expect(whole.take("12345") == Transforming.Outcome(line: "12345"))
        #expect(whole.take("1234é") == Transforming.Outcome(line: "1234", isCut: true))
        let fields = try Transforming("{ truncate: { fields: ['m', 'o.m'], max_bytes: 4 } }")
        #expect(fields.take(#"{"m":"123é","n":"123456"}"#) == Transforming.Outcome(line: #"{"m":"123","n":"123456"}"#, isCut: true))
        #expect(fields.take(#"{"m":"12\u00e9","o":{"m":"1\n\n\n"}}"#).line == #"{"m":"12","o":{"m":"1\n"}}"#)
        #expect(fields.take(#"{"m":"\ud83d\ude00"}"#).line == #"{"m":""}"#)
        #expect(fields.take(#"{"m":[1,2,3,4,5],"o":"123"}"#) == Transforming.Outcome(line: #"{"m":[1,2,3,4,5],"o":"123"}"#))
        #expect(fields.counts.changed == [3])
    }

    @Test func `a secret at the place of the cut is found before`() throws {
        let steps = "{ truncate: { max_bytes: 9 } }, { redact: { patterns: ['email'], with: '##' } }"
        #expect(try Transforming(steps, format: "text").take("hi bob@example.com") == Transforming.Outcome(line: "hi ##"))
    }

    @Test(arguments: [
        (0..<2, 0..<2), (0..<4, 0..<7), (3..<9, 3..<9), (4..<5, 3..<7), (4..<8, 3..<8), (7..<12, 8..<12), (10..<11, 9..<12),
        (0..<16, 0..<15), (13..<16, 12..<15), (3..<3, 3..<3),
    ])
    func `fields move with the text around them, and never show what was replaced`(old: Range<Int>, new: Range<Int>) {
        let edits = TextEdits()
        // abc[def→WXYZ]ghi[jkl→123]m[n→]op
        edits.replace(9..<12) { $0 += Array("123".utf8) }
        edits.replace(3..<6) { $0 += Array("WXYZ".utf8) }
        edits.replace(13..<14) { _ in }
        var output = EntryBuffer(capacity: 1)
        Array("abcdefghijklmnop".utf8).withUnsafeBytes { edits.apply(to: $0, into: &output) }
        #expect(String(decoding: output.bytes, as: UTF8.self) == "abcWXYZghi123mop")
        let moved = edits.moved(old)
        #expect(moved == Self.expected(old), "\(new)")
    }

    /// By a map of every edge.
    private static func expected(_ range: Range<Int>) -> Range<Int> {
        let starts = [0, 1, 2, 3, 3, 3, 7, 8, 9, 10, 10, 10, 13, 14, 14, 15, 16]
        let ends = [0, 1, 2, 3, 7, 7, 7, 8, 9, 10, 13, 13, 13, 14, 14, 15, 16]
        return starts[range.lowerBound]..<max(starts[range.lowerBound], ends[range.upperBound])
    }
}
