import com.hivemq.client.mqtt.MqttClientSslConfig;
import com.hivemq.client.mqtt.MqttGlobalPublishFilter;
import com.hivemq.client.mqtt.datatypes.MqttQos;
import com.hivemq.client.mqtt.mqtt3.Mqtt3BlockingClient;
import com.hivemq.client.mqtt.mqtt3.Mqtt3Client;
import com.hivemq.client.mqtt.mqtt3.exceptions.Mqtt3ConnAckException;
import com.hivemq.client.mqtt.mqtt3.exceptions.Mqtt3SubAckException;
import com.hivemq.client.mqtt.mqtt3.message.publish.Mqtt3Publish;

/** MQTT 3.1.1. */
final class Client311 implements Client {
    private final Broker broker;
    private Mqtt3BlockingClient hive;

    Client311(Broker broker) {
        this.broker = broker;
    }

    @Override
    public boolean connect(Words words) throws Refused {
        var builder = Mqtt3Client.builder().identifier(words.get("id")).serverHost(broker.host()).serverPort(broker.port());
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
        hive.toAsync().publishes(MqttGlobalPublishFilter.ALL, Client311::print);
        try {
            return hive.connectWith().cleanSession(!words.is("durable")).keepAlive(30).send().isSessionPresent();
        } catch (Mqtt3ConnAckException refusal) {
            throw new Refused(refusal.getMqttMessage().getReturnCode().getCode());
        }
    }

    @Override
    public void subscribe(Words words) throws Refused {
        try {
            hive.subscribeWith().topicFilter(words.get("filter")).qos(MqttQos.fromCode(words.qos())).send();
        } catch (Mqtt3SubAckException refusal) {
            throw new Refused(refusal.getMqttMessage().getReturnCodes().get(0).getCode());
        }
    }

    @Override
    public void publish(Words words) {
        hive.publishWith()
                .topic(words.get("topic"))
                .qos(MqttQos.fromCode(words.qos()))
                .retain(words.is("retain"))
                .payload(words.bytes("payload"))
                .send();
    }

    @Override
    public void disconnect() {
        hive.disconnect();
    }

    private static void print(Mqtt3Publish message) {
        Client.say("message topic=" + message.getTopic()
                + " qos=" + message.getQos().getCode()
                + " retain=" + (message.isRetain() ? 1 : 0)
                + " payload=" + Client.text(message.getPayloadAsBytes()));
    }
}
