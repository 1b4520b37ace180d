"""Properties of MQTT 5.0, as paho-mqtt (and aiomqtt, which is built on it) has them."""

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from words import say


def of_connect(words):
    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = 3600 if words.get("durable") else 0
    return properties


def of_publish(words):
    properties = Properties(PacketTypes.PUBLISH)
    if words.get("content-type"):
        properties.ContentType = words.get("content-type")
    if words.get("response-topic"):
        properties.ResponseTopic = words.get("response-topic")
    if words.get("correlation-data"):
        properties.CorrelationData = words.get("correlation-data").encode()
    if words.get("expiry"):
        properties.MessageExpiryInterval = int(words.get("expiry"))
    if words.all("user-property"):
        pairs = [word.split(":", 1) for word in words.all("user-property")]
        properties.UserProperty = [(name, value) for name, value in pairs]
    return properties


def say_message(topic, message):
    properties = message.properties
    correlation = getattr(properties, "CorrelationData", None)
    say(
        "message",
        ("topic", topic),
        ("qos", message.qos),
        ("retain", int(message.retain)),
        ("payload", message.payload.decode()),
        ("content-type", getattr(properties, "ContentType", None)),
        ("response-topic", getattr(properties, "ResponseTopic", None)),
        ("correlation-data", correlation and correlation.decode()),
        ("expiry", getattr(properties, "MessageExpiryInterval", None)),
        *[("user-property", ":".join(pair)) for pair in getattr(properties, "UserProperty", [])],
    )
