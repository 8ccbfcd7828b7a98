package org.payer.validator;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.IValidationSupport;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.UnknownCodeSystemWarningValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.utilities.npm.NpmPackage;

/** Everything the validator knows: R4, the guides' packages, and code systems that need no server. */
final class GuidePackages {
  private GuidePackages() {}

  /**
   * @param directory holds the guides as FHIR packages (.tgz)
   */
  static IValidationSupport load(Path directory) throws IOException {
    FhirContext context = FhirContext.forR4();
    PrePopulatedValidationSupport guides = new VersionTolerantSupport(context);
    List<Path> packages;
    try (Stream<Path> entries = Files.list(directory)) {
      packages = entries.filter(file -> file.toString().endsWith(".tgz")).sorted().toList();
    }
    if (packages.isEmpty()) throw new IOException("There is no FHIR package (.tgz) in " + directory + ".");
    for (Path file : packages) addPackage(guides, context, file);

    UnknownCodeSystemWarningValidationSupport unknown = new UnknownCodeSystemWarningValidationSupport(context);
    unknown.setNonExistentCodeSystemSeverity(IValidationSupport.IssueSeverity.WARNING);
    return new ValidationSupportChain(
        guides,
        new DefaultProfileValidationSupport(context),
        new CommonCodeSystemsTerminologyService(context),
        new InMemoryTerminologyServerValidationSupport(context),
        new SnapshotGeneratingValidationSupport(context),
        unknown);
  }

  private static void addPackage(PrePopulatedValidationSupport guides, FhirContext context, Path file)
      throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      NpmPackage guide = NpmPackage.fromPackage(in);
      for (String type : List.of("StructureDefinition", "ValueSet", "CodeSystem"))
        for (String name : guide.listResources(type))
          try (InputStream resource = guide.loadResource(name)) {
            IBaseResource definition = context.newJsonParser().parseResource(resource);
            guides.addResource(definition);
          }
    }
  }
}
