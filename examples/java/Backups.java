import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Makes backups of a database instance, and tries that against mockrds. Needs nothing but Java 17:
 *
 * <pre>mockrds run -- java Backups.java</pre>
 */
public final class Backups {
    private static final HttpClient HTTP = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private static final int ATTEMPTS = 4;

    /** Where the server is: "mockrds run" sets it, and so does "mockrds env". */
    private static final String URL = setting("MOCKRDS_URL");

    public static void main(String[] arguments) throws Exception {
        aBackupCompletes();
        aBusyInstanceIsAskedAgain();
        System.out.println("ok");
    }

    private static void aBackupCompletes() throws Exception {
        Cloud cloud = new Cloud();
        String backup = create(cloud, "nightly");
        expect("BUILDING", status(cloud, backup));
        cloud.advance("1h");
        expect("COMPLETED", status(cloud, backup));
    }

    private static void aBusyInstanceIsAskedAgain() throws Exception {
        Cloud cloud = new Cloud();
        cloud.arm("{\"operation\": \"create_manual_backup\", \"error\": \"RDS.0011\", \"times\": 2}");
        create(cloud, "nightly");
        cloud.called("create_manual_backup", 3);
    }

    // The code under test. A real one would read JSON with the library of its choice.

    /** Asks for a backup, and asks again while another operation keeps the instance busy; gives its id. */
    private static String create(Cloud cloud, String name) throws Exception {
        String body = "{\"instance_id\": \"" + cloud.instance + "\", \"name\": \"" + name + "\"}";
        for (int attempt = 1; ; attempt++) {
            HttpResponse<String> response = send(cloud.request("/backups").POST(BodyPublishers.ofString(body)));
            if (response.statusCode() == 200) {
                return field("id", response.body());
            }
            if (response.statusCode() != 409 || attempt == ATTEMPTS) {
                throw new IllegalStateException("no backup: " + response.body());
            }
            Thread.sleep(Duration.ofMillis(1L << attempt).toMillis());
        }
    }

    private static String status(Cloud cloud, String backup) throws Exception {
        String query = "/backups?instance_id=" + cloud.instance + "&backup_id=" + backup;
        return field("status", send(cloud.request(query).GET()).body());
    }

    // For tests

    /** A project of its own on the mock server: no other test sees it. */
    private static final class Cloud {
        final String id;
        final String token;
        final String instance;

        Cloud() throws Exception {
            String project = control("POST", "projects", "{}");
            id = field("id", project);
            token = field("token", project);
            String state = control("GET", "projects/" + id + "/state", "");
            instance = field("id", state.substring(state.indexOf("\"instances\"")));
        }

        HttpRequest.Builder request(String path) {
            return HttpRequest.newBuilder(URI.create(URL + "/v3/" + id + path))
                    .header("X-Auth-Token", token)
                    .header("Content-Type", "application/json");
        }

        /** Lets something go wrong, in the words of a scenario file. */
        void arm(String fault) throws Exception {
            control("POST", "projects/" + id + "/faults", fault);
        }

        /** Moves the clock that backups are made by. */
        void advance(String by) throws Exception {
            control("POST", "projects/" + id + "/clock/advance", "{\"by\": \"" + by + "\"}");
        }

        /** Fails unless the operation was called so often. */
        void called(String operation, int times) throws Exception {
            String question = "{\"operation\": \"" + operation + "\", \"times\": " + times + "}";
            String verification = control("POST", "projects/" + id + "/journal/verify", question);
            if (!verification.contains("\"verified\":true")) {
                throw new AssertionError(verification);
            }
        }

        private static String control(String method, String resource, String body) throws Exception {
            HttpResponse<String> response = send(HttpRequest.newBuilder(URI.create(URL + "/__mockrds/" + resource))
                    .header("Content-Type", "application/json")
                    .header("X-Mockrds-Token", System.getenv().getOrDefault("MOCKRDS_CONTROL_TOKEN", ""))
                    .method(method, BodyPublishers.ofString(body)));
            if (response.statusCode() >= 400) {
                throw new AssertionError(method + " " + resource + ": " + response.body());
            }
            return response.body();
        }
    }

    private static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return HTTP.send(request.timeout(Duration.ofSeconds(30)).build(), BodyHandlers.ofString());
    }

    private static String field(String name, String json) {
        Matcher found = Pattern.compile("\"" + name + "\":\"([^\"]*)\"").matcher(json);
        if (!found.find()) {
            throw new AssertionError("no " + name + " in " + json);
        }
        return found.group(1);
    }

    private static void expect(String wanted, String seen) {
        if (!wanted.equals(seen)) {
            throw new AssertionError("expected " + wanted + ", not " + seen);
        }
    }

    private static String setting(String name) {
        String value = System.getenv(name);
        if (value == null) {
            throw new IllegalStateException("run it as: mockrds run -- java Backups.java");
        }
        return value;
    }
}
