import Testing

@Suite struct NetlinkTestsPlaceholder {
}
