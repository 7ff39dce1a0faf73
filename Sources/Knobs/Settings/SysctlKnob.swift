import Kernel
import Measurement

/// A number below `/proc/sys/net` (Documentation/admin-guide/sysctl/net.rst,
/// Documentation/networking/ip-sysctl.rst).
///
/// With the scope `host` there is one for the machine and the initial namespace alone shows it;
/// with the scope `namespace` each of the target's namespaces has its own and all are set alike.
struct SysctlKnob: AttributeKnob {
  /// With dots: `net.core.netdev_budget`.
  let key: String
  let scope: Scope
  let range: ClosedRange<Int>
  let unit: String
  let summary: String
  let disruption = Disruption.none

  var name: KnobName { KnobName(rawValue: "sysctl." + key) }

  func device(on target: Target) -> String {
    scope == .host ? "this host" : target.transmitter.name
  }

  func capability(on target: Target) throws -> Availability {
    guard let attribute = try attributes(on: target).first?.attribute, try attribute.isThere else {
      return .absent(
        scope == .host
          ? "\(key) is not shown here; the kernel has it in the first network namespace only"
          : "this kernel has no \(key)")
    }
    return .available(.range(range, unit: unit))
  }

  func attributes(on target: Target) throws -> [Place] {
    sysctlPlaces(key, scope, on: target)
  }

  func value(of texts: [String], on target: Target) throws -> KnobValue {
    KnobValue(texts.last ?? "")
  }

  func texts(for value: KnobValue, at places: [Place], on target: Target) throws -> [String] {
    places.map { _ in value.description }
  }

  func commands(for value: KnobValue, on target: Target) -> [String] {
    sysctlCommands(key, scope, value.description, on: target)
  }
}

/// `net.ipv4.ip_local_port_range`: the first and the last port that a connection may be given.
struct PortRangeKnob: AttributeKnob {
  let key = "net.ipv4.ip_local_port_range"
  let scope = Scope.namespace
  let disruption = Disruption.none
  let summary = "first and last port for outgoing connections"

  var name: KnobName { KnobName(rawValue: "sysctl." + key) }

  func capability(on target: Target) throws -> Availability {
    guard let attribute = try attributes(on: target).first?.attribute, try attribute.isThere else {
      return .absent("this kernel has no \(key)")
    }
    let privileged = target.attribute(
      "/proc/sys/net/ipv4/ip_unprivileged_port_start", of: target.transmitter)
    let lowest = max(1, (try? privileged.read()).flatMap { Int($0) } ?? 1024)
    return .available(
      .words(grammar: "two ports from \(lowest) to 65535, such as 32768 60999") { text in
        let ports = text.split(separator: " ", omittingEmptySubsequences: false).map { Int($0) }
        guard ports.count == 2, let first = ports[0], let last = ports[1], lowest <= first,
          first < last, last <= 65535
        else { return "it takes two rising ports from \(lowest) to 65535, not \(text)" }
        return nil
      })
  }

  func attributes(on target: Target) throws -> [Place] { sysctlPlaces(key, scope, on: target) }

  func value(of texts: [String], on target: Target) throws -> KnobValue {
    KnobValue(texts.last ?? "")
  }

  func texts(for value: KnobValue, at places: [Place], on target: Target) throws -> [String] {
    places.map { _ in value.description }
  }

  func commands(for value: KnobValue, on target: Target) -> [String] {
    sysctlCommands(key, scope, value.description, on: target)
  }
}

private func sysctlPath(_ key: String) -> String {
  "/proc/sys/" + key.split(separator: ".").joined(separator: "/")
}

private func sysctlPlaces(_ key: String, _ scope: Scope, on target: Target) -> [Place] {
  if scope == .host {
    return [Place("host", Attribute(path: sysctlPath(key), files: target.machine.files), .text)]
  }
  return target.namespaceEnds.map { role, device in
    Place(role, target.attribute(sysctlPath(key), of: device), .text)
  }
}

private func sysctlCommands(
  _ key: String, _ scope: Scope, _ value: String, on target: Target
) -> [String] {
  let word = value.contains(" ") ? "\"\(value)\"" : value
  let command = "sysctl -w \(key)=\(word)"
  if scope == .host { return [command] }
  return target.namespaceEnds.map { $0.device.inNamespace(command) }
}

extension Target {
  /// One end for each namespace, the transmitter's first.
  fileprivate var namespaceEnds: [(role: String, device: NetworkDevice)] {
    transmitter.namespace === receiver.namespace ? [ends[0]] : ends
  }
}
