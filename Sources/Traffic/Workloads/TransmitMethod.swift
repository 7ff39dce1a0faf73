/// How packet sockets hand frames to the kernel.
package enum TransmitMethod: String, Sendable, Codable, CaseIterable {
  /// What a short trial on the device finds faster.
  case automatic = "auto"
  /// sendmmsg(2).
  case calls = "sendmmsg"
  /// A ring of TPACKET_V2 (packet_mmap.rst).
  case ring = "tx-ring"
}
