package org.payer.validator;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.ConceptValidationOptions;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.context.support.ValidationSupportContext;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.hl7.fhir.common.hapi.validation.support.BaseValidationSupport;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r4.model.CanonicalType;
import org.hl7.fhir.r4.model.CodeSystem;
import org.hl7.fhir.r4.model.CodeSystem.CodeSystemContentMode;
import org.hl7.fhir.r4.model.ValueSet;
import org.hl7.fhir.r4.model.ValueSet.ConceptSetComponent;

/**
 * Says whether a code is in a value set when parts of the value set are not here (LOINC, SNOMED CT, NUBC, the NLM's
 * value sets). HAPI alone is wrong both ways: it refuses every code when an imported value set is missing, and accepts a
 * code of any system it does not know. Here a code that could be in a missing part is accepted with a warning, and a
 * code of a system that the value set does not mention is refused.
 */
final class OfflineValueSets extends BaseValidationSupport {
  private final IValidationSupport inMemory;

  OfflineValueSets(FhirContext context, IValidationSupport inMemory) {
    super(context);
    this.inMemory = inMemory;
  }

  @Override
  public boolean isValueSetSupported(ValidationSupportContext context, String url) {
    return context.getRootValidationSupport().fetchValueSet(url) != null;
  }

  @Override
  public CodeValidationResult validateCodeInValueSet(
      ValidationSupportContext context,
      ConceptValidationOptions options,
      String system,
      String code,
      String display,
      IBaseResource resource) {
    CodeValidationResult result = inMemory.validateCodeInValueSet(context, options, system, code, display, resource);
    if ((result != null && result.isOk()) || !(resource instanceof ValueSet valueSet) || code == null) return result;
    if (isExcluded(valueSet, system, code)) return notIn(valueSet, system, code);
    IValidationSupport root = context.getRootValidationSupport();
    Optional<String> missing = missingPart(root, valueSet, system, new HashSet<>());
    if (missing.isPresent()) return unchecked(system, code, valueSet, missing.get());
    if (result != null) return result;
    return notIn(valueSet, system, code);
  }

  private static boolean isExcluded(ValueSet valueSet, String system, String code) {
    return valueSet.getCompose().getExclude().stream()
        .filter(exclude -> exclude.getSystem().equals(system))
        .anyMatch(exclude -> exclude.getConcept().stream().anyMatch(concept -> concept.getCode().equals(code)));
  }

  private static CodeValidationResult notIn(ValueSet valueSet, String system, String code) {
    String why = "Code " + system + "#" + code + " is not in value set " + valueSet.getUrl();
    return issue(new CodeValidationResult(), IssueSeverity.ERROR, why, CodeValidationIssueCoding.NOT_IN_VS);
  }

  /** The part of the value set that could hold a code of this system and is not here. */
  private static Optional<String> missingPart(
      IValidationSupport root, ValueSet valueSet, String system, Set<String> visited) {
    if (!visited.add(valueSet.getUrl())) return Optional.empty();
    for (ConceptSetComponent include : valueSet.getCompose().getInclude()) {
      boolean fits = !include.hasSystem() || system == null || include.getSystem().equals(system);
      if (!fits) continue;
      if (include.hasSystem() && !include.hasConcept() && !isHere(root, include.getSystem()))
        return Optional.of("code system " + include.getSystem());
      for (CanonicalType imported : include.getValueSet()) {
        if (!(root.fetchValueSet(imported.getValue()) instanceof ValueSet part))
          return Optional.of("value set " + imported.getValue());
        Optional<String> missing = missingPart(root, part, system, visited);
        if (missing.isPresent()) return missing;
      }
    }
    return Optional.empty();
  }

  private static boolean isHere(IValidationSupport root, String system) {
    return root.fetchCodeSystem(system) instanceof CodeSystem found
        && found.getContent() != CodeSystemContentMode.NOTPRESENT;
  }

  private static CodeValidationResult unchecked(String system, String code, ValueSet valueSet, String missing) {
    String why =
        "Whether " + system + "#" + code + " is in " + valueSet.getUrl() + " was not checked: " + missing + " is not here";
    CodeValidationResult result = new CodeValidationResult().setCode(code);
    return issue(result, IssueSeverity.WARNING, why, CodeValidationIssueCoding.NOT_FOUND);
  }

  private static CodeValidationResult issue(
      CodeValidationResult result, IssueSeverity severity, String why, CodeValidationIssueCoding coding) {
    return result
        .setSeverity(severity)
        .setMessage(why)
        .addIssue(new CodeValidationIssue(why, severity, CodeValidationIssueCode.CODE_INVALID, coding));
  }
}
