package org.payer;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.parser.StrictErrorHandler;
import ca.uhn.fhir.rest.client.api.IGenericClient;
import ca.uhn.fhir.rest.client.api.ServerValidationModeEnum;
import ca.uhn.fhir.rest.client.interceptor.BearerTokenAuthInterceptor;
import ca.uhn.fhir.rest.server.exceptions.AuthenticationException;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.stream.Collectors;
import org.hl7.fhir.r4.model.Bundle;
import org.hl7.fhir.r4.model.CapabilityStatement;
import org.hl7.fhir.r4.model.Patient;

/**
 * HAPI's client with its strict parser: an element that R4 does not have, or a value of another type, ends
 * the program. See conversation.mjs for how it speaks with the test.
 */
public final class HapiClient {
  private static final Map<String, String> ENV = System.getenv();
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  public static void main(String[] arguments) throws Exception {
    FhirContext context = FhirContext.forR4();
    context.setParserErrorHandler(new StrictErrorHandler());
    // The server's metadata is read below; the client need not ask for it before each connection.
    context.getRestfulClientFactory().setServerValidationMode(ServerValidationModeEnum.NEVER);
    context.getRestfulClientFactory().setSocketTimeout(30_000);
    IGenericClient client = context.newRestfulGenericClient(ENV.get("FHIR_BASE"));
    client.capabilities().ofType(CapabilityStatement.class).execute();
    if (ENV.get("FLOW").equals("directory")) directory(client);
    else patient(client);
  }

  private static void directory(IGenericClient client) throws Exception {
    String answer = token(Map.of("grant_type", "client_credentials", "scope", ENV.get("SCOPE")));
    client.registerInterceptor(new BearerTokenAuthInterceptor(member(answer, "access_token")));
    Bundle page = client.search().forResource("Practitioner").count(2).returnBundle(Bundle.class).execute();
    Bundle next = client.loadPage().next(page).execute();
    finish("\"found\":" + page.getEntry().size() + ",\"next\":" + next.getEntry().size());
  }

  private static void patient(IGenericClient client) throws Exception {
    String url = ENV.get("ISSUER") + "/authorize?" + form(Map.of(
        "response_type", "code", "client_id", ENV.get("CLIENT_ID"), "redirect_uri", ENV.get("REDIRECT_URI"),
        "scope", ENV.get("SCOPE"), "state", "state-1"));
    System.out.println("{\"authorize\":\"" + url + "\"}");
    String redirect = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
    String code = redirect.replaceFirst(".*[?&]code=([^&]*).*", "$1");
    String tokens = token(Map.of(
        "grant_type", "authorization_code", "code", code, "redirect_uri", ENV.get("REDIRECT_URI")));
    String refreshed = token(Map.of("grant_type", "refresh_token", "refresh_token", member(tokens, "refresh_token")));
    client.registerInterceptor(new BearerTokenAuthInterceptor(member(refreshed, "access_token")));
    Patient patient = client.read().resource(Patient.class).withId(member(tokens, "patient")).execute();
    int claims = client.search().byUrl("ExplanationOfBenefit?_summary=count").returnBundle(Bundle.class).execute()
        .getTotal();
    // Every resource of the member passes the strict parser.
    int parsed = 0;
    Bundle page = client.search().byUrl("ExplanationOfBenefit?_include=*&_count=100").returnBundle(Bundle.class)
        .execute();
    for (;; page = client.loadPage().next(page).execute()) {
      parsed += page.getEntry().size();
      if (page.getLink(Bundle.LINK_NEXT) == null) break;
    }
    if (parsed < claims) throw new IllegalStateException(parsed + " resources for " + claims + " claims");
    post("/revoke", Map.of("token", member(refreshed, "refresh_token")));
    // The event of a revocation takes milliseconds, more on a busy machine. The platform promises 30 s at most.
    int after = 200;
    for (long begun = System.nanoTime(); after == 200 && System.nanoTime() - begun < 5_000_000_000L; ) {
      try {
        client.read().resource(Patient.class).withId(patient.getIdElement().getIdPart()).execute();
      } catch (AuthenticationException refused) {
        after = refused.getStatusCode();
      }
    }
    finish("\"patient\":\"" + patient.getIdElement().getIdPart() + "\",\"claims\":" + claims
        + ",\"after_revocation\":" + after);
  }

  private static String token(Map<String, String> parameters) throws Exception {
    return post("/token", parameters);
  }

  private static String post(String path, Map<String, String> parameters) throws Exception {
    String secret = ENV.get("CLIENT_ID") + ":" + ENV.get("CLIENT_SECRET");
    HttpRequest request = HttpRequest.newBuilder(URI.create(ENV.get("ISSUER") + path))
        .header("Authorization", "Basic " + Base64.getEncoder().encodeToString(secret.getBytes(StandardCharsets.UTF_8)))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .POST(HttpRequest.BodyPublishers.ofString(form(parameters)))
        .build();
    HttpResponse<String> answer = HTTP.send(request, HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() != 200) throw new IllegalStateException(path + " answered " + answer.statusCode());
    return answer.body();
  }

  private static String form(Map<String, String> parameters) {
    return parameters.entrySet().stream()
        .map(one -> one.getKey() + "=" + URLEncoder.encode(one.getValue(), StandardCharsets.UTF_8))
        .collect(Collectors.joining("&"));
  }

  /** A string member of a flat JSON object. */
  private static String member(String json, String name) {
    return json.replaceFirst("(?s).*\"" + name + "\"\\s*:\\s*\"([^\"]*)\".*", "$1");
  }

  private static void finish(String members) {
    System.out.println("{" + members + "}");
  }
}
