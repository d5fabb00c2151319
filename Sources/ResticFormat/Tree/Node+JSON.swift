extension Node {
    /// Writes the node as restic does: the order of the keys, what is left out, and the quoting of the name are part of
    /// a tree's hash.
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("name")
        writer.value(utf8: GoQuoting.quote(name))
        writer.key("type")
        writer.value(type.rawValue)
        writer.member("mode", unlessZero: mode)
        writer.key("mtime")
        writer.value(mtime)
        writer.key("atime")
        writer.value(atime)
        writer.key("ctime")
        writer.value(ctime)
        writer.member("uid", uid)
        writer.member("gid", gid)
        writer.member("user", unlessEmpty: user)
        writer.member("group", unlessEmpty: group)
        writer.member("inode", unlessZero: inode)
        writer.member("device_id", unlessZero: deviceID)
        writer.member("size", unlessZero: size)
        writer.member("links", unlessZero: links)
        writeLinkTarget(to: &writer)
        writeAttributes(to: &writer)
        writer.member("device", unlessZero: device)
        writer.key("content")
        writer.value(content)
        writer.member("subtree", unlessNil: subtree)
        writer.member("error", unlessEmpty: error ?? "")
        writer.endObject()
    }

    /// A target that is not UTF-8 is written twice: once mangled for readers before restic 0.16, once in base 64.
    private func writeLinkTarget(to writer: inout JSONWriter) {
        guard let linkTarget, !linkTarget.isEmpty else { return }
        writer.key("linktarget")
        writer.value(utf8: linkTarget)
        guard !linkTarget.withUnsafeBytes({ UTF8Sequence.isValid($0) }) else { return }
        writer.key("linktarget_raw")
        writer.value(base64: linkTarget)
    }

    private func writeAttributes(to writer: inout JSONWriter) {
        if !extendedAttributes.isEmpty {
            writer.key("extended_attributes")
            writer.beginArray()
            for attribute in extendedAttributes {
                writer.beginObject()
                writer.key("name")
                writer.value(utf8: attribute.name)
                writer.key("value")
                writer.value(base64: attribute.value)
                writer.endObject()
            }
            writer.endArray()
        }
        if let genericAttributes, !genericAttributes.isEmpty {
            writer.key("generic_attributes")
            writer.value(rawJSON: genericAttributes.json)
        }
    }

    /// Reads a node.
    init(_ scanner: inout JSONScanner) throws(ResticFormatError) {
        var node = Node(name: [], type: .irregular)
        var type: NodeType?
        var rawLinkTarget: [UInt8] = []
        try scanner.object { scanner, key throws(ResticFormatError) in
            switch key {
            case "name": node.name = try Self.name(&scanner)
            case "type": type = try Self.type(&scanner)
            case "mode": node.mode = try scanner.unsigned()
            case "mtime": node.mtime = try scanner.time()
            case "atime": node.atime = try scanner.time()
            case "ctime": node.ctime = try scanner.time()
            case "uid": node.uid = try scanner.unsigned()
            case "gid": node.gid = try scanner.unsigned()
            case "user": node.user = try scanner.text()
            case "group": node.group = try scanner.text()
            case "inode": node.inode = try scanner.unsigned()
            case "device_id": node.deviceID = try scanner.unsigned()
            case "size": node.size = try scanner.unsigned()
            case "links": node.links = try scanner.unsigned()
            case "linktarget":
                let target = try scanner.utf8()
                node.linkTarget = target.isEmpty ? nil : target
            case "linktarget_raw": rawLinkTarget = try scanner.base64()
            case "extended_attributes": node.extendedAttributes = try Self.extendedAttributes(&scanner)
            case "generic_attributes": node.genericAttributes = try Self.genericAttributes(&scanner)
            case "device": node.device = try scanner.unsigned()
            case "content": node.content = try Self.content(&scanner)
            case "subtree": node.subtree = try scanner.optionalID()
            case "error":
                let error = try scanner.text()
                node.error = error.isEmpty ? nil : error
            default: try scanner.skip()
            }
        }
        guard let type else { throw ResticFormatError(.malformed, "node \(Self.printable(node.name)) has no type") }
        node.type = type
        if !rawLinkTarget.isEmpty { node.linkTarget = rawLinkTarget }
        try Self.checkName(node.name)
        try node.checkSize()
        self = node
    }

    private static func name(_ scanner: inout JSONScanner) throws(ResticFormatError) -> [UInt8] {
        let text = try scanner.string()
        let name = text.isPlain ? GoQuoting.unquote(text.raw) : text.bytes.withUnsafeBytes { GoQuoting.unquote($0) }
        guard let name else { throw scanner.failure("a name quoted as Go quotes before this") }
        return name
    }

    private static func type(_ scanner: inout JSONScanner) throws(ResticFormatError) -> NodeType {
        let text = try scanner.string()
        switch text {
        case "file": return .file
        case "dir": return .dir
        case "symlink": return .symlink
        default:
            guard let type = NodeType(rawValue: text.string) else {
                throw ResticFormatError(
                    .unsupportedNodeType,
                    "a tree holds a node of unknown type \(printable(Array(text.bytes)))",
                    hint: "Was the snapshot written by a later version of restic?"
                )
            }
            return type
        }
    }

    private static func extendedAttributes(_ scanner: inout JSONScanner) throws(ResticFormatError)
        -> [ExtendedAttribute]
    {
        var attributes: [ExtendedAttribute] = []
        try scanner.array { scanner throws(ResticFormatError) in
            var attribute = ExtendedAttribute(name: [], value: [])
            try scanner.object { scanner, key throws(ResticFormatError) in
                switch key {
                case "name": attribute.name = try scanner.utf8()
                case "value": attribute.value = try scanner.base64()
                default: try scanner.skip()
                }
            }
            attributes.append(attribute)
        }
        return attributes
    }

    private static func genericAttributes(_ scanner: inout JSONScanner) throws(ResticFormatError) -> GenericAttributes?
    {
        if try scanner.null() { return nil }
        let object = try scanner.skip()
        guard object.first == UInt8(ascii: "{") else { throw scanner.failure("an object before this") }
        let attributes = GenericAttributes(checked: object)
        return attributes.isEmpty ? nil : attributes
    }

    private static func content(_ scanner: inout JSONScanner) throws(ResticFormatError) -> [ResticID]? {
        if try scanner.null() { return nil }
        var content: [ResticID] = []
        try scanner.array { scanner throws(ResticFormatError) in content.append(try scanner.id()) }
        return content
    }

    /// No file system has longer files than a signed 64-bit number counts, and none of our sums may overflow.
    func checkSize() throws(ResticFormatError) {
        guard size <= UInt64(Int64.max) else {
            throw ResticFormatError(.outOfRange, "node \(Self.printable(name)) claims a size of \(size) bytes")
        }
    }
}
