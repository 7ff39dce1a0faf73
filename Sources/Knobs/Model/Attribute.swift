import Kernel

/// A file of the kernel that holds one setting as text, in the namespace that shows it.
struct Attribute: Sendable {
  let path: String
  let files: HostFiles
  let namespace: NetworkNamespace

  init(path: String, files: HostFiles, namespace: NetworkNamespace = .current) {
    self.path = path
    self.files = files
    self.namespace = namespace
  }

  var isThere: Bool {
    get throws {
      let (files, path) = (files, path)
      return try namespace.run { files.exists(path) }
    }
  }

  func read() throws -> String {
    let (files, path) = (files, path)
    return try namespace.run { try files.read(path) }
  }

  func write(_ text: String) throws {
    let (files, path) = (files, path)
    try namespace.run { try files.write(text, to: path) }
  }
}
