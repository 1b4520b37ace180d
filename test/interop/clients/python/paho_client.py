"""paho-mqtt, told what to do line by line: see script.md."""

import queue
import sys

import paho.mqtt.client as paho
import properties
from words import Refused, answer_of, parse, say

DEADLINE_SECONDS = 10
host, port, version, *authority = sys.argv[1:]
is_5 = version == "5"


class Client:
    def __init__(self, words):
        self.answers = queue.Queue()
        self.paho = paho.Client(
            paho.CallbackAPIVersion.VERSION2,
            client_id=words.get("id"),
            clean_session=None if is_5 else not words.get("durable"),
            protocol=paho.MQTTv5 if is_5 else paho.MQTTv311,
            reconnect_on_failure=False,
        )
        self.paho.username_pw_set(words.get("user"), words.get("password"))
        if words.get("will-topic"):
            self.paho.will_set(words.get("will-topic"), words.get("will-payload"), qos=1)
        if authority:
            self.paho.tls_set(ca_certs=authority[0])
        self.paho.on_connect = lambda _c, _u, flags, code, _p: self.answers.put((code, flags))
        self.paho.on_subscribe = lambda _c, _u, _m, codes, _p: self.answers.put((codes[0], None))
        self.paho.on_publish = lambda _c, _u, _m, code, _p: self.answers.put((code, None))
        self.paho.on_message = lambda _c, _u, message: properties.say_message(
            message.topic, message
        )
        only_5 = {"clean_start": not words.get("durable"), "properties": properties.of_connect(words)}
        self.paho.connect(host, int(port), keepalive=30, **(only_5 if is_5 else {}))
        self.paho.loop_start()
        say("ok", ("session", int(self.answer().session_present)))

    def answer(self):
        code, flags = self.answers.get(timeout=DEADLINE_SECONDS)
        if code.is_failure:
            raise Refused(code.value)
        return flags

    def subscribe(self, words):
        self.paho.subscribe(words.get("filter"), int(words.get("qos")))
        self.answer()
        say("ok")

    def publish(self, words):
        self.paho.publish(
            words.get("topic"),
            words.get("payload"),
            qos=int(words.get("qos")),
            retain=words.get("retain") == "1",
            properties=properties.of_publish(words) if is_5 else None,
        )
        self.answer()
        say("ok")

    def disconnect(self):
        self.paho.disconnect()
        self.paho.loop_stop()
        say("ok")


client = None
for line in sys.stdin:
    verb, words = parse(line)
    try:
        if verb == "connect":
            client = Client(words)
        elif verb == "subscribe":
            client.subscribe(words)
        elif verb == "publish":
            client.publish(words)
        else:
            client.disconnect()
    except Exception as error:
        answer_of(error)
