package org.payer.validator;

import java.io.PrintStream;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** Prints errors as they come, and at the end how often each kind of them came. */
final class Report {
  private static final int KINDS_SHOWN = 40;

  private static final class Kind {
    int count;
    String example;
  }

  private final PrintStream out;
  private final boolean listWarnings;
  private final Map<String, Kind> errors = new LinkedHashMap<>();
  private final Map<String, Kind> warnings = new LinkedHashMap<>();
  private int resources;
  private int withErrors;
  private String timing = "";

  Report(PrintStream out, boolean listWarnings) {
    this.out = out;
    this.listWarnings = listWarnings;
  }

  void add(Outcome outcome) {
    resources++;
    boolean failed = false;
    for (Outcome.Finding finding : outcome.findings()) {
      if (!finding.error() && !finding.warning()) continue;
      count(finding.error() ? errors : warnings, outcome, finding);
      failed |= finding.error();
      if (finding.error() || listWarnings) print(outcome, finding);
    }
    if (failed) withErrors++;
  }

  void timing(double warmUp, double seconds, int threads) {
    timing =
        String.format(
            Locale.ROOT,
            "warm-up %.1f s; then %.1f s on %d threads, %.0f resources per second",
            warmUp,
            seconds,
            threads,
            resources / Math.max(seconds, 0.001));
  }

  boolean hasErrors() {
    return withErrors > 0;
  }

  void summary() {
    kinds("Errors by kind", errors);
    if (listWarnings) kinds("Warnings by kind", warnings);
    int total = warnings.values().stream().mapToInt(kind -> kind.count).sum();
    out.printf("%n%d warnings of %d kinds%s%n", total, warnings.size(), listWarnings ? "" : " (--warnings lists them)");
    out.println(timing);
    out.printf("%d resources, %d with errors%n", resources, withErrors);
  }

  private void print(Outcome outcome, Outcome.Finding finding) {
    String profiles = outcome.profiles().isEmpty() ? "no profile declared" : String.join(" ", outcome.profiles());
    out.printf(
        "%s %s:%d %s [%s] %s: %s%n",
        finding.error() ? "ERROR" : "warning",
        outcome.item().file(),
        finding.line(),
        outcome.resource(),
        profiles,
        finding.location(),
        finding.message());
  }

  private static void count(Map<String, Kind> kinds, Outcome outcome, Outcome.Finding finding) {
    // Two findings are of one kind when they differ only in positions, ids of resources and addresses of Java objects.
    String key =
        (finding.location() + ": " + finding.message())
            .replaceAll("\\[\\d+\\]", "[]")
            .replaceAll("/\\*.*?\\*/", "")
            .replaceAll("@[0-9a-f]{4,8}", "")
            .replaceAll("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}", "…");
    Kind kind = kinds.computeIfAbsent(key, absent -> new Kind());
    kind.count++;
    if (kind.example == null) kind.example = outcome.item().file() + ":" + finding.line() + " " + outcome.resource();
  }

  private void kinds(String title, Map<String, Kind> kinds) {
    if (kinds.isEmpty()) return;
    out.printf("%n%s:%n", title);
    kinds.entrySet().stream()
        .sorted(Comparator.comparingInt(entry -> -entry.getValue().count))
        .limit(KINDS_SHOWN)
        .forEach(entry ->
            out.printf("%7d × %s%n          first: %s%n", entry.getValue().count, entry.getKey(), entry.getValue().example));
    if (kinds.size() > KINDS_SHOWN) out.printf("        … and %d more kinds%n", kinds.size() - KINDS_SHOWN);
  }
}
