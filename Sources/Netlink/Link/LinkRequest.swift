import CLinux
import SystemPackage

/// Requests about links, as values: what goes to the kernel can be looked at without one.
///
/// libnl-route builds the veth with its nested peer. It is not used for changes: its change
/// request leaves `ifi_change` at 0, which makes the kernel overwrite every flag of the device.
extension NetlinkRequest {
  /// `RTM_GETLINK`, every link.
  static let links = NetlinkRequest(
    "list links", type: RTM_GETLINK, flags: NLM_F_DUMP, payload: linkHeader().bytes)

  static func link(index: Int32) -> NetlinkRequest {
    NetlinkRequest("get link \(index)", type: RTM_GETLINK, payload: linkHeader(index).bytes)
  }

  static func link(named name: String) -> NetlinkRequest {
    var builder = linkHeader()
    builder.attribute(IFLA_IFNAME, name)
    return NetlinkRequest("get link \(name)", type: RTM_GETLINK, payload: builder.bytes)
  }

  /// Attributes to be changed on a link that exists: `RTM_NEWLINK` without `NLM_F_CREATE`.
  static func change(
    _ description: String, _ index: Int32, _ attributes: (inout MessageBuilder) -> Void
  ) -> NetlinkRequest {
    var builder = linkHeader(index)
    attributes(&builder)
    return NetlinkRequest(
      "\(description) of link \(index)", type: RTM_NEWLINK, payload: builder.bytes)
  }

  static func up(_ isUp: Bool, _ index: Int32) -> NetlinkRequest {
    let up = UInt32(IFF_UP)
    let builder = linkHeader(index, flags: isUp ? up : 0, change: up)
    return NetlinkRequest(
      "set link \(index) \(isUp ? "up" : "down")", type: RTM_NEWLINK, payload: builder.bytes)
  }

  static func deleteLink(_ index: Int32) -> NetlinkRequest {
    NetlinkRequest("delete link \(index)", type: RTM_DELLINK, payload: linkHeader(index).bytes)
  }

  /// A bridge that forwards at once and never speaks: no spanning tree, no snooping of multicast.
  static func createBridge(named name: String) -> NetlinkRequest {
    var builder = linkHeader()
    builder.attribute(IFLA_IFNAME, name)
    builder.nested(IFLA_LINKINFO) {
      $0.attribute(IFLA_INFO_KIND, "bridge")
      $0.nested(IFLA_INFO_DATA) {
        $0.attribute(IFLA_BR_FORWARD_DELAY, UInt32(0))
        $0.attribute(IFLA_BR_STP_STATE, UInt32(0))
        $0.attribute(IFLA_BR_MCAST_SNOOPING, UInt8(0))
      }
    }
    return NetlinkRequest(
      "create bridge \(name)", type: RTM_NEWLINK, flags: NLM_F_CREATE | NLM_F_EXCL,
      payload: builder.bytes)
  }

  /// An intermediate functional block: what nobody redirected to it, it drops.
  ///
  /// - Parameter queues: 1 … 4096.
  static func createIFB(named name: String, queues: Int) -> NetlinkRequest {
    var builder = linkHeader()
    builder.attribute(IFLA_IFNAME, name)
    builder.attribute(IFLA_NUM_TX_QUEUES, UInt32(queues))
    builder.attribute(IFLA_NUM_RX_QUEUES, UInt32(queues))
    builder.nested(IFLA_LINKINFO) { $0.attribute(IFLA_INFO_KIND, "ifb") }
    return NetlinkRequest(
      "create ifb \(name)", type: RTM_NEWLINK, flags: NLM_F_CREATE | NLM_F_EXCL,
      payload: builder.bytes)
  }

  /// A macvtap in bridge mode on a device: those of one device also reach each other.
  ///
  /// - Parameter queues: transmit and receive queues that its openers may fill, 1 … 256.
  static func createMacvtap(named name: String, over lower: Int32, queues: Int) -> NetlinkRequest {
    var builder = linkHeader()
    builder.attribute(IFLA_IFNAME, name)
    builder.attribute(IFLA_LINK, lower)
    builder.attribute(IFLA_NUM_TX_QUEUES, UInt32(queues))
    builder.attribute(IFLA_NUM_RX_QUEUES, UInt32(queues))
    builder.nested(IFLA_LINKINFO) {
      $0.attribute(IFLA_INFO_KIND, "macvtap")
      $0.nested(IFLA_INFO_DATA) {
        $0.attribute(IFLA_MACVLAN_MODE, MACVLAN_MODE_BRIDGE.rawValue)
      }
    }
    return NetlinkRequest(
      "create macvtap \(name) over link \(lower)", type: RTM_NEWLINK,
      flags: NLM_F_CREATE | NLM_F_EXCL, payload: builder.bytes)
  }

  /// Two ends of a veth, built by libnl-route.
  ///
  /// Both ends get all queues active: without an explicit number the kernel uses only one.
  ///
  /// - Parameters:
  ///   - peerNamespace: a descriptor of the namespace where the peer appears; nil for the same.
  ///   - queues: transmit and receive queues of each end, 1 … 4096.
  static func createVeth(
    named name: String, peer: String, peerNamespace: CInt?, queues: Int
  ) throws -> NetlinkRequest {
    let description = "create veth \(name) with \(peer)"
    guard let link = unsafe rtnl_link_veth_alloc() else {
      throw NetlinkError(description, .noMemory)
    }
    defer { unsafe rtnl_link_veth_release(link) }
    guard let other = unsafe rtnl_link_veth_get_peer(link) else {
      throw NetlinkError(description, .noMemory)
    }
    defer { unsafe rtnl_link_put(other) }
    func describe(_ end: OpaquePointer, _ name: String) {
      unsafe rtnl_link_set_name(end, name)
      unsafe rtnl_link_set_num_tx_queues(end, UInt32(queues))
      unsafe rtnl_link_set_num_rx_queues(end, UInt32(queues))
    }
    unsafe describe(link, name)
    unsafe describe(other, peer)
    if let peerNamespace { unsafe rtnl_link_set_ns_fd(other, peerNamespace) }
    var message: OpaquePointer?
    let code = unsafe rtnl_link_build_add_request(link, NLM_F_CREATE | NLM_F_EXCL, &message)
    guard code >= 0, let message = unsafe message else {
      throw NetlinkError(
        description, .invalidArgument, message: unsafe String(cString: nl_geterror(code)))
    }
    defer { unsafe nlmsg_free(message) }
    let built = unsafe NetlinkMessage(copying: nlmsg_hdr(message))
    return NetlinkRequest(
      description, type: built.type, flags: CInt(built.flags), payload: built.payload)
  }

  /// `struct ifinfomsg`: family and hardware type unspecified.
  private static func linkHeader(_ index: Int32 = 0, flags: UInt32 = 0, change: UInt32 = 0)
    -> MessageBuilder
  {
    var builder = MessageBuilder()
    builder.append(UInt32(0))
    builder.append(index)
    builder.append(flags)
    builder.append(change)
    return builder
  }
}
