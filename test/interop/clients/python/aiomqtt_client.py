"""aiomqtt, told what to do line by line: see script.md."""

import asyncio
import sys

import aiomqtt
import properties
from words import Refused, answer_of, parse, say

host, port, version, *authority = sys.argv[1:]
is_5 = version == "5"


def client_of(words):
    durable = words.get("durable") == "1"
    will_topic = words.get("will-topic")
    only_5 = {"clean_start": not durable, "properties": properties.of_connect(words)}
    return aiomqtt.Client(
        host,
        int(port),
        identifier=words.get("id"),
        username=words.get("user"),
        password=words.get("password"),
        protocol=aiomqtt.ProtocolVersion.V5 if is_5 else aiomqtt.ProtocolVersion.V311,
        keepalive=30,
        will=aiomqtt.Will(will_topic, words.get("will-payload"), qos=1) if will_topic else None,
        tls_params=aiomqtt.TLSParameters(ca_certs=authority[0]) if authority else None,
        **(only_5 if is_5 else {"clean_session": not durable}),
    )


async def say_messages(client):
    async for message in client.messages:
        properties.say_message(message.topic.value, message)


async def subscribe(client, words):
    [code] = await client.subscribe(words.get("filter"), int(words.get("qos")))
    code = code if isinstance(code, int) else code.value
    if code >= 0x80:
        raise Refused(code)


async def publish(client, words):
    # It does not tell what an acknowledgement says.
    await client.publish(
        words.get("topic"),
        words.get("payload"),
        qos=int(words.get("qos")),
        retain=words.get("retain") == "1",
        properties=properties.of_publish(words) if is_5 else None,
    )


async def connect(words):
    client = client_of(words)
    try:
        await client.__aenter__()
    except aiomqtt.MqttCodeError as error:
        raise Refused(getattr(error.rc, "value", error.rc)) from error
    return client


async def main():
    client = reader = None
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        verb, words = parse(line)
        try:
            if verb == "connect":
                client = await connect(words)
                reader = asyncio.create_task(say_messages(client))
            elif verb == "subscribe":
                await subscribe(client, words)
            elif verb == "publish":
                await publish(client, words)
            else:
                reader.cancel()
                await client.__aexit__(None, None, None)
            say("ok")
        except Exception as error:
            answer_of(error)


asyncio.run(main())
