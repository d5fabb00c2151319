/// What a node of a tree is.
public enum NodeType: String, Hashable, Sendable, CaseIterable {
    /// A regular file.
    case file
    /// A directory.
    case dir
    /// A symbolic link.
    case symlink
    /// A block device.
    case dev
    /// A character device.
    case chardev
    /// A named pipe.
    case fifo
    /// A socket.
    case socket
    /// What the operating system calls a file but is none of the above.
    case irregular
}
