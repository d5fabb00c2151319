/// Where things went wrong.
extension TarParser {
    func located(_ error: TarError) -> TarError {
        var located = error
        located.offset = startOfBlock
        located.member = lastMember
        let place = lastMember.map { "at or after member '\($0)'" } ?? "before the first member"
        located.message += ", in the block at byte \(startOfBlock), \(place)"
        if startOfBlock == 0, error.code == .checksumMismatch {
            located.hint = "Is this a tar archive at all, or an error page, or a compressed file?"
        }
        return located
    }

    var truncation: TarError {
        var error = TarError(
            .truncated,
            "the archive stops after \(offset) bytes, \(placeOfTruncation)",
            hint: "The server or the connection broke off: Qdrant reports errors in a stream only by ending it. "
                + "Look at the server's log and try again."
        )
        error.offset = offset
        error.member = lastMember
        return error
    }

    var placeOfTruncation: String {
        let last = lastMember.map { "after member '\($0)'" } ?? "before the first member"
        let name = lastMember?.description ?? ""
        switch phase {
        case .content:
            return "inside member '\(name)', \(content.dataTaken) of its \(content.storedSize) stored bytes seen"
        case .sparseExtension: return "inside the sparse map of member '\(name)'"
        case .longName: return "inside a long name \(last)"
        case .header where !block.isEmpty: return "inside a header \(last)"
        case .header, .padding: return "\(last), without an end marker"
        case .secondZeroBlock, .ended: return "in the middle of the end marker, \(last)"
        }
    }
}
