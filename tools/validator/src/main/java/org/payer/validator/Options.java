package org.payer.validator;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The command line, checked. */
record Options(Path guides, List<Path> files, int sample, boolean listWarnings, int threads) {
  private static final String USAGE =
      "Usage: validate.sh [--sample N] [--warnings] [--threads N] FILE.ndjson|FILE.json|FILE.tgz|DIRECTORY …";

  /**
   * @throws IllegalArgumentException with a text for the user
   */
  static Options parse(String[] arguments) {
    Path guides = null;
    List<Path> files = new ArrayList<>();
    int sample = 0;
    int threads = Math.max(2, Runtime.getRuntime().availableProcessors());
    boolean listWarnings = false;
    for (int i = 0; i < arguments.length; i++)
      switch (arguments[i]) {
        case "--guides" -> guides = Path.of(value(arguments, ++i, "--guides"));
        case "--sample" -> sample = positive(arguments, ++i, "--sample");
        case "--threads" -> threads = positive(arguments, ++i, "--threads");
        case "--warnings" -> listWarnings = true;
        default -> {
          if (arguments[i].startsWith("-"))
            throw new IllegalArgumentException("Unknown option " + arguments[i] + ".\n" + USAGE);
          files.add(Path.of(arguments[i]));
        }
      }
    if (guides == null) throw new IllegalArgumentException("--guides DIRECTORY is missing; validate.sh gives it.");
    if (files.isEmpty()) throw new IllegalArgumentException("No file to validate.\n" + USAGE);
    for (Path file : files)
      if (!Files.exists(file)) throw new IllegalArgumentException("There is no file " + file + ".");
    return new Options(guides, Source.filesOf(files), sample, listWarnings, threads);
  }

  private static String value(String[] arguments, int i, String option) {
    if (i >= arguments.length) throw new IllegalArgumentException(option + " needs a value.\n" + USAGE);
    return arguments[i];
  }

  private static int positive(String[] arguments, int i, String option) {
    String text = value(arguments, i, option);
    if (!text.matches("[1-9][0-9]{0,8}"))
      throw new IllegalArgumentException(option + " must be a whole number from 1, not \"" + text + "\".");
    return Integer.parseInt(text);
  }
}
