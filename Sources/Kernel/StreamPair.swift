import CLinux

/// Two ends of one stream of bytes, for a child to inherit one of them (socketpair(2)).
package struct StreamPair: ~Copyable {
  package let near: OwnedDescriptor
  package let far: OwnedDescriptor

  package init() throws(SystemCallError) {
    var ends: [CInt] = [-1, -1]
    let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
    try syscall("socketpair") { unsafe socketpair(AF_UNIX, kind, 0, &ends) }
    near = OwnedDescriptor(adopting: ends[0])
    far = OwnedDescriptor(adopting: ends[1])
  }

  /// Closes the far end here, once the child has it.
  package consuming func nearEnd() -> OwnedDescriptor { near }
}
