package org.payer.validator;

import ca.uhn.fhir.context.FhirContext;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.instance.model.api.IBaseResource;

/**
 * CARIN 2.0.0 and Plan-Net 1.1.0 build on US Core 3.1.1, whose package is not here. Asked for a US Core profile of a
 * version it does not have, this answers with the newest version it has. Other guides stay exact: a wrong version is an error.
 */
final class VersionTolerantSupport extends PrePopulatedValidationSupport {
  private static final String US_CORE = "http://hl7.org/fhir/us/core/";

  VersionTolerantSupport(FhirContext context) {
    super(context);
  }

  @Override
  public IBaseResource fetchStructureDefinition(String url) {
    IBaseResource exact = super.fetchStructureDefinition(url);
    int version = url.indexOf('|');
    if (exact != null || version < 0 || !url.startsWith(US_CORE)) return exact;
    return super.fetchStructureDefinition(url.substring(0, version));
  }

  @Override
  public IBaseResource fetchValueSet(String url) {
    IBaseResource exact = super.fetchValueSet(url);
    int version = url.indexOf('|');
    if (exact != null || version < 0 || !url.startsWith(US_CORE)) return exact;
    return super.fetchValueSet(url.substring(0, version));
  }
}
