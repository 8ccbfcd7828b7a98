package org.payer.validator;

import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/** The resources of one file, read one after another: memory does not grow with the file. */
final class Source implements Closeable {
  /**
   * One resource as text.
   *
   * @param line the line of the file on which the resource starts, from 1
   * @param oneLine whether the whole resource stands on that line (NDJSON)
   */
  record Item(String file, int line, boolean oneLine, String json) {}

  private interface Reader extends Closeable {
    /** The next resource, or null at the end. */
    Item next() throws IOException;
  }

  private final Reader reader;
  private final long total;
  private final int sample;

  private Source(Reader reader, long total, int sample) {
    this.reader = reader;
    this.total = total;
    this.sample = sample;
  }

  /** Directories are replaced by the files in them that can hold resources, sorted by name. */
  static List<Path> filesOf(List<Path> paths) {
    List<Path> files = new ArrayList<>();
    for (Path path : paths) {
      if (!Files.isDirectory(path)) {
        files.add(path);
        continue;
      }
      try (Stream<Path> entries = Files.walk(path)) {
        entries.filter(Files::isRegularFile).filter(Source::holdsResources).sorted().forEach(files::add);
      } catch (IOException unreadable) {
        throw new UncheckedIOException(unreadable);
      }
    }
    return files;
  }

  /**
   * @param sample how many resources of the file to take, spread evenly over it; 0 takes all
   */
  static Source open(Path file, int sample) throws IOException {
    long total = 0;
    if (sample > 0)
      try (Reader reader = reader(file)) {
        while (reader.next() != null) total++;
      }
    return new Source(reader(file), total, sample);
  }

  Iterator<Item> items() {
    return new Iterator<>() {
      private long index = -1;
      private Item next = advance();

      @Override
      public boolean hasNext() {
        return next != null;
      }

      @Override
      public Item next() {
        if (next == null) throw new NoSuchElementException();
        Item item = next;
        next = advance();
        return item;
      }

      private Item advance() {
        try {
          for (Item item; (item = reader.next()) != null; ) {
            index++;
            if (sample == 0 || sample >= total || index * sample / total != (index - 1) * sample / total || index == 0)
              return item;
          }
          return null;
        } catch (IOException unreadable) {
          throw new UncheckedIOException(unreadable);
        }
      }
    };
  }

  @Override
  public void close() throws IOException {
    reader.close();
  }

  private static boolean holdsResources(Path file) {
    return file.toString().matches(".*\\.(nd)?json(\\.gz)?|.*\\.(tgz|tar\\.gz)");
  }

  private static Reader reader(Path file) throws IOException {
    String name = file.toString();
    InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16);
    if (name.matches(".*\\.(tgz|tar\\.gz)")) return new ArchiveReader(name, in);
    if (name.endsWith(".gz")) in = new GZIPInputStream(in, 1 << 16);
    return name.matches(".*\\.ndjson(\\.gz)?") ? new LineReader(name, in) : new WholeReader(name, in);
  }

  private static final class LineReader implements Reader {
    private final String name;
    private final BufferedReader lines;
    private int line;

    LineReader(String name, InputStream in) {
      this.name = name;
      this.lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8), 1 << 16);
    }

    @Override
    public Item next() throws IOException {
      for (String text; (text = lines.readLine()) != null; ) {
        line++;
        if (!text.isBlank()) return new Item(name, line, true, text);
      }
      return null;
    }

    @Override
    public void close() throws IOException {
      lines.close();
    }
  }

  private static final class WholeReader implements Reader {
    private final String name;
    private final InputStream in;
    private boolean done;

    WholeReader(String name, InputStream in) {
      this.name = name;
      this.in = in;
    }

    @Override
    public Item next() throws IOException {
      if (done) return null;
      done = true;
      return new Item(name, 1, false, new String(in.readAllBytes(), StandardCharsets.UTF_8));
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }

  /** Of a guide's package only the examples are data; the rest of it is definitions. */
  private static final class ArchiveReader implements Reader {
    private final String name;
    private final TarArchiveInputStream archive;
    private Reader lines;

    ArchiveReader(String name, InputStream in) throws IOException {
      this.name = name;
      this.archive = new TarArchiveInputStream(new GZIPInputStream(in, 1 << 16));
    }

    @Override
    public Item next() throws IOException {
      if (lines != null) {
        Item item = lines.next();
        if (item != null) return item;
        lines = null;
      }
      for (TarArchiveEntry entry; (entry = archive.getNextEntry()) != null; ) {
        String path = entry.getName();
        if (!entry.isFile() || (path.startsWith("package/") && !path.startsWith("package/example/"))) continue;
        if (path.endsWith(".ndjson")) {
          lines = new LineReader(name + "!" + path, archive);
          Item item = lines.next();
          if (item != null) return item;
        } else if (path.endsWith(".json") && !path.endsWith("/.index.json")) {
          String json = new String(archive.readAllBytes(), StandardCharsets.UTF_8);
          if (json.contains("\"resourceType\"")) return new Item(name + "!" + path, 1, false, json);
        }
      }
      return null;
    }

    @Override
    public void close() throws IOException {
      archive.close();
    }
  }
}
