package org.payer.validator;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.IValidationSupport;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.UnknownCodeSystemWarningValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain.CacheConfiguration;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r4.model.CodeSystem;
import org.hl7.fhir.r4.model.CodeSystem.CodeSystemContentMode;
import org.hl7.fhir.utilities.npm.NpmPackage;

/** Everything the validator knows: R4, the guides' packages, and code systems that need no server. */
final class GuidePackages {
  /**
   * Value sets that need a terminology server, small or simple enough to be stated here: of the NLM, and the formulary's
   * two of RxNorm, whose types of terms only the NLM knows. Of these, the guide's examples have the groups that are stated.
   */
  private static final List<String> PUBLISHED_ELSEWHERE =
      List.of(
          "race-category",
          "ethnicity-category",
          "administrative-sex",
          "asked-but-unknown",
          "other-unknown-asked",
          "provider-taxonomy",
          "semantic-drug",
          "semantic-drug-form-group");

  /** Extensions that R4 brings in an older form than the one in use. */
  private static final List<String> NEWER_THAN_R4 = List.of("oauth-uris");

  /** User-access Brands of SMART App Launch 2.2, whose package is not here: its demands, stated anew. */
  private static final List<String> USER_ACCESS_BRANDS =
      List.of(
          "endpoint-fhir-version",
          "organization-brand",
          "organization-portal",
          "user-access-endpoint",
          "user-access-brand",
          "user-access-brands-bundle");

  private static final Pattern NUMBER = Pattern.compile("[0-9]+");

  /** By name, numbers by their value: us-core-6.1.0, us-core-7.0.0, us-core-10.0.0. */
  private static final Comparator<Path> BY_VERSION =
      Comparator.comparing(
          file ->
              NUMBER
                  .matcher(file.getFileName().toString())
                  .replaceAll(number -> String.format("%9s", number.group())));

  private GuidePackages() {}

  /**
   * @param directory holds the guides as FHIR packages (.tgz)
   */
  static IValidationSupport load(Path directory) throws IOException {
    FhirContext context = FhirContext.forR4();
    PrePopulatedValidationSupport guides = new VersionTolerantSupport(context);
    List<Path> packages;
    try (Stream<Path> entries = Files.list(directory)) {
      packages = entries.filter(file -> file.toString().endsWith(".tgz")).sorted(BY_VERSION).toList();
    }
    if (packages.isEmpty()) throw new IOException("There is no FHIR package (.tgz) in " + directory + ".");
    // Of a canonical without a version the package read last counts: by name, the newest version.
    for (Path file : packages) addPackage(guides, context, file);

    for (String name : PUBLISHED_ELSEWHERE) addOwn(guides, context, "/value-sets/" + name);
    for (String name : NEWER_THAN_R4) addOwn(guides, context, "/extensions/" + name);
    for (String name : USER_ACCESS_BRANDS) addOwn(guides, context, "/smart/" + name);

    UnknownCodeSystemWarningValidationSupport unknown = new UnknownCodeSystemWarningValidationSupport(context);
    unknown.setNonExistentCodeSystemSeverity(IValidationSupport.IssueSeverity.WARNING);
    InMemoryTerminologyServerValidationSupport inMemory = new InMemoryTerminologyServerValidationSupport(context);
    ValidationSupportChain chain = new ValidationSupportChain(
        CacheConfiguration.defaultValues().setCacheTimeout(Duration.ofDays(1)).setCacheSize(100_000),
        guides,
        new DefaultProfileValidationSupport(context),
        new CommonCodeSystemsTerminologyService(context),
        new OfflineValueSets(context, inMemory),
        inMemory,
        new SnapshotGeneratingValidationSupport(context),
        unknown);
    // One coding of a concept has to meet a required binding (FHIR R4 §4.1.5). HAPI alone demands it of each.
    return chain.setCodeableConceptValidationSuccessfulIfNotAllCodingsAreValid(true);
  }

  private static void addPackage(PrePopulatedValidationSupport guides, FhirContext context, Path file)
      throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      NpmPackage guide = NpmPackage.fromPackage(in);
      for (String type : List.of("StructureDefinition", "ValueSet", "CodeSystem"))
        for (String name : guide.listResources(type))
          try (InputStream resource = guide.loadResource(name)) {
            IBaseResource definition = context.newJsonParser().parseResource(resource);
            if (isEmptyShell(definition)) continue;
            guides.addResource(definition);
          }
    }
  }

  /** A code system of which the guide gives only the name: as good as one that is not here, and treated alike. */
  private static boolean isEmptyShell(IBaseResource definition) {
    return definition instanceof CodeSystem system && system.getContent() == CodeSystemContentMode.NOTPRESENT;
  }

  private static void addOwn(PrePopulatedValidationSupport guides, FhirContext context, String path)
      throws IOException {
    try (InputStream resource = GuidePackages.class.getResourceAsStream(path + ".json")) {
      guides.addResource(context.newJsonParser().parseResource(resource));
    }
  }
}
