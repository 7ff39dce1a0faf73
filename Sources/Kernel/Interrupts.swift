/// One line of `/proc/interrupts`: a numbered interrupt, how often each CPU served it, and for whom.
package struct Interrupt: Sendable, Hashable {
  package let number: Int
  /// Served so far, by CPU number. CPUs that are offline have no column.
  package let counts: [Int: UInt64]
  /// What the driver calls it: `virtio2-input.0`, `eth0-TxRx-3`. Several, with commas, if shared.
  package let action: String

  package init(number: Int, counts: [Int: UInt64], action: String) {
    self.number = number
    self.counts = counts
    self.action = action
  }

  /// The queue that it serves, from the digits at the end of its name; nil for one that serves
  /// none, such as `virtio2-config`, `mlx5_async@pci:0000:01:00.0`, `eth0-event-4` of vmxnet3, or
  /// the plain name of the device.
  package func queue(ofDevice device: String) -> Int? {
    let name = action.split(separator: "@").first.map(String.init) ?? action
    guard name != device, !name.contains(","), !name.contains("-event-") else { return nil }
    let digits = name.reversed().prefix { $0.isASCII && $0.isNumber }
    guard let before = name.dropLast(digits.count).last,
      before == "-" || before == "." || before.isLetter
    else { return nil }
    // A bus address such as `01:00.0` ends in a digit too.
    if before == ".", name.dropLast(digits.count).contains(":") { return nil }
    return Int(String(digits.reversed()))
  }
}

/// The interrupts of a machine and of its devices (Documentation/filesystems/proc.rst,
/// Documentation/core-api/irq/irq-affinity.rst).
package struct Interrupts: Sendable, Hashable {
  /// The numbered ones, in the order of the file.
  package let all: [Interrupt]

  /// Reads the text of `/proc/interrupts`. Lines that are no interrupt with a number are left out.
  package init(parsing text: String) {
    let lines = text.split(separator: "\n")
    let cpus = (lines.first ?? "").split(separator: " ").compactMap { word in
      word.hasPrefix("CPU") ? Int(word.dropFirst(3)) : nil
    }
    all = lines.dropFirst().compactMap { line in
      let words = line.split(separator: " ")
      guard let head = words.first, head.hasSuffix(":"), let number = Int(head.dropLast()),
        words.count > cpus.count
      else { return nil }
      let counts = words[1...cpus.count].compactMap { UInt64($0) }
      guard counts.count == cpus.count else { return nil }
      // After the counts: the chip (perhaps with a bus address), the trigger, then the action.
      let rest = words.dropFirst(1 + cpus.count)
      let kind = rest.firstIndex { Self.isTrigger($0) }
      let action = kind.map { rest[rest.index(after: $0)...] } ?? rest.suffix(1)
      return Interrupt(
        number: number, counts: Dictionary(zip(cpus, counts)) { first, _ in first },
        action: action.joined(separator: " "))
    }
  }

  /// `5-edge`, `16-fasteoi` on x86; `Edge`, `Level` elsewhere.
  private static func isTrigger(_ word: Substring) -> Bool {
    let parts = word.split(separator: "-", omittingEmptySubsequences: false)
    let isNumbered = parts.count == 2 && Int(parts[0]) != nil && parts[1].allSatisfy(\.isLetter)
    return isNumbered || word == "Edge" || word == "Level"
  }

  /// The machine's, now.
  package init(files: HostFiles) throws(SystemCallError) {
    self.init(parsing: try files.read("/proc/interrupts"))
  }

  /// The interrupts that belong to a network device, in order of their numbers.
  ///
  /// Taken from `msi_irqs` of its bus device, or of that one's parent (a virtio device's PCI
  /// function), else from `irq`. Vectors that no driver has requested are left out. Find them
  /// anew after every change of queues: the numbers change.
  package static func of(device: String, files: HostFiles) throws(SystemCallError) -> [Interrupt] {
    let bus = "/sys/class/net/\(device)/device"
    guard files.exists(bus) else { return [] }
    let numbers = [bus, bus + "/.."].lazy
      .map { folder in
        let vectors = files.list(folder + "/msi_irqs").compactMap { Int($0) }
        let line = files.readInteger(folder + "/irq").map { [$0] } ?? []
        return vectors.isEmpty ? line.filter { $0 > 0 } : vectors
      }
      .first { !$0.isEmpty }
    guard let numbers else { return [] }
    let wanted = Set(numbers)
    return try Interrupts(files: files).all
      .filter { wanted.contains($0.number) && !$0.action.isEmpty }
      .sorted { $0.number < $1.number }
  }

  /// The file that holds, and takes, the CPUs that may serve an interrupt, as a list.
  package static func affinityPath(_ number: Int) -> String {
    "/proc/irq/\(number)/smp_affinity_list"
  }

  /// The file that names the CPUs that really serve it; one CPU on most machines.
  package static func effectivePath(_ number: Int) -> String {
    "/proc/irq/\(number)/effective_affinity_list"
  }
}
