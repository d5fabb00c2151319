import Foundation
import TestSupport

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The function of the C library, under a name that ours does not hide.
private func writeAll(_ descriptor: Int32, _ bytes: [UInt8], _ count: Int) -> Int { write(descriptor, bytes, count) }

/// A tree of files that are awkward to record.
enum OddFiles {
    /// Names that need care in JSON, in Go's quoting, or in both. No characters younger than Unicode 13, which the Go
    /// of old restics does not know.
    static let names: [[UInt8]] = [
        Array("plain.txt".utf8), Array("with \"quotes\" and 'apostrophes'".utf8), Array("back\\slash \\n \\x41".utf8),
        Array("line\nfeed".utf8),
        Array("tab\tbell\u{07}backspace\u{08}feed\u{0C}return\rvertical\u{0B}escape\u{1B}delete\u{7F}".utf8),
        Array("<tag> & entity; a=b".utf8), Array("separators \u{2028}\u{2029}".utf8),
        Array("emoji 🦊 family 👩‍👩‍👧 flag 🇨🇭".utf8),
        Array("ünïcödé e\u{301} ﬁ 漢字 ع".utf8),
        Array("no-break\u{A0}space soft\u{AD}hyphen zero\u{200B}width rtl\u{202E}over".utf8),
        Array("private \u{E000} replacement \u{FFFD} noncharacter \u{FFFF} tag \u{E0041} plane16 \u{10FFFF}".utf8),
        Array("byte order \u{FEFF}".utf8),
        Array("latin1 ".utf8) + [0xE9, 0xFC], [0xFF, 0xFE, 0x80], Array("cut ".utf8) + [0xE2, 0x82],
        Array("overlong ".utf8) + [0xC0, 0xAF],
        Array("surrogate ".utf8) + [0xED, 0xA0, 0x80], Array("beyond ".utf8) + [0xF4, 0x90, 0x80, 0x80],
        Array(".hidden".utf8), Array("...".utf8), Array(" ".utf8), Array("-rf".utf8),
        [UInt8](repeating: UInt8(ascii: "x"), count: 255),
    ]

    /// The extended attributes of the file `attributes`.
    static let attributes: [(name: String, value: [UInt8])] = [
        ("user.binary", [0, 255, 10]), ("user.comment", Array("<&> ü".utf8)), ("user.empty", []),
    ]

    /// Makes the tree in `folder`, which must exist.
    ///
    /// - Returns: whether the file system takes extended attributes.
    static func make(in folder: String) throws -> Bool {
        for (index, name) in names.enumerated() {
            try write([UInt8](repeating: UInt8(index), count: index), to: path(folder, name))
        }
        try makeLinks(in: folder)
        try makeModes(in: folder)
        try makeTimes(in: folder)
        try makeSpecials(in: folder)
        var generator = SeededGenerator(seed: 1)
        // More than the 8 MiB of the largest chunk.
        try write(generator.bytes(9 << 20), to: path(folder, Array("nine mebibytes".utf8)))
        return try makeAttributes(in: folder)
    }

    private static func makeLinks(in folder: String) throws {
        let targets: [[UInt8]] = [
            Array("plain.txt".utf8), Array("/absolute/<&>".utf8), Array("../\u{2028}".utf8), [0xFF, 0x2F, 0xFE, 0xE9],
            Array("missing \"quoted\"\n".utf8),
        ]
        for (index, target) in targets.enumerated() {
            try check(
                withCString(target) { target in
                    withCString(path(folder, Array("link \(index)".utf8))) { symlink(target, $0) }
                },
                "symlink"
            )
        }
        let original = path(folder, Array("plain.txt".utf8))
        try check(
            withCString(original) { old in withCString(path(folder, Array("hard link".utf8))) { link(old, $0) } },
            "link"
        )
    }

    private static func makeModes(in folder: String) throws {
        for mode in [0o4755, 0o2755, 0o1777, 0o7777, 0o000, 0o604] as [mode_t] {
            let file = path(folder, Array("mode \(String(mode, radix: 8))".utf8))
            try write([1], to: file)
            try check(withCString(file) { chmod($0, mode) }, "chmod")
            let directory = path(folder, Array("directory \(String(mode, radix: 8))".utf8))
            try check(withCString(directory) { mkdir($0, 0o700) }, "mkdir")
            try check(withCString(directory) { chmod($0, mode | 0o500) }, "chmod")
        }
    }

    private static func makeTimes(in folder: String) throws {
        let times: [(Int, Int)] = [
            (0, 0), (0, 1), (-1, 999_999_999), (-86_401, 500_000_000), (-1_000_000_000, 123_456_789),
            (1_700_000_000, 120_000_000),
            (4_000_000_000, 7),
        ]
        for (index, time) in times.enumerated() {
            let file = path(folder, Array("time \(index)".utf8))
            try write([], to: file)
            let value = timespec(tv_sec: time.0, tv_nsec: time.1)
            try check(withCString(file) { utimensat(AT_FDCWD, $0, [value, value], 0) }, "utimensat")
        }
    }

    private static func makeSpecials(in folder: String) throws {
        try check(withCString(path(folder, Array("fifo".utf8))) { mkfifo($0, 0o600) }, "mkfifo")
        // Only root may make devices, and not in every container; the node is covered by a test of its own as well.
        #if os(Linux)
            _ = withCString(path(folder, Array("null".utf8))) { mknod($0, S_IFCHR | 0o666, (1 << 8) | 3) }
            _ = withCString(path(folder, Array("loop".utf8))) { mknod($0, S_IFBLK | 0o660, 7 << 8) }
        #endif
    }

    private static func makeAttributes(in folder: String) throws -> Bool {
        let file = path(folder, Array("attributes".utf8))
        try write([1, 2, 3], to: file)
        #if os(Linux)
            // The Glibc module leaves this function out.
            typealias SetXattr =
                @convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeRawPointer?, Int, Int32) -> Int32
            guard let symbol = dlsym(dlopen(nil, RTLD_NOW), "setxattr") else { return false }
            let setAttribute = unsafeBitCast(symbol, to: SetXattr.self)
            return attributes.allSatisfy { name, value in
                withCString(file) { setAttribute($0, name, value, value.count, 0) } == 0
            }
        #else
            return false
        #endif
    }

    private static func path(_ folder: String, _ name: [UInt8]) -> [UInt8] {
        Array(folder.utf8) + [UInt8(ascii: "/")] + name
    }

    private static func withCString<R>(_ bytes: [UInt8], _ body: (UnsafePointer<CChar>) -> R) -> R {
        body(bytes.map { CChar(bitPattern: $0) } + [0])
    }

    private static func write(_ bytes: [UInt8], to path: [UInt8]) throws {
        let descriptor = withCString(path) { open($0, O_WRONLY | O_CREAT | O_EXCL, 0o644) }
        try check(min(0, descriptor), "open")
        defer { close(descriptor) }
        guard writeAll(descriptor, bytes, bytes.count) == bytes.count else {
            throw ResticProgram.Failure(description: "write: \(errno)")
        }
    }

    private static func check(_ result: Int32, _ call: String) throws {
        guard result == 0 else { throw ResticProgram.Failure(description: "\(call): \(errno)") }
    }
}
