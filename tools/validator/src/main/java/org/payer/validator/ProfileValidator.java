package org.payer.validator;

import ca.uhn.fhir.context.support.IValidationSupport;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.hl7.fhir.common.hapi.validation.validator.FhirDefaultPolicyAdvisor;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.common.hapi.validation.validator.WorkerContextValidationSupportAdapter;
import org.hl7.fhir.r5.elementmodel.Manager.FhirFormat;
import org.hl7.fhir.r5.fhirpath.FHIRPathEngine;
import org.hl7.fhir.r5.model.ValueSet;
import org.hl7.fhir.r5.utils.validation.ValidatorSession;
import org.hl7.fhir.r5.utils.validation.constants.BestPracticeWarningLevel;
import org.hl7.fhir.r5.utils.validation.constants.IdStatus;
import org.hl7.fhir.r5.utils.xver.XVerExtensionManagerOld;
import org.hl7.fhir.utilities.i18n.I18nConstants;
import org.hl7.fhir.utilities.validation.ValidationMessage;
import org.hl7.fhir.validation.ValidatorSettings;
import org.hl7.fhir.validation.instance.InstanceValidator;

/**
 * The HL7 validator's engine, as strict as its command line is by default: an unknown extension or profile is an error.
 * Safe for use by many threads.
 */
final class ProfileValidator {
  /**
   * Making an InstanceValidator reads a table of object identifiers, which takes longer than validating a resource, so
   * HAPI's own FhirInstanceValidator, which makes one per resource, is three times as slow. But an InstanceValidator
   * remembers every code it saw, so it must not live for ever either.
   */
  private static final int RESOURCES_PER_INSTANCE = 200;

  private static final Set<String> UNKNOWN_PROFILE =
      Set.of(I18nConstants.VALIDATION_VAL_PROFILE_UNKNOWN, I18nConstants.VALIDATION_VAL_PROFILE_UNKNOWN_NOT_POLICY);

  private static final class Instance {
    InstanceValidator validator;
    int used = RESOURCES_PER_INSTANCE;
  }

  private final WorkerContextValidationSupportAdapter context;
  private final ThreadLocal<Instance> instances = ThreadLocal.withInitial(Instance::new);

  ProfileValidator(IValidationSupport support) {
    context = WorkerContextValidationSupportAdapter.newVersionSpecificWorkerContextWrapper(support);
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
    List<ValidationMessage> messages = new ArrayList<>();
    // No profile is given: the engine then takes the base definition and what the resource declares.
    InputStream json = new ByteArrayInputStream(item.json().getBytes(StandardCharsets.UTF_8));
    try {
      instance().validate(null, messages, json, FhirFormat.JSON, new ArrayList<>());
    } catch (RuntimeException failure) {
      instances.remove();
      String why = "The validator itself failed on this resource: " + failure;
      return new Outcome(item, resource, profiles, List.of(new Outcome.Finding(true, false, item.line(), "", why)));
    }
    return new Outcome(item, resource, profiles, messages.stream().map(message -> finding(item, message)).toList());
  }

  private InstanceValidator instance() {
    Instance instance = instances.get();
    if (instance.used++ >= RESOURCES_PER_INSTANCE) {
      instance.validator = create();
      instance.used = 1;
    }
    return instance.validator;
  }

  private InstanceValidator create() {
    InstanceValidator validator =
        new InstanceValidator(
            context,
            new ValueSetContext(),
            new XVerExtensionManagerOld(context),
            new ValidatorSession(),
            new ValidatorSettings());
    validator.setAnyExtensionsAllowed(false);
    validator.setErrorForUnknownProfiles(true);
    validator.setUnknownCodeSystemsCauseErrors(true);
    validator.setNoTerminologyChecks(false);
    validator.setBestPracticeWarningLevel(BestPracticeWarningLevel.Ignore);
    validator.setResourceIdRule(IdStatus.OPTIONAL);
    // References are checked for their form and the type of their target; the targets are not opened.
    validator.setAssumeValidRestReferences(true);
    validator.setPolicyAdvisor(new FhirDefaultPolicyAdvisor());
    return validator;
  }

  /** Finds value sets for slices that are told apart by `memberOf`. */
  private final class ValueSetContext extends FhirInstanceValidator.NullEvaluationContext {
    @Override
    public ValueSet resolveValueSet(FHIRPathEngine engine, Object appContext, String url) {
      return context.fetchResource(ValueSet.class, url);
    }
  }

  private static Outcome.Finding finding(Source.Item item, ValidationMessage message) {
    String kind = message.getMessageId();
    boolean error = message.getLevel().isError() || (kind != null && UNKNOWN_PROFILE.contains(kind));
    boolean warning = message.getLevel() == ValidationMessage.IssueSeverity.WARNING;
    int line = item.oneLine() || message.getLine() < 1 ? item.line() : message.getLine();
    return new Outcome.Finding(error, warning, line, message.getLocation(), message.getMessage());
  }

  private static Outcome unreadable(Source.Item item, String why) {
    return new Outcome(item, "?", List.of(), List.of(new Outcome.Finding(true, false, item.line(), "", why)));
  }

  private static String text(JsonObject object, String name) {
    JsonElement value = object.get(name);
    return value != null && value.isJsonPrimitive() ? value.getAsString() : "(no " + name + ")";
  }
}
