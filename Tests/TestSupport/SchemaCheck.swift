import Foundation

/// The part of JSON Schema 2020-12 that our schema uses. A keyword that it does not know is a problem, too.
package struct SchemaCheck {
    private let root: [String: Any]

    package init(_ root: [String: Any]) { self.root = root }

    private static let annotations: Set<String> = ["description", "default", "examples", "title", "$schema", "$defs"]

    private func definition(_ reference: String) -> [String: Any]? {
        (root["$defs"] as? [String: Any])?[String(reference.dropFirst("#/$defs/".count))] as? [String: Any]
    }

    /// What is wrong with a value, with its place.
    package func problems(of value: Any) -> [String] { problems(of: value, root, "$") }

    private func problems(of value: Any, _ schema: [String: Any], _ place: String) -> [String] {
        var found: [String] = []
        for (keyword, argument) in schema where !Self.annotations.contains(keyword) {
            found += problems(of: value, keyword, argument, schema, place)
        }
        return found
    }

    private func problems(of value: Any, _ keyword: String, _ argument: Any, _ schema: [String: Any], _ place: String) -> [String] {
        let object = value as? [String: Any]
        let list = value as? [Any]
        switch keyword {
        case "$ref":
            guard let definition = (argument as? String).flatMap(definition) else { return ["\(place): \(argument) leads nowhere"] }
            return problems(of: value, definition, place)
        case "anyOf":
            let choices = argument as? [[String: Any]] ?? []
            let results = choices.map { problems(of: value, $0, place) }
            if results.contains(where: \.isEmpty) { return [] }
            // Where an object could be meant, it tells more.
            return object == nil ? ["\(place): fits nothing of anyOf"] : results.max { $0.count < $1.count } ?? []
        case "type":
            let types = argument as? [String] ?? [argument as? String ?? ""]
            return types.contains { isOf($0, value) } ? [] : ["\(place): not of type \(types.joined(separator: " or "))"]
        case "enum": return (argument as? [String] ?? []).contains(value as? String ?? "") ? [] : ["\(place): not one of \(argument)"]
        case "pattern":
            guard let text = value as? String, let pattern = argument as? String else { return [] }
            return text.range(of: pattern, options: .regularExpression) == nil ? ["\(place): does not match \(pattern)"] : []
        case "required":
            return (argument as? [String] ?? []).filter { object != nil && object?[$0] == nil }.map { "\(place): no `\($0)`" }
        case "properties":
            let properties = argument as? [String: Any] ?? [:]
            return (object ?? [:]).flatMap { key, value in
                if properties[key] as? Bool == false { return ["\(place).\(key): does not belong here"] }
                return (properties[key] as? [String: Any]).map { problems(of: value, $0, "\(place).\(key)") } ?? []
            }
        case "if":
            guard let condition = argument as? [String: Any], problems(of: value, condition, place).isEmpty else { return [] }
            return problems(of: value, schema["then"] as? [String: Any] ?? [:], place)
        case "then": return []
        case "additionalProperties":
            let known = (schema["properties"] as? [String: Any] ?? [:]).keys
            let others = (object ?? [:]).filter { !known.contains($0.key) }
            if let definition = argument as? [String: Any] {
                return others.flatMap { problems(of: $0.value, definition, "\(place).\($0.key)") }
            }
            return others.map { "\(place): `\($0.key)` is not known" }
        case "items":
            return (list ?? []).enumerated().flatMap {
                problems(of: $0.element, argument as? [String: Any] ?? [:], "\(place).\($0.offset)")
            }
        case "minItems": return list.map { $0.count < argument as? Int ?? 0 } ?? false ? ["\(place): fewer than \(argument) elements"] : []
        case "maxItems": return list.map { $0.count > argument as? Int ?? 0 } ?? false ? ["\(place): more than \(argument) elements"] : []
        case "minProperties":
            return object.map { $0.count < argument as? Int ?? 0 } ?? false ? ["\(place): fewer than \(argument) members"] : []
        case "maxProperties":
            return object.map { $0.count > argument as? Int ?? 0 } ?? false ? ["\(place): more than \(argument) members"] : []
        case "minimum": return (value as? Double).map { $0 < argument as? Double ?? 0 } ?? false ? ["\(place): too small"] : []
        default: return ["\(place): the keyword \(keyword) is not checked"]
        }
    }

    private func isOf(_ type: String, _ value: Any) -> Bool {
        switch type {
        case "null": value is NSNull
        case "object": value is [String: Any]
        case "array": value is [Any]
        case "string": value is String
        case "boolean": Swift.type(of: value) == Bool.self
        case "number": value is Double
        case "integer": (value as? Double).map { $0 == $0.rounded() } ?? false
        default: false
        }
    }

    /// Which object of the schema describes what stands at `path` of `value`: a name for it. nil where keys are free.
    private func place(of path: [String], in value: Any) -> String? {
        var current: (schema: [String: Any], name: String) = (root, "$")
        var value: Any = value
        for step in path {
            let next: [String: Any]?
            if let list = value as? [Any], let index = Int(step) {
                next = variant(current.schema, having: "items")?.schema["items"] as? [String: Any]
                value = list[index]
            } else {
                guard let object = variant(current.schema, having: "properties") ?? variant(current.schema, having: "additionalProperties"),
                    let members = value as? [String: Any], let member = members[step]
                else { return nil }
                next =
                    (object.schema["properties"] as? [String: [String: Any]])?[step]
                    ?? object.schema["additionalProperties"] as? [String: Any]
                value = member
            }
            guard let next else { return nil }
            current = (next, current.name + "." + step)
        }
        return variant(current.schema, having: "properties")?.name
    }

    /// `schema` itself, what it refers to or one of its choices: the first with this keyword. Its name is that of its definition.
    private func variant(
        _ schema: [String: Any], having keyword: String, name: String = "$"
    ) -> (schema: [String: Any], name: String)? {
        if schema[keyword] != nil { return (schema, Self.name(of: schema, name)) }
        if let reference = schema["$ref"] as? String, let definition = definition(reference) {
            return variant(definition, having: keyword, name: reference)
        }
        for choice in schema["anyOf"] as? [[String: Any]] ?? [] {
            if let found = variant(choice, having: keyword, name: name) { return found }
        }
        return nil
    }

    /// Objects are told apart by what they say of themselves.
    private static func name(of schema: [String: Any], _ name: String) -> String { schema["description"] as? String ?? name }

    /// Every key of every object that the schema describes.
    private func forEachProperty(_ body: (_ place: String, _ key: String, _ definition: [String: Any]) -> Void) {
        func visit(_ schema: [String: Any]) {
            if let properties = schema["properties"] as? [String: [String: Any]] {
                for (key, definition) in properties {
                    body(Self.name(of: schema, "$"), key, definition)
                    visit(definition)
                }
            }
            for keyword in ["items", "additionalProperties"] { if let inner = schema[keyword] as? [String: Any] { visit(inner) } }
            for choice in schema["anyOf"] as? [[String: Any]] ?? [] { visit(choice) }
            for definition in (schema["$defs"] as? [String: [String: Any]] ?? [:]).values { visit(definition) }
        }
        visit(root)
    }

    /// Keys that the schema says nothing about.
    package var undescribedKeys: [String] {
        var undescribed: [String] = []
        forEachProperty { place, key, definition in
            let reference = (definition["$ref"] as? String).flatMap(self.definition)
            if definition["description"] == nil && reference?["description"] == nil { undescribed.append("\(place).\(key)") }
        }
        return undescribed
    }
}

