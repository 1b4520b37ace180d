"""One MQTT client, driven by the tests: publishes messages, or prints what one subscription gets.

What to do comes as JSON in the only argument, what happens goes out as one line of JSON each. The
library is paho-mqtt or asyncio-mqtt. A subscriber leaves with DISCONNECT at SIGTERM.
"""

import json
import queue
import signal
import sys

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

DEADLINE_SECONDS = 20
task = json.loads(sys.argv[1])
version = task["version"]


def say(event, **fields):
    # In one piece: messages come on a thread of their own.
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


def connect_properties():
    if version != 5:
        return None
    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = 3600 if task["durable"] else 0
    return properties


def subscribe_properties():
    if version != 5 or "subscriptionIdentifier" not in task:
        return None
    properties = Properties(PacketTypes.SUBSCRIBE)
    properties.SubscriptionIdentifier = task["subscriptionIdentifier"]
    return properties


def publish_properties(given):
    if version != 5:
        return None
    properties = Properties(PacketTypes.PUBLISH)
    names = {
        "contentType": "ContentType",
        "responseTopic": "ResponseTopic",
        "messageExpiryInterval": "MessageExpiryInterval",
    }
    for name, value in given.items():
        if name == "userProperties":
            properties.UserProperty = [tuple(pair) for pair in value]
        elif name == "correlationData":
            properties.CorrelationData = value.encode()
        else:
            setattr(properties, names[name], value)
    return properties


def describe(message):
    fields = {
        "topic": str(message.topic),
        "payload": message.payload.decode(),
        "qos": message.qos,
        "retain": bool(message.retain),
    }
    if version == 5:
        got = message.properties.json()
        fields["properties"] = {
            name: value
            for name, value in {
                "contentType": got.get("ContentType"),
                "responseTopic": got.get("ResponseTopic"),
                "messageExpiryInterval": got.get("MessageExpiryInterval"),
                "userProperties": got.get("UserProperty"),
            }.items()
            if value is not None
        }
        if "CorrelationData" in got:
            fields["properties"]["correlationData"] = bytes.fromhex(got["CorrelationData"]).decode()
        if "SubscriptionIdentifier" in got:
            fields["subscriptionIdentifiers"] = got["SubscriptionIdentifier"]
    return fields


def refuse_if_failed(code):
    """A code of SUBACK or CONNACK: a number in 3.x, an object in 5.0."""
    value = getattr(code, "value", code)
    if value >= 0x80:
        raise RuntimeError(f"refused: {code}")


def run_paho():
    # Threads that are made later inherit it: the signal waits for whoever waits for it.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    client = paho.Client(
        task["clientId"],
        protocol=version,
        transport="websockets" if task["transport"] in ("ws", "wss") else "tcp",
        reconnect_on_failure=False,
        **({} if version == 5 else {"clean_session": not task["durable"]}),
    )
    if task["transport"] in ("ws", "wss"):
        client.ws_set_options(path="/")
    if task["transport"] in ("tls", "wss"):
        client.tls_set(ca_certs=task["authorityFile"])
    if "login" in task:
        client.username_pw_set(task["login"]["userName"], task["login"]["password"])
    if "will" in task:
        will = task["will"]
        client.will_set(will["topic"], will["payload"], will["qos"])
    codes = queue.Queue()
    client.on_connect = lambda _client, _data, _flags, code, *_: codes.put(code)
    client.on_subscribe = lambda _client, _data, _id, granted, *_: codes.put(granted[0])
    client.on_message = lambda _client, _data, message: say("message", **describe(message))
    start = {"clean_start": not task["durable"]} if version == 5 else {}
    client.connect(task["host"], task["port"], properties=connect_properties(), **start)
    client.loop_start()
    code = codes.get(timeout=DEADLINE_SECONDS)
    if code != 0:
        raise RuntimeError(f"refused: {paho.connack_string(code) if version != 5 else code}")
    if "filter" in task:
        if version == 5:
            options = paho.SubscribeOptions(qos=task["qos"])
            client.subscribe(task["filter"], options=options, properties=subscribe_properties())
        else:
            client.subscribe(task["filter"], task["qos"])
        refuse_if_failed(codes.get(timeout=DEADLINE_SECONDS))
        say("subscribed")
        signal.sigwait([signal.SIGTERM])
    for message in task.get("messages", []):
        properties = publish_properties(message.get("properties", {}))
        sent = client.publish(
            message["topic"],
            message["payload"],
            message["qos"],
            message.get("retain", False),
            properties,
        )
        sent.wait_for_publish(DEADLINE_SECONDS)
        if not sent.is_published():
            raise RuntimeError("no acknowledgement")
    client.disconnect()
    client.loop_stop()


async def run_asyncio_mqtt():
    import asyncio

    import asyncio_mqtt

    login = task.get("login", {})
    will = task.get("will")
    client = asyncio_mqtt.Client(
        task["host"],
        task["port"],
        client_id=task["clientId"],
        protocol=asyncio_mqtt.ProtocolVersion(version),
        username=login.get("userName"),
        password=login.get("password"),
        will=will and asyncio_mqtt.Will(will["topic"], will["payload"], will["qos"]),
        **(
            {"clean_start": not task["durable"], "properties": connect_properties()}
            if version == 5
            else {"clean_session": not task["durable"]}
        ),
    )
    terminated = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, terminated.set)

    async def print_messages(messages):
        async for message in messages:
            say("message", **describe(message))

    # Listening comes first: a session may have messages waiting.
    async with client.messages() as messages, client:
        if "filter" in task:
            printing = asyncio.create_task(print_messages(messages))
            granted = await client.subscribe(
                task["filter"],
                **(
                    {
                        "options": paho.SubscribeOptions(qos=task["qos"]),
                        "properties": subscribe_properties(),
                    }
                    if version == 5
                    else {"qos": task["qos"]}
                ),
            )
            refuse_if_failed(granted[0])
            say("subscribed")
            await terminated.wait()
            printing.cancel()
        for message in task.get("messages", []):
            await client.publish(
                message["topic"],
                message["payload"],
                message["qos"],
                message.get("retain", False),
                publish_properties(message.get("properties", {})),
            )


try:
    if task["library"] == "paho-mqtt":
        run_paho()
    else:
        # It takes longer to load than all that the other library needs.
        import asyncio

        asyncio.run(run_asyncio_mqtt())
except Exception as error:
    sys.exit(f"{type(error).__name__}: {error}")
