package org.payer.validator;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Validates FHIR R4 resources against their declared profiles and the base specification, without a network.
 * Exit code 0: no error; 1: at least one error; 2: the command itself was wrong.
 */
public final class Main {
  /** Results are printed in the order of the input, so that two runs can be compared; this many may be waiting. */
  private static final int IN_FLIGHT = 128;

  private Main() {}

  public static void main(String[] arguments) throws Exception {
    Options options;
    try {
      options = Options.parse(arguments);
    } catch (IllegalArgumentException wrong) {
      System.err.println(wrong.getMessage());
      System.exit(2);
      return;
    }
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    Report report = new Report(out, options.listWarnings());
    try {
      validate(options, report);
    } catch (IOException unreadable) {
      out.flush();
      System.err.println(unreadable.getMessage());
      System.exit(2);
    }
    report.summary();
    out.flush();
    System.exit(report.hasErrors() ? 1 : 0);
  }

  private static void validate(Options options, Report report) throws Exception {
    long start = System.nanoTime();
    ProfileValidator validator = new ProfileValidator(GuidePackages.load(options.guides()));
    // The first validation converts every definition; alone, so that two threads do not both do it.
    validator.validate(new Source.Item("warm-up", 1, false, "{\"resourceType\":\"Basic\",\"code\":{\"text\":\"x\"}}"));
    double warmUp = (System.nanoTime() - start) / 1e9;

    ExecutorService threads = Executors.newFixedThreadPool(options.threads());
    Deque<Future<Outcome>> waiting = new ArrayDeque<>();
    start = System.nanoTime();
    try {
      for (Path file : options.files())
        try (Source source = Source.open(file, options.sample())) {
          for (Iterator<Source.Item> items = source.items(); items.hasNext(); ) {
            Source.Item item = items.next();
            Callable<Outcome> task = () -> validator.validate(item);
            waiting.add(threads.submit(task));
            if (waiting.size() >= IN_FLIGHT) report.add(result(waiting.remove()));
          }
        }
      while (!waiting.isEmpty()) report.add(result(waiting.remove()));
    } finally {
      threads.shutdownNow();
    }
    report.timing(warmUp, (System.nanoTime() - start) / 1e9, options.threads());
  }

  private static Outcome result(Future<Outcome> future) throws InterruptedException {
    try {
      return future.get();
    } catch (ExecutionException failure) {
      throw new IllegalStateException("The validator itself failed: " + failure.getCause(), failure.getCause());
    }
  }
}
