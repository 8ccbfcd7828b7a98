package org.payer.validator;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import ca.uhn.fhir.validation.SingleValidationMessage;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.util.ArrayList;
import java.util.List;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.r5.utils.validation.constants.BestPracticeWarningLevel;

/** The HL7 validator's engine, set as strictly as its command line is by default. Safe for use by many threads. */
final class ProfileValidator {
  private final FhirValidator validator;

  ProfileValidator(IValidationSupport support) {
    FhirContext context = support.getFhirContext();
    FhirInstanceValidator instance = new FhirInstanceValidator(support);
    instance.setAnyExtensionsAllowed(false);
    instance.setErrorForUnknownProfiles(true);
    instance.setBestPracticeWarningLevel(BestPracticeWarningLevel.Ignore);
    instance.setNoTerminologyChecks(false);
    // References are checked for their form and their declared type; their targets are not opened.
    instance.setAssumeValidRestReferences(true);
    validator = context.newValidator();
    validator.registerValidatorModule(instance);
  }

  /** Validates against the base definition of the type and every profile in `meta.profile`. */
  Outcome validate(Source.Item item) {
    List<String> profiles = new ArrayList<>();
    String resource;
    try {
      JsonElement root = JsonParser.parseString(item.json());
      if (!root.isJsonObject() || !root.getAsJsonObject().has("resourceType"))
        return unreadable(item, "Not a FHIR resource: expected a JSON object with \"resourceType\".");
      JsonObject object = root.getAsJsonObject();
      resource = text(object, "resourceType") + "/" + text(object, "id");
      if (object.get("meta") instanceof JsonObject meta && meta.get("profile") instanceof JsonArray declared)
        declared.forEach(profile -> profiles.add(profile.isJsonPrimitive() ? profile.getAsString() : "?"));
    } catch (JsonParseException broken) {
      return unreadable(item, "Not JSON: " + broken.getMessage());
    }
    List<Outcome.Finding> findings = new ArrayList<>();
    for (SingleValidationMessage message : validator.validateWithResult(item.json()).getMessages())
      findings.add(finding(item, message));
    return new Outcome(item, resource, profiles, findings);
  }

  private static Outcome.Finding finding(Source.Item item, SingleValidationMessage message) {
    boolean error = message.getSeverity().compareTo(ResultSeverityEnum.ERROR) >= 0;
    boolean warning = message.getSeverity() == ResultSeverityEnum.WARNING;
    int line = item.oneLine() || message.getLocationLine() == null ? item.line() : message.getLocationLine();
    return new Outcome.Finding(error, warning, line, message.getLocationString(), message.getMessage());
  }

  private static Outcome unreadable(Source.Item item, String why) {
    return new Outcome(item, "?", List.of(), List.of(new Outcome.Finding(true, false, item.line(), "", why)));
  }

  private static String text(JsonObject object, String name) {
    return object.get(name) != null && object.get(name).isJsonPrimitive() ? object.get(name).getAsString() : "(no " + name + ")";
  }
}
