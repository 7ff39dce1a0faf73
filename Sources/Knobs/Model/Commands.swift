import Kernel

extension NetworkDevice {
  /// A command as one would type it to reach the namespace of this device.
  func inNamespace(_ command: String) -> String {
    namespace.name.map { "ip netns exec \($0) \(command)" } ?? command
  }
}
