import Testing

@Suite struct TrafficTestsPlaceholder {
}