// MARK: Beside the settings

extension SchemaCheck {
    /// How the keys of the schema and those that the settings know differ. An unknown key in every object of `samples`, which have every
    /// setting, makes the loader say in its `problems` what it knows there.
    package func differences(from samples: [Any], problems: (String) -> [String]) throws -> [String] {
        var known: [String: Set<String>] = [:]
        for root in samples {
            for path in Self.objectPaths(in: root) {
                guard let place = place(of: path, in: root) else { continue }
                let changed = try JSONSerialization.data(withJSONObject: Self.adding("zz_unknown", at: path[...], to: root))
                for problem in problems(String(decoding: changed, as: UTF8.self)) where problem.contains("zz_unknown` is not a known key") {
                    let list = problem.components(separatedBy: "Known here: ").last ?? ""
                    known[place, default: []].formUnion(list.split { "`,. ".contains($0) }.map(String.init))
                }
            }
        }
        var described: [String: Set<String>] = [:]
        forEachProperty { place, key, _ in described[place, default: []].insert(key) }
        return Set(known.keys).union(described.keys).sorted().flatMap { place in
            let (settings, schema) = (known[place] ?? [], described[place] ?? [])
            return settings.subtracting(schema).sorted().map { "\(place): `\($0)` is not in the schema" }
                + schema.subtracting(settings).sorted().map { "\(place): `\($0)` is not known to the settings, or in no sample" }
        }
    }

    private static func objectPaths(in value: Any, at path: [String] = []) -> [[String]] {
        if let object = value as? [String: Any] {
            return [path] + object.flatMap { objectPaths(in: $0.value, at: path + [$0.key]) }
        }
        guard let list = value as? [Any] else { return [] }
        return list.enumerated().flatMap { objectPaths(in: $0.element, at: path + ["\($0.offset)"]) }
    }

    private static func adding(_ key: String, at path: ArraySlice<String>, to value: Any) -> Any {
        if var object = value as? [String: Any] {
            guard let step = path.first else {
                object[key] = 1
                return object
            }
            object[step] = object[step].map { adding(key, at: path.dropFirst(), to: $0) }
            return object
        }
        guard var list = value as? [Any], let index = path.first.flatMap({ Int($0) }) else { return value }
        list[index] = adding(key, at: path.dropFirst(), to: list[index])
        return list
    }
}
