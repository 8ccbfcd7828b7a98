package org.payer.validator;

import java.util.List;

/**
 * What the validator said about one resource.
 *
 * @param resource type/id, as far as they could be read
 * @param profiles the profiles the resource declares
 */
record Outcome(Source.Item item, String resource, List<String> profiles, List<Finding> findings) {
  /**
   * @param line the line of the file, from 1
   * @param location FHIRPath of the element
   */
  record Finding(boolean error, boolean warning, int line, String location, String message) {}
}
