/// The parts of a header that are the same for all members, checked.
struct CheckedHeader {
    var type: HeaderBlock.MemberType
    var magic: HeaderBlock.Magic
    /// Bytes behind the header, and behind the extension blocks of a sparse member.
    var storedSize: Int64
}

extension HeaderBlock {
    /// Checks what must hold before anything in the header is believed.
    ///
    /// - Throws: ``TarError`` with `checksumMismatch`, `unsupportedFormat`, `unsupportedType` or `invalidNumber`.
    func checked() throws(TarError) -> CheckedHeader {
        guard checksumMatches else {
            throw TarError(
                .checksumMismatch,
                "a header does not have the checksum it names",
                hint: "The archive was damaged, or an upload or a proxy put something else in; fetch it again."
            )
        }
        guard let magic else {
            throw TarError(
                .unsupportedFormat,
                "a header is neither of GNU tar nor of POSIX ustar",
                hint: "Qdrant writes GNU tar; use an archive as the server gave it."
            )
        }
        let type = try memberType(in: magic)
        let size = try required(Field.size, "size")
        guard type != .directory || size == 0 else {
            throw TarError(.invalidNumber, "a directory has \(size) bytes of content")
        }
        return CheckedHeader(type: type, magic: magic, storedSize: size)
    }

    private func memberType(in magic: Magic) throws(TarError) -> MemberType {
        let flag = bytes[Field.type]
        guard let type = MemberType(rawValue: flag) else {
            throw TarError(
                .unsupportedType,
                "a member is \(Self.describe(type: flag))",
                hint: "Qdrant's archives hold regular files and directories only, and it refuses others on restore."
            )
        }
        guard magic == .gnu || (type != .longName && type != .sparseFile) else {
            throw TarError(
                .unsupportedFormat,
                "a GNU entry of type '\(Character(Unicode.Scalar(flag)))' has a POSIX header"
            )
        }
        return type
    }

    private static func describe(type flag: UInt8) -> String {
        switch flag {
        case UInt8(ascii: "1"): return "a hard link"
        case UInt8(ascii: "2"): return "a symbolic link"
        case UInt8(ascii: "3"): return "a character device"
        case UInt8(ascii: "4"): return "a block device"
        case UInt8(ascii: "6"): return "a named pipe"
        case UInt8(ascii: "K"): return "a long link name"
        case UInt8(ascii: "x"), UInt8(ascii: "g"): return "a pax extended header"
        default: return "of the unknown type 0x\(String(flag, radix: 16))"
        }
    }

    /// A number that must be there.
    func required(_ field: Range<Int>, _ name: String) throws(TarError) -> Int64 {
        guard case .value(let value) = number(field) else {
            throw TarError(
                .invalidNumber,
                "the \(name) field of a header is blank, negative, too large or not a number"
            )
        }
        return value
    }

    /// A number that is 0 when blank.
    private func optional(_ field: Range<Int>, _ name: String) throws(TarError) -> Int64 {
        number(field) == .blank ? 0 : try required(field, name)
    }

    private func identifier(_ field: Range<Int>, _ name: String) throws(TarError) -> UInt32 {
        guard let value = UInt32(exactly: try optional(field, name)) else {
            throw TarError(.invalidNumber, "the \(name) field of a header is over 32 bits")
        }
        return value
    }

    /// The name: a long one that came before, or the field, behind the prefix in POSIX headers.
    func name(longName: [UInt8]?, magic: Magic) -> [UInt8] {
        if let longName { return longName }
        let name = text(Field.name)
        guard magic == .posix else { return name }
        let prefix = text(Field.prefix)
        return prefix.isEmpty ? name : prefix + [UInt8(ascii: "/")] + name
    }

    /// The member, but for its content.
    func member(path: TarPath, content: TarMember.Content) throws(TarError) -> TarMember {
        TarMember(
            path: path,
            content: content,
            // Qdrant writes `st_mode` as it is: the type is in there, too.
            mode: UInt32(truncatingIfNeeded: try optional(Field.mode, "mode") & 0o7777),
            uid: try identifier(Field.uid, "owner"),
            gid: try identifier(Field.gid, "group"),
            modificationTime: try optional(Field.modificationTime, "modification time")
        )
    }
}
