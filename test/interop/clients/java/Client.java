import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.List;
import java.util.stream.Stream;
import javax.net.ssl.TrustManagerFactory;

/** The HiveMQ client, told what to do line by line: see script.md. */
interface Client {
    /** Returns whether the broker had a session. */
    boolean connect(Words words) throws Exception;

    void subscribe(Words words) throws Exception;

    void publish(Words words) throws Exception;

    void disconnect() throws Exception;

    /** Where the broker is, and whom to trust: null without TLS. */
    record Broker(String host, int port, TrustManagerFactory trust) {}

    /** The name=value words of a line. */
    record Words(List<String> words) {
        Stream<String> all(String name) {
            return words.stream()
                    .filter(word -> word.startsWith(name + "="))
                    .map(word -> word.substring(name.length() + 1));
        }

        String get(String name) {
            return all(name).findFirst().orElse(null);
        }

        byte[] bytes(String name) {
            String value = get(name);
            return value == null ? null : value.getBytes(StandardCharsets.UTF_8);
        }

        boolean is(String name) {
            return "1".equals(get(name));
        }

        int qos() {
            return Integer.parseInt(get("qos"));
        }
    }

    /** The broker said no. */
    final class Refused extends Exception {
        final int code;

        Refused(int code) {
            this.code = code;
        }
    }

    static void main(String[] args) throws Exception {
        TrustManagerFactory trust = args.length > 3 ? trustIn(Path.of(args[3])) : null;
        Broker broker = new Broker(args[0], Integer.parseInt(args[1]), trust);
        Client client = args[2].equals("5") ? new Client5(broker) : new Client311(broker);
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            List<String> words = List.of(line.split(" "));
            try {
                say(run(client, words.get(0), new Words(words.subList(1, words.size()))));
            } catch (Refused refused) {
                say("refused code=" + refused.code);
            } catch (Exception error) {
                say("failed reason=" + error.toString().replace('\n', ' '));
            }
        }
        System.exit(0);
    }

    private static String run(Client client, String verb, Words words) throws Exception {
        switch (verb) {
            case "connect" -> {
                return "ok session=" + (client.connect(words) ? 1 : 0);
            }
            case "subscribe" -> client.subscribe(words);
            case "publish" -> client.publish(words);
            default -> client.disconnect();
        }
        return "ok";
    }

    private static TrustManagerFactory trustIn(Path authority) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (var file = Files.newInputStream(authority)) {
            store.setCertificateEntry("authority", CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        return trust;
    }

    /** Writes a line in one piece: messages come on a thread of their own. */
    static void say(String line) {
        byte[] bytes = (line + "\n").getBytes(StandardCharsets.UTF_8);
        System.out.write(bytes, 0, bytes.length);
        System.out.flush();
    }

    static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
