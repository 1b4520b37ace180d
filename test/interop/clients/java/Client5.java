import com.hivemq.client.mqtt.MqttClientSslConfig;
import com.hivemq.client.mqtt.MqttGlobalPublishFilter;
import com.hivemq.client.mqtt.datatypes.MqttQos;
import com.hivemq.client.mqtt.mqtt5.Mqtt5BlockingClient;
import com.hivemq.client.mqtt.mqtt5.Mqtt5Client;
import com.hivemq.client.mqtt.mqtt5.datatypes.Mqtt5UserProperties;
import com.hivemq.client.mqtt.mqtt5.exceptions.Mqtt5ConnAckException;
import com.hivemq.client.mqtt.mqtt5.exceptions.Mqtt5PubAckException;
import com.hivemq.client.mqtt.mqtt5.exceptions.Mqtt5PubRecException;
import com.hivemq.client.mqtt.mqtt5.exceptions.Mqtt5SubAckException;
import com.hivemq.client.mqtt.mqtt5.message.publish.Mqtt5Publish;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** MQTT 5.0. */
final class Client5 implements Client {
    private final Broker broker;
    private Mqtt5BlockingClient hive;

    Client5(Broker broker) {
        this.broker = broker;
    }

    @Override
    public boolean connect(Words words) throws Refused {
        var builder = Mqtt5Client.builder().identifier(words.get("id")).serverHost(broker.host()).serverPort(broker.port());
        if (broker.trust() != null) {
            builder.sslConfig(MqttClientSslConfig.builder().trustManagerFactory(broker.trust()).build());
        }
        if (words.get("user") != null) {
            builder.simpleAuth().username(words.get("user")).password(words.bytes("password")).applySimpleAuth();
        }
        if (words.get("will-topic") != null) {
            builder.willPublish()
                    .topic(words.get("will-topic"))
                    .payload(words.bytes("will-payload"))
                    .qos(MqttQos.AT_LEAST_ONCE)
                    .applyWillPublish();
        }
        hive = builder.buildBlocking();
        hive.toAsync().publishes(MqttGlobalPublishFilter.ALL, Client5::print);
        boolean durable = words.is("durable");
        try {
            return hive.connectWith()
                    .cleanStart(!durable)
                    .sessionExpiryInterval(durable ? 3600 : 0)
                    .keepAlive(30)
                    .send()
                    .isSessionPresent();
        } catch (Mqtt5ConnAckException refusal) {
            throw new Refused(refusal.getMqttMessage().getReasonCode().getCode());
        }
    }

    @Override
    public void subscribe(Words words) throws Refused {
        try {
            hive.subscribeWith().topicFilter(words.get("filter")).qos(MqttQos.fromCode(words.qos())).send();
        } catch (Mqtt5SubAckException refusal) {
            throw new Refused(refusal.getMqttMessage().getReasonCodes().get(0).getCode());
        }
    }

    @Override
    public void publish(Words words) throws Refused {
        var properties = Mqtt5UserProperties.builder();
        words.all("user-property").map(pair -> pair.split(":", 2)).forEach(pair -> properties.add(pair[0], pair[1]));
        var message = hive.publishWith()
                .topic(words.get("topic"))
                .qos(MqttQos.fromCode(words.qos()))
                .retain(words.is("retain"))
                .payload(words.bytes("payload"))
                .contentType(words.get("content-type"))
                .responseTopic(words.get("response-topic"))
                .correlationData(words.bytes("correlation-data"))
                .userProperties(properties.build());
        if (words.get("expiry") != null) {
            message.messageExpiryInterval(Long.parseLong(words.get("expiry")));
        }
        try {
            message.send();
        } catch (Mqtt5PubAckException refusal) {
            throw new Refused(refusal.getMqttMessage().getReasonCode().getCode());
        } catch (Mqtt5PubRecException refusal) {
            throw new Refused(refusal.getMqttMessage().getReasonCode().getCode());
        }
    }

    @Override
    public void disconnect() {
        hive.disconnect();
    }

    private static void print(Mqtt5Publish message) {
        StringBuilder line = new StringBuilder("message topic=" + message.getTopic()
                + " qos=" + message.getQos().getCode()
                + " retain=" + (message.isRetain() ? 1 : 0)
                + " payload=" + Client.text(message.getPayloadAsBytes()));
        message.getContentType().ifPresent(type -> line.append(" content-type=").append(type));
        message.getResponseTopic().ifPresent(topic -> line.append(" response-topic=").append(topic));
        message.getCorrelationData().ifPresent(data -> line.append(" correlation-data=").append(text(data)));
        message.getMessageExpiryInterval().ifPresent(seconds -> line.append(" expiry=").append(seconds));
        message.getUserProperties().asList().forEach(property ->
                line.append(" user-property=").append(property.getName()).append(':').append(property.getValue()));
        Client.say(line.toString());
    }

    private static String text(ByteBuffer data) {
        return StandardCharsets.UTF_8.decode(data).toString();
    }
}
