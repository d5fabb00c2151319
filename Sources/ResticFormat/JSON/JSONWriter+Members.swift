/// Whole members, and Go's `omitempty`: zero, the empty string and the empty list are left out.
extension JSONWriter {
    package mutating func member(_ key: StaticString, _ number: some BinaryInteger) {
        self.key(key)
        value(number)
    }

    package mutating func member(_ key: StaticString, unlessZero number: some BinaryInteger) {
        guard number != 0 else { return }
        member(key, number)
    }

    package mutating func member(_ key: StaticString, unlessEmpty string: String) {
        guard !string.isEmpty else { return }
        self.key(key)
        value(string)
    }

    package mutating func member(_ key: StaticString, unlessEmpty strings: [String]) {
        guard !strings.isEmpty else { return }
        self.key(key)
        value(strings)
    }

    package mutating func member(_ key: StaticString, unlessNil id: ResticID?) {
        guard let id else { return }
        self.key(key)
        value(id)
    }
}
