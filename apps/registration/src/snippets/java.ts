import { openThis, pasteThis, redirectUriOf, type Snippet, type SnippetValues } from './snippet.js';

/** A text as a literal of Java, which reads the escapes of JSON. */
const javaText = (text: string) => JSON.stringify(text);

const clientId = ({ app }: SnippetValues) => (app ? javaText(app.client_id) : 'System.getenv("CLIENT_ID")');

function redirectUri(values: SnippetValues): string {
  const uri = redirectUriOf(values);
  return uri === undefined ? 'System.getenv("REDIRECT_URI")' : javaText(uri);
}

/** The token request, which both flows make. */
const tokenRequest = (
  values: SnippetValues,
) => `  static JsonNode token(Map<String, String> parameters) throws Exception {
    String credentials = CLIENT_ID + ":" + System.getenv("CLIENT_SECRET");
    HttpRequest request = HttpRequest.newBuilder(URI.create("${values.tokenEndpoint}"))
        .header("Authorization", "Basic " + Base64.getEncoder().encodeToString(credentials.getBytes(UTF_8)))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .POST(HttpRequest.BodyPublishers.ofString(form(parameters)))
        .build();
    HttpResponse<String> answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() != 200) throw new IllegalStateException(answer.body());
    return new ObjectMapper().readTree(answer.body());
  }

  static String form(Map<String, String> parameters) {
    return parameters.entrySet().stream()
        .map(one -> one.getKey() + "=" + URLEncoder.encode(one.getValue(), UTF_8))
        .collect(Collectors.joining("&"));
  }`;

const imports = (own: string[]) =>
  [
    'import static java.nio.charset.StandardCharsets.UTF_8;\n',
    ...[
      ...own,
      'ca.uhn.fhir.context.FhirContext',
      'ca.uhn.fhir.rest.client.api.IGenericClient',
      'ca.uhn.fhir.rest.client.interceptor.BearerTokenAuthInterceptor',
      'com.fasterxml.jackson.databind.JsonNode',
      'com.fasterxml.jackson.databind.ObjectMapper',
      'java.net.URI',
      'java.net.URLEncoder',
      'java.net.http.HttpClient',
      'java.net.http.HttpRequest',
      'java.net.http.HttpResponse',
      'java.util.Base64',
      'java.util.Map',
      'java.util.stream.Collectors',
    ]
      .sort()
      .map((name) => `import ${name};`),
  ].join('\n');

export const java: Snippet = {
  id: 'java',
  title: 'Java: HAPI FHIR',
  fileName: 'FirstCall.java',
  run: 'java -cp "lib/*" FirstCall.java',
  note:
    'Copy the libraries to lib/ with Maven: ca.uhn.hapi.fhir:hapi-fhir-client, hapi-fhir-structures-r4 and ' +
    'hapi-fhir-caching-caffeine, by mvn dependency:copy-dependencies -DoutputDirectory=lib.',
  member: (values) => `${imports([
    'java.io.BufferedReader',
    'java.io.InputStreamReader',
    'java.security.MessageDigest',
    'java.security.SecureRandom',
    'org.hl7.fhir.r4.model.Patient',
  ])}

public class FirstCall {
  static final String CLIENT_ID = ${clientId(values)};
  static final String REDIRECT_URI = ${redirectUri(values)};

  public static void main(String[] arguments) throws Exception {
    String verifier = random();
    String state = random();
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(verifier.getBytes(UTF_8));
    System.out.println("${openThis}");
    System.out.println("${values.authorizationEndpoint}?" + form(Map.of(
        "response_type", "code",
        "client_id", CLIENT_ID,
        "redirect_uri", REDIRECT_URI,
        "scope", ${javaText(values.scope)},
        "aud", ${javaText(values.fhirBaseUrl)},
        "state", state,
        "code_challenge", Base64.getUrlEncoder().withoutPadding().encodeToString(digest),
        "code_challenge_method", "S256")));
    System.out.println("${pasteThis}");
    String address = new BufferedReader(new InputStreamReader(System.in, UTF_8)).readLine();
    if (!address.matches(".*[?&]state=" + state + "(&.*)?"))
      throw new IllegalStateException("This answer belongs to another request.");

    JsonNode tokens = token(Map.of(
        "grant_type", "authorization_code",
        "code", address.replaceFirst(".*[?&]code=([^&]*).*", "$1"),
        "code_verifier", verifier,
        "redirect_uri", REDIRECT_URI));
    FhirContext context = FhirContext.forR4();
    IGenericClient fhir = context.newRestfulGenericClient("${values.fhirBaseUrl}");
    fhir.registerInterceptor(new BearerTokenAuthInterceptor(tokens.get("access_token").asText()));
    Patient patient = fhir.read().resource(Patient.class).withId(tokens.get("patient").asText()).execute();
    System.out.println(context.newJsonParser().encodeResourceToString(patient));
  }

  static String random() {
    byte[] bytes = new byte[32];
    new SecureRandom().nextBytes(bytes);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

${tokenRequest(values)}
}
`,
  system: (values) => `${imports(['org.hl7.fhir.r4.model.Bundle'])}

public class FirstCall {
  static final String CLIENT_ID = ${clientId(values)};

  public static void main(String[] arguments) throws Exception {
    JsonNode tokens = token(Map.of("grant_type", "client_credentials", "scope", ${javaText(values.scope)}));
    FhirContext context = FhirContext.forR4();
    IGenericClient fhir = context.newRestfulGenericClient("${values.fhirBaseUrl}");
    fhir.registerInterceptor(new BearerTokenAuthInterceptor(tokens.get("access_token").asText()));
    Bundle found = fhir.search().forResource("${values.type}").count(5).returnBundle(Bundle.class).execute();
    System.out.println(context.newJsonParser().encodeResourceToString(found));
  }

${tokenRequest(values)}
}
`,
};
