import Testing

@Suite struct ReportTestsPlaceholder {
}
